//! What each variant costs, which of them no other beats, and which one to take.

use super::overall::{cell, variants};
use super::series::{Series, log_cpu, log_times, mean, middle, paired, ratio_of};
use crate::record::{CellRecord, Lane, Preference, Ranked, Ranking, RunRecord, Standing};
use crate::statistics::{Estimate, Interval};

/// What was seen once, and not in rounds, differs where it differs by more than this share.
const MEMORY_NOISE: f64 = 0.05;
const WRITE_NOISE: f64 = 0.1;

/// A variant's figures over the scenarios that all variants were measured in.
struct Variant<'a> {
    name: &'a str,
    times: Series,
    cpu: Series,
    file_bytes: u64,
    peak_memory_bytes: Option<u64>,
    write_ns: Option<u64>,
}

/// What each variant but the control costs, and a ranking of them for each preference. Empty where fewer than two can be compared.
pub(super) fn ranked(record: &RunRecord) -> (Vec<Standing>, Vec<Ranking>) {
    let variants = compared(record);
    (
        standings(&variants, record.effect),
        rankings(&variants, record.effect),
    )
}

fn standings(variants: &[Variant], effect: f64) -> Vec<Standing> {
    let standings = variants.iter().filter_map(|variant| {
        let others = variants.iter().filter(|other| other.name != variant.name);
        Some(Standing {
            variant: variant.name.to_owned(),
            time_ns: middle(&variant.times)?,
            cpu_ns: middle(&variant.cpu)?,
            file_bytes: variant.file_bytes,
            peak_memory_bytes: variant.peak_memory_bytes,
            write_ns: variant.write_ns,
            dominated_by: others
                .filter(|other| dominates(other, variant, effect))
                .map(|other| other.name.to_owned())
                .collect(),
        })
    });
    standings.collect()
}

fn rankings(variants: &[Variant], effect: f64) -> Vec<Ranking> {
    let orders = Preference::ALL.map(|prefer| (prefer, order(variants, prefer, effect)));
    let balanced: Vec<String> = orders
        .iter()
        .filter(|(prefer, _)| *prefer == Preference::Balanced)
        .flat_map(|(_, order)| order.iter().map(|it| it.variant.clone()))
        .collect();
    let ranking = |(prefer, order): (Preference, Vec<Ranked>)| {
        // Among those that are equally good, the one that is the best in all.
        let tied = |name: &&String| order.iter().any(|it| it.tied && it.variant == **name);
        let recommended = balanced.iter().find(tied)?.clone();
        Some(Ranking {
            prefer,
            order: over(variants, prefer, &recommended, order),
            recommended,
        })
    };
    orders.into_iter().filter_map(ranking).collect()
}

fn compared(record: &RunRecord) -> Vec<Variant<'_>> {
    let names: Vec<&str> = variants(&record.cells)
        .filter(|name| {
            let mut cells = record.cells.iter();
            cells.any(|cell| cell.variant_name == *name && cell.control.is_none())
        })
        .collect();
    if names.len() < 2 || !differ_in_layout_alone(record) {
        return Vec::new();
    }
    let measured = |variant: &str, scenario: &str| {
        cell(&record.cells, variant, scenario)
            .filter(|cell| !log_times(cell, Lane::EndToEnd).is_empty())
    };
    let first = record.cells.iter().filter(|it| it.variant_name == names[0]);
    let scenarios: Vec<&str> = first
        .map(|cell| cell.scenario.as_str())
        .filter(|scenario| names.iter().all(|name| measured(name, scenario).is_some()))
        .collect();
    if scenarios.is_empty() {
        return Vec::new();
    }
    let variant = |name: &&'_ str| {
        let cells: Vec<&CellRecord> = scenarios
            .iter()
            .filter_map(|it| measured(name, it))
            .collect();
        of_cells(record, cells)
    };
    names.iter().filter_map(variant).collect()
}

/// Whether what variants differ in is for a reader to choose, rather than what is read from, or how many read.
fn differ_in_layout_alone(record: &RunRecord) -> bool {
    let mut keys = record.cells.iter().flat_map(|cell| cell.variant.keys());
    !keys.any(|key| {
        ["measure.", "storage.", "reader.odirect"]
            .iter()
            .any(|start| key.starts_with(start))
    })
}

