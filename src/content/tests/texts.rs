//! Strings and binary values.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{
    ROWS, column, distinct, distributions, mean_and_deviation, texts, uniform, zipf,
};
use crate::config::{Column, Distribution, Dtype, Length, LengthDistribution, VectorLayout};
use crate::content::ColumnGenerator;
use crate::content::vocabulary::Vocabulary;

#[test]
fn a_cardinality_beyond_what_the_length_can_tell_apart_gives_every_value_there_is() {
    let distribution = Distribution::Uniform {
        min: None,
        max: None,
        cardinality: Some(u64::MAX),
    };
    let values = texts(&column(Dtype::String, 1, distribution), 5_000);
    assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), 62);
}

#[test]
fn zipf_strings_differ_by_rank_and_have_their_length() {
    let values = texts(&column(Dtype::String, 12, zipf(0.1, 1_000)), 50_000);
    assert!(
        values
            .iter()
            .all(|text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    );
    assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), 1_000);
}

#[test]
fn no_two_words_are_equal() {
    let count = 400_000;
    let vocabulary = Vocabulary::words(count);
    let mut words = BTreeSet::new();
    for number in 0..count {
        let mut word = Vec::new();
        vocabulary.append(number, &mut word);
        assert!(word.len() as u64 <= vocabulary.longest(count));
        assert!(words.insert(word), "{number}");
    }
}

#[test]
fn sentences_have_as_many_words_as_asked_and_the_frequent_ones_first() {
    let distribution = Distribution::Words {
        min_words: 2,
        max_words: 4,
        cardinality: 1_000,
    };
    let mut counts = BTreeMap::<String, u32>::new();
    let mut lengths = BTreeSet::new();
    for text in texts(&column(Dtype::String, 1, distribution), 10_000) {
        lengths.insert(text.split(' ').count());
        for word in text.split(' ') {
            *counts.entry(word.to_owned()).or_insert(0) += 1;
        }
    }
    assert_eq!(lengths, BTreeSet::from([2, 3, 4]));
    let mut counts: Vec<u32> = counts.into_values().collect();
    counts.sort_unstable_by(|first, second| second.cmp(first));
    let ratio = f64::from(counts[0]) / f64::from(counts[1]);
    assert!((ratio - 2.0).abs() < 0.3, "{ratio}");
}

#[test]
fn drawn_lengths_are_those_of_texts_and_values_stay_apart() {
    let length = Length {
        min: 1,
        max: 20,
        distribution: LengthDistribution::Uniform,
    };
    let drawn = |distribution| Column {
        length: Some(length),
        ..column(Dtype::String, 1, distribution)
    };
    let plain = texts(&drawn(uniform()), ROWS as usize);
    let lengths: Vec<f64> = plain.iter().map(|text| text.len() as f64).collect();
    assert!((mean_and_deviation(&lengths).0 - 10.5).abs() < 0.3);
    assert!(lengths.iter().all(|length| (1.0..=20.0).contains(length)));
    let few = texts(&drawn(distinct(None, None, Some(1_000))), ROWS as usize);
    assert_eq!(few.into_iter().collect::<BTreeSet<_>>().len(), 1_000);
}

#[test]
fn templates_and_json_have_their_form() {
    let find = |name: &str| {
        let all = distributions(Dtype::String);
        all.into_iter().find(|(known, _)| *known == name).unwrap().1
    };
    for (row, text) in texts(&column(Dtype::String, 1, find("template")), 50)
        .iter()
        .enumerate()
    {
        assert!(text.starts_with(&format!("é-{row:06}")), "{text}");
        let uuid = &text[text.len() - 36..];
        let dashes: Vec<usize> = uuid.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!(dashes, [8, 13, 18, 23]);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }
    for text in texts(&column(Dtype::String, 1, find("json")), 500) {
        let object: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!((1..=6).contains(&object.as_object().unwrap().len()));
    }
}

#[test]
fn binary_values_compress_as_far_as_they_say() {
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::WriterProperties;
    for size in [256_u64, 1_000, 100_000] {
        for compressibility in [0.0, 0.3, 0.5, 0.9, 0.99] {
            let rows = (8_000_000 / size) as usize;
            let column = column(
                Dtype::Binary,
                size,
                Distribution::Compressible { compressibility },
            );
            let generator =
                ColumnGenerator::new(7, "train", &column, rows as u64, VectorLayout::List);
            let array = generator.unwrap().range(0, rows);
            let batch = arrow::array::RecordBatch::try_from_iter([("column", array)]).unwrap();
            let properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap()))
                .set_dictionary_enabled(false)
                .build();
            let mut file = Vec::new();
            let mut writer =
                parquet::arrow::ArrowWriter::try_new(&mut file, batch.schema(), Some(properties))
                    .unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
            let found = file.len() as f64 / (rows as u64 * size) as f64;
            let stated = 1.0 - compressibility;
            assert!(
                (found / stated - 1.0).abs() < 0.1,
                "{size} {compressibility}: {found}"
            );
        }
    }
}

#[test]
fn words_fill_a_drawn_length() {
    let column = Column {
        length: Some(Length {
            min: 20,
            max: 30,
            distribution: LengthDistribution::Uniform,
        }),
        ..column(
            Dtype::String,
            1,
            Distribution::Words {
                min_words: 1,
                max_words: 1,
                cardinality: 100,
            },
        )
    };
    let texts = texts(&column, 2_000);
    let lengths: BTreeSet<usize> = texts.iter().map(String::len).collect();
    assert_eq!(lengths, (20..=30).collect());
    let known: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.rsplit(' ').skip(1))
        .collect();
    assert!((50..=100).contains(&known.len()), "{}", known.len());
}
