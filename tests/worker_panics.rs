//! A worker counts the panics of its process. The test has a process of its own, as all panics of
//! it count.

#![allow(clippy::unwrap_used)]

use parquet_bench::cluster::Panics;

#[test]
fn every_panic_of_the_process_is_counted_with_its_message() {
    let panics = Panics::of_process();
    assert_eq!(panics.count(), 0);
    for number in 0..20 {
        let panicking = std::thread::spawn(move || assert_eq!(number, 99, "planted"));
        assert!(panicking.join().is_err());
    }
    assert_eq!(panics.count(), 20);
    let newest = panics.since(18);
    assert_eq!(newest.len(), 2);
    for words in ["planted", "left: 19"] {
        assert!(newest[1].contains(words), "{newest:?}");
    }
    assert_eq!(panics.since(20).len(), 0);
    // The oldest are forgotten, but counted.
    assert_eq!(panics.since(0).len(), 16);
}