fn of_cells<'a>(record: &'a RunRecord, cells: Vec<&'a CellRecord>) -> Option<Variant<'a>> {
    let over = |series: fn(&CellRecord, Lane) -> Series| {
        let all: Vec<Series> = cells
            .iter()
            .map(|cell| series(cell, Lane::EndToEnd))
            .collect();
        mean(&all)
    };
    let datasets: Vec<_> = record
        .datasets
        .iter()
        .filter(|dataset| cells.iter().any(|cell| cell.dataset.contains(&dataset.id)))
        .collect();
    let memory: Option<Vec<u64>> = cells.iter().map(|cell| cell.peak_memory_bytes).collect();
    let write: Option<Vec<u64>> = datasets
        .iter()
        .map(|dataset| dataset.write.map(|write| write.elapsed_ns))
        .collect();
    Some(Variant {
        name: &cells.first()?.variant_name,
        times: over(log_times),
        cpu: over(log_cpu),
        file_bytes: cells
            .iter()
            .map(|cell| cell.file_bytes)
            .max()
            .filter(|bytes| *bytes > 0)?,
        peak_memory_bytes: memory.and_then(|memory| memory.into_iter().max()),
        write_ns: write
            .filter(|write| !write.is_empty())
            .map(|write| write.into_iter().fold(0, u64::saturating_add)),
    })
}

/// Which of two figures is shown to be the smaller one.
#[derive(Clone, Copy, PartialEq)]
enum Smaller {
    First,
    Second,
    Neither,
}

fn smaller(first: f64, second: f64, noise: f64) -> Smaller {
    if first < second * (1.0 - noise) {
        Smaller::First
    } else if second < first * (1.0 - noise) {
        Smaller::Second
    } else {
        Smaller::Neither
    }
}

/// `None` where neither is shown to be the smaller one, nor the first to be no larger.
fn smaller_of(first: &Series, second: &Series, effect: f64) -> Option<Smaller> {
    let interval = ratio_of(&paired(first, second)).0?.interval?;
    if interval.low > 1.0 && interval.high > 1.0 + effect {
        Some(Smaller::First)
    } else if interval.high < 1.0 && interval.low < 1.0 - effect {
        Some(Smaller::Second)
    } else {
        (interval.low >= 1.0 - effect).then_some(Smaller::Neither)
    }
}

/// Whether one is shown to be better in something and worse in nothing. What was seen once, and is not known of both, does not count.
fn dominates(one: &Variant, other: &Variant, effect: f64) -> bool {
    let once = |of: fn(&Variant) -> Option<u64>, noise: f64| {
        let both = of(one).zip(of(other));
        both.map_or(Smaller::Neither, |(one, other)| {
            smaller(one as f64, other as f64, noise)
        })
    };
    let (Some(time), Some(cpu)) = (
        smaller_of(&one.times, &other.times, effect),
        smaller_of(&one.cpu, &other.cpu, effect),
    ) else {
        return false;
    };
    let all = [
        time,
        cpu,
        smaller(one.file_bytes as f64, other.file_bytes as f64, effect),
        once(|it| it.peak_memory_bytes, MEMORY_NOISE),
        once(|it| it.write_ns, WRITE_NOISE),
    ];
    all.contains(&Smaller::First) && !all.contains(&Smaller::Second)
}

/// All by their cost, the best first.
fn order(variants: &[Variant], prefer: Preference, effect: f64) -> Vec<Ranked> {
    let costs: Vec<Series> = variants.iter().map(|it| cost(it, prefer)).collect();
    let in_the_middle = |costs: &Series| middle(costs).unwrap_or(f64::INFINITY);
    let mut all: Vec<(&Variant, &Series)> = variants.iter().zip(&costs).collect();
    all.sort_by(|(_, one), (_, other)| in_the_middle(one).total_cmp(&in_the_middle(other)));
    let Some((_, best)) = all.first().copied() else {
        return Vec::new();
    };
    let ranked = all
        .iter()
        .enumerate()
        .filter_map(|(place, (variant, cost))| {
            let Estimate { value, interval } = ratio(best, cost, prefer)?;
            let shown = interval.is_some_and(|it| it.low > 1.0 && it.high > 1.0 + effect);
            Some(Ranked {
                variant: variant.name.to_owned(),
                ratio: value,
                ci_low: interval.map(|interval| interval.low),
                ci_high: interval.map(|interval| interval.high),
                tied: place == 0 || !shown,
            })
        });
    ranked.collect()
}

/// One cost over another. Sizes are known, in however many rounds.
fn ratio(of: &Series, cost: &Series, prefer: Preference) -> Option<Estimate> {
    let ratios = paired(of, cost);
    let estimate = ratio_of(&ratios).0?;
    Some(match prefer {
        Preference::Size => Estimate {
            value: estimate.value,
            interval: Some(Interval {
                low: estimate.value,
                high: estimate.value,
                confidence: 1.0,
            }),
        },
        _ => estimate,
    })
}

