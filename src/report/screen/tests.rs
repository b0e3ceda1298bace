//! Tests of the text of the first screen, and that the details hold every figure of the earlier
//! page.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use rstest::rstest;

use super::super::tests::{summarised, two_scenarios, two_variants, view};
use super::super::{Format, View, html, render};
use crate::analysis::summarise;
use crate::record::fixture::{cell, codecs, rounds};
use crate::record::{
    ConclusionKind, ControlKind, Disturbance, EndOfRounds, Preference, RunRecord, Status,
    StopReason,
};

fn screen(record: RunRecord) -> String {
    render(&summarised(record), &view(Format::Table, None)).unwrap()
}

/// A stop at a widest interval of this width, where 4 % were asked for.
fn stopped(widest_interval: f64, others_share: f64) -> EndOfRounds {
    EndOfRounds {
        by: match widest_interval <= 0.04 {
            true => StopReason::Precision,
            false => StopReason::TimeBudget,
        },
        rounds: 20,
        widest_interval: Some(widest_interval),
        precision: Some(0.04),
        time_budget_ns: Some(60_000_000_000),
        disturbance: Some(Disturbance {
            elapsed_ns: 60_000_000_000,
            others_share: Some(others_share),
            steal_share: Some(0.0),
            throttled_ns: None,
            thermal_throttles: None,
        }),
    }
}

#[test]
fn one_scenario_has_its_ratios_beside_the_costs() {
    let mut record = codecs();
    record.stopped = Some(stopped(0.04, 0.01));
    assert_snapshot!(screen(record), @r#"
RESULT      `zstd` is recommended for reads from a warm page cache: 75.0 % smaller files, 30.0 %
            less time [27.6, 32.3] than `none` (uncompressed); next is `gzip`, 24.1 % worse [19.9,
            28.4] by score (40 % time, 40 % file size, 20 % CPU time).
CONFIDENCE  high: a quiet host, steady times, and intervals that span at most 7.1 %.

variant     size  size +/-     time     time +/- [99 %]  in time
none     40.0 MB         -  10.0 ms                   -  baseline
zstd     10.0 MB     -75 %  7.00 ms    -30 % [-32, -28]  faster
lz4      20.0 MB     -50 %  10.0 ms  +0.2 % [-3.2, 3.7]  same
gzip     8.00 MB     -80 %  15.0 ms      +50 % [45, 55]  slower

CHANGES IF  you prefer (--prefer) size: `gzip`; cpu: all alike.
"#);
}

#[test]
fn several_scenarios_have_a_matrix_and_equals_have_no_winner() {
    assert_snapshot!(screen(two_scenarios()), @r#"
RESULT      No clear winner for reads from a warm page cache: `none` (uncompressed), `zstd` score
            alike (40 % time, 40 % file size, 20 % CPU time); `lz4` scores 32.0 % worse [27.6, 36.5]
            than `none`.
CONFIDENCE  high: steady times, and intervals that span at most 7.0 %.

variant     time    time +/- [99 %]  in time
none     10.0 ms                  -  baseline
zstd     10.0 ms  0.0 % [-3.3, 3.4]  same
lz4      20.0 ms   +100 % [93, 107]  slower

time against `none`  zstd        lz4
one                  0.0 % same  +100 % slower
other                0.0 % same  +100 % slower

CHANGES IF  you prefer (--prefer) size: all alike; cpu: all alike.
"#);
}

#[test]
fn a_lone_variant_has_a_row_per_scenario() {
    let mut record = two_scenarios();
    record.cells.retain(|cell| cell.variant_name == "none");
    let pruning = &mut record.cells[1];
    for iteration in &mut pruning.iterations {
        iteration.scans[0].row_groups_read = 3;
        iteration.scans[0].row_groups_pruned = 9;
        let metrics = &mut iteration.scans[0].metrics;
        metrics.insert("page_index_pages_pruned_pruned".to_owned(), 70);
    }
    assert_snapshot!(screen(record), @r#"
RESULT      One layout, two queries for reads from a warm page cache: `one` takes 10.0 ms [10.0,
            10.0], `other` takes 10.0 ms [10.0, 10.0].
CONFIDENCE  high: steady times, and intervals that span at most 0.0 %.

scenario       time [interval]         row groups   pages
                                                   pruned
one       10.0 ms [10.0, 10.0]           12 of 96       0
other     10.0 ms [10.0, 10.0]  3 of 96, 9 pruned      70
"#);
}

#[test]
fn all_alike_is_no_winner() {
    let mut record = two_scenarios();
    record.cells.retain(|cell| cell.variant_name != "lz4");
    let shown = screen(record);
    assert!(
        shown.starts_with(
            "RESULT      No clear winner for reads from a warm page cache: `none` (uncompressed), `zstd` score\n            alike (40 % time, 40 % file size, 20 % CPU time).\n"
        ),
        "{shown}"
    );
    assert!(!shown.contains("recommended"), "{shown}");
}

#[test]
fn changes_of_nothing_have_no_sign_and_no_direction() {
    let mut record = two_scenarios();
    record.cells.retain(|cell| cell.variant_name != "zstd");
    // The first variant is the baseline, and the other one is recommended.
    record
        .cells
        .sort_by_key(|cell| (cell.scenario.clone(), cell.variant_name != "lz4"));
    let shown = screen(record).replace("\n            ", " ");
    assert!(
        shown.contains(": no larger or smaller files, 50.0 % less time [48.3, 51.7] than `lz4`; "),
        "{shown}"
    );
    assert!(
        !shown.contains("-0.0") && !shown.contains(" 0.0 %"),
        "{shown}"
    );
}

#[test]
fn where_nothing_is_recommended_the_screen_says_why() {
    let mut record = two_scenarios();
    for place in [1, 3] {
        for iteration in &mut record.cells[place].iterations {
            (iteration.status, iteration.reason) = (Status::Void, Some("cold".to_owned()));
        }
    }
    let shown = screen(record);
    assert!(
        shown.contains(
            "RESULT      Nothing is recommended: there is no scenario that all variants were measured in.\n"
        ),
        "{shown}"
    );
    let mut record = codecs();
    record.cells[1].iterations[2].figures.rows = 999;
    let shown = screen(record);
    assert!(
        shown.contains(
            "RESULT      Nothing is recommended: variants that hold equal rows gave different results in\n            `full_scan`.\n"
        ),
        "{shown}"
    );
    assert!(!shown.contains("CHANGES IF"), "{shown}");
}

#[rstest]
#[case::quiet(
    0.04,
    0.01,
    "CONFIDENCE  high: a quiet host, steady times, and intervals",
    "is recommended"
)]
#[case::not_narrow(
    0.11,
    0.01,
    "CONFIDENCE  medium: the widest interval, of one scenario, spans 11.0 %; the aim was 4.0 %.\n            To be surer: raise measure.time_budget",
    "is recommended"
)]
#[case::others(
    0.04,
    0.06,
    "CONFIDENCE  medium: other processes took 6.0 % of the CPU time.\n",
    "is recommended"
)]
#[case::busy(
    0.04,
    0.31,
    "CONFIDENCE  low: other processes took 31.0 % of the CPU time.\n            To be surer: run again on a host",
    "leads, at low confidence,"
)]
fn confidence_says_why_and_a_low_one_recommends_nothing(
    #[case] widest: f64,
    #[case] others: f64,
    #[case] confidence: &str,
    #[case] claim: &str,
) {
    let mut record = codecs();
    record.stopped = Some(stopped(widest, others));
    let shown = screen(record);
    assert!(shown.contains(confidence), "{shown}");
    assert!(shown.contains(claim), "{shown}");
}

