//! The key `workload`, below which a whole config may be nested.

use serde_json::Value as Json;

use super::error::Problem;
use super::key_path::KeyPath;
use super::leaf::quoted;

/// The top key below which Hydra nests a workload, as in the resolved config that DLIO writes
/// beside its results.
pub(super) const WRAPPER: &str = "workload";

/// Removes the key `workload` around a config, if there is one. Returns true if there was one.
pub(super) fn without_wrapper(tree: &mut Json) -> Result<bool, Problem> {
    // Keys of Hydra, which have no meaning here.
    const BESIDE: [&str; 2] = ["hydra", "defaults"];
    let Some(map) = tree.as_object_mut() else {
        return Ok(false);
    };
    let Some(workload) = map.remove(WRAPPER) else {
        return Ok(false);
    };
    let refused = |message: String| Err(Problem::new(KeyPath::of([WRAPPER]), message));
    if let Some(other) = map.keys().find(|key| !BESIDE.contains(&key.as_str())) {
        return refused(format!(
            "stands beside `{other}`; a config is below `workload` as a whole, or not at all"
        ));
    }
    match workload {
        Json::Object(workload) => {
            map.extend(workload);
            Ok(true)
        }
        Json::Null => Ok(true),
        other => refused(format!("expected a mapping, found {}", quoted(&other))),
    }
}
