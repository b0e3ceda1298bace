use rstest::rstest;

use super::*;

#[test]
fn a_sweep_of_one_key_names_its_variants_by_value() {
    let config = good("dataset: {}\nsweep:\n  dataset.compression: [none, snappy, 'zstd(3)']\n");
    assert_eq!(names(&config), ["none", "snappy", "zstd(3)"]);
    assert_eq!(codecs(&config), ["none", "snappy", "zstd(3)"]);
    assert_eq!(
        config.variants[2].settings["dataset.compression"],
        json!("zstd(3)")
    );
}

#[test]
fn the_product_varies_the_first_key_slowest() {
    let config = good(
        "dataset: {}\nsweep:\n  dataset.compression: [none, lz4]\n  dataset.parquet.row_group_size: [1, 2]\n",
    );
    assert_eq!(
        names(&config),
        [
            "compression=none,row_group_size=1",
            "compression=none,row_group_size=2",
            "compression=lz4,row_group_size=1",
            "compression=lz4,row_group_size=2",
        ]
    );
    assert_eq!(
        config.variants[3]
            .dataset
            .as_ref()
            .unwrap()
            .layout
            .row_group,
        RowGroupSize::Rows(2)
    );
}

#[test]
fn axes_that_share_their_last_part_are_named_in_full() {
    let config = good(
        "dataset: {parquet: {columns: [a, b]}}\nsweep:\n  dataset.parquet.columns.a.size: [1]\n  dataset.parquet.columns.b.size: [2]\n  reader.batch_size: [3]\n",
    );
    assert_eq!(
        names(&config),
        ["dataset.parquet.columns.a.size=1,dataset.parquet.columns.b.size=2,batch_size=3"]
    );
    let sizes: Vec<_> = config.variants[0]
        .dataset
        .as_ref()
        .unwrap()
        .columns
        .iter()
        .map(|it| it.size)
        .collect();
    assert_eq!(sizes, [1, 2]);
}

#[test]
fn readers_options_and_tables_can_be_swept_too() {
    let config = good_with(
        "tables: {t: a.parquet}",
        &[],
        &[
            "reader.batch_size=1,2",
            "datafusion.execution.parquet.pruning=true,false",
            "tables.t=a.parquet,b.parquet",
        ],
    );
    assert_eq!(config.variants.len(), 8);
    let last = config.variants.last().unwrap();
    assert_eq!(last.reader.batch_size, Some(2));
    assert_eq!(
        last.engine,
        [("execution.parquet.pruning".to_owned(), "false".to_owned())]
    );
    assert_eq!(last.tables["t"], "b.parquet");
}

#[test]
fn explicit_variants_keep_their_names_and_order() {
    let config = good(
        "
dataset: {}
variants:
  plain:
  small: {dataset.compression: zstd, dataset.parquet.row_group_size: 10}
  fast: {dataset.compression: lz4}
",
    );
    assert_eq!(names(&config), ["plain", "small", "fast"]);
    assert_eq!(codecs(&config), ["none", "zstd(1)", "lz4"]);
    assert_eq!(config.variants[1].settings.len(), 2);
}

#[test]
fn a_variant_may_set_a_key_back_to_its_default() {
    let config =
        good("dataset: {compression: zstd}\nvariants: {a: {}, b: {dataset.compression: null}}\n");
    assert_eq!(codecs(&config), ["zstd(1)", "none"]);
}

#[test]
fn a_sweep_of_the_command_line_adds_an_axis_or_replaces_one() {
    let text = "dataset: {}\nsweep: {dataset.compression: [none, lz4]}\n";
    assert_eq!(
        names(&good_with(text, &[], &["dataset.compression=zstd(3),gzip"])),
        ["zstd(3)", "gzip"]
    );
    assert_eq!(
        good_with(text, &[], &["reader.batch_size=1,2,3"])
            .variants
            .len(),
        6
    );
}