#[test]
fn too_few_rounds_and_an_unfinished_run_are_low_confidence() {
    let mut record = codecs();
    for cell in &mut record.cells {
        cell.iterations.truncate(7);
    }
    record.complete = false;
    let shown = screen(record).replace("\n            ", " ");
    assert!(
        shown
            .contains("CONFIDENCE  low: the run did not come to its end; there are too few rounds"),
        "{shown}"
    );
    assert!(
        shown.contains("few rounds: unproven for so many comparisons"),
        "{shown}"
    );
}

#[test]
fn a_control_that_differs_lowers_confidence_and_what_noise_does_is_said() {
    let mut record = codecs();
    let times: Vec<u64> = (0..16)
        .map(|round| 12_000_000 + round * 7 % 5 * 10_000)
        .collect();
    let mut control = cell("full_scan", "(control)", rounds(&times));
    control.control = Some(ControlKind::Copy);
    control.dataset = vec!["none".to_owned()];
    record.cells.push(control);
    let shown = screen(record).replace("\n            ", " ");
    assert!(
        shown.contains(
            "1 of 1 controls, which are equal to the baseline, came out faster or slower"
        ),
        "{shown}"
    );
    assert!(
        shown.contains(
            "\nBrackets: 99 % intervals. Noise (verdicts allow for it): baseline against itself 2"
        ),
        "{shown}"
    );
}

