//! How the code is laid out, held against the code: one layout of modules, no two types of
//! one name in a crate, and files that import in one direction.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

use crate::guests::workspace;

/// A module by its names from the crate's root, which has none.
type ModulePath = Vec<String>;

/// What one file of a crate says, without its tests.
#[derive(Default)]
struct Module {
    file: PathBuf,
    /// Structs, enums, traits and aliases, each with its line.
    types: Vec<(String, usize)>,
    /// Names that it passes on, and from where.
    exports: BTreeMap<String, Vec<String>>,
    /// Paths that it names within its crate.
    names: BTreeSet<Vec<String>>,
    children: Vec<String>,
}

/// The files of a crate that are no tests, by module.
struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

/// The paths that a `use` stands for; a glob is its module's.
fn flat(tree: &UseTree, mut before: Vec<String>, into: &mut Vec<(String, Vec<String>)>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flat(&path.tree, before, into);
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            if name != "self" {
                before.push(name);
            }
            into.push((before.last().cloned().unwrap_or_default(), before));
        }
        UseTree::Rename(rename) => {
            before.push(rename.ident.to_string());
            into.push((rename.rename.to_string(), before));
        }
        UseTree::Glob(_) => into.push((String::new(), before)),
        UseTree::Group(group) => {
            for tree in &group.items {
                flat(tree, before.clone(), into);
            }
        }
    }
}

impl Module {
    fn item(&mut self, item: &Item) {
        let (attributes, name) = match item {
            Item::Struct(it) => (&it.attrs, Some(&it.ident)),
            Item::Enum(it) => (&it.attrs, Some(&it.ident)),
            Item::Trait(it) => (&it.attrs, Some(&it.ident)),
            Item::Type(it) => (&it.attrs, Some(&it.ident)),
            Item::Mod(it) => (&it.attrs, None),
            Item::Fn(it) => (&it.attrs, None),
            Item::Impl(it) => (&it.attrs, None),
            Item::Const(it) => (&it.attrs, None),
            Item::Static(it) => (&it.attrs, None),
            Item::Use(it) => (&it.attrs, None),
            Item::Macro(it) => (&it.attrs, None),
            _ => return,
        };
        if is_for_tests(attributes) {
            return;
        }
        if let Some(name) = name {
            self.types
                .push((name.to_string(), name.span().start().line));
        }
        match item {
            Item::Mod(it) if it.content.is_none() => self.children.push(it.ident.to_string()),
            Item::Mod(_) => {}
            item => self.visit_item(item),
        }
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut paths = Vec::new();
        flat(&item.tree, Vec::new(), &mut paths);
        for (name, path) in paths {
            if matches!(item.vis, Visibility::Inherited) {
                self.names.insert(path);
            } else {
                self.exports.insert(name, path);
            }
        }
    }

    /// `pub(in …)` says who may look in, not what is looked at.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if names.len() > 1 && ["crate", "super", "self"].contains(&names[0].as_str()) {
            self.names.insert(names);
        }
        visit::visit_path(self, path);
    }
}

