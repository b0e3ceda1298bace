use super::*;

#[test]
fn a_config_below_workload_means_the_same() {
    let plain = "dataset: {num_files_train: 3, compression: snappy}\nreader: {read_threads: 2}\nmodel: {name: a}\n";
    let mut wrapped = "workload:\n".to_owned();
    for line in plain.lines() {
        wrapped.push_str(&format!("  {line}\n"));
    }
    assert_eq!(good(&wrapped), good(plain));
    let set = &["++workload.dataset.num_files_train=5"];
    assert_eq!(good_with(&wrapped, set, &[]), good_with(plain, set, &[]));
    let sweep = &["workload.dataset.num_files_train=5,6"];
    assert_eq!(
        good_with(&wrapped, &[], sweep),
        good_with(plain, &[], sweep)
    );
}

#[test]
fn what_hydra_puts_beside_the_workload_has_no_effect() {
    let config = good("hydra: {run: {dir: x}}\ndefaults: [a]\nworkload: {dataset: {}}\n");
    assert_eq!(
        config.notes,
        ["these DLIO keys have no effect here: hydra, defaults"]
    );
}

#[test]
fn errors_name_the_key_path_as_it_is_written() {
    let message = bad(
        "workload:\n  dataset:\n    num_files_train: none\n    frmat: parquet\n  data_reader:\n    batch_size: x\n",
    );
    assert_eq!(
        message,
        "x.yaml:3: workload.dataset.num_files_train: `none` is not a whole number of 1 or more\n\
         x.yaml:4: workload.dataset.frmat: unknown key (did you mean `format`?)\n\
         x.yaml:6: workload.reader.batch_size: `x` is not a whole number of 1 or more"
    );
    let message = bad("workload:\n  sweep: {dataset.seed: 1}\n  dataset: {}\n");
    assert!(
        message.starts_with("x.yaml:2: workload.sweep.dataset.seed: "),
        "{message}"
    );
    // Problems of the command line are named as such.
    let message = bad_with(
        "workload: {dataset: {}}",
        &["dataset.num_files_train=none"],
        &[],
    );
    assert!(
        message.starts_with("the command line: dataset.num_files_train: "),
        "{message}"
    );
}

#[test]
fn a_config_is_below_workload_as_a_whole_or_not_at_all() {
    let expected = "x.yaml:1: workload: stands beside `reader`; a config is below `workload` as a whole, or not at all";
    assert!(bad("workload: {dataset: {}}\nreader: {}\n").starts_with(expected));
    assert!(
        bad("dataset: {}\nworkload: dlrm\n")
            .starts_with("x.yaml:2: workload: stands beside `dataset`")
    );
    assert!(
        bad("workload: dlrm\n").starts_with("x.yaml:1: workload: expected a mapping, found `dlrm`")
    );
}

#[test]
fn a_config_of_checkpoints_alone_is_told_that_they_are_not_measured() {
    for text in [
        "model: {name: llama_8b}\nworkflow: {generate_data: false, train: false, checkpoint: true}\ncheckpoint: {num_checkpoints_write: 10}\n",
        "workload:\n  checkpoint: {checkpoint_folder: c}\n",
    ] {
        let message = bad(text);
        assert!(
            message.contains("checkpoints are not measured here"),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    assert!(bad("model: {name: a}\n").contains("names nothing to read"));
}
