use crate::analysis::across::across;
use crate::record::fixture::codecs;

#[test]
fn what_else_differs_is_told_with_both_values() {
    let (mut one, mut two) = (codecs(), codecs());
    two.run_id = "two".to_owned();
    two.versions.datafusion = "56.0.0".to_owned();
    two.system.cores = 4;
    two.config = serde_json::json!({"dataset": {"seed": 11}});
    two.cells[1].sql = "SELECT 1".to_owned();
    let long = |end: &str| serde_json::json!(format!("{}{end}", "é".repeat(100)));
    (one.config["x"], two.config["x"]) = (long("ab"), long("ac"));
    two.datasets[0].content_fingerprint = "other rows".to_owned();
    let records = [("a.json".to_owned(), one), ("b.json".to_owned(), two)];
    let found = across(&records, None).unwrap().differences;
    for expected in [
        "version of datafusion: 55.0.0 (a.json), 56.0.0 (b.json)",
        "host: cores: 2 (a.json), 4 (b.json)",
        "config: dataset.seed: 10 (a.json), 11 (b.json)",
        "config: x: …ééééééééééab (a.json), …ééééééééééac (b.json)",
        "SQL of full_scan: SELECT * FROM train (a.json), SELECT 1 (b.json)",
        "rows of full_scan/none, by their fingerprint: rows of seed 10 (a.json), other rows (b.json)",
    ] {
        assert!(
            found.iter().any(|it| it == expected),
            "{expected}: {found:?}"
        );
    }
    assert_eq!(found.len(), 6);
}
