//! Student's t distribution, of any positive number of degrees of freedom.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Returns P(|T| >= t), 0 to 1. It is 1 if there are no such degrees of freedom, or `t` is NaN.
pub fn student_p(t: f64, degrees: f64) -> f64 {
    match StudentsT::new(0.0, 1.0, degrees) {
        Ok(distribution) if !t.is_nan() => (2.0 * distribution.sf(t.abs())).min(1.0),
        _ => 1.0,
    }
}

/// Returns the t with P(|T| >= t) = `1 - confidence`. It is infinite if there are no such degrees
/// of freedom.
pub fn student_quantile(confidence: f64, degrees: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees)
        .map_or(f64::INFINITY, |it| it.inverse_cdf(0.5 + confidence / 2.0))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Values from tables of the distribution.
    #[rstest]
    #[case(0.95, 1.0, 12.706)]
    #[case(0.99, 1.0, 63.657)]
    #[case(0.99, 3.0, 5.841)]
    #[case(0.99, 10.0, 3.169)]
    #[case(0.999, 30.0, 3.646)]
    #[case(0.99, 1e6, 2.576)]
    fn quantiles_are_those_of_the_tables(
        #[case] confidence: f64,
        #[case] degrees: f64,
        #[case] quantile: f64,
    ) {
        let found = student_quantile(confidence, degrees);
        assert!((found - quantile).abs() < 0.001, "{found}");
        let p = student_p(found, degrees);
        assert!((p - (1.0 - confidence)).abs() < 1e-8, "{p}");
        assert_eq!(student_p(-found, degrees), p);
    }

    #[test]
    fn what_is_no_distribution_shows_nothing() {
        assert_eq!(student_p(5.0, 0.0), 1.0);
        assert_eq!(student_p(f64::NAN, 3.0), 1.0);
        assert_eq!(student_quantile(0.99, 0.0), f64::INFINITY);
    }
}