#[test]
fn a_set_key_is_no_longer_swept_and_this_is_noted() {
    let text =
        "dataset: {}\nsweep: {dataset.compression: [none, lz4], reader.batch_size: [1, 2]}\n";
    let config = good_with(text, &["dataset.compression=zstd"], &[]);
    assert_eq!(names(&config), ["1", "2"]);
    assert_eq!(codecs(&config), ["zstd(1)", "zstd(1)"]);
    assert_eq!(
        config.notes,
        ["`dataset.compression` is set on the command line, so it is not swept"]
    );
}

#[test]
fn a_set_key_that_variants_set_themselves_is_noted() {
    let text =
        "dataset: {}\nvariants: {a: {dataset.compression: lz4}, b: {reader.batch_size: 1}}\n";
    let config = good_with(text, &["dataset.compression=zstd"], &[]);
    assert_eq!(codecs(&config), ["lz4", "zstd(1)"]);
    assert_eq!(
        config.notes,
        [
            "`dataset.compression` of the command line has no effect on variants that set it themselves: `a`"
        ]
    );
}

#[test]
fn variants_that_mean_the_same_are_noted() {
    let config = good("dataset: {}\nsweep: {dataset.compression: [zstd, zstd(1)]}\n");
    assert_eq!(config.notes, ["variant `zstd(1)` means the same as `zstd`"]);
}

#[rstest]
#[case(
    "sweep: {dataset.compression: []}",
    "x.yaml:2: sweep.dataset.compression: sweeps no values"
)]
#[case(
    "sweep: {dataset.compression: none}",
    "x.yaml:2: sweep.dataset.compression: expected a list, found `none`"
)]
#[case(
    "sweep: {dataset.compression: [none, none]}",
    "x.yaml:2: sweep.dataset.compression: holds `none` twice"
)]
#[case(
    "sweep: {dataset.compresion: [none, lz4]}",
    "x.yaml:2: dataset.compresion: unknown key (did you mean `compression`?)"
)]
#[case(
    "sweep: {datset.compression: [none]}",
    "x.yaml:2: sweep.datset.compression: unknown key (did you mean `dataset`?)"
)]
#[case(
    "sweep: {measure.rounds: [1, 2]}",
    "x.yaml:2: sweep.measure.rounds: `measure.rounds` cannot differ between variants"
)]
#[case(
    "sweep: {scenarios: [a]}",
    "x.yaml:2: sweep.scenarios: `scenarios` cannot differ between variants"
)]
#[case(
    "sweep: {sweep: [a]}",
    "x.yaml:2: sweep.sweep: `sweep` cannot differ between variants"
)]
#[case(
    "sweep: {dataset: [{}]}",
    "x.yaml:2: sweep.dataset: `dataset` cannot differ between variants"
)]
#[case(
    "sweep: {reader.prefetch_size: [1, 2]}",
    "x.yaml:2: sweep.reader.prefetch_size: `reader.prefetch_size` is for `bench train`"
)]
#[case(
    "sweep: {dataset.seed: [1], workload.dataset.seed: [2]}",
    "x.yaml:2: sweep.workload.dataset.seed: is swept twice"
)]
#[case(
    "sweep: {dataset.parquet.columns.a.size: [1]}",
    "x.yaml:2: dataset.parquet.columns.a.size: `dataset.parquet.columns` lists no columns"
)]
#[case("sweep: [a]", "x.yaml:2: sweep: expected a mapping, found a list")]
#[case(
    "sweep: {dataset.seed: [1]}\nvariants: {a: }",
    "x.yaml:2: sweep: stands beside `variants`; use one of them"
)]
#[case(
    "variants: {a: {measure.rounds: 1}}",
    "x.yaml:2: variants.a.measure.rounds: `measure.rounds` cannot differ"
)]
#[case(
    "variants: {a: {dataset.seed: 1, workload.dataset.seed: 2}}",
    "x.yaml:2: variants.a.workload.dataset.seed: is set twice"
)]
#[case(
    "variants: {a: [1]}",
    "x.yaml:2: variants.a: expected a mapping, found a list"
)]
#[case("variants: {'': {}}", "x.yaml:2: variants.: a variant needs a name")]
fn bad_sweeps_are_told_at_their_line(#[case] lines: &str, #[case] expected: &str) {
    let message = bad(&format!("dataset: {{}}\n{lines}\n"));
    assert!(message.starts_with(expected), "{message}");
}

