//! Turns `sweep:` and `variants:` into the variants, each with the settings that differ from the
//! base.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::error::Problem;
use super::key_path::{KeyPath, canonical};
use super::origins::TypedPlace;
use super::overrides::Axis;
use super::{shape, verbs};

/// Largest number of variants. Each has its own cells and, usually, its own dataset.
const MOST_VARIANTS: usize = 1000;

/// Sections whose keys may differ between variants.
const SWEEPABLE: [&str; 4] = ["dataset", "reader", "datafusion", "tables"];

/// Single keys outside those sections that may differ between variants, too.
const SWEEPABLE_KEYS: [&str; 14] = [
    "measure.cache",
    "measure.engine_cache",
    "measure.memory_limit",
    "measure.streams",
    "measure.workers",
    "storage.coalesce_gap",
    "storage.concurrency",
    "storage.footer_prefetch",
    "storage.part_size",
    "storage.prefetch_row_groups",
    "storage.row_group_reads",
    "storage.split_size",
    "storage.throttle.bandwidth",
    "storage.throttle.latency",
];

/// Names of the controls. No variant may have one of them.
pub const CONTROLS: [&str; 2] = ["(control)", "(control 2)"];

/// Name of the only variant of a config that sweeps nothing.
const BASE: &str = "base";

/// A variant before it is applied to the base.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) settings: Vec<Setting>,
}

impl Draft {
    /// The base config without any setting changed.
    pub(super) fn base() -> Draft {
        Draft {
            name: BASE.to_owned(),
            settings: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    /// Canonical key path.
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) typed: TypedPlace,
}

/// Drafts of the variants, and the notes and problems found on the way.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Empty only if there are problems.
    pub(super) drafts: Vec<Draft>,
    pub(super) notes: Vec<String>,
    pub(super) problems: Vec<(Problem, TypedPlace)>,
}

/// Plans the variants from the file's `sweep` or `variants` and the axes of the command line. An
/// axis of the command line replaces the file's axis of the same key. A key in `pinned` is set on
/// the command line, so the file's axis of that key is dropped with a note.
pub(super) fn plan(
    sweep: Map<String, Value>,
    variants: Map<String, Value>,
    command_line: Vec<Axis>,
    pinned: &[String],
) -> Plan {
    let mut plan = Plan::default();
    let sweeps = !sweep.is_empty() || !command_line.is_empty();
    if sweeps && !variants.is_empty() {
        let typed = if sweep.is_empty() {
            TypedPlace::CommandLine
        } else {
            TypedPlace::File(KeyPath::of(["sweep"]))
        };
        plan.refuse(
            KeyPath::of(["sweep"]),
            "stands beside `variants`; use one of them",
            &typed,
        );
    } else if variants.is_empty() {
        let axes = plan.axes(sweep, command_line, pinned);
        plan.multiply(&axes);
    } else {
        plan.named(variants, pinned);
    }
    if let Some(draft) = plan
        .drafts
        .iter()
        .find(|draft| CONTROLS.contains(&draft.name.as_str()))
    {
        let first = draft.settings.first();
        let typed = first.map_or(TypedPlace::File(KeyPath::of(["variants"])), |setting| {
            setting.typed.clone()
        });
        let message = format!(
            "`{}` is what reports call the baseline's twin; choose another name",
            draft.name
        );
        plan.refuse(KeyPath::of(["variants"]), message, &typed);
    }
    plan
}

impl Plan {
    fn refuse(&mut self, path: KeyPath, message: impl Into<String>, typed: &TypedPlace) {
        self.problems
            .push((Problem::new(path, message), typed.clone()));
    }

    /// Returns true if the key may differ between variants. Otherwise adds a problem that gives the
    /// reason.
    fn may_vary(&mut self, path: &KeyPath, key: &str, typed: &TypedPlace) -> bool {
        let (section, rest) = key.split_once('.').unwrap_or((key, ""));
        let (sweepable, keys) = (SWEEPABLE.join(".*, "), SWEEPABLE_KEYS.join(", "));
        let message = if !shape::is_section(section) {
            shape::unknown_section(section)
        } else if rest.is_empty() || !SWEEPABLE.contains(&section) && !SWEEPABLE_KEYS.contains(&key)
        {
            format!("`{key}` cannot differ between variants; {sweepable}.*, {keys} can")
        } else if shape::has_no_effect(key) {
            format!("`{key}` has no effect here, so its variants would not differ")
        } else if verbs::is_of_training(key) {
            format!("`{key}` is for `bench train`, which runs one variant; set it for each run")
        } else {
            return true;
        };
        self.refuse(path.clone(), message, typed);
        false
    }

