//! Checks the pages that are made from the program, in docs/ and packaging/. `BENCH_UPDATE_DOCS=1
//! cargo test --test docs` writes them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use clap_complete::Shell;

fn assert_page(name: &str, expected: &str) {
    assert_file(&format!("docs/{name}"), expected);
}

fn assert_file(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("BENCH_UPDATE_DOCS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{name} is out of date; write it anew with: BENCH_UPDATE_DOCS=1 cargo test --test docs"
    );
}

#[test]
fn the_command_line_page_is_up_to_date() {
    assert_page("cli.md", &parquet_bench::cli::reference());
}

#[test]
fn the_config_schema_is_up_to_date() {
    let schema = serde_json::to_string_pretty(&parquet_bench::config::json_schema()).unwrap();
    assert_page("config.schema.json", &format!("{schema}\n"));
}

#[test]
fn the_page_of_dlios_keys_is_up_to_date() {
    assert_page("dlio.md", &parquet_bench::config::dlio_keys());
}

#[test]
fn the_manual_page_and_completions_of_packages_are_up_to_date() {
    let share = "packaging/data/data/share";
    let manual = parquet_bench::cli::manual().unwrap();
    assert_file(&format!("{share}/man/man1/bench.1"), &manual);
    for (shell, file) in [
        (Shell::Bash, "bash-completion/completions/bench"),
        (Shell::Zsh, "zsh/site-functions/_bench"),
        (Shell::Fish, "fish/vendor_completions.d/bench.fish"),
    ] {
        let completions = parquet_bench::cli::completions(shell);
        assert_file(&format!("{share}/{file}"), &completions);
    }
}