#[rstest]
#[case(
    "dataset.compression",
    "the command line: `dataset.compression` sets nothing"
)]
#[case(
    "dataset.compression=",
    "the command line: dataset.compression: `` holds an empty value"
)]
#[case(
    "dataset.compression=none,,lz4",
    "the command line: dataset.compression: `none,,lz4` holds an empty value"
)]
#[case(
    "dataset.compresion=none,lz4",
    "the command line: dataset.compresion: unknown key (did you mean `compression`?)"
)]
#[case(
    "measure.rounds=1,2",
    "the command line: measure.rounds: `measure.rounds` cannot differ between variants"
)]
fn bad_sweeps_of_the_command_line_are_told_as_such(#[case] sweep: &str, #[case] expected: &str) {
    let message = bad_with("dataset: {}", &[], &[sweep]);
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn setting_and_sweeping_one_key_on_the_command_line_contradict() {
    let message = bad_with("dataset: {}", &["dataset.seed=1"], &["dataset.seed=1,2"]);
    assert_eq!(
        message,
        "the command line: dataset.seed: is both set and swept on the command line; use one"
    );
    let message = bad_with("dataset: {}", &[], &["dataset.seed=1", "dataset.seed=2"]);
    assert_eq!(
        message,
        "the command line: dataset.seed: is swept twice on the command line"
    );
}

#[test]
fn a_sweep_beside_variants_is_refused_from_the_command_line_too() {
    let message = bad_with("dataset: {}\nvariants: {a: }\n", &[], &["dataset.seed=1"]);
    assert_eq!(
        message,
        "the command line: sweep: stands beside `variants`; use one of them"
    );
}

#[test]
fn a_problem_of_some_variants_names_them_and_the_line_of_their_sweep() {
    let message = bad("dataset: {}\n\nsweep:\n  dataset.compression: [none, zstd(99), zstdd]\n");
    assert_eq!(
        message,
        "x.yaml:4: dataset.compression: 99 is not a level of zstd; it has 1 to 22 (variant `zstd(99)`)\n\
         x.yaml:4: dataset.compression: `zstdd` is not a codec; known: none, snappy, gzip, brotli, lz4, zstd \
         (did you mean `zstd`?) (variant `zstdd`)"
    );
}

#[test]
fn a_problem_of_the_base_is_told_once_and_without_variants() {
    let message = bad("dataset: {seed: -1}\nsweep: {dataset.compression: [none, lz4]}\n");
    assert_eq!(
        message,
        "x.yaml:1: dataset.seed: `-1` is not a whole number of 0 or more"
    );
}

#[test]
fn at_most_a_thousand_variants_are_made() {
    let values = |count: usize| {
        (0..count)
            .map(|it| it.to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let (ten, hundred) = (
        format!("dataset.seed={}", values(10)),
        format!("measure={}", values(1)),
    );
    let reader = format!("reader.read_threads={}", values(100));
    assert_eq!(
        good_with("dataset: {}", &[], &[&ten, &reader])
            .variants
            .len(),
        1000
    );
    let reader = format!("reader.read_threads={}", values(101));
    assert!(
        bad_with("dataset: {}", &[], &[&ten, &reader]).contains("makes more than 1000 variants")
    );
    assert!(bad_with("dataset: {}", &[], &[&hundred]).contains("cannot differ"));
}
