//! Standard normal numbers.

use std::sync::LazyLock;

use super::random::{Stream, positive_unit, unit};

/// The ziggurat of Marsaglia and Tsang ("The ziggurat method for generating random variables", Journal of Statistical
/// Software 5, 2000) with 256 layers, in the form of Doornik ("An improved ziggurat method to generate normal random
/// samples", 2005), who takes layer and number from different bits.
///
/// Logarithms and exponentials come from `libm`, plain arithmetic that gives the same bits on every platform.
pub(super) struct Ziggurat {
    /// Right edges of the layers, falling from the base's to 0.
    edges: [f64; LAYERS + 1],
    /// Height of the curve at each edge.
    heights: [f64; LAYERS + 1],
}

const LAYERS: usize = 256;
/// Where the tail starts, and the area of each layer, for 256 layers: table 1 of Marsaglia and Tsang's method as
/// computed by Doornik.
const TAIL: f64 = 3.654_152_885_361_009;
const AREA: f64 = 0.004_928_673_233_992_336;

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(Ziggurat::new);

impl Ziggurat {
    pub(super) fn shared() -> &'static Ziggurat {
        &ZIGGURAT
    }

    fn new() -> Self {
        let mut edges = [0.0; LAYERS + 1];
        edges[0] = AREA / curve(TAIL);
        edges[1] = TAIL;
        for layer in 2..LAYERS {
            let below = edges[layer - 1];
            edges[layer] = (-2.0 * libm::log(AREA / below + curve(below))).sqrt();
        }
        Ziggurat {
            edges,
            heights: edges.map(curve),
        }
    }

    /// Draws with `word`; in one case of a hundred, with words derived from it too.
    #[inline(always)]
    pub(super) fn draw(&self, word: u64) -> f64 {
        let (layer, number) = self.try_layer(word);
        if number.abs() < self.edges[layer + 1] {
            number
        } else {
            self.draw_edge(word, layer, number)
        }
    }

    /// A layer by the lowest 8 bits, and a number within its width by the highest 53.
    #[inline(always)]
    fn try_layer(&self, word: u64) -> (usize, f64) {
        const SIGNED_STEP: f64 = 1.0 / (1_u64 << 52) as f64;
        let layer = (word % LAYERS as u64) as usize;
        (
            layer,
            ((word as i64) >> 11) as f64 * SIGNED_STEP * self.edges[layer],
        )
    }

    #[cold]
    fn draw_edge(&self, word: u64, mut layer: usize, mut number: f64) -> f64 {
        let mut stream = Stream::new(word);
        loop {
            if number.abs() < self.edges[layer + 1] {
                return number;
            }
            if layer == 0 {
                return draw_tail(&mut stream).copysign(number);
            }
            let (low, high) = (self.heights[layer], self.heights[layer + 1]);
            if low + unit(stream.next()) * (high - low) < curve(number) {
                return number;
            }
            (layer, number) = self.try_layer(stream.next());
        }
    }
}

/// A number beyond [`TAIL`], by the method of Marsaglia (1964).
fn draw_tail(stream: &mut Stream) -> f64 {
    loop {
        let beyond = -libm::log(positive_unit(stream.next())) / TAIL;
        let limit = -libm::log(positive_unit(stream.next()));
        if 2.0 * limit > beyond * beyond {
            return TAIL + beyond;
        }
    }
}

/// The bell curve, 1 at its top.
fn curve(number: f64) -> f64 {
    libm::exp(-0.5 * number * number)
}
