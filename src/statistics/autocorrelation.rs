//! Dependence of neighbouring values of a series.

/// Fewest values of a series from which a correlation is estimated.
const MINIMUM_VALUES: usize = 5;

/// Largest correlation that is returned. Above it, the values are worth so few independent ones
/// that nothing can be said about their mean.
const LARGEST: f64 = 0.95;

/// Estimates the correlation of neighbours, -1 to 0.95, from several series of the same noise: the
/// pooled lag-1 autocorrelation about each series' mean. `None` if no series has five values, or
/// nothing varies.
///
/// About its own mean, a series of n values shows less correlation than there is, by about (1 + 4
/// r) / n (Marriott & Pope, "Bias in the Estimation of Autocorrelations", Biometrika 41, 1954;
/// Kendall, "Note on Bias in the Estimation of Autocorrelation", in the same volume). The estimate
/// is corrected for this.
pub fn lag_one(series: &[Vec<f64>]) -> Option<f64> {
    let (mut products, mut squares, mut values) = (0.0, 0.0, 0);
    let of_several = series.iter().filter(|it| it.len() >= MINIMUM_VALUES);
    let mut all = 0_usize;
    for series in of_several {
        let mean = series.iter().sum::<f64>() / series.len() as f64;
        let off = |value: &f64| value - mean;
        products += series
            .windows(2)
            .map(|pair| off(&pair[0]) * off(&pair[1]))
            .sum::<f64>();
        squares += series.iter().map(|value| off(value).powi(2)).sum::<f64>();
        values += series.len();
        all += 1;
    }
    if squares.is_nan() || squares <= 0.0 {
        return None;
    }
    let length = values as f64 / all as f64;
    let seen = products / squares;
    let corrected = (length * seen + 1.0) / (length - 4.0);
    Some(corrected.clamp(-1.0, LARGEST))
}

/// Returns the factor by which the standard error of a mean grows if neighbours have this
/// correlation, as in a first-order autoregression: sqrt((1 + r) / (1 - r)), at least 1 (Bayley &
/// Hammersley, "The 'Effective' Number of Independent Observations in an Autocorrelated Time
/// Series", Journal of the Royal Statistical Society, Supplement 8, 1946).
pub fn widening(correlation: f64) -> f64 {
    let correlation = correlation.clamp(0.0, LARGEST);
    ((1.0 + correlation) / (1.0 - correlation)).sqrt()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rstest::rstest;

    use super::super::simulated::Random;
    use super::*;

    /// A first-order autoregression with the variance 1 / 12 / (1 - r²).
    fn autoregression(random: &mut Random, correlation: f64, values: usize) -> Vec<f64> {
        let mut last = 0.0;
        let step = |_| {
            last = correlation * last + random.uniform() - 0.5;
            last
        };
        (0..values + 20).map(step).skip(20).collect()
    }

    #[rstest]
    #[case(0.0)]
    #[case(0.3)]
    #[case(0.5)]
    #[case(0.7)]
    fn short_series_together_show_the_correlation_of_their_noise(#[case] correlation: f64) {
        let mut random = Random(7);
        let series: Vec<Vec<f64>> = (0..2_000)
            .map(|_| autoregression(&mut random, correlation, 14))
            .collect();
        let found = lag_one(&series).unwrap();
        // The estimate may rather be too large than too small.
        let off = found - correlation;
        assert!((-0.03..0.1).contains(&off), "{found}");
    }

    #[test]
    fn levels_of_series_do_not_count() {
        let mut random = Random(3);
        let series: Vec<Vec<f64>> = (0..500)
            .map(|level| {
                let values = autoregression(&mut random, 0.0, 10);
                values.iter().map(|it| it + f64::from(level)).collect()
            })
            .collect();
        assert!(lag_one(&series).unwrap().abs() < 0.05);
    }

    #[test]
    fn too_little_shows_nothing() {
        assert_eq!(lag_one(&[]), None);
        assert_eq!(lag_one(&[vec![1.0, 2.0, 1.0]]), None);
        assert_eq!(lag_one(&[vec![1.0; 20]]), None);
    }

    #[test]
    fn a_mean_of_dependent_values_is_known_less_well() {
        assert_eq!(widening(-0.4), 1.0);
        assert_eq!(widening(0.0), 1.0);
        assert!((widening(0.5) - 3.0_f64.sqrt()).abs() < 1e-12);
        assert!(widening(1.0).is_finite());
    }
}