    fn axes(
        &mut self,
        sweep: Map<String, Value>,
        command_line: Vec<Axis>,
        pinned: &[String],
    ) -> Vec<Axis> {
        let mut axes: Vec<Axis> = Vec::new();
        for (written, values) in sweep {
            let path = KeyPath::of(["sweep", &written]);
            let typed = TypedPlace::File(path.clone());
            let key = canonical(&written);
            let Value::Array(values) = values else {
                self.refuse(
                    path,
                    "needs a list of values, as in `[none, snappy]`",
                    &typed,
                );
                continue;
            };
            if pinned.contains(&key) {
                self.notes.push(format!(
                    "`{key}` is set on the command line, so it is not swept"
                ));
            } else if axes.iter().any(|axis| axis.key == key) {
                self.refuse(path, "is swept twice", &typed);
            } else {
                axes.push(Axis { key, values, typed });
            }
        }
        for axis in command_line {
            match axes.iter_mut().find(|other| other.key == axis.key) {
                Some(other) => *other = axis,
                None => axes.push(axis),
            }
        }
        axes.retain(|axis| {
            let path = match &axis.typed {
                TypedPlace::File(path) => path.clone(),
                TypedPlace::CommandLine => KeyPath::of([axis.key.as_str()]),
            };
            self.may_vary(&path, &axis.key, &axis.typed) && self.values_differ(&path, axis)
        });
        axes
    }

    fn values_differ(&mut self, path: &KeyPath, axis: &Axis) -> bool {
        if axis.values.is_empty() {
            self.refuse(
                path.clone(),
                "sweeps no values; give at least one",
                &axis.typed,
            );
            return false;
        }
        let mut seen = BTreeSet::new();
        let twice = axis
            .values
            .iter()
            .map(text)
            .find(|name| !seen.insert(name.clone()));
        if let Some(name) = &twice {
            self.refuse(path.clone(), format!("holds `{name}` twice"), &axis.typed);
        }
        twice.is_none()
    }

    /// Makes a draft for each combination of the axes' values; the first axis varies slowest.
    fn multiply(&mut self, axes: &[Axis]) {
        let count = axes
            .iter()
            .try_fold(1usize, |count, axis| count.checked_mul(axis.values.len()));
        if count.is_none_or(|count| count > MOST_VARIANTS) {
            let path = KeyPath::of(["sweep"]);
            let message = format!("makes more than {MOST_VARIANTS} variants");
            self.refuse(path.clone(), message, &TypedPlace::File(path));
            return;
        }
        let labels = labels(axes);
        let mut drafts = vec![Draft {
            name: String::new(),
            settings: Vec::new(),
        }];
        for (axis, label) in axes.iter().zip(&labels) {
            let extended = drafts.iter().flat_map(|draft| {
                axis.values.iter().map(move |value| {
                    let part = match axes.len() {
                        1 => text(value),
                        _ => format!("{label}={}", text(value)),
                    };
                    let comma = if draft.name.is_empty() { "" } else { "," };
                    let mut settings = draft.settings.clone();
                    settings.push(Setting {
                        key: axis.key.clone(),
                        value: value.clone(),
                        typed: axis.typed.clone(),
                    });
                    Draft {
                        name: format!("{}{comma}{part}", draft.name),
                        settings,
                    }
                })
            });
            drafts = extended.collect();
        }
        self.drafts = if axes.is_empty() {
            vec![Draft::base()]
        } else {
            drafts
        };
    }

    /// Makes a draft for each entry of the `variants` section.
    fn named(&mut self, variants: Map<String, Value>, pinned: &[String]) {
        if variants.len() > MOST_VARIANTS {
            let path = KeyPath::of(["variants"]);
            let message = format!("holds more than {MOST_VARIANTS} variants");
            self.refuse(path.clone(), message, &TypedPlace::File(path));
            return;
        }
        let mut overruled: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, settings) in variants {
            let place = KeyPath::of(["variants", &name]);
            if name.trim().is_empty() {
                self.refuse(
                    place.clone(),
                    "a variant needs a name",
                    &TypedPlace::File(place),
                );
                continue;
            }
            let mut draft = Draft {
                name: name.clone(),
                settings: Vec::new(),
            };
            let mut known: BTreeSet<String> = BTreeSet::new();
            // Null stands for the base config without changes.
            let settings = match settings {
                Value::Object(settings) => settings,
                _ => Map::new(),
            };
            for (written, value) in settings {
                let path = place.key(&written);
                let typed = TypedPlace::File(path.clone());
                let key = canonical(&written);
                if known.contains(&key) {
                    self.refuse(path, "is set twice", &typed);
                } else if self.may_vary(&path, &key, &typed) {
                    known.insert(key.clone());
                    if pinned.contains(&key) {
                        overruled.entry(key.clone()).or_default().push(name.clone());
                    }
                    draft.settings.push(Setting { key, value, typed });
                }
            }
            self.drafts.push(draft);
        }
        for (key, names) in overruled {
            let names = names.join("`, `");
            self.notes.push(format!(
                "`{key}` of the command line has no effect on variants that set it themselves: `{names}`"
            ));
        }
    }
}

/// Labels of the axes in variants' names: the last part of each key path, or the whole path if
/// several axes share that last part.
fn labels(axes: &[Axis]) -> Vec<&str> {
    fn last(axis: &Axis) -> &str {
        axis.key.rsplit('.').next().unwrap_or(&axis.key)
    }
    let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
    for axis in axes {
        *shared.entry(last(axis)).or_default() += 1;
    }
    axes.iter()
        .map(|axis| match shared.get(last(axis)) {
            Some(1) => last(axis),
            _ => axis.key.as_str(),
        })
        .collect()
}

/// Returns a value as it appears in a variant's name; URLs lose their secrets.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => super::redact::url(text),
        other => other.to_string(),
    }
}
