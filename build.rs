//! Tells the program which commit it was built from.

#![allow(clippy::print_stdout)]

use std::process::Command;

fn main() {
    let described = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .output();
    if let Ok(output) = described
        && output.status.success()
    {
        let commit = String::from_utf8_lossy(&output.stdout);
        println!("cargo::rustc-env=BENCH_COMMIT={}", commit.trim());
    }
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
}
