//! Tails of the standard normal distribution.

/// P(Z >= z) of the standard normal distribution, within 7.5e-8. Source: Abramowitz & Stegun, "Handbook of Mathematical
/// Functions", 1964, 26.2.17.
pub(super) fn normal_upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_upper_tail(-z);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = [
        1.330_274_429,
        -1.821_255_978,
        1.781_477_937,
        -0.356_563_782,
        0.319_381_530,
    ];
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    density
        * series
            .iter()
            .fold(0.0, |sum, coefficient| sum * t + coefficient)
        * t
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0.0, 0.5)]
    #[case(1.0, 0.158_655_254)]
    #[case(1.959_963_985, 0.025)]
    #[case(2.575_829_304, 0.005)]
    #[case(-1.0, 0.841_344_746)]
    fn the_normal_tail_is_that_of_the_tables(#[case] z: f64, #[case] tail: f64) {
        assert!((normal_upper_tail(z) - tail).abs() < 1e-7);
    }
}
