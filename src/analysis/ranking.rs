//! Costs of each variant, the Pareto front, and the recommended variant.

use std::collections::BTreeMap;

use super::measured::{Common, cell};
use super::overall::OverBaseline;
use super::series::{Series, log_cpu, log_times, mean, middle, paired};
use super::uncertainty::{Uncertainties, Uncertainty};
use super::verdict::{Ratio, adjusted, is_significant};
use crate::record::{
    CellRecord, Lane, Preference, RankedVariant, Ranking, RunRecord, Standing, Verdict,
};
use crate::statistics::MINIMUM_PAIRS;

/// Figures of a variant over the scenarios in which all variants were measured.
struct VariantFigures<'a> {
    name: &'a str,
    times: Series,
    cpu: Series,
    /// Ids of the datasets that it reads.
    datasets: Vec<&'a str>,
    file_bytes: u64,
    peak_memory_bytes: Option<u64>,
    write_ns: Option<u64>,
}

/// Costs of each variant except controls, and a ranking of them for each preference, from the
/// record's `comparisons` and `overall`. Empty if the variants cannot be ranked.
pub(super) fn ranked(record: &RunRecord) -> (Vec<Standing>, Vec<Ranking>) {
    let variants = compared(record);
    let contests = Contests::of(record, &variants);
    (
        standings(&variants, &contests),
        rankings(&variants, &contests),
    )
}

/// Number of comparisons in a ranking of so many variants: every two of them, by each cost that is
/// measured.
pub(super) fn family(variants: usize) -> usize {
    if variants > MOST_RANKED {
        return 0;
    }
    variants * variants.saturating_sub(1) / 2 * MEASURED.len()
}

/// Most variants that are ranked, as every two of them are compared.
pub const MOST_RANKED: usize = 100;

/// Costs that are measured, and scatter. Sizes are known exactly.
const MEASURED: [Preference; 3] = [Preference::Time, Preference::Cpu, Preference::Balanced];

/// Comparisons of every two variants by every cost that is measured, as one family.
struct Contests {
    /// Ratios of the second variant to the first, by cost and by their places.
    found: BTreeMap<(&'static str, usize, usize), Shares>,
    effect: f64,
}

/// Result of a contest for the first of two variants.
#[derive(Clone, Copy, PartialEq)]
enum Shown {
    Better,
    Worse,
    NoWorse,
}

impl Contests {
    fn of(record: &RunRecord, variants: &[VariantFigures]) -> Self {
        let mut found = Vec::new();
        for prefer in MEASURED {
            let of_cell = |cell: &CellRecord| {
                let (times, cpu) = (
                    log_times(cell, Lane::EndToEnd),
                    log_cpu(cell, Lane::EndToEnd),
                );
                weighted(&times, &cpu, prefer)
            };
            let uncertainty = Uncertainties::of(record, of_cell).of_means;
            for second in 0..variants.len() {
                for first in 0..second {
                    let [one, other] = [first, second].map(|it| &variants[it]);
                    let ratio = ratio(one, other, prefer, &uncertainty);
                    found.push(((prefer.name(), first, second), ratio));
                }
            }
        }
        let ratios: Vec<Option<&Ratio>> = found.iter().map(|(_, ratio)| Some(ratio)).collect();
        let p_adjusted = adjusted(&ratios);
        let over_baseline = OverBaseline::of(record);
        let contests = found.into_iter().zip(p_adjusted);
        let found = contests.filter_map(|((key, ratio), p_adjusted)| {
            let told = in_record((record, &over_baseline), variants, key);
            let shares = told.or_else(|| Shares::of(&ratio, p_adjusted))?;
            Some((key, shares))
        });
        Contests {
            found: found.collect(),
            effect: record.effect,
        }
    }

    /// Cost of the second of two variants over that of the first, with its bounds.
    fn ratio(&self, prefer: Preference, first: usize, second: usize) -> Option<Shares> {
        let shares = |one, other| self.found.get(&(prefer.name(), one, other)).copied();
        match first < second {
            true => shares(first, second),
            false => shares(second, first).map(Shares::inverted),
        }
    }

    /// Result for the first of two variants. `None` if it is shown to be neither better nor worse,
    /// nor no worse.
    fn shown(&self, prefer: Preference, first: usize, second: usize) -> Option<Shown> {
        let shares = self.ratio(prefer, first, second)?;
        let (low, high) = shares.bounds?;
        if low > 1.0 && high > 1.0 + self.effect && shares.significant {
            Some(Shown::Better)
        } else if high < 1.0 && low < 1.0 - self.effect {
            Some(Shown::Worse)
        } else {
            (low >= 1.0 - self.effect).then_some(Shown::NoWorse)
        }
    }

