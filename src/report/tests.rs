use insta::assert_snapshot;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::analysis::summarise;
use crate::record::fixture::{cell, codecs, dataset, iteration, record, rounds, warmup};
use crate::record::{ExpectationResult, Iteration, Origin, Preference, Status, Verdict};

pub(super) fn summarised(mut record: RunRecord) -> RunRecord {
    summarise(&mut record);
    record
}

/// Two variants of one scenario. Each number of the second differs from that of the first.
pub(super) fn two_variants() -> RunRecord {
    let mut record = record();
    record.datasets = vec![
        dataset("none", "rows", 50_000_000),
        dataset("zstd(3)", "rows", 50_000_000),
    ];
    record.cells = vec![
        cell("scan", "none", rounds(&[10_000_000; 10])),
        cell("scan", "zstd(3)", rounds(&[8_000_000; 10])),
    ];
    let candidate = &mut record.cells[1];
    (candidate.columns_read, candidate.columns_stored) = (4, 13);
    candidate.file_bytes = 12_345_678;
    for (iteration, elapsed_ns) in candidate
        .iterations
        .iter_mut()
        .zip([80, 84, 78, 83, 76, 82, 79, 81, 80, 80])
    {
        iteration.figures.elapsed_ns = elapsed_ns * 100_000;
        iteration.figures.rows = 80_000;
        iteration.figures.arrow_bytes = 16_000_000;
        iteration.figures.requested_bytes = 2_400_000;
        iteration.scans[0].row_groups_read = 48;
    }
    candidate.iterations[3].scans[0].row_groups_read = 46;
    let mut second_scan = candidate.iterations[0].scans[0].clone();
    (second_scan.row_groups_read, second_scan.row_groups) = (1, 4);
    second_scan.row_groups_pruned = 3;
    for iteration in &mut candidate.iterations {
        iteration.scans.push(second_scan.clone());
    }
    for cell in &mut record.cells {
        cell.nondeterministic = Some("the rows differ, as all numbers do".to_owned());
    }
    record
}

pub(super) fn view(format: Format, width: Option<u16>) -> View {
    View {
        format,
        details: false,
        prefer: Preference::Balanced,
        width,
        colour: false,
    }
}

fn shown(record: &RunRecord, format: Format, width: Option<u16>) -> String {
    let view = view(format, width);
    match format {
        // The page below the first screen, as details show it.
        Format::Table => {
            let mut page = page_of(record, &view);
            page.screen = None;
            terminal::render(&page, &view)
        }
        _ => render(record, &view).unwrap(),
    }
}

