use rstest::rstest;

use super::*;

/// Set by cargo for every test.
const VARIABLE: &str = "CARGO_PKG_NAME";

fn folder_of(value: &str) -> String {
    dataset_of(&format!("dataset: {{data_folder: '{value}'}}\n")).data_folder
}

#[test]
fn a_variable_of_the_environment_becomes_text() {
    let package = std::env::var(VARIABLE).unwrap();
    for (written, expected) in [
        (format!("${{oc.env:{VARIABLE}}}"), package.clone()),
        (
            format!("/a/${{oc.env:{VARIABLE}}}/b"),
            format!("/a/{package}/b"),
        ),
        (
            format!("${{oc.env:{VARIABLE}, other}}-${{oc.env:{VARIABLE}}}"),
            format!("{package}-{package}"),
        ),
    ] {
        assert_eq!(folder_of(&written), expected);
    }
}

#[rstest]
#[case("${oc.env:BENCH_NO_SUCH,/mnt/x}/y", "/mnt/x/y")]
#[case("${oc.env:BENCH_NO_SUCH, \"a, b\"}", "a, b")]
#[case("/n${oc.env:BENCH_NO_SUCH,8}", "/n8")]
#[case("/${oc.env:BENCH_NO_SUCH,${oc.env:BENCH_NOR_THIS,z}}", "/z")]
#[case("/n${dataset.num_files_train}", "/n8")]
#[case("/n${workload.dataset.num_files_train}", "/n8")]
#[case("/n${.num_files_train}", "/n8")]
#[case("/n${..reader.batch_size}", "/n16")]
#[case("/n${reader.${dataset.file_prefix}}", "/n16")]
#[case("/${dataset.parquet.columns[0].name}", "/label")]
#[case("/${dataset.parquet.columns.label.dtype}", "/int8")]
#[case("/${workflow.generate_data}", "/True")]
#[case("/${oc.select:reader.none,fallback}", "/fallback")]
#[case("/\\${oc.env:HOME}", "/${oc.env:HOME}")]
#[case("/\\\\${dataset.num_files_train}", "/\\8")]
#[case("/$HOME/{a}", "/$HOME/{a}")]
fn references_are_resolved_within_text(#[case] written: &str, #[case] expected: &str) {
    let text = format!(
        "dataset:
  data_folder: '{written}'
  num_files_train: 8
  file_prefix: batch_size
  parquet: {{columns: [{{name: label, dtype: int8}}]}}
reader: {{batch_size: 16}}
workflow: {{generate_data: true}}
"
    );
    assert_eq!(dataset_of(&text).data_folder, expected);
}

#[test]
fn a_reference_alone_keeps_its_type() {
    let config = good(
        "
dataset:
  num_files_train: ${reader.batch_size}
  num_samples_per_file: '${oc.decode:${oc.env:BENCH_NO_SUCH,7}}'
  parquet: ${dataset.hdf5.chunk_dims}
  hdf5: {chunk_dims: {row_group_size: 9}}
reader: {batch_size: 16, odirect: '${workflow.generate_data}'}
workflow: {generate_data: true}
",
    );
    let dataset = config.variants[0].dataset.as_ref().unwrap();
    assert_eq!((dataset.train.files, dataset.rows_per_file), (16, 7));
    assert_eq!(dataset.layout.row_group, RowGroupSize::Rows(9));
    assert_eq!(config.variants[0].reader.cache, PageCache::Direct);
    assert_eq!(
        config.resolved.pointer("/dataset/num_files_train"),
        Some(&json!(16))
    );
}

#[test]
fn what_the_command_line_sets_and_sweeps_is_resolved_and_referred_to() {
    let config = good_with(
        "dataset: {data_folder: 'data/${dataset.num_files_train}', num_files_train: 1}",
        &["dataset.file_prefix=p${reader.batch_size}"],
        &["reader.batch_size=1,2"],
    );
    let prefixes = config
        .variants
        .iter()
        .map(|variant| variant.dataset.as_ref().unwrap().file_prefix.as_str());
    assert_eq!(prefixes.collect::<Vec<_>>(), ["p1", "p2"]);
    let dataset = good_with(
        "dataset: {data_folder: 'data/${dataset.num_files_train}'}",
        &["dataset.num_files_train=3"],
        &[],
    );
    assert_eq!(
        dataset.variants[0].dataset.as_ref().unwrap().data_folder,
        "data/3"
    );
}