    /// Returns true if the first variant is shown to be better in time, CPU time or file size, and
    /// no worse in the others.
    fn dominates(&self, variants: &[VariantFigures], first: usize, second: usize) -> bool {
        let [one, other] = [first, second].map(|it| variants[it].file_bytes as f64);
        let size = if one < other * (1.0 - self.effect) {
            Shown::Better
        } else if other < one * (1.0 - self.effect) {
            Shown::Worse
        } else {
            Shown::NoWorse
        };
        let (Some(time), Some(cpu)) = (
            self.shown(Preference::Time, first, second),
            self.shown(Preference::Cpu, first, second),
        ) else {
            return false;
        };
        let all = [time, cpu, size];
        all.contains(&Shown::Better) && !all.contains(&Shown::Worse)
    }
}

/// Time of a variant over that of the baseline, as it stands in the record. `None` for any other
/// contest.
fn in_record(
    (record, over_baseline): (&RunRecord, &OverBaseline),
    variants: &[VariantFigures],
    (prefer, first, second): (&str, usize, usize),
) -> Option<Shares> {
    let baseline = record.cells.first()?;
    if prefer != Preference::Time.name() || variants[first].name != baseline.variant_name {
        return None;
    }
    let contrast = over_baseline.contrast(variants[second].name)?;
    Some(Shares {
        ratio: contrast.ratio?,
        bounds: contrast.interval(),
        significant: matches!(contrast.verdict, Verdict::Faster | Verdict::Slower),
    })
}

/// Ratio of two costs.
#[derive(Clone, Copy)]
struct Shares {
    ratio: f64,
    bounds: Option<(f64, f64)>,
    /// True if the costs differ, by their p among all contests.
    significant: bool,
}

impl Shares {
    fn of(ratio: &Ratio, p_adjusted: Option<f64>) -> Option<Self> {
        Some(Shares {
            ratio: ratio.estimate?.value,
            bounds: ratio.bounds(),
            significant: is_significant(p_adjusted),
        })
    }

    fn inverted(self) -> Self {
        let inverted = |(low, high): (f64, f64)| (1.0 / high, 1.0 / low);
        Shares {
            ratio: 1.0 / self.ratio,
            bounds: self.bounds.map(inverted),
            significant: self.significant,
        }
    }
}

fn standings(variants: &[VariantFigures], contests: &Contests) -> Vec<Standing> {
    let standings = variants.iter().enumerate().filter_map(|(place, variant)| {
        let others = (0..variants.len()).filter(|other| *other != place);
        Some(Standing {
            variant: variant.name.to_owned(),
            time_ns: middle(&variant.times)?,
            cpu_ns: middle(&variant.cpu)?,
            file_bytes: variant.file_bytes,
            peak_memory_bytes: variant.peak_memory_bytes,
            write_ns: variant.write_ns,
            dominated_by: others
                .filter(|other| contests.dominates(variants, *other, place))
                .map(|other| variants[other].name.to_owned())
                .collect(),
        })
    });
    standings.collect()
}

fn rankings(variants: &[VariantFigures], contests: &Contests) -> Vec<Ranking> {
    let orders = Preference::ALL.map(|prefer| (prefer, order(variants, prefer, contests)));
    let balanced: Vec<usize> = orders
        .iter()
        .filter(|(prefer, _)| *prefer == Preference::Balanced)
        .flat_map(|(_, order)| order.iter().map(|it| it.place))
        .collect();
    let ranking = |(prefer, order): (Preference, Vec<InOrder>)| {
        // Among variants that are equally good, the one that is best in all costs together is
        // recommended.
        let tied = |place: &usize| order.iter().any(|it| it.tied && it.place == *place);
        let recommended = balanced.iter().copied().find(tied)?;
        let ranked = |it: InOrder| {
            let over = shares(variants, prefer, contests, recommended, it.place)?;
            Some(RankedVariant {
                variant: variants[it.place].name.to_owned(),
                ratio: over.ratio,
                ci_low: over.bounds.map(|(low, _)| low),
                ci_high: over.bounds.map(|(_, high)| high),
                tied: it.tied,
            })
        };
        Some(Ranking {
            prefer,
            recommended: variants[recommended].name.to_owned(),
            order: order.into_iter().filter_map(ranked).collect(),
        })
    };
    orders.into_iter().filter_map(ranking).collect()
}

fn compared(record: &RunRecord) -> Vec<VariantFigures<'_>> {
    let common = Common::of(record, Lane::EndToEnd);
    let can_be_ranked = (2..=MOST_RANKED).contains(&common.variants.len());
    if !can_be_ranked || common.scenarios.is_empty() || !differ_in_layout_alone(record) {
        return Vec::new();
    }
    let variant = |name: &&'_ str| {
        let scenarios = common.scenarios.iter();
        let cells = scenarios.filter_map(|scenario| cell(&record.cells, name, scenario));
        of_cells(record, cells.collect())
    };
    common.variants.iter().filter_map(variant).collect()
}

