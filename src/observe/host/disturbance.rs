//! Warnings about disturbances of a measurement.

use crate::record::Disturbance;

/// Share of this host's CPU time above which other processes cause a warning.
const OTHERS_WARNING_SHARE: f64 = 0.05;

/// Share of this host's CPU time above which the hypervisor causes a warning. It is smaller than
/// that of other processes, as stolen time stops threads that are running.
const STEAL_WARNING_SHARE: f64 = 0.01;

impl Disturbance {
    /// Returns a sentence, without a full stop, for each disturbance that makes the times less
    /// reliable.
    pub fn warnings(&self) -> Vec<String> {
        let others = self
            .others_share
            .filter(|share| *share > OTHERS_WARNING_SHARE)
            .map(|share| {
                let share = percent(share);
                format!(
                    "other processes took {share} of this host's CPU time while measuring, \
                    so that times may be too long; stop them and run again"
                )
            });
        let steal = self
            .steal_share
            .filter(|share| *share > STEAL_WARNING_SHARE)
            .map(|share| {
                let share = percent(share);
                format!(
                    "the hypervisor gave {share} of this host's CPU time to others \
                    while measuring, so that times may be too long and vary between runs; run again at another time, \
                    or on a host of its own"
                )
            });
        let throttled = self.throttled_ns.filter(|time| *time > 0).map(|time| {
            let share = percent(time as f64 / self.elapsed_ns.max(1) as f64);
            format!(
                "the cgroup's CPU quota stopped this process for {share} \
                    of the elapsed time, summed over cores, so that times tell of the quota too; raise it, or read with fewer threads: --set reader.read_threads=2"
            )
        });
        let thermal = self
            .thermal_throttles
            .filter(|times| *times > 0)
            .map(|times| {
                let times = if times == 1 {
                    "once".to_owned()
                } else {
                    format!("{times} times")
                };
                format!(
                    "cores got slower because of heat {times} while measuring, \
                    so that later times may be longer than earlier ones; let the host cool down and run again"
                )
            });
        [others, steal, throttled, thermal]
            .into_iter()
            .flatten()
            .collect()
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent < 0.1 => "less than 0.1 %".to_owned(),
        percent if percent < 9.95 => format!("{percent:.1} %"),
        percent => format!("{percent:.0} %"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const QUIET: Disturbance = Disturbance {
        elapsed_ns: 2 * SECOND,
        others_share: Some(0.05),
        steal_share: Some(0.01),
        throttled_ns: Some(0),
        thermal_throttles: Some(0),
    };

    #[test]
    fn a_quiet_host_gives_no_warning() {
        assert_eq!(QUIET.warnings(), Vec::<String>::new());
    }

    #[test]
    fn each_disturbance_gives_a_warning_with_its_figure() {
        let warning = |disturbance: Disturbance| {
            let [warning] = disturbance.warnings().try_into().unwrap();
            warning
        };
        let others_share = Some(0.12);
        assert_eq!(
            warning(Disturbance {
                others_share,
                ..QUIET
            }),
            "other processes took 12 % of this host's CPU time while measuring, so that times may be too long; stop them and run again"
        );
        let steal_share = Some(0.025);
        assert!(
            warning(Disturbance {
                steal_share,
                ..QUIET
            })
            .contains(" gave 2.5 % of ")
        );
        let throttled_ns = Some(3 * SECOND);
        assert!(
            warning(Disturbance {
                throttled_ns,
                ..QUIET
            })
            .contains(" for 150 % of ")
        );
        let throttled_ns = Some(1);
        assert!(
            warning(Disturbance {
                throttled_ns,
                ..QUIET
            })
            .contains("less than 0.1 %")
        );
        let thermal_throttles = Some(3);
        assert!(
            warning(Disturbance {
                thermal_throttles,
                ..QUIET
            })
            .contains("heat 3 times ")
        );
        let thermal_throttles = Some(1);
        assert!(
            warning(Disturbance {
                thermal_throttles,
                ..QUIET
            })
            .contains("heat once ")
        );
    }
}
