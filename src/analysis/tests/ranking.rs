use crate::analysis::summarise::summarise;
use crate::record::fixture::codecs;
use crate::record::{Preference, Ranking, RunRecord};

fn ranking(record: &RunRecord, prefer: Preference) -> &Ranking {
    record
        .rankings
        .iter()
        .find(|it| it.prefer == prefer)
        .unwrap()
}

fn names(ranking: &Ranking) -> Vec<&str> {
    ranking.order.iter().map(|it| it.variant.as_str()).collect()
}

/// Times are 1 (`none`), 0.7 (`zstd`), 1.002 (`lz4`) and 1.5 (`gzip`); sizes are 40, 10, 20 and 8
/// MB.
#[test]
fn variants_are_ranked_by_what_is_preferred() {
    let mut record = codecs();
    summarise(&mut record);
    let time = ranking(&record, Preference::Time);
    assert_eq!(names(time), ["zstd", "none", "lz4", "gzip"]);
    assert_eq!(time.recommended, "zstd");
    assert!((time.order[1].ratio - 1.0 / 0.7).abs() < 1e-6);
    let size = ranking(&record, Preference::Size);
    assert_eq!(names(size), ["gzip", "zstd", "lz4", "none"]);
    assert!((size.order[1].ratio - 1.25).abs() < 1e-9 && !size.order[1].tied);
    // CPU time is the same for all, so that the best in all costs is recommended, and all are shown
    // to be equal.
    let cpu = ranking(&record, Preference::Cpu);
    assert!(cpu.order.iter().all(|it| it.tied));
    assert_eq!(cpu.recommended, "zstd");
    assert_eq!(ranking(&record, Preference::Balanced).recommended, "zstd");
}

#[test]
fn a_dominated_variant_is_off_the_front() {
    let mut record = codecs();
    // `zstd` is smaller, faster and takes less CPU time. `lz4` is as slow as `none` in these files.
    for iteration in &mut record.cells[1].iterations {
        iteration.figures.cpu_user_ns /= 2;
    }
    summarise(&mut record);
    let dominated = |record: &RunRecord, name: &str| {
        let standing = record
            .standings
            .iter()
            .find(|it| it.variant == name)
            .unwrap();
        standing.dominated_by.clone()
    };
    assert_eq!(dominated(&record, "zstd"), Vec::<String>::new());
    assert_eq!(dominated(&record, "gzip"), Vec::<String>::new());
    assert_eq!(dominated(&record, "none"), ["zstd"]);
    // A single look at memory decides nothing.
    for cell in &mut record.cells {
        cell.peak_memory_bytes = Some(if cell.variant_name == "none" { 90 } else { 100 });
    }
    summarise(&mut record);
    assert_eq!(dominated(&record, "none"), ["zstd"]);
    assert_eq!(record.standings[0].peak_memory_bytes, Some(90));
}

/// Sizes need no rounds, but comparisons of times do.
#[test]
fn with_few_rounds_only_sizes_are_told_apart() {
    let mut record = codecs();
    for cell in &mut record.cells {
        cell.iterations.truncate(4);
    }
    summarise(&mut record);
    assert!(record.standings.iter().all(|it| it.dominated_by.is_empty()));
    assert_eq!(ranking(&record, Preference::Size).recommended, "gzip");
    let time = ranking(&record, Preference::Time);
    assert!(time.order.iter().all(|it| it.tied && it.ci_low.is_none()));
}

#[test]
fn costs_are_over_that_of_the_recommended_one() {
    let mut record = codecs();
    summarise(&mut record);
    // All CPU times are equal, and the variant that is best in all costs is recommended.
    for ranking in &record.rankings {
        let own = ranking
            .order
            .iter()
            .find(|it| it.variant == ranking.recommended);
        assert!((own.unwrap().ratio - 1.0).abs() < 1e-12);
    }
}

#[test]
fn states_of_a_cache_and_storages_are_not_ranked() {
    let mut record = codecs();
    let cell = &mut record.cells[1];
    cell.variant
        .insert("measure.cache".to_owned(), "cold".into());
    summarise(&mut record);
    assert!(record.rankings.is_empty());
}

#[test]
fn a_lone_variant_is_not_ranked() {
    let mut record = codecs();
    record.cells.truncate(1);
    summarise(&mut record);
    assert!(record.rankings.is_empty() && record.standings.is_empty());
}