/// Returns true if variants differ only in choices of a writer, not in the storage or in how it is
/// read.
fn differ_in_layout_alone(record: &RunRecord) -> bool {
    let mut keys = record.cells.iter().flat_map(|cell| cell.variant.keys());
    !keys.any(|key| {
        ["measure.", "storage.", "reader.odirect"]
            .iter()
            .any(|start| key.starts_with(start))
    })
}

fn of_cells<'a>(record: &'a RunRecord, cells: Vec<&'a CellRecord>) -> Option<VariantFigures<'a>> {
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
        .map(|dataset| dataset.write.as_ref().map(|write| write.elapsed_ns))
        .collect();
    Some(VariantFigures {
        name: &cells.first()?.variant_name,
        times: over(log_times),
        cpu: over(log_cpu),
        datasets: datasets.iter().map(|it| it.id.as_str()).collect(),
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

/// A variant in the order of a cost.
struct InOrder {
    /// Place among the variants.
    place: usize,
    /// True if the variant is not shown to cost more than the best.
    tied: bool,
}

/// All variants by their cost, the best first.
fn order(variants: &[VariantFigures], prefer: Preference, contests: &Contests) -> Vec<InOrder> {
    let costs = variants.iter().map(|it| cost(it, prefer));
    let costs: Vec<f64> = costs
        .map(|costs| middle(&costs).unwrap_or(f64::INFINITY))
        .collect();
    let mut all: Vec<usize> = (0..variants.len()).collect();
    all.sort_by(|one, other| costs[*one].total_cmp(&costs[*other]));
    let Some(best) = all.first().copied() else {
        return Vec::new();
    };
    let in_order = |place: usize| {
        let over = shares(variants, prefer, contests, best, place)?;
        let worse = over.significant
            && over
                .bounds
                .is_some_and(|(low, high)| low > 1.0 && high > 1.0 + contests.effect);
        Some(InOrder {
            place,
            tied: place == best || !worse,
        })
    };
    all.into_iter().filter_map(in_order).collect()
}

/// Cost of the second of two variants over that of the first. `None` if they have no common rounds.
fn shares(
    variants: &[VariantFigures],
    prefer: Preference,
    contests: &Contests,
    first: usize,
    second: usize,
) -> Option<Shares> {
    let known = |ratio: f64| Shares {
        ratio,
        bounds: Some((ratio, ratio)),
        significant: true,
    };
    if first == second {
        let enough = variants[first].times.len() >= MINIMUM_PAIRS || prefer == Preference::Size;
        let bounds = enough.then_some((1.0, 1.0));
        return Some(Shares {
            bounds,
            ..known(1.0)
        });
    }
    match prefer {
        Preference::Size => {
            let [one, other] = [first, second].map(|it| variants[it].file_bytes.max(1) as f64);
            Some(known(other / one))
        }
        Preference::Time | Preference::Cpu | Preference::Balanced => {
            contests.ratio(prefer, first, second)
        }
    }
}

/// Cost of the second of two variants over that of the first, from their rounds.
fn ratio(
    first: &VariantFigures,
    second: &VariantFigures,
    prefer: Preference,
    of_means: &Uncertainty,
) -> Ratio {
    let uncertainty = of_means.clone().between(first.datasets == second.datasets);
    let differences = paired(&cost(first, prefer), &cost(second, prefer));
    Ratio::of_paired(&differences, &uncertainty)
}

/// Weighted sum of ln of time and ln of CPU time, by round.
fn weighted(times: &Series, cpu: &Series, prefer: Preference) -> Series {
    let [time, _, of_cpu] = prefer.weights();
    let rounds = times
        .iter()
        .filter_map(|(round, log_time)| Some((*round, time * log_time + of_cpu * cpu.get(round)?)));
    rounds.collect()
}

fn cost(variant: &VariantFigures, prefer: Preference) -> Series {
    let [_, size, _] = prefer.weights();
    let size = size * (variant.file_bytes.max(1) as f64).ln();
    let measured = weighted(&variant.times, &variant.cpu, prefer).into_iter();
    measured.map(|(round, cost)| (round, cost + size)).collect()
}
