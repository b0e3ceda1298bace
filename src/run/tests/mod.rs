//! Tests of runs by the library itself: over a store that is no folder, two measurements at once,
//! and options.

mod concurrent;
mod in_memory;
mod options;

use crate::config::{Config, Overrides, Source, load};
use crate::session::{Event, Observer};

struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}

/// A config whose datasets lie at a location that configs do not take yet.
fn config_at(location: &str, text: &str, sweep: &[&str]) -> Config {
    let source = Source {
        origin: "x.yaml".to_owned(),
        text: text.to_owned(),
        folder: None,
    };
    let overrides = Overrides {
        sweep: sweep.iter().map(|&sweep| sweep.to_owned()).collect(),
        ..Overrides::default()
    };
    let mut config = load(&source, &overrides).unwrap();
    for variant in &mut config.variants {
        if let Some(dataset) = &mut variant.dataset {
            dataset.data_folder = location.to_owned();
        }
    }
    config
}