#[test]
fn every_column_says_what_was_counted() {
    // Median of the second: 8 ms. Rows: 80 000 / 8 ms. Arrow: 16 MB / 8 ms. Requested: 2.4 MB / 8
    // ms. Row groups: 46 or 48 and 1, of 96 and 4. Ratio: the Walsh averages of the logarithms of
    // 0.76 to 0.84. The 4th from either end bounds the interval of the rounds, which other files
    // make wider.
    assert_snapshot!(shown(&summarised(two_variants()), Format::Table, None), @r#"
No variant is dominated by another one in time, CPU time and file size.
scan: `zstd(3)` is faster than `none`, 0.800x [0.769, 0.838] the time, 0.309x the size.

scan: every column
 variant  file size    size           median time       rows out  Arrow data      bytes                 row groups  columns             time ratio  verdict
                      ratio            [interval]                        out  requested                       read     read             [interval]
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 none       40.0 MB  1.000x  10.0 ms [10.0, 10.0]   100 k rows/s    800 kB/s   400 kB/s                   12 of 96  3 of 12               baseline  -
 zstd(3)    12.3 MB  0.309x  8.00 ms [7.60, 8.40]  10.0 M rows/s   2.00 GB/s   300 MB/s  47 to 49 of 100, 3 pruned  4 of 13  0.800x [0.769, 0.838]  faster

time: median of the measured iterations of a variant, planning excluded, with all pages of the tables' files found in the client's page cache before each (99 % are required); interval from order statistics at 99 %. Throughputs are counted rows and bytes over the median time.
time ratio: variant over baseline, below 1 is faster; Hodges-Lehmann estimate of the log ratios paired within 10 rounds, interval by Wilcoxon's signed-rank test at 99 %, wider by what equal sets of files differ by (a standard deviation of 0.5 %, taken for granted, as no copy was measured). A tie is an interval of the rounds within 1 % of 1; faster and slower are intervals that exclude 1; anything else, or fewer than 8 pairs, is inconclusive. Variants are compared with the baseline; those of a ranking with each other, as a family of their own.
"#);
}

#[test]
fn the_ratio_and_its_interval_are_those_of_the_walsh_averages() {
    let logarithms = [
        0.80, 0.84, 0.78, 0.83, 0.76, 0.82, 0.79, 0.81, 0.80, 0.80_f64,
    ]
    .map(f64::ln);
    let mut averages = Vec::new();
    for (index, first) in logarithms.iter().enumerate() {
        averages.extend(
            logarithms[index..]
                .iter()
                .map(|second| (first + second) / 2.0),
        );
    }
    averages.sort_by(f64::total_cmp);
    let expected = crate::units::ratio_interval(
        averages[27].exp(),
        averages[4 - 1].exp(),
        averages[55 - 4].exp(),
    );
    // Intervals are wider where files may differ.
    let mut record = two_variants();
    assert!(!shown(&summarised(record.clone()), Format::Table, None).contains(&expected));
    for cell in &mut record.cells {
        cell.dataset = vec!["none".to_owned()];
    }
    assert!(
        shown(&summarised(record), Format::Table, None).contains(&expected),
        "{expected}"
    );
}

#[test]
fn a_narrow_terminal_gets_the_columns_that_answer() {
    assert_snapshot!(shown(&summarised(codecs()), Format::Table, Some(80)), @r#"
No variant is dominated by another one in time, CPU time and file size.
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
"#);
}

#[rstest]
fn no_line_is_wider_than_the_terminal(#[values(60, 72, 80, 90, 100, 120, 160)] width: u16) {
    for record in [codecs(), two_variants()] {
        for line in shown(&summarised(record), Format::Table, Some(width)).lines() {
            assert!(
                line.chars().count() <= usize::from(width),
                "{width}: {line}"
            );
        }
    }
}

#[test]
fn a_wider_terminal_loses_the_least_important_columns_first() {
    let record = summarised(codecs());
    let all = shown(&record, Format::Table, Some(200));
    assert!(all.contains("rows out") && all.contains("Arrow data"));
    let fewer = shown(&record, Format::Table, Some(140));
    assert!(
        !fewer.contains("rows out") && fewer.contains("Arrow data"),
        "{fewer}"
    );
}

#[test]
fn markdown_is_a_github_table() {
    assert_snapshot!(shown(&summarised(two_variants()), Format::Markdown, None), @r#"
**RESULT** \`zstd(3)\` is recommended for reads from a warm page cache: 69.1 % smaller files, 20.0 % less time [16.2, 23.1] than \`none\` (uncompressed); next is \`none\` (uncompressed), 75.0 % worse [69.0, 81.0] by score (40 % time, 40 % file size, 20 % CPU time).

**CONFIDENCE** high: steady times, and intervals that span at most 8.9 %.

### variants

| variant | size | size +/- | time | time +/- [99 %] | in time | reads | row groups |
| :--- | ---: | ---: | ---: | ---: | :--- | ---: | ---: |
| none | 40.0 MB | - | 10.0 ms | - | baseline | 4.00 kB | 12 of 96 |
| zstd(3) | 12.3 MB | -69 % | 8.00 ms | -20 % [-23, -16] | faster | 2.40 MB | 47 to 49 of 100, 3 pruned |

**CHANGES IF** you prefer (--prefer) cpu: all alike.

- No variant is dominated by another one in time, CPU time and file size.
- scan: \`zstd(3)\` is faster than \`none\`, 0.800x [0.769, 0.838] the time, 0.309x the size.

### scan

every column

| variant | file size | size ratio | median time [interval] | rows out | Arrow data out | bytes requested | row groups read | columns read | time ratio [interval] | verdict |
| :--- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | :--- |
| none | 40.0 MB | 1.000x | 10.0 ms [10.0, 10.0] | 100 k rows/s | 800 kB/s | 400 kB/s | 12 of 96 | 3 of 12 | baseline | - |
| zstd(3) | 12.3 MB | 0.309x | 8.00 ms [7.60, 8.40] | 10.0 M rows/s | 2.00 GB/s | 300 MB/s | 47 to 49 of 100, 3 pruned | 4 of 13 | 0.800x [0.769, 0.838] | faster |

- time: median of the measured iterations of a variant, planning excluded, with all pages of the tables' files found in the client's page cache before each (99 % are required); interval from order statistics at 99 %. Throughputs are counted rows and bytes over the median time.
- time ratio: variant over baseline, below 1 is faster; Hodges-Lehmann estimate of the log ratios paired within 10 rounds, interval by Wilcoxon's signed-rank test at 99 %, wider by what equal sets of files differ by (a standard deviation of 0.5 %, taken for granted, as no copy was measured). A tie is an interval of the rounds within 1 % of 1; faster and slower are intervals that exclude 1; anything else, or fewer than 8 pairs, is inconclusive. Variants are compared with the baseline; those of a ranking with each other, as a family of their own.
"#);
}

#[test]
fn the_answer_names_the_largest_gain_and_what_became_of_the_others() {
    let mut record = codecs();
    let mut snappy = record.cells[1].clone();
    (snappy.id, snappy.variant_name) = ("full_scan/snappy".to_owned(), "snappy".to_owned());
    snappy
        .iterations
        .iter_mut()
        .for_each(|iteration| iteration.figures.elapsed_ns += 1_000_000);
    let mut few = snappy.clone();
    (few.id, few.variant_name) = ("full_scan/brotli".to_owned(), "brotli".to_owned());
    few.iterations.truncate(5);
    record.cells.insert(1, snappy);
    record.cells.push(few);
    let shown = shown(&summarised(record), Format::Table, None);
    assert_eq!(
        shown.lines().next().unwrap(),
        "On the Pareto front of time, CPU time and file size: `none`, `zstd`, `lz4`, `gzip`, `brotli`."
    );
    assert_eq!(
        shown.lines().nth(1).unwrap(),
        "full_scan: `zstd` gains most over `none`, 0.700x [0.677, 0.724] the time, 0.250x the size; also faster: `snappy`; \
         tie: `lz4`; slower: `gzip`; inconclusive: `brotli`."
    );
}

#[test]
fn where_all_others_are_slower_the_baseline_is_the_fastest() {
    let mut record = codecs();
    let mut lz4 = record.cells.remove(2);
    let gzip = record.cells.remove(2);
    record.cells.truncate(1);
    for iteration in &mut lz4.iterations {
        iteration.figures.elapsed_ns = iteration.figures.elapsed_ns * 11 / 10;
    }
    record.cells.extend([gzip, lz4]);
    let shown = shown(&summarised(record), Format::Table, None);
    let mut answers = shown.lines();
    let answer = answers
        .find(|line| line.starts_with("full_scan: "))
        .unwrap();
    assert!(
        answer.starts_with("full_scan: `none` is the fastest; next is `lz4`, 1.1")
            && answer.ends_with(" the size; then: `gzip`."),
        "{answer}"
    );
}

#[test]
fn a_sentence_names_eight_variants_at_most() {
    let mut record = codecs();
    let first = record.cells[0].clone();
    record.cells.extend((0..20).map(|index| {
        let name = format!("v{index}");
        let mut cell = first.clone();
        (cell.id, cell.variant_name) = (format!("full_scan/{name}"), name);
        cell.iterations.truncate(3);
        cell
    }));
    let shown = shown(&summarised(record), Format::Table, None);
    let mut lines = shown.lines();
    let answer = lines.find(|it| it.starts_with("full_scan: ")).unwrap();
    assert!(
        answer
            .ends_with("inconclusive: `v0`, `v1`, `v2`, `v3`, `v4`, `v5`, `v6`, `v7` and 12 more."),
        "{answer}"
    );
}

#[test]
fn where_nothing_is_faster_the_answer_says_so() {
    let mut record = codecs();
    record.cells.remove(1);
    let shown = shown(&summarised(record), Format::Table, None);
    assert!(
        shown.contains(
            "\nfull_scan: no variant is shown to be faster than `none`; tie: `lz4`; slower: `gzip`.\n"
        ),
        "{shown}"
    );
}

#[test]
fn a_lone_variant_is_compared_with_nothing() {
    let mut record = codecs();
    record.cells.truncate(1);
    assert_snapshot!(shown(&summarised(record), Format::Table, None), @r#"
full_scan: every column
 variant  file size          median time      rows out  Arrow data      bytes  row groups  columns
                              [interval]                       out  requested        read     read
───────────────────────────────────────────────────────────────────────────────────────────────────
 none       40.0 MB  10.0 ms [9.9, 10.1]  100 k rows/s    800 kB/s   400 kB/s    12 of 96  3 of 12

time: median of the measured iterations of a variant, planning excluded, with all pages of the tables' files found in the client's page cache before each (99 % are required); interval from order statistics at 99 %. Throughputs are counted rows and bytes over the median time.
"#);
}

#[test]
fn nothing_is_claimed_of_what_was_not_measured() {
    let mut record = codecs();
    record.cells.truncate(2);
    record
        .cells
        .iter_mut()
        .for_each(|cell| cell.iterations.clear());
    record.cells[1].file_bytes = 0;
    record.complete = false;
    assert_snapshot!(shown(&summarised(record), Format::Table, None), @r#"
This run did not come to its end, and finished no execution.

full_scan: every column
 variant  file size    size  median time  rows out  Arrow data      bytes  row groups  columns  time ratio  verdict
                      ratio   [interval]                   out  requested        read     read  [interval]
────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
 none       40.0 MB  1.000x            -         -           -          -           -  3 of 12    baseline  -
 zstd             -       -            -         -           -          -           -  3 of 12           -  -
"#);
}

#[test]
fn what_went_wrong_is_told() {
    let mut record = codecs();
    record.cells.truncate(2);
    record.warnings.push("the host is busy\n\x1b[2J".to_owned());
    record.cells[1].expectations.push(ExpectationResult {
        name: "expect_row_groups_pruned".to_owned(),
        expected: ">= 0.9".to_owned(),
        found: "0.875".to_owned(),
        passed: false,
    });
    record.cells[1].expectations.push(ExpectationResult {
        name: "expect_rows".to_owned(),
        expected: "1000".to_owned(),
        found: "1000".to_owned(),
        passed: true,
    });
    for (round, status, reason) in [
        (3, Status::Failed, "out of memory"),
        (4, Status::Void, "98.1 % resident"),
    ] {
        let iteration = &mut record.cells[1].iterations[round];
        *iteration = Iteration {
            status,
            reason: Some(reason.to_owned()),
            ..iteration.clone()
        };
    }
    let shown = shown(&summarised(record), Format::Table, None);
    assert!(
        shown.starts_with("Expectations that failed: 1; they are listed below.\n\n"),
        "{shown}"
    );
    assert!(shown.contains(" zstd (1 failed, 1 void) "), "{shown}");
    assert!(shown.contains("paired within 14 rounds"), "{shown}");
    assert!(shown.ends_with(
        "failed expectation: full_scan, zstd: expect_row_groups_pruned: expected >= 0.9, found 0.875\n\
         failed iterations: full_scan, zstd: 1 of 17, warm-ups included: out of memory\n\
         void iterations: full_scan, zstd: 1 of 17, warm-ups included: 98.1 % resident\n\
         warning: the host is busy\\n\\u{1b}[2J\n"
    ), "{shown}");
}

#[test]
fn residency_is_claimed_only_where_every_iteration_attests_it() {
    let mut record = codecs();
    record.cells[1].iterations[2]
        .figures
        .cache
        .resident_ratio_before = Some(0.9979);
    let shown_with = |record: &RunRecord| shown(&summarised(record.clone()), Format::Table, None);
    assert!(
        shown_with(&record)
            .contains("with at least 99.7 % of the pages of the tables' files found")
    );
    record.cells[0].iterations[3]
        .figures
        .cache
        .resident_ratio_before = None;
    assert!(!shown_with(&record).contains("page cache"));
}

#[test]
fn a_record_from_before_file_bytes_were_kept_of_cells_has_no_file_size() {
    let mut old = serde_json::to_value(two_variants()).unwrap();
    for cell in old["cells"].as_array_mut().unwrap() {
        cell.as_object_mut().unwrap().remove("file_bytes");
    }
    let record = serde_json::from_value(old).unwrap();
    let shown = shown(&summarised(record), Format::Markdown, None);
    assert!(shown.contains("| none | - | - | 10.0 ms"), "{shown}");
    assert!(!shown.contains("the size"), "{shown}");
}

#[test]
fn where_equal_content_gave_other_results_they_are_told_of_and_nothing_wins() {
    let mut record = codecs();
    record.cells[1].iterations[2].figures.rows = 999;
    let shown = shown(&summarised(record), Format::Table, None);
    assert!(shown.starts_with(
        "RESULTS DISAGREE: scenario full_scan: variants none and zstd read equal rows, but the first returned 1000 rows and \
         the second 999.\n\n\
         full_scan: the results of the variants differ, so that their times do not tell which is better.\n\n"
    ), "{shown}");
}

#[rstest]
#[case::rows(
    Origin::Generated,
    1_200,
    Some("ab"),
    "the variants read datasets with different rows, and their results differ (1,000 to 1,200 result rows)",
    true
)]
#[case::rows_of_files(
    Origin::External,
    1_200,
    Some("ab"),
    "the variants read different files, of which equal rows could not be established, and their results differ \
     (1,000 to 1,200 result rows)",
    true
)]
#[case::checksums(
    Origin::Generated,
    1_000,
    Some("cd"),
    "the variants read datasets with different rows, and their results differ (1,000 result rows each, but other checksums)",
    true
)]
#[case::unknown(
    Origin::External,
    1_000,
    None,
    "the variants read different files, of which equal rows could not be established, and their results have 1,000 rows \
     each and could not be compared further",
    false
)]
fn variants_that_read_other_content_are_told_of(
    #[case] origin: Origin,
    #[case] rows: u64,
    #[case] checksum: Option<&str>,
    #[case] found: &str,
    #[case] differ: bool,
) {
    let mut record = codecs();
    record.cells.truncate(2);
    record.datasets[1].content_fingerprint = "rows of seed 11".to_owned();
    record.datasets[1].origin = origin;
    record.cells[1].iterations[0] = match checksum {
        Some(exact) => warmup(exact, &[1.5]),
        None => iteration(99, 1),
    };
    for iteration in &mut record.cells[1].iterations {
        iteration.figures.rows = rows;
    }
    let shown = shown(&summarised(record), Format::Table, None);
    let caution = format!(
        "full_scan: {found}; times are compared all the same, and the run does not require equal results.\n\n"
    );
    assert!(shown.starts_with(&caution), "{shown}");
    let answer = if differ {
        "full_scan: the results of the variants differ"
    } else {
        "full_scan: `zstd` is faster than `none`"
    };
    assert!(shown[caution.len()..].starts_with(answer), "{shown}");
}

#[test]
fn equal_results_of_other_files_need_no_caution() {
    let mut record = codecs();
    for dataset in &mut record.datasets {
        dataset.origin = Origin::External;
        dataset.content_fingerprint = format!("files of {}", dataset.id);
    }
    let shown = shown(&summarised(record), Format::Table, None);
    assert!(
        shown.starts_with("No variant is dominated ")
            && shown.contains("\nfull_scan: `zstd` is faster than `none`"),
        "{shown}"
    );
}

/// A record whose texts all attack the reader.
fn hostile() -> RunRecord {
    let text = "=1+1|<script>alert(1)</script>\x1b[31m\u{202e}\"'`*,\n# x";
    let mut record = two_variants();
    record.warnings.push(text.to_owned());
    record.labels.insert(text.to_owned(), text.to_owned());
    for cell in &mut record.cells {
        cell.scenario = text.to_owned();
        cell.nondeterministic = None;
        cell.description = Some(text.to_owned());
        cell.variant_name = format!("{text}{}", "x".repeat(10_000));
        cell.variant.insert(text.to_owned(), json!([text]));
        cell.iterations[0].status = Status::Failed;
        cell.iterations[0].reason = Some(text.to_owned());
        let expectation = ExpectationResult {
            name: text.to_owned(),
            expected: text.to_owned(),
            found: text.to_owned(),
            passed: false,
        };
        cell.expectations.push(expectation);
    }
    summarised(record)
}

#[rstest]
fn hostile_text_does_nothing(
    #[values(Format::Table, Format::Markdown, Format::Csv, Format::Json)] format: Format,
) {
    let shown = shown(&hostile(), format, Some(80));
    assert!(!shown.contains(|character: char| character.is_control() && character != '\n'));
    assert!(!shown.contains('\u{202e}'));
    assert_eq!(
        shown.contains("RESULTS DISAGREE"),
        matches!(format, Format::Table | Format::Markdown),
        "{shown}"
    );
    let codes = ["\\u{1b}", "\\\\u{1b}", "\\u001b"];
    assert!(
        codes.iter().any(|code| shown.contains(code)),
        "what was there is shown"
    );
}

#[test]
fn a_variant_that_is_called_like_a_verdict_stays_a_name() {
    let mut record = record();
    record.cells = vec![
        cell("scan", "inconclusive", rounds(&[10_000_000; 10])),
        cell("scan", "slower", rounds(&[8_000_000; 10])),
    ];
    let record = summarised(record);
    let page = Page::of(&record, &scenarios(&record), false, Preference::Balanced);
    let names: Vec<&TableCell> = page.tables[0].rows.iter().map(|row| &row[0]).collect();
    assert!(names.iter().all(|name| name.verdict().is_none()));
    let verdicts = page.tables[0]
        .rows
        .iter()
        .filter_map(|row| row.last()?.verdict());
    assert_eq!(verdicts.collect::<Vec<_>>(), [Verdict::Faster]);
}

#[test]
fn hostile_names_end_no_cell_of_a_markdown_table() {
    let shown = shown(&hostile(), Format::Markdown, None);
    assert!(!shown.contains("<script"));
    let bars = |line: &str| {
        line.replace("\\\\", "")
            .replace("\\|", "")
            .matches('|')
            .count()
    };
    let tables = shown.split("\n\n").filter(|block| block.starts_with('|'));
    let tables: Vec<Vec<usize>> = tables.map(|it| it.lines().map(bars).collect()).collect();
    assert!(tables.contains(&vec![12; 4]), "{tables:?}");
    for table in tables {
        assert_eq!(table, vec![table[0]; table.len()]);
    }
}

#[test]
fn csv_has_a_row_per_iteration_with_units_in_its_head() {
    let mut record = two_variants();
    record
        .cells
        .iter_mut()
        .for_each(|cell| cell.iterations.truncate(1));
    record.cells[1]
        .variant
        .insert("dataset.parquet.row_group_size".to_owned(), json!(65536));
    record.cells[1].iterations[0].figures.device_read_bytes = Some(17);
    assert_snapshot!(shown(&record, Format::Csv, None), @r#"
run_id,cell,scenario,variant_name,lane,kind,round,position,status,reason,started_offset_ns,elapsed_ns,planning_ns,first_batch_ns,executions,cpu_user_ns,cpu_system_ns,minor_faults,major_faults,voluntary_switches,involuntary_switches,memory_pool_peak_bytes,streams,rows,arrow_bytes,checksum,engine_ranges,engine_data_bytes,engine_metadata_bytes,chunk_encoded_bytes,chunk_compressed_bytes,requests,metadata_requests,requested_bytes,store_calls,call_p50_ns,call_p90_ns,call_p99_ns,range_p50_bytes,attempts,retries,retries_slow_down,backoff_ns,received_bytes,first_byte_p50_ns,first_byte_p99_ns,attempt_p50_ns,attempt_p99_ns,most_in_flight,exchanged_bytes,device_read_bytes,cache_state,resident_ratio_before,cold_evidence,engine_cache,scan_partitions,row_groups_read,row_groups_pruned,row_groups,files_read,files,file_bytes,columns_read,columns_stored,dataset,dataset_rows,content_fingerprint,control,peak_memory_bytes,base_memory_bytes,label.array,variant.dataset.compression,variant.dataset.parquet.row_group_size
20260101T120000Z-ab12,scan/none,scan,none,end_to_end,measured,0,1,ok,,1000000000,10000000,500000,5000000,1,600000,70000,11,0,5,1,4096,1,1000,8000,,40,3500,300,7000,3500,20,0,4000,,,,,,,,,,,,,,,,,,warm,1,,warm,2,12,0,96,1,8,40000000,3,12,none,1000000,rows,,,,X,none,
20260101T120000Z-ab12,scan/zstd(3),scan,zstd(3),end_to_end,measured,0,1,ok,,1000000000,8000000,500000,4000000,1,600000,70000,11,0,5,1,4096,1,80000,16000000,,40,3500,300,7000,3500,20,0,2400000,,,,,,,,,,,,,,,,,17,warm,1,,warm,2,49,3,100,2,16,12345678,4,13,zstd(3),1000000,rows,,,,X,zstd(3),65536
"#);
}

/// Fields of one line of CSV, by the rules of RFC 4180.
fn csv_fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                fields.last_mut().unwrap().push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => fields.last_mut().unwrap().push(character),
        }
    }
    fields
}

#[test]
fn csv_of_hostile_text_keeps_its_rows_and_runs_no_formula() {
    let shown = shown(&hostile(), Format::Csv, None);
    let rows: Vec<Vec<String>> = shown.lines().map(csv_fields).collect();
    assert_eq!(rows.len(), 1 + 20);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    assert!(
        rows.iter()
            .flatten()
            .all(|field| !field.starts_with(['=', '+', '-', '@']))
    );
    let scenario = rows[0].iter().position(|name| name == "scenario").unwrap();
    assert!(
        rows[1][scenario].starts_with("'=1+1|<script>")
            && rows[1][scenario].contains("\"'`*,\\n# x")
    );
}

#[test]
fn json_is_the_record_itself() {
    let record = summarised(codecs());
    let shown = shown(&record, Format::Json, None);
    assert_eq!(serde_json::from_str::<RunRecord>(&shown).unwrap(), record);
    assert_eq!(shown, to_json(&record).unwrap());
}

/// Two scenarios on three variants, `lz4` twice as slow as the others.
pub(super) fn two_scenarios() -> RunRecord {
    let mut record = record();
    for variant in ["none", "zstd", "lz4"] {
        record.datasets.push(dataset(variant, "rows", 40_000_000));
    }
    for scenario in ["one", "other"] {
        for (variant, factor) in [("none", 1), ("zstd", 1), ("lz4", 2)] {
            let times: Vec<u64> = (0..20)
                .map(|round| factor * (10_000_000 + round * 7 % 5))
                .collect();
            record.cells.push(cell(scenario, variant, rounds(&times)));
        }
    }
    record
}

fn lines(record: RunRecord) -> Vec<String> {
    let shown = shown(&summarised(record), Format::Table, None);
    shown.lines().map(str::to_owned).collect()
}

#[test]
fn a_failed_cell_is_told_and_so_is_what_all_scenarios_do_without() {
    let mut record = two_scenarios();
    for iteration in &mut record.cells[4].iterations {
        (iteration.status, iteration.reason) = (Status::Failed, Some("no memory".to_owned()));
    }
    let shown = lines(record).join("\n");
    assert!(
        shown.contains(
            "All scenarios together: over 1 of 2 scenarios, as `other` was not measured on `zstd`."
        ),
        "{shown}"
    );
    assert!(
        shown.contains(
            "other: no variant is shown to be faster than `none`; slower: `lz4`; failed: `zstd`."
        ),
        "{shown}"
    );
}

#[test]
fn records_of_an_older_method_say_so() {
    let mut record = two_scenarios();
    let is_told = |record: &RunRecord| {
        lines(record.clone())
            .join("\n")
            .contains("judged by version 1 of the method")
    };
    assert!(!is_told(&record));
    record.analysis_version = 1;
    assert!(is_told(&record));
}

#[test]
fn a_crossing_that_may_be_almost_anywhere_has_words_instead_of_brackets() {
    let found = crate::record::BreakEven {
        scenario: None,
        latency_ns: 1,
        low_bytes_per_s: 1e7,
        high_bytes_per_s: 5e10,
        fastest: Vec::new(),
        crossings: Vec::new(),
    };
    let at = |low, high| {
        let at = crate::record::CrossingPoint {
            bytes_per_s: 1e9,
            low_bytes_per_s: low,
            high_bytes_per_s: high,
        };
        super::break_even::point(&found, &at)
    };
    assert_eq!(at(1e10, 5e10), "1.00 GB/s [10.0 GB/s, above 50.0 GB/s]");
    assert_eq!(at(1e7, 1e8), "1.00 GB/s [below 10.0 MB/s, 100 MB/s]");
    for (low, high) in [(1e7, 5e10), (1e9, 3e10)] {
        assert_eq!(at(low, high), "1.00 GB/s (very uncertain)");
    }
}