#[test]
fn bytes_that_were_skipped_are_the_reason() {
    let mut record = codecs();
    for iteration in &mut record.cells[1].iterations {
        iteration.figures.requested_bytes = 58_000;
    }
    for iteration in &mut record.cells[0].iterations {
        iteration.figures.requested_bytes = 2_400_000;
    }
    let shown = |record: &RunRecord| screen(record.clone()).replace("\n            ", " ");
    let told = "In `full_scan` it reads 58.0 kB instead of 2.40 MB: ";
    let of_codec = shown(&record);
    assert!(
        of_codec.contains(&format!("{told}its column chunks are smaller.")),
        "{of_codec}"
    );
    for iteration in &mut record.cells[1].iterations {
        for scan in &mut iteration.scans {
            scan.metrics
                .insert("page_index_pages_pruned_pruned".to_owned(), 70);
        }
    }
    let of_pages = shown(&record);
    assert!(
        of_pages.contains(&format!("{told}pages skipped by the page index.")),
        "{of_pages}"
    );
}

#[rstest]
fn no_line_is_wider_than_the_screen(#[values(60, 80, 100, 160)] width: u16) {
    for record in [codecs(), two_variants(), two_scenarios(), many()] {
        let shown = render(&summarised(record), &view(Format::Table, Some(width))).unwrap();
        for line in shown.lines() {
            let most = usize::from(width).min(100);
            assert!(line.chars().count() <= most, "{width}: {line}");
        }
    }
}

/// Twenty more variants of two scenarios, with long names.
fn many() -> RunRecord {
    let mut record = two_scenarios();
    let first: Vec<_> = record
        .cells
        .iter()
        .filter(|it| it.variant_name == "none")
        .cloned()
        .collect();
    for index in 0..20 {
        for cell in &first {
            let name = format!("row_group_size={index}00000");
            let id = format!("{}/{name}", cell.scenario);
            record.cells.push(crate::record::CellRecord {
                id,
                variant_name: name,
                ..cell.clone()
            });
        }
    }
    record
}

/// Figures of a text: its numbers, without the marks around them.
fn figures(text: &str) -> BTreeSet<String> {
    let words = text.split(|it: char| it.is_whitespace() || "[](),;:".contains(it));
    let figures = words.map(|it| it.trim_end_matches(['x', '.']));
    let is_figure = |it: &&str| it.starts_with(|it: char| it.is_ascii_digit());
    figures.filter(is_figure).map(str::to_owned).collect()
}

/// The page of [`codecs`] from the time before there was a first screen.
const EARLIER: &str = r#"
Recommended trade-off for reads from a warm page cache: `zstd`, against `none`
  30.0 % less time [27.6, 32.3] and 75.0 % smaller files.
The best by a score of 40 % time, 40 % file size and 20 % CPU time; next is
  `gzip`, 24.1 % worse [19.9, 28.4] (intervals at 99 %); by time alone `zstd`,
  by file size alone `gzip`, by CPU time alone all alike; none is beaten in all.
full_scan: `zstd` is faster than `none`, 0.700x [0.677, 0.724] the time, 0.250x
  the size; tie: `lz4`; slower: `gzip`.

full_scan: every column
 variant    size           median time             time ratio  verdict
           ratio            [interval]             [interval]
───────────────────────────────────────────────────────────────────────
 none     1.000x   10.0 ms [9.9, 10.1]               baseline  -
 zstd     0.250x  7.00 ms [6.92, 7.08]  0.700x [0.677, 0.724]  faster
 lz4      0.500x   10.0 ms [9.9, 10.1]  1.002x [0.968, 1.037]  tie
 gzip     0.200x  15.0 ms [14.8, 15.2]  1.500x [1.450, 1.552]  slower

time: median of the measured iterations of a variant, planning excluded, with
  all pages of the tables' files found in the client's page cache before each
  (99 % are required); interval from order statistics at 99 %. Throughputs are
  counted rows and bytes over the median time.
time ratio: variant over baseline, below 1 is faster; Hodges-Lehmann estimate of
  the log ratios paired within 16 rounds, interval by Wilcoxon's signed-rank
  test at 99 %, wider by what equal sets of files differ by (a standard
  deviation of 0.5 %, taken for granted, as no copy was measured). A tie is an
  interval of the rounds within 1 % of 1; faster and slower are intervals that
  exclude 1, its probability under no difference within 1 % when adjusted for 3
  comparisons (Holm); anything else, or fewer than 8 pairs, is inconclusive.
  Variants are compared with the baseline; those of a ranking with each other,
  as a family of their own.
"#;

#[test]
fn details_hold_every_figure_of_the_earlier_page() {
    let details = View {
        details: true,
        ..view(Format::Table, None)
    };
    let shown = figures(&render(&summarised(codecs()), &details).unwrap());
    let earlier = figures(EARLIER);
    assert!(earlier.len() > 30);
    let lost: Vec<&String> = earlier.difference(&shown).collect();
    assert_eq!(lost, [""; 0]);
}

