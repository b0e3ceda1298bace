//! Tells the program which commit it was built from, and how.

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
    for (name, variable) in [
        ("BENCH_TARGET", "TARGET"),
        ("BENCH_TARGET_FEATURES", "CARGO_CFG_TARGET_FEATURE"),
        ("BENCH_PROFILE", "PROFILE"),
        ("BENCH_OPT_LEVEL", "OPT_LEVEL"),
    ] {
        let value = std::env::var(variable).unwrap_or_default();
        println!("cargo::rustc-env={name}={value}");
    }
    // Flags are separated by a character of their own.
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    println!(
        "cargo::rustc-env=BENCH_RUSTFLAGS={}",
        flags.replace('\u{1f}', " ")
    );
    let compiler = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(compiler).arg("--version").output();
    if let Ok(output) = version {
        let version = String::from_utf8_lossy(&output.stdout);
        println!("cargo::rustc-env=BENCH_RUSTC={}", version.trim());
    }
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    println!("cargo::rerun-if-changed=build.rs");
}
