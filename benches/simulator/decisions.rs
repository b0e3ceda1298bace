//! Counts right and wrong decisions of the analysis about runs whose truth is known.

use parquet_bench::analysis::{
    LATENCY_NS, across, family, gate, history, rounds_for, summarise, summarise_measured,
    widest_interval,
};
use parquet_bench::record::{
    CacheState, Preference, RequestProfile, RunRecord, StoreCall, Verdict,
};

use super::{Between, Normal, Truth, run, run_between};
use parquet_bench::random::Key;

/// Decisions about runs of one truth.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Within {
    pub(crate) runs: u32,
    /// Runs with a verdict faster or slower on equal things, or in the wrong direction, or with a
    /// tie of things that differ.
    pub(crate) wrong_verdict: u32,
    /// Runs with such a verdict on a geometric mean over the scenarios.
    pub(crate) wrong_mean: u32,
    /// Runs whose ranking calls an equal variant worse.
    pub(crate) wrong_ranking: u32,
    /// Runs in which an equal variant is dominated.
    pub(crate) wrong_front: u32,
    /// Comparisons with an interval. `covered` counts those whose interval contains the truth.
    pub(crate) intervals: u32,
    pub(crate) covered: u32,
    /// Comparisons of things that differ. `found` counts those whose difference was found.
    pub(crate) different: u32,
    pub(crate) found: u32,
}

impl Within {
    pub(crate) fn of(truth: &Truth, runs: u32, seed: u64) -> Self {
        let mut all = Within::default();
        for number in 0..runs {
            let mut record = run(truth, Key(seed).word(u64::from(number) + 1));
            summarise_measured(&mut record);
            all.add(truth, &record);
        }
        all
    }

    fn add(&mut self, truth: &Truth, record: &RunRecord) {
        let last = format!("variant_{}", truth.variants - 1);
        let effect_of = |variant: &str| if variant == last { truth.effect } else { 0.0 };
        self.runs += 1;
        let mut wrong = false;
        for comparison in &record.comparisons {
            let variant = comparison.candidate.rsplit('/').next().unwrap_or_default();
            let effect = effect_of(variant);
            wrong |= is_wrong(comparison.contrast.verdict, effect, record.effect);
            if let Some((low, high)) = comparison.contrast.interval() {
                self.intervals += 1;
                self.covered += u32::from((low..=high).contains(&(1.0 + effect)));
            }
            if effect != 0.0 {
                self.different += 1;
                self.found += u32::from(comparison.contrast.verdict == Verdict::Slower);
            }
        }
        self.wrong_verdict += u32::from(wrong);
        let mut means = record
            .overall
            .iter()
            .filter(|it| !it.candidate.starts_with(super::CONTROL));
        self.wrong_mean += u32::from(
            means.any(|it| is_wrong(it.contrast.verdict, effect_of(&it.candidate), record.effect)),
        );
        let is_equal = |variant: &str| truth.effect == 0.0 || variant != last;
        let mut rankings = record
            .rankings
            .iter()
            .filter(|it| it.prefer != Preference::Size);
        self.wrong_ranking += u32::from(rankings.any(|ranking| {
            ranking
                .order
                .iter()
                .any(|it| !it.tied && is_equal(&it.variant))
        }));
        let mut standings = record.standings.iter();
        self.wrong_front +=
            u32::from(standings.any(|it| !it.dominated_by.is_empty() && is_equal(&it.variant)));
    }
}

fn is_wrong(verdict: Verdict, effect: f64, smallest: f64) -> bool {
    match verdict {
        Verdict::Faster => effect >= 0.0,
        Verdict::Slower => effect <= 0.0,
        Verdict::Tie => effect.abs() > smallest,
        Verdict::Inconclusive | Verdict::Failed | Verdict::Void => false,
    }
}

