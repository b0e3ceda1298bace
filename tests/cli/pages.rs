//! The HTML page as a file.

use std::fs;

use serde_json::{Value, json};

use crate::harness::Place;

/// The page of a real run in all lanes, which has every chart.
pub fn page(place: &Place) -> std::path::PathBuf {
    page_of(place, &["--query", "full_scan", "--sql", COUNT])
}

const COUNT: &str = "SELECT count(*) AS rows FROM train";

fn page_of(place: &Place, queries: &[&str]) -> std::path::PathBuf {
    let record = [
        "--sweep",
        "dataset.compression=none,zstd(3)",
        "--lane",
        "all",
        "--rounds",
        "1",
        "--set",
        "measure.peak_memory=false",
        "--set",
        "measure.break_even=true",
        "--record",
        "r.json",
    ];
    place.run(&[&record[..], queries].concat()).succeeds();
    place
        .bench()
        .args(["report", "r.json", "--html", "r.html"])
        .run()
        .succeeds();
    place.path("r.html")
}

/// The page of a record in which every text attacks the page.
pub fn hostile_page(place: &Place) -> std::path::PathBuf {
    page_of(place, &["--sql", COUNT]);
    let mut record: Value =
        serde_json::from_str(&fs::read_to_string(place.path("r.json")).unwrap()).unwrap();
    let attack = "=1+1|\"'><script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>\u{1b}[31m\u{202e}";
    for cell in record["cells"].as_array_mut().unwrap() {
        for key in ["scenario", "sql", "plan", "description", "variant_name"] {
            cell[key] = json!(format!("{attack}{}{}", cell["id"], "x".repeat(10_000)));
        }
    }
    record["warnings"] = json!([attack]);
    record["labels"] = json!({ attack: attack });
    record["system"]["cpu_model"] = json!(attack);
    place.write("hostile.json", record.to_string());
    place
        .bench()
        .args(["report", "hostile.json", "--html", "hostile.html"])
        .run()
        .succeeds();
    place.path("hostile.html")
}

#[test]
fn what_a_record_holds_does_nothing_in_a_page() {
    let place = Place::tiny();
    let text = fs::read_to_string(hostile_page(&place)).unwrap();
    for never in ["<script", "<img", "\u{1b}", "\u{202e}"] {
        assert!(!text.contains(never), "{never:?}");
    }
    assert!(text.contains("&lt;script&gt;"));
}

#[test]
fn a_page_replaces_nothing_but_a_page() {
    let place = Place::tiny();
    place
        .run(&["--rounds", "1", "--record", "r.json"])
        .succeeds();
    let html = |file: &str| {
        place
            .bench()
            .args(["report", "r.json", "--html", file])
            .run()
    };
    html("r.json").fails(2, &["--html r.json", "something else"]);
    html("no/such/folder.html").fails(2, &["--html no/such/folder.html"]);
    html("-").fails(2, &["--html -", "report.html"]);
    for ignored in [
        &["--html", "x.html", "--format", "csv"][..],
        &["--history", "--prefer", "time"],
    ] {
        let bench = place.bench().args(["report", "r.json"]).args(ignored);
        bench.run().fails(2, &["cannot be used with"]);
    }
    html("page.html").succeeds();
    let text = fs::read_to_string(place.path("page.html")).unwrap();
    assert!(text.starts_with("<!DOCTYPE html>") && text.contains("SELECT"));
    html("page.html").succeeds();
    place
        .bench()
        .args(["report", "r.json", "r.json", "--html", "two.html"])
        .run()
        .fails(2, &["--html shows one record"]);
    place
        .bench()
        .args(["report", "r.json", "--history", "--html", "history.html"])
        .run()
        .succeeds();
    let text = fs::read_to_string(place.path("history.html")).unwrap();
    assert!(
        text.contains("over time") && text.contains("<svg"),
        "{text}"
    );
}
