//! Circles of modules: files that use each other, directly or by way of others.
//!
//! An edge leads from a file to the one that *defines* the names that it uses: a `mod.rs` that
//! re-exports a name is passed through. `mod child;` is no edge, and neither is a re-export in its
//! own file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

use crate::source::{By, Files, Module, Names, modules, names_of};

/// Files that use each other, and the names that each uses of the others.
#[derive(Debug)]
pub struct Circle {
    pub files: BTreeSet<String>,
    /// From one file to another, with the names that it uses.
    edges: Vec<(String, String, BTreeSet<String>)>,
}

impl Display for Circle {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        let files: Vec<&str> = self.files.iter().map(String::as_str).collect();
        write!(formatter, "a circle of {}:", files.join(", "))?;
        for (from, to, names) in &self.edges {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            write!(formatter, "\n    {from} -> {to}: {}", names.join(", "))?;
        }
        Ok(())
    }
}

/// Returns all circles of the crate whose root is `lib.rs`. Code for tests is left out.
pub fn circles(files: &Files) -> Vec<Circle> {
    let edges = Crate::of(files).edges();
    let reached: BTreeMap<&str, BTreeSet<&str>> = edges
        .keys()
        .map(|file| (file.as_str(), reached_from(file, &edges)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for (file, others) in &reached {
        if !others.contains(file) || seen.contains(file) {
            continue;
        }
        let back = |other: &&&str| reached.get(**other).is_some_and(|it| it.contains(file));
        let members: BTreeSet<&str> = others.iter().filter(back).copied().collect();
        let within = members.iter().flat_map(|from| {
            let targets = edges[*from].iter();
            let targets = targets.filter(|(to, _)| members.contains(to.as_str()));
            targets.map(|(to, names)| ((*from).to_owned(), to.clone(), names.clone()))
        });
        circles.push(Circle {
            edges: within.collect(),
            files: members.iter().map(|file| (*file).to_owned()).collect(),
        });
        seen.extend(members);
    }
    circles
}

/// Files that a file uses, with the names that it uses of them, by file.
type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn reached_from<'a>(file: &str, edges: &'a Edges) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![file];
    while let Some(file) = waiting.pop() {
        for target in edges.get(file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(target.as_str()) {
                waiting.push(target);
            }
        }
    }
    reached
}

struct Crate {
    /// Modules by their names, each with its file.
    modules: BTreeMap<Names, (String, Module)>,
}

/// Names that are being followed: a module, a name in it, and true if a module is meant.
type Seen = BTreeSet<(Names, String, bool)>;

/// Target of a path.
enum Target {
    Module(Names),
    /// An item, by the module that defines it.
    Item(Names),
    /// Another crate.
    Outside,
}

impl Crate {
    /// Reads the modules that `lib.rs` leads to.
    fn of(files: &Files) -> Self {
        let mut found = BTreeMap::new();
        let mut waiting = vec!["lib.rs".to_owned()];
        while let Some(file) = waiting.pop() {
            let names = names_of(&file);
            let read = modules(&names, &files[&file]);
            for module in read.unwrap_or_else(|error| panic!("{file}: {error}")) {
                if module.test {
                    continue;
                }
                for child in &module.children {
                    let folder = module.names.iter().chain([child]);
                    let path = folder.map(String::as_str).collect::<Vec<_>>().join("/");
                    let places = [format!("{path}.rs"), format!("{path}/mod.rs")];
                    let place = places.into_iter().find(|place| files.contains_key(place));
                    waiting.push(place.unwrap_or_else(|| panic!("{file}: no file of {path}")));
                }
                found.insert(module.names.clone(), (file.clone(), module));
            }
        }
        Crate { modules: found }
    }

    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (names, (file, module)) in &self.modules {
            let paths = module.paths.iter();
            for path in paths.filter(|path| !path.test && path.by != By::ReExport) {
                let target = self.target(names, &path.segments, false, &mut BTreeSet::new());
                let Some(Target::Item(definer)) = target else {
                    continue;
                };
                let (other, _) = &self.modules[&definer];
                if other != file {
                    let targets = edges.entry(file.clone()).or_default();
                    let names = targets.entry(other.clone()).or_default();
                    names.insert(path.segments.join("::"));
                }
            }
        }
        edges
    }

    /// Follows a path that a module names. `None` if its first name is unknown, which may be a
    /// local one. A name may be a module's and a function's at once; `as_module` states which of
    /// them is meant. `seen` contains the names that are being followed.
    fn target(
        &self,
        from: &[String],
        segments: &[String],
        as_module: bool,
        seen: &mut Seen,
    ) -> Option<Target> {
        let mut here = None;
        for (index, segment) in segments.iter().enumerate() {
            let as_module = as_module || index + 1 < segments.len();
            let within = match here {
                None => from.to_vec(),
                Some(Target::Module(names)) => names,
                // A variant, a method, or an item of another crate.
                Some(target) => return Some(target),
            };
            here = match segment.as_str() {
                "crate" => Some(Target::Module(Names::new())),
                "self" => Some(Target::Module(within)),
                "super" => Some(Target::Module(
                    within[..within.len().saturating_sub(1)].to_vec(),
                )),
                name => match self.lookup(&within, name, as_module, seen) {
                    // Items made by a macro are named nowhere.
                    None if index > 0 => Some(Target::Item(within)),
                    None => return None,
                    found => found,
                },
            };
        }
        here
    }

    /// Returns the target of a name in a module.
    fn lookup(
        &self,
        within: &[String],
        name: &str,
        as_module: bool,
        seen: &mut Seen,
    ) -> Option<Target> {
        let key = (within.to_vec(), name.to_owned(), as_module);
        if !seen.insert(key.clone()) {
            return None;
        }
        let found = self.known(within, name, as_module, seen);
        seen.remove(&key);
        found
    }

    fn known(
        &self,
        within: &[String],
        name: &str,
        as_module: bool,
        seen: &mut Seen,
    ) -> Option<Target> {
        let (_, module) = self.modules.get(within)?;
        let child = [within, &[name.to_owned()]].concat();
        let is_child = self.modules.contains_key(&child);
        if is_child && as_module {
            return Some(Target::Module(child));
        }
        if module.items.contains(name) {
            return Some(Target::Item(within.to_vec()));
        }
        if let Some((_, path)) = module.bindings.iter().find(|(bound, _)| bound == name) {
            let target = self.target(within, path, as_module, seen);
            return Some(target.unwrap_or(Target::Outside));
        }
        let from_globs =
            module
                .globs
                .iter()
                .find_map(|glob| match self.target(within, glob, true, seen)? {
                    Target::Module(other) => self.lookup(&other, name, as_module, seen),
                    _ => None,
                });
        from_globs.or_else(|| is_child.then_some(Target::Module(child)))
    }
}