/// Decisions about two runs of one config.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Across {
    pub(crate) pairs: u32,
    /// Pairs with a verdict faster or slower on a cell that has not changed.
    pub(crate) wrong_verdict: u32,
    /// Pairs in which such a cell fails the gate of 5 %.
    pub(crate) wrong_gate: u32,
    /// Pairs in which the changed cell is called slower. `gated` counts those in which it fails the
    /// gate.
    pub(crate) found: u32,
    pub(crate) gated: u32,
}

impl Across {
    pub(crate) fn of(truth: &Truth, between: &Between, pairs: u32, seed: u64) -> Self {
        let mut all = Across {
            pairs,
            ..Across::default()
        };
        for number in 0..pairs {
            let key = Key(seed).derive(u64::from(number));
            let records = [(Between::default(), 1), (*between, 2)].map(|(between, word)| {
                let mut record = run_between(truth, &between, key.word(word));
                record.run_id = word.to_string();
                summarise_measured(&mut record);
                (word.to_string(), record)
            });
            let Ok(found) = across(&records, None) else {
                continue;
            };
            let changed = |scenario: &Option<String>, variant: &Option<String>| {
                between.effect != 0.0
                    && scenario.as_deref() == Some("scenario_0")
                    && variant.as_deref() == Some("baseline")
            };
            let told = |verdict: Verdict| matches!(verdict, Verdict::Faster | Verdict::Slower);
            let (of_change, of_others): (Vec<_>, Vec<_>) = found
                .cells
                .iter()
                .partition(|it| changed(&it.scenario, &it.variant));
            let gate = gate(&found, 0.05);
            let is_gated = |wanted: bool| {
                gate.slower
                    .iter()
                    .any(|it| changed(&it.scenario, &it.variant) == wanted)
            };
            all.wrong_verdict += u32::from(of_others.iter().any(|it| told(it.contrast.verdict)));
            all.wrong_gate += u32::from(is_gated(false));
            all.found += u32::from(
                of_change
                    .iter()
                    .any(|it| it.contrast.verdict == Verdict::Slower),
            );
            all.gated += u32::from(is_gated(true));
        }
        all
    }
}

/// Histories of cells that never changed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Histories {
    pub(crate) histories: u32,
    /// Histories with a change in some cell.
    pub(crate) wrong_change: u32,
}

impl Histories {
    /// Decides about histories of `points` runs, whose levels have the standard deviation `scatter`
    /// and the correlation from one run to the next.
    pub(crate) fn of(
        truth: &Truth,
        (scatter, correlation): (f64, f64),
        points: u32,
        histories: u32,
        seed: u64,
    ) -> Self {
        let mut all = Histories {
            histories,
            ..Histories::default()
        };
        for number in 0..histories {
            let key = Key(seed).derive(u64::from(number));
            let mut random = Normal::new(key.derive(1));
            let mut level = random.next();
            let records: Vec<RunRecord> = (0..points)
                .map(|point| {
                    level = correlation * level
                        + (1.0 - correlation * correlation).sqrt() * random.next();
                    let between = Between {
                        host_shift: (level * scatter).exp_m1(),
                        ..Between::default()
                    };
                    let mut record = run_between(truth, &between, key.word(u64::from(point) + 1));
                    record.run_id = format!("{point:04}");
                    record.started_at =
                        format!("2026-01-01T12:{:02}:{:02}Z", point / 60, point % 60);
                    summarise_measured(&mut record);
                    record
                })
                .collect();
            let wrong = history(&records).iter().any(|it| !it.changes.is_empty());
            all.wrong_change += u32::from(wrong);
        }
        all
    }
}

/// Crossings of two variants, one of which has fewer bytes and more work.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crossings {
    pub(crate) runs: u32,
    /// Runs that find a crossing. `covered` counts those whose range contains the true one.
    pub(crate) told: u32,
    pub(crate) covered: u32,
    /// Ratios of the higher end of these ranges to the lower one.
    pub(crate) widths: Vec<f64>,
}

