//! Modules of a crate, parsed from its source, and the paths that each of them names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Meta, UseTree, Visibility};

/// Names of modules from the crate's root, or segments of a path.
pub type Names = Vec<String>;

/// Text of each file, by its path below `src`.
pub type Files = BTreeMap<String, String>;

/// A path that code names.
#[derive(Debug)]
pub struct Named {
    pub segments: Names,
    pub by: By,
    /// True if only tests are built with it.
    pub test: bool,
}

/// Code that names a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Use,
    /// `pub use`, with any visibility.
    ReExport,
    Code,
}

/// A module: a file, or `mod name { .. }` within one.
#[derive(Debug)]
pub struct Module {
    pub names: Names,
    /// Names of `mod name;`, except those that only tests are built with.
    pub children: BTreeSet<String>,
    /// Names of the items that it defines.
    pub items: BTreeSet<String>,
    /// Names that `use` imports, each with its path.
    pub bindings: Vec<(String, Names)>,
    /// Modules from which `use` imports everything.
    pub globs: Vec<Names>,
    pub paths: Vec<Named>,
    /// True if only tests are built with it.
    pub test: bool,
}

/// Parses the module of a file, followed by those within it.
pub fn modules(names: &[String], text: &str) -> syn::Result<Vec<Module>> {
    let file = syn::parse_file(text)?;
    let mut collector = Collector {
        modules: vec![Module::new(names.to_vec(), false)],
        current: 0,
        test: false,
    };
    collector.visit_file(&file);
    Ok(collector.modules)
}

/// Returns the names of a file's module.
pub fn names_of(file: &str) -> Names {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let names = path.split('/').filter(|name| *name != "lib");
    names.map(str::to_owned).collect()
}

/// Returns the files of a folder and those below it.
pub fn files_below(source: &Path) -> Files {
    let mut files = Files::new();
    let mut folders = vec![source.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(source).unwrap().to_str().unwrap();
                files.insert(below.to_owned(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

impl Module {
    fn new(names: Names, test: bool) -> Self {
        Module {
            names,
            children: BTreeSet::new(),
            items: BTreeSet::new(),
            bindings: Vec::new(),
            globs: Vec::new(),
            paths: Vec::new(),
            test,
        }
    }
}

struct Collector {
    modules: Vec<Module>,
    current: usize,
    /// True if the current items are for tests only.
    test: bool,
}

impl Collector {
    fn module(&mut self) -> &mut Module {
        &mut self.modules[self.current]
    }

    fn name(&mut self, segments: Names, by: By) {
        let test = self.test;
        let path = Named { segments, by, test };
        self.module().paths.push(path);
    }

    fn import(&mut self, mut prefix: Names, tree: &UseTree, by: By) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(prefix, &path.tree, by);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(prefix.clone(), tree, by);
                }
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                if name != "self" {
                    prefix.push(name);
                }
                let bound = prefix.last().cloned().unwrap_or_default();
                self.bind(bound, prefix, by);
            }
            UseTree::Rename(rename) => {
                let name = rename.ident.to_string();
                if name != "self" {
                    prefix.push(name);
                }
                self.bind(rename.rename.to_string(), prefix, by);
            }
            UseTree::Glob(_) => {
                self.name(prefix.clone(), by);
                self.module().globs.push(prefix);
            }
        }
    }

    fn bind(&mut self, name: String, path: Names, by: By) {
        self.name(path.clone(), by);
        self.module().bindings.push((name, path));
    }

    /// Collects the paths among unparsed tokens: arguments of macros and attributes.
    fn name_among(&mut self, mut rest: Cursor) {
        let mut path = Names::new();
        while !rest.eof() {
            if let Some((ident, after)) = rest.ident() {
                let follows = rest_of_path(after);
                path.push(ident.to_string());
                rest = follows.unwrap_or(after);
                if follows.is_none() {
                    self.name(std::mem::take(&mut path), By::Code);
                }
                continue;
            }
            if !path.is_empty() {
                // `a::<B>`, `a::{..}` and `a::*`: the path so far.
                self.name(std::mem::take(&mut path), By::Code);
            }
            if let Some((inner, _, _, after)) = rest.any_group() {
                self.name_among(inner);
                rest = after;
            } else if let Some((_, after)) = rest.token_tree() {
                rest = after;
            }
        }
    }

    fn visit_as(&mut self, attributes: &[Attribute], visit: impl FnOnce(&mut Self)) {
        let before = self.test;
        self.test |= is_for_tests(attributes);
        visit(self);
        self.test = before;
    }
}

/// Returns the tokens behind a `::`. `None` if there is no `::`.
fn rest_of_path(cursor: Cursor) -> Option<Cursor> {
    let (first, cursor) = cursor.punct()?;
    let (second, cursor) = cursor.punct()?;
    (first.as_char() == ':' && second.as_char() == ':').then_some(cursor)
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let argument = attribute.parse_args::<syn::Ident>();
        attribute.path().is_ident("cfg") && argument.is_ok_and(|argument| argument == "test")
    })
}

/// Returns an item's name, if paths can lead to it, and its attributes.
fn named(item: &Item) -> (Option<&syn::Ident>, &[Attribute]) {
    match item {
        Item::Const(item) => (Some(&item.ident), &item.attrs),
        Item::Enum(item) => (Some(&item.ident), &item.attrs),
        Item::Fn(item) => (Some(&item.sig.ident), &item.attrs),
        Item::Macro(item) => (item.ident.as_ref(), &item.attrs),
        Item::Static(item) => (Some(&item.ident), &item.attrs),
        Item::Struct(item) => (Some(&item.ident), &item.attrs),
        Item::Trait(item) => (Some(&item.ident), &item.attrs),
        Item::Type(item) => (Some(&item.ident), &item.attrs),
        Item::Union(item) => (Some(&item.ident), &item.attrs),
        Item::Impl(item) => (None, &item.attrs),
        Item::Mod(item) => (None, &item.attrs),
        Item::Use(item) => (None, &item.attrs),
        _ => (None, &[]),
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        let (name, attributes) = named(item);
        if let Some(name) = name {
            self.module().items.insert(name.to_string());
        }
        self.visit_as(attributes, |this| visit::visit_item(this, item));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.visit_as(&function.attrs, |this| {
            visit::visit_impl_item_fn(this, function)
        });
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        if module.content.is_none() {
            if !self.test {
                self.module().children.insert(name);
            }
            return;
        }
        let mut names = self.module().names.clone();
        names.push(name);
        let outer = self.current;
        self.current = self.modules.len();
        self.modules.push(Module::new(names, self.test));
        visit::visit_item_mod(self, module);
        self.current = outer;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let by = match item.vis {
            Visibility::Inherited => By::Use,
            _ => By::ReExport,
        };
        self.import(Names::new(), &item.tree, by);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter();
        let segments = segments.map(|segment| segment.ident.to_string());
        self.name(segments.collect(), By::Code);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.name_among(TokenBuffer::new2(call.tokens.clone()).begin());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        visit::visit_attribute(self, attribute);
        if let Meta::List(list) = &attribute.meta {
            self.name_among(TokenBuffer::new2(list.tokens.clone()).begin());
        }
    }

    // `pub(in a::b)` uses no item of that path.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}
}
