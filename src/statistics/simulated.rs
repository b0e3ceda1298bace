//! Pseudorandom numbers without a crate: Knuth's multiplier, of which the high bits are used.

pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Returns a value that is uniform over the open interval from 0 to 1.
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}