impl Crate {
    fn read(root: &Path) -> Self {
        let mut modules = BTreeMap::new();
        let folder = root.parent().expect("a root file is in a folder");
        let mut open = vec![(ModulePath::new(), root.to_owned(), folder.to_owned())];
        while let Some((path, file, folder)) = open.pop() {
            let text = std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let parsed = syn::parse_file(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let mut module = Module {
                file,
                ..Module::default()
            };
            for item in &parsed.items {
                module.item(item);
            }
            for child in &module.children {
                let mut below = path.clone();
                below.push(child.clone());
                open.push((
                    below,
                    folder.join(format!("{child}.rs")),
                    folder.join(child),
                ));
            }
            modules.insert(path, module);
        }
        Self { modules }
    }

    /// The module that a path within another one leads to, through what modules on the way
    /// pass on.
    fn leads_to(&self, from: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        if depth > 8 {
            return None;
        }
        let mut at = from.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                at.clear();
                rest = &path[1..];
            }
            "self" | "super" => {
                while let Some(step) = rest
                    .first()
                    .filter(|it| ["self", "super"].contains(&it.as_str()))
                {
                    if step == "super" {
                        at.pop()?;
                    }
                    rest = &rest[1..];
                }
            }
            first => {
                at.push(first.to_owned());
                let is_child = self.modules.contains_key(&at);
                at.pop();
                if !is_child {
                    return None;
                }
            }
        }
        while let Some(name) = rest.first() {
            at.push(name.clone());
            if !self.modules.contains_key(&at) {
                at.pop();
                break;
            }
            rest = &rest[1..];
        }
        let passed_on = rest
            .first()
            .and_then(|name| self.modules.get(&at)?.exports.get(name));
        if let Some(further) = passed_on
            && let Some(found) = self.leads_to(&at, further, depth + 1)
        {
            return Some(found);
        }
        self.modules.contains_key(&at).then_some(at)
    }

    /// Each module with those that it imports from.
    fn imports(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let mut imports = BTreeMap::new();
        for (path, module) in &self.modules {
            let to = module.names.iter();
            let to = to.filter_map(|name| self.leads_to(path, name, 0));
            imports.insert(path, to.filter(|to| to != path).collect());
        }
        imports
    }

    /// Sets of files that import one another in a circle, but for a type with its parts:
    /// those where all lie below one of them.
    fn circles(&self) -> Vec<BTreeSet<&ModulePath>> {
        let imports = self.imports();
        let reached: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = imports
            .keys()
            .map(|start| {
                let mut seen: BTreeSet<&ModulePath> = BTreeSet::new();
                let mut open = vec![*start];
                while let Some(at) = open.pop() {
                    for to in &imports[at] {
                        let (to, _) = imports
                            .get_key_value(to)
                            .expect("an import leads to a module");
                        if seen.insert(to) {
                            open.push(to);
                        }
                    }
                }
                (*start, seen)
            })
            .collect();
        let mut circles: BTreeSet<BTreeSet<&ModulePath>> = BTreeSet::new();
        for (start, seen) in &reached {
            let circle: BTreeSet<&ModulePath> = seen
                .iter()
                .filter(|other| reached[*other].contains(start))
                .copied()
                .collect();
            let of_one_type = circle
                .iter()
                .any(|top| !top.is_empty() && circle.iter().all(|module| module.starts_with(top)));
            if circle.len() > 1 && !of_one_type {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }
}

/// The root files of every crate of the workspace.
fn roots() -> Vec<PathBuf> {
    let manifest = std::fs::read_to_string(workspace().join("Cargo.toml")).expect("a workspace");
    let manifest: toml::Table = manifest.parse().expect("a manifest is TOML");
    let members = manifest["workspace"]["members"]
        .as_array()
        .expect("members");
    let files = members.iter().flat_map(|member| {
        let folder = workspace()
            .join(member.as_str().expect("a folder"))
            .join("src");
        [folder.join("lib.rs"), folder.join("main.rs")]
    });
    files.filter(|file| file.is_file()).collect()
}

fn shown(file: &Path) -> String {
    let file = file.strip_prefix(workspace()).unwrap_or(file);
    file.display().to_string()
}

#[test]
fn no_two_types_of_a_crate_share_a_name() {
    let mut found = String::new();
    let mut types = 0;
    for root in roots() {
        let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for module in Crate::read(&root).modules.values() {
            for (name, line) in &module.types {
                let place = format!("{}:{line}", shown(&module.file));
                places.entry(name.clone()).or_default().push(place);
                types += 1;
            }
        }
        for (name, places) in places.iter().filter(|(_, places)| places.len() > 1) {
            writeln!(found, "{name}: {}", places.join(", ")).expect("a text takes more");
        }
    }
    assert!(types > 500, "only {types} types were seen");
    assert!(found.is_empty(), "rename all but one of each:\n{found}");
}

#[test]
fn files_import_in_one_direction() {
    let mut found = String::new();
    let mut imports = 0;
    for root in roots() {
        let read = Crate::read(&root);
        let all = read.imports();
        imports += all.values().map(BTreeSet::len).sum::<usize>();
        for circle in read.circles() {
            writeln!(found, "a circle:").expect("a text takes more");
            for module in &circle {
                let to = all[module].iter().filter(|to| circle.contains(to));
                let to: Vec<String> = to.map(|to| shown(&read.modules[to].file)).collect();
                let file = shown(&read.modules[*module].file);
                writeln!(found, "  {file} imports {}", to.join(", ")).expect("a text takes more");
            }
        }
    }
    assert!(imports > 1000, "only {imports} imports were seen");
    assert!(
        found.is_empty(),
        "move what both sides need to a file of its own:\n{found}"
    );
}

#[test]
fn modules_are_laid_out_one_way() {
    // `Crate::read` looks for `x.rs` alone, and panics where a module lies elsewhere.
    let files: usize = roots()
        .iter()
        .map(|root| Crate::read(root).modules.len())
        .sum();
    assert!(files > 400, "only {files} files were seen");
}