/// The order, with costs over that of the recommended one.
fn over(
    variants: &[Variant],
    prefer: Preference,
    recommended: &str,
    order: Vec<Ranked>,
) -> Vec<Ranked> {
    let cost_of = |name: &str| {
        let variant = variants.iter().find(|it| it.name == name);
        variant.map(|it| cost(it, prefer))
    };
    let of = cost_of(recommended);
    let again = |ranked: Ranked| {
        let both = of.as_ref().zip(cost_of(&ranked.variant));
        match both.and_then(|(of, cost)| ratio(of, &cost, prefer)) {
            None => ranked,
            Some(Estimate { value, interval }) => Ranked {
                ratio: value,
                ci_low: interval.map(|interval| interval.low),
                ci_high: interval.map(|interval| interval.high),
                ..ranked
            },
        }
    };
    order.into_iter().map(again).collect()
}

fn cost(variant: &Variant, prefer: Preference) -> Series {
    let [time, size, cpu] = prefer.weights();
    let size = size * (variant.file_bytes.max(1) as f64).ln();
    let rounds = variant.times.iter().filter_map(|(round, log_time)| {
        let log_cpu = variant.cpu.get(round)?;
        Some((*round, time * log_time + size + cpu * log_cpu))
    });
    rounds.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::record::fixture::codecs;

    fn ranking(record: &RunRecord, prefer: Preference) -> &Ranking {
        record
            .rankings
            .iter()
            .find(|it| it.prefer == prefer)
            .unwrap()
    }

    fn names(ranking: &Ranking) -> Vec<&str> {
        ranking.order.iter().map(|it| it.variant.as_str()).collect()
    }

    /// none 1, zstd 0.7, lz4 1.002 and gzip 1.5 times the time; 40, 10, 20 and 8 MB.
    #[test]
    fn variants_are_ranked_by_what_is_preferred() {
        let mut record = codecs();
        summarise(&mut record);
        let time = ranking(&record, Preference::Time);
        assert_eq!(names(time), ["zstd", "none", "lz4", "gzip"]);
        assert_eq!(time.recommended, "zstd");
        assert!((time.order[1].ratio - 1.0 / 0.7).abs() < 1e-6);
        let size = ranking(&record, Preference::Size);
        assert_eq!(names(size), ["gzip", "zstd", "lz4", "none"]);
        assert!((size.order[1].ratio - 1.25).abs() < 1e-9 && !size.order[1].tied);
        // CPU time is the same for all, so that the best in all is taken, and all are told to be equal.
        let cpu = ranking(&record, Preference::Cpu);
        assert!(cpu.order.iter().all(|it| it.tied));
        assert_eq!(cpu.recommended, "zstd");
        assert_eq!(ranking(&record, Preference::Balanced).recommended, "zstd");
    }

    #[test]
    fn a_dominated_variant_is_off_the_front() {
        let mut record = codecs();
        summarise(&mut record);
        let dominated = |record: &RunRecord, name: &str| {
            let standing = record
                .standings
                .iter()
                .find(|it| it.variant == name)
                .unwrap();
            standing.dominated_by.clone()
        };
        assert_eq!(dominated(&record, "zstd"), Vec::<String>::new());
        assert_eq!(dominated(&record, "gzip"), Vec::<String>::new());
        assert_eq!(dominated(&record, "none"), ["zstd", "lz4"]);
        // Memory that is lower by more than noise puts it back on the front.
        for cell in &mut record.cells {
            cell.peak_memory_bytes = Some(if cell.variant_name == "none" { 90 } else { 100 });
        }
        summarise(&mut record);
        assert_eq!(dominated(&record, "none"), Vec::<String>::new());
        assert_eq!(record.standings[0].peak_memory_bytes, Some(90));
    }

    /// Sizes need no rounds, but who is faster does.
    #[test]
    fn with_few_rounds_only_sizes_are_told_apart() {
        let mut record = codecs();
        for cell in &mut record.cells {
            cell.iterations.truncate(4);
        }
        summarise(&mut record);
        assert!(record.standings.iter().all(|it| it.dominated_by.is_empty()));
        assert_eq!(ranking(&record, Preference::Size).recommended, "gzip");
        let time = ranking(&record, Preference::Time);
        assert!(time.order.iter().all(|it| it.tied && it.ci_low.is_none()));
    }

    #[test]
    fn costs_are_over_that_of_the_recommended_one() {
        let mut record = codecs();
        summarise(&mut record);
        // All CPU times are equal, and the one that is the best in all is recommended.
        for ranking in &record.rankings {
            let own = ranking
                .order
                .iter()
                .find(|it| it.variant == ranking.recommended);
            assert!((own.unwrap().ratio - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn states_of_a_cache_and_storages_are_not_ranked() {
        let mut record = codecs();
        let cell = &mut record.cells[1];
        cell.variant
            .insert("measure.cache".to_owned(), "cold".into());
        summarise(&mut record);
        assert!(record.rankings.is_empty());
    }

    #[test]
    fn a_lone_variant_is_not_ranked() {
        let mut record = codecs();
        record.cells.truncate(1);
        summarise(&mut record);
        assert!(record.rankings.is_empty() && record.standings.is_empty());
    }
}