#[rstest]
#[case(
    "${oc.env:BENCH_NO_SUCH}",
    "`${oc.env:BENCH_NO_SUCH}`: the environment has no variable `BENCH_NO_SUCH`"
)]
#[case(
    "${dataset.nobody}",
    "`${dataset.nobody}` refers to `dataset.nobody`, which the config does not have"
)]
#[case(
    "x${now:%Y-%m-%d}",
    "`${now:%Y-%m-%d}` calls `now`, which is not known here; known: oc.env, oc.decode, oc.select"
)]
#[case(
    "${hydra:runtime.cwd}",
    "`${hydra:runtime.cwd}` calls `hydra`, which is not known here"
)]
#[case(
    "${dataset.data_folder}",
    "refers to itself in a circle: dataset.data_folder -> dataset.data_folder"
)]
#[case(
    "${dataset.file_prefix}",
    "refers to itself in a circle: dataset.data_folder -> dataset.file_prefix -> dataset.data_folder"
)]
#[case("${dataset}", "refers to itself in a circle")]
#[case(
    "a${reader}",
    "`${reader}` is a mapping, which cannot stand within a text"
)]
#[case("a${oc.env:X", "opens `${` and does not close it")]
#[case("${}", "is not a key path")]
fn what_cannot_be_resolved_is_refused_at_its_key(#[case] written: &str, #[case] expected: &str) {
    let text = format!(
        "dataset:\n  data_folder: '{written}'\n  file_prefix: b${{dataset.data_folder}}\nreader: {{batch_size: 1}}\n"
    );
    let message = bad(&text);
    let first = message.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("x.yaml:2: dataset.data_folder: ") && first.contains(expected),
        "{message}"
    );
    let set = bad_with(
        "dataset: {file_prefix: '${dataset.data_folder}'}\nreader: {batch_size: 1}",
        &[&format!("dataset.data_folder={written}")],
        &[],
    );
    assert!(
        set.contains("the command line: dataset.data_folder: ") && set.contains(expected),
        "{set}"
    );
}

#[test]
fn a_reference_where_it_has_no_effect_stays_as_it_is_written() {
    let config = good(
        "
dataset: {}
hydra: {run: {dir: './hydra_log/${workload.model.name}/${now:%Y-%m-%d}'}}
storage: {storage_options: {access_key_id: '${PLANTED_NOWHERE}', region: '${oc.env:CARGO_PKG_NAME}'}}
output: {folder: '${hydra:runtime.output_dir}'}
",
    );
    assert_eq!(
        config.resolved.pointer("/output/folder"),
        Some(&json!("${hydra:runtime.output_dir}"))
    );
    assert_eq!(
        config.resolved.pointer("/storage/storage_options/region"),
        Some(&json!("parquet-bench"))
    );
}

#[test]
fn a_wrong_reference_is_one_problem() {
    for key in ["num_files_train", "parquet", "compression"] {
        let message = bad(&format!("dataset: {{{key}: '${{nobody.knows}}'}}"));
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn references_that_multiply_are_refused_soon() {
    let mut text = "dataset:\n  data_folder: ${dataset.hdf5.a0}\n  hdf5:\n".to_owned();
    for level in 0..60 {
        let next = format!("${{dataset.hdf5.a{}}}", level + 1);
        text.push_str(&format!("    a{level}: '{next}{next}{next}'\n"));
    }
    text.push_str("    a60: 'xxxxxxxxxxxxxxxx'\n");
    let message = bad(&text);
    assert!(message.contains("stand for too many values"), "{message}");
    let mut text = "dataset:\n  data_folder: ${dataset.hdf5.a0}\n  hdf5:\n".to_owned();
    for level in 0..100 {
        text.push_str(&format!("    a{level}: '${{.a{}}}'\n", level + 1));
    }
    let message = bad(&text);
    assert!(message.contains("references in a row"), "{message}");
}

#[test]
fn a_text_that_looks_like_a_reference_is_written_so_that_it_is_read_as_it_is() {
    let values = ["${a}", "\\${a}", "x\\\\${a}y${b", "$a", "{b}"];
    let config = json!({"dataset": {"parquet": {"columns": [{
        "name": "c${x}",
        "dtype": "string",
        "distribution": {"kind": "categorical", "values": values},
    }]}}});
    let text = to_config_text(&config).unwrap();
    let column = dataset_of(&text).columns.remove(0);
    assert_eq!(column.name, "c${x}");
    let read = match column.distribution {
        Distribution::Categorical { values, .. } => values.unwrap_or_default(),
        _ => Vec::new(),
    };
    assert_eq!(
        read,
        values.map(|value| Value::Text(value.to_owned())).to_vec()
    );
}