/// A baseline of 100 MB that takes 100 ms, and a variant of 60 MB that takes 150 ms. They are equal
/// at the bandwidth at which 40 MB take 50 ms.
const BYTES: [u64; 2] = [100_000_000, 60_000_000];
const MORE_WORK: f64 = 0.5;
const CROSSING: f64 = 800e6;

impl Crossings {
    pub(crate) fn of(truth: &Truth, runs: u32, seed: u64) -> Self {
        let truth = Truth {
            scenarios: 1,
            variants: 1,
            effect: MORE_WORK,
            ..*truth
        };
        let mut all = Crossings::default();
        for number in 0..runs {
            let key = Key(seed).word(u64::from(number) + 1);
            let mut record = run(&truth, key);
            let mut random = Normal::new(Key(key).derive(9));
            for (place, bytes) in BYTES.into_iter().enumerate() {
                let work = 1e8 * if place == 0 { 1.0 } else { 1.0 + MORE_WORK };
                let elapsed_ns = (work * (random.next() * truth.noise.scatter).exp()) as u64;
                record.cells[place].profile = Some(RequestProfile {
                    elapsed_ns,
                    elapsed_of_all_ns: vec![elapsed_ns; 5],
                    streams: vec![vec![StoreCall(0, 0, vec![bytes], 0)]],
                });
            }
            for iteration in record
                .cells
                .iter_mut()
                .flat_map(|cell| &mut cell.iterations)
            {
                iteration.figures.cache.state = CacheState::Warm;
            }
            summarise(&mut record);
            all.add(&record);
        }
        all
    }

    fn add(&mut self, record: &RunRecord) {
        self.runs += 1;
        let mut found = record.break_even.iter();
        let Some(found) = found.find(|it| it.latency_ns == LATENCY_NS && it.scenario.is_some())
        else {
            return;
        };
        let Some(crossing) = found.crossings.first() else {
            return;
        };
        let at = crossing.at;
        let told = at.low_bytes_per_s > found.low_bytes_per_s * 1.001
            || at.high_bytes_per_s < found.high_bytes_per_s * 0.999;
        if told {
            self.told += 1;
            let range = at.low_bytes_per_s..=at.high_bytes_per_s;
            self.covered += u32::from(range.contains(&CROSSING));
            self.widths.push(at.high_bytes_per_s / at.low_bytes_per_s);
        }
    }
}

/// Runs that end when their intervals are as narrow as requested.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopping {
    pub(crate) runs: u32,
    /// Runs with a verdict faster or slower on equal things.
    pub(crate) wrong: u32,
    /// Number of rounds of each run.
    pub(crate) rounds: Vec<f64>,
}

impl Stopping {
    /// Simulates runs of at most `most` rounds.
    pub(crate) fn of(truth: &Truth, precision: f64, most: u32, runs: u32, seed: u64) -> Self {
        let mut all = Stopping::default();
        for number in 0..runs {
            let truth = Truth {
                rounds: most,
                ..*truth
            };
            let whole = run(&truth, Key(seed).word(u64::from(number) + 1));
            let first = |rounds: u32| {
                let mut record = whole.clone();
                for cell in &mut record.cells {
                    cell.iterations.retain(|it| it.unit() < rounds);
                }
                record
            };
            let least = rounds_for(family(&whole, 1)).max(10);
            let is_enough = |rounds: &u32| {
                widest_interval(&first(*rounds)).is_some_and(|widest| widest <= precision)
            };
            let rounds = (least..most).find(is_enough).unwrap_or(most);
            let mut record = first(rounds);
            summarise_measured(&mut record);
            let mut verdicts = record.comparisons.iter().map(|it| it.contrast.verdict);
            all.runs += 1;
            all.wrong += u32::from(verdicts.any(|it| is_wrong(it, 0.0, record.effect)));
            all.rounds.push(f64::from(rounds));
        }
        all
    }
}
