//! Tails of the standard normal distribution.

use std::f64::consts::FRAC_1_SQRT_2;

/// Returns P(Z >= z) of the standard normal distribution, to the last digits of a double even far
/// out. It uses the complementary error function: P(Z >= z) = erfc(z / √2) / 2.
pub(super) fn normal_upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// Returns P(|Z| >= z) of the standard normal distribution, 0 to 1.
pub fn normal_p(z: f64) -> f64 {
    (2.0 * normal_upper_tail(z.abs())).min(1.0)
}

/// Returns the z with P(|Z| >= z) = p; 0 for 1, and infinite for 0.
pub fn normal_quantile(p: f64) -> f64 {
    std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(p.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0, 0.5)]
    #[case(1.0, 0.158_655_253_931_457_05)]
    #[case(1.959_963_984_540_054, 0.025)]
    #[case(2.575_829_303_548_901, 0.005)]
    #[case(-1.0, 0.841_344_746_068_542_9)]
    #[case(6.0, 9.865_876_450_376_98e-10)]
    fn the_normal_tail_is_that_of_the_tables(#[case] z: f64, #[case] tail: f64) {
        assert!((normal_upper_tail(z) / tail - 1.0).abs() < 1e-13);
    }

    #[rstest]
    #[case(1.0)]
    #[case(0.05)]
    #[case(0.01)]
    #[case(1e-4)]
    #[case(1e-12)]
    fn quantiles_are_exceeded_with_their_probability(#[case] p: f64) {
        assert!((normal_p(normal_quantile(p)) / p - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_is_certain_or_impossible_has_a_quantile() {
        assert_eq!(normal_quantile(1.0), 0.0);
        assert_eq!(normal_quantile(0.0), f64::INFINITY);
    }
}
