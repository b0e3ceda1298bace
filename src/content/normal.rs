//! Standard normal numbers.

use std::sync::LazyLock;

use crate::random::{SplitMix64, positive_unit, scale, unit};

/// The ziggurat of Marsaglia and Tsang ("The ziggurat method for generating random variables",
/// Journal of Statistical Software 5, 2000) with 256 layers, in the form of Doornik ("An improved
/// ziggurat method to generate normal random samples", 2005), who takes layer and number from
/// different bits.
///
/// Logarithms and exponentials come from `libm`, plain arithmetic that gives the same bits on every
/// platform.
pub(super) struct Ziggurat {
    /// Right edges of the layers, descending from the base's to 0.
    edges: [f64; LAYERS + 1],
    /// Height of the curve at each edge.
    heights: [f64; LAYERS + 1],
}

const LAYERS: usize = 256;
/// Start of the tail, and area of each layer, for 256 layers: table 1 of Marsaglia and Tsang's
/// method as computed by Doornik.
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

    /// Draws a number with `word`; in one case of a hundred, with words derived from it, too.
    #[inline(always)]
    pub(super) fn draw(&self, word: u64) -> f64 {
        let (layer, number) = self.try_layer(word);
        if number.abs() < self.edges[layer + 1] {
            number
        } else {
            self.draw_edge(word, layer, number)
        }
    }

    /// Returns a layer from the lowest 8 bits, and a number within its width from the highest 53.
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
        let mut stream = SplitMix64::new(word);
        loop {
            if number.abs() < self.edges[layer + 1] {
                return number;
            }
            if layer == 0 {
                return draw_tail(&mut stream).copysign(number);
            }
            let (low, high) = (self.heights[layer], self.heights[layer + 1]);
            if low + unit(stream.next_word()) * (high - low) < curve(number) {
                return number;
            }
            (layer, number) = self.try_layer(stream.next_word());
        }
    }
}

/// Draws a number beyond [`TAIL`], by the method of Marsaglia (1964).
fn draw_tail(stream: &mut SplitMix64) -> f64 {
    loop {
        let beyond = -libm::log(positive_unit(stream.next_word())) / TAIL;
        let limit = -libm::log(positive_unit(stream.next_word()));
        if 2.0 * limit > beyond * beyond {
            return TAIL + beyond;
        }
    }
}

/// Returns the height of the bell curve, which is 1 at its top.
fn curve(number: f64) -> f64 {
    libm::exp(-0.5 * number * number)
}

/// Returns the middle of the word's share, out of `cardinality` equal shares of all words, as a
/// probability.
#[inline]
pub(super) fn stepped(word: u64, cardinality: u64) -> f64 {
    (scale(word, cardinality) as f64 + 0.5) / cardinality as f64
}

/// Returns the word as a probability that is neither 0 nor 1.
#[inline]
pub(super) fn inside(word: u64) -> f64 {
    unit(word) + 0.5 / (1_u64 << 53) as f64
}

/// Returns the number below which a standard normal variable lies with probability `share`, which
/// must be above 0 and below 1: Wichura, "Algorithm AS 241: The percentage points of the normal
/// distribution", Applied Statistics 37, 1988 (PPND16). The relative error is about 1e-16.
pub(super) fn normal_quantile(share: f64) -> f64 {
    const A: [f64; 8] = [
        3.387_132_872_796_366_6,
        133.141_667_891_784_38,
        1_971.590_950_306_551_4,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ];
    const B: [f64; 8] = [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ];
    const C: [f64; 8] = [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ];
    const D: [f64; 8] = [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_8e-9,
    ];
    const E: [f64; 8] = [
        6.657_904_643_501_104,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_9,
        0.026_532_189_526_576_124,
        1.242_660_947_388_078_4e-3,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288e-7,
    ];
    const F: [f64; 8] = [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_6e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ];
    fn ratio(above: &[f64; 8], below: &[f64; 8], at: f64) -> f64 {
        let value = |coefficients: &[f64; 8]| {
            coefficients
                .iter()
                .rev()
                .fold(0.0, |sum, coefficient| sum * at + coefficient)
        };
        value(above) / value(below)
    }
    let centred = share - 0.5;
    if centred.abs() <= 0.425 {
        return centred * ratio(&A, &B, 0.180_625 - centred * centred);
    }
    let tail = if centred < 0.0 { share } else { 1.0 - share };
    let root = (-libm::log(tail)).sqrt();
    let number = if root <= 5.0 {
        ratio(&C, &D, root - 1.6)
    } else {
        ratio(&E, &F, root - 5.0)
    };
    number.copysign(centred)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_normal_distribution_are_those_of_the_tables() {
        for (share, expected) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813_5),
            (1e-10, -6.361_340_902_404_056),
            (1e-20, -9.262_340_089_798_408),
            (0.25, -0.674_489_750_196_081_7),
        ] {
            let found = normal_quantile(share);
            assert!((found - expected).abs() < 1e-13, "{share}: {found}");
        }
    }
}
