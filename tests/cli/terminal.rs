//! Output on a terminal, and without one.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;

use nix::pty::{Winsize, openpty};
use serde_json::json;

use crate::harness::Place;

const COLUMNS: u16 = 80;

/// Returns the output of `bench report r.json` on a terminal of 80 columns.
fn on_a_terminal(place: &Place, environment: &[(&str, &str)]) -> String {
    let size = Winsize {
        ws_row: 50,
        ws_col: COLUMNS,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let terminal = openpty(&size, None).unwrap();
    let mut bench = place.bench().args(["report", "r.json"]);
    bench
        .command
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .envs(environment.iter().copied())
        .stdout(Stdio::from(terminal.slave))
        .stderr(Stdio::null());
    let mut child = bench.command.spawn().unwrap();
    // Only the program may still have the terminal's other end open.
    drop(bench);
    let (mut shown, mut master) = (Vec::new(), File::from(terminal.master));
    // Linux reports an error here instead of the end of a file.
    _ = master.read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    String::from_utf8(shown).unwrap().replace("\r\n", "\n")
}

/// A record in which one codec is clearly faster.
fn place() -> Place {
    let place = Place::tiny();
    let mut record = place.record(&[
        "--sweep",
        "dataset.compression=none,snappy",
        "--sql",
        "SELECT id FROM train",
        "--set",
        "measure.peak_memory=false",
    ]);
    for cell in record["cells"].as_array_mut().unwrap() {
        let faster = cell["variant_name"] == "snappy";
        let iterations = cell["iterations"].as_array_mut().unwrap();
        let one = iterations[0].clone();
        *iterations = (0..20_u64)
            .map(|round| {
                let mut iteration = one.clone();
                iteration["round"] = json!(round);
                let time = if faster { 5_000_000 } else { 10_000_000 };
                iteration["elapsed_ns"] = json!(time + round * 1000);
                iteration
            })
            .collect();
    }
    place.write("r.json", record.to_string());
    place
}

#[test]
fn a_terminal_has_colours_beside_words_and_lines_that_fit() {
    let place = place();
    let coloured = on_a_terminal(&place, &[]);
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let plain = on_a_terminal(&place, &[("NO_COLOR", "1")]);
    assert!(!plain.contains('\u{1b}') && plain.contains("faster"));
    assert_eq!(on_a_terminal(&place, &[("TERM", "dumb")]), plain);
    assert_eq!(on_a_terminal(&place, &[("NO_COLOR", "")]), coloured);
    // Only the colours differ, and spaces before the last of them.
    let mut rest = String::new();
    for (index, part) in coloured.split("\u{1b}[").enumerate() {
        rest.push_str(match index {
            0 => part,
            _ => part.split_once('m').unwrap().1,
        });
    }
    let rest: Vec<&str> = rest.lines().map(str::trim_end).collect();
    assert_eq!(rest, plain.lines().collect::<Vec<_>>());
    let in_tables = plain.lines().filter(|line| line.starts_with(' '));
    assert!(in_tables.clone().count() > 3);
    for line in in_tables {
        assert!(line.chars().count() <= usize::from(COLUMNS), "{line}");
    }
    let piped = place.bench().args(["report", "r.json"]).run().succeeds();
    assert!(!piped.stdout.contains('\u{1b}') && piped.stdout.contains("faster"));
}