/// Every form shows the conclusion of the record.
#[rstest]
fn screen_page_and_record_say_the_same(
    #[values(
        Preference::Time,
        Preference::Size,
        Preference::Cpu,
        Preference::Balanced
    )]
    prefer: Preference,
) {
    for mut record in [codecs(), two_variants(), two_scenarios(), many()] {
        let predictions = summarise(&mut record);
        let of = |format: Format| View {
            prefer,
            ..view(format, None)
        };
        let conclusion = record
            .conclusions
            .iter()
            .find(|it| it.prefer == prefer)
            .unwrap();
        let ranking = record
            .rankings
            .iter()
            .find(|it| it.prefer == prefer)
            .unwrap();
        let tied: Vec<_> = ranking
            .order
            .iter()
            .filter(|it| it.tied)
            .map(|it| &it.variant)
            .collect();
        assert_eq!(conclusion.alike.iter().collect::<Vec<_>>(), tied);
        let claim = match conclusion.kind {
            ConclusionKind::NoClearWinner => "No clear winner",
            ConclusionKind::Leading => "leads, at low confidence",
            ConclusionKind::Recommended => "is recommended",
            ConclusionKind::Nothing => unreachable!("all of these are ranked"),
        };
        let joined = |text: String| text.replace("\n            ", " ");
        for shown in [
            joined(render(&record, &of(Format::Table)).unwrap()),
            render(&record, &of(Format::Markdown)).unwrap(),
            html(&record, &predictions, &of(Format::Table)),
        ] {
            assert!(shown.contains(claim), "{claim}: {shown}");
        }
    }
}

/// A baseline whose iterations are all void is not ranked.
#[test]
fn a_variant_is_not_called_the_baseline_for_want_of_one() {
    let mut record = codecs();
    for iteration in &mut record.cells[0].iterations {
        iteration.status = Status::Void;
    }
    let shown = screen(record);
    assert!(!shown.contains("the baseline itself"), "{shown}");
}

#[test]
fn a_lone_variant_of_one_round_is_low_confidence() {
    let mut record = codecs();
    record.cells.truncate(1);
    record.cells[0].iterations = rounds(&[10_000_000]);
    let shown = screen(record);
    assert!(
        shown.contains("low: there are too few rounds for an interval."),
        "{shown}"
    );
    assert!(shown.contains("--rounds 8"), "{shown}");
}

#[test]
fn a_variant_that_is_called_none_is_uncompressed_only_if_it_is() {
    let with_codec = |codec: &str| {
        let mut record = codecs();
        let id = record.cells[0].dataset[0].clone();
        let mut layout = crate::record::fixture::layout();
        layout.chunk.codec = codec.to_owned();
        let mut dataset = crate::record::fixture::dataset("a", "rows", 1_000);
        dataset.id = id;
        dataset.layout = Some(layout);
        record.datasets = vec![dataset];
        screen(record)
    };
    assert!(with_codec("none").contains("`none` (uncompressed)"));
    assert!(!with_codec("zstd").contains("(uncompressed)"));
}

#[test]
fn scenarios_beyond_those_that_a_screen_has_room_for_are_counted() {
    let mut record = two_scenarios();
    let cells = record.cells.clone();
    record.cells = (0..20)
        .flat_map(|number| {
            let cells = cells.iter().filter(|it| it.scenario == cells[0].scenario);
            cells.cloned().map(move |mut cell| {
                cell.scenario = format!("query_{number:02}");
                cell.id = format!("{}/{}", cell.scenario, cell.variant_name);
                cell
            })
        })
        .collect();
    let record = summarised(record);
    let short = render(&record, &view(Format::Table, None)).unwrap();
    assert!(
        short.contains("\nquery_13 ") && !short.contains("\nquery_14 "),
        "{short}"
    );
    assert!(
        short.contains("\n6 more scenarios: see --details.\n"),
        "{short}"
    );
    let whole = View {
        details: true,
        ..view(Format::Table, None)
    };
    let details = render(&record, &whole).unwrap();
    assert!(details.contains("\nquery_19 "), "{details}");
    assert!(!details.contains("more scenarios: see"), "{details}");
}

#[test]
fn equal_sizes_are_known_however_few_rounds_there_were() {
    let mut record = codecs();
    for cell in &mut record.cells {
        cell.iterations = rounds(&[10_000_000; 2]);
        cell.file_bytes = 40_000_000;
    }
    let by = |prefer: Preference| {
        let view = View {
            prefer,
            ..view(Format::Table, None)
        };
        let shown = render(&summarised(record.clone()), &view).unwrap();
        // However lines are wrapped.
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(
        by(Preference::Size).contains("are of one size"),
        "{}",
        by(Preference::Size)
    );
    let time = by(Preference::Time);
    assert!(time.contains("told apart in so few"), "{time}");
}
