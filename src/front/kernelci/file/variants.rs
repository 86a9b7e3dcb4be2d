//! Variants and their architectures: each read once, however many build configs share it through an alias.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::declared::{Architecture, Defconfig, Variant};
use super::environments::Environments;
use super::fields::Fields;
use super::fragments::Fragments;
use super::words::{is_arch, is_defconfig, is_name, is_path};
use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::front::kas::Text;
use crate::front::kernelci::build::Fragment;
use crate::front::kernelci::filter::{self, Filters};
use crate::front::yaml::{Entry, Node};

const VARIANT: &[&str] = &["build_environment", "fragments", "architectures"];
const ARCHITECTURE: &[&str] = &["base_defconfig", "extra_configs", "fragments", "filters"];

/// A node by where it lies: an alias is the same node, and the documents outlive the reader.
type Identity = *const Node;

/// What the variants of all build configs are read with.
pub(super) struct Variants<'a> {
    pub(super) environments: Environments,
    pub(super) fragments: &'a Fragments,
    pub(super) used_environments: HashSet<Arc<str>>,
    pub(super) used_fragments: HashSet<usize>,
    lists: HashMap<Identity, Arc<[Arc<Variant>]>>,
    variants: HashMap<(Arc<str>, Identity), Option<Arc<Variant>>>,
    parts: HashMap<Identity, Option<Arc<Parts>>>,
    filters: HashMap<Identity, Arc<Filters>>,
}

/// What the mapping of an architecture says, whatever the variant is.
#[derive(Debug)]
struct Parts {
    base: Arc<str>,
    extra: Vec<Arc<str>>,
    fragments: Vec<usize>,
    filters: Arc<Filters>,
}

impl<'a> Variants<'a> {
    pub(super) fn new(environments: Environments, fragments: &'a Fragments) -> Self {
        Self {
            environments,
            fragments,
            used_environments: HashSet::new(),
            used_fragments: HashSet::new(),
            lists: HashMap::new(),
            variants: HashMap::new(),
            parts: HashMap::new(),
            filters: HashMap::new(),
        }
    }

    /// The variants of a build config, or the defaults.
    pub(super) fn list(
        &mut self,
        node: &Arc<Node>,
        path: &str,
        found: &mut Diagnostics,
    ) -> Arc<[Arc<Variant>]> {
        if let Some(list) = self.lists.get(&Arc::as_ptr(node)) {
            return list.clone();
        }
        let mut list = Vec::new();
        if let Some(fields) = Fields::open(node, path, found) {
            for (name, entry) in fields.entries(found) {
                list.extend(self.variant(&name, entry, &fields.path(&name.value), found));
            }
        }
        let list: Arc<[Arc<Variant>]> = list.into();
        self.lists.insert(Arc::as_ptr(node), list.clone());
        list
    }

    fn variant(
        &mut self,
        name: &Text,
        entry: &Entry,
        path: &str,
        found: &mut Diagnostics,
    ) -> Option<Arc<Variant>> {
        let key = (name.value.clone(), Arc::as_ptr(&entry.value));
        if let Some(variant) = self.variants.get(&key) {
            return variant.clone();
        }
        is_name(name, "the name of a variant", found);
        let variant = self.read_variant(name, &entry.value, path, found).map(Arc::new);
        self.variants.insert(key, variant.clone());
        variant
    }

    fn read_variant(
        &mut self,
        name: &Text,
        node: &Node,
        path: &str,
        found: &mut Diagnostics,
    ) -> Option<Variant> {
        let fields = Fields::of(node, path, VARIANT, found)?;
        let environment = fields.required_text("build_environment", found);
        let environment = environment.filter(|text| self.knows_environment(text, found));
        let shared = self.named_fragments(&fields, found);
        let archs = fields.required("architectures", found)?;
        let archs = Fields::open(archs, &fields.path("architectures"), found)?;
        let mut architectures = Vec::new();
        for (arch, entry) in archs.entries(found) {
            let parts = self.parts(&entry.value, &arch.value, found);
            if !is_arch(&arch, found) {
                continue;
            }
            let (Some(environment), Some(parts)) = (&environment, parts) else { continue };
            let toolchain = self.environments.toolchain(&environment.value, &arch, found);
            let Some(toolchain) = toolchain else { continue };
            let defconfigs = self.defconfigs(&shared, &parts);
            let filters = parts.filters.clone();
            architectures.push(Architecture { span: arch.span, toolchain, defconfigs, filters });
        }
        Some(Variant { name: name.value.clone(), architectures })
    }

    fn knows_environment(&mut self, name: &Text, found: &mut Diagnostics) -> bool {
        let known = self.environments.has(&name.value);
        if known {
            self.used_environments.insert(name.value.clone());
        } else {
            let all = self.environments.declared();
            found.push(dangling("build environment", name, all.map(|(name, _)| &**name)));
        }
        known
    }

    /// The indices of the fragments that a mapping names.
    fn named_fragments(&mut self, fields: &Fields<'_>, found: &mut Diagnostics) -> Vec<usize> {
        let mut indices = Vec::new();
        for name in fields.texts("fragments", found) {
            match self.fragments.get_index_of(&name.value) {
                Some(index) => {
                    self.used_fragments.insert(index);
                    indices.push(index);
                }
                None => {
                    let all = self.fragments.keys();
                    found.push(dangling("fragment", &name, all.map(|name| &**name)));
                }
            }
        }
        indices
    }

    /// What the mapping of an architecture says. Its path in messages is short, because aliases have several.
    fn parts(
        &mut self,
        node: &Arc<Node>,
        path: &str,
        found: &mut Diagnostics,
    ) -> Option<Arc<Parts>> {
        let key = Arc::as_ptr(node);
        if let Some(parts) = self.parts.get(&key) {
            return parts.clone();
        }
        let parts = self.read_parts(node, path, found).map(Arc::new);
        self.parts.insert(key, parts.clone());
        parts
    }

    fn read_parts(&mut self, node: &Node, path: &str, found: &mut Diagnostics) -> Option<Parts> {
        // A null means all defaults.
        if node.is_null() {
            let (extra, fragments, filters) = (Vec::new(), Vec::new(), Arc::default());
            return Some(Parts { base: "defconfig".into(), extra, fragments, filters });
        }
        let fields = Fields::of(node, path, ARCHITECTURE, found)?;
        let base = fields.text("base_defconfig", found);
        let base = base.filter(|base| self.is_good_defconfig(base, found));
        let extra: Vec<Arc<str>> = fields
            .texts("extra_configs", found)
            .into_iter()
            .filter(|extra| self.is_good_defconfig(extra, found))
            .map(|extra| extra.value)
            .collect();
        let fragments = self.named_fragments(&fields, found);
        let filters = match fields.node("filters") {
            None => Arc::default(),
            Some(node) => {
                let read = || Arc::new(filter::filters(node, "filters", found));
                self.filters.entry(Arc::as_ptr(node)).or_insert_with(read).clone()
            }
        };
        let base = base.map_or_else(|| "defconfig".into(), |base| base.value);
        Some(Parts { base, extra, fragments, filters })
    }

    /// Whether a defconfig can be one; what its parts name counts as used.
    fn is_good_defconfig(&mut self, text: &Text, found: &mut Diagnostics) -> bool {
        if !is_defconfig(text, found) {
            return false;
        }
        for part in text.value.split('+').skip(1) {
            if part.starts_with("CONFIG_") || part.starts_with("KCONFIG_") {
                continue;
            }
            if let Some(index) = self.fragments.get_index_of(part) {
                self.used_fragments.insert(index);
            } else if part.contains('/') || part == ".." {
                let path = Text { value: part.into(), span: text.span.clone() };
                if !is_path(&path, "a part of a defconfig", found) {
                    return false;
                }
            } else {
                let problem = format!("`{part}` in `{}` is no fragment", text.value.escape_debug());
                let problem = Diagnostic::warning(problem).at(&text.span);
                let known = self.fragments.keys().map(|name| &**name);
                let hint = match nearest(part, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "it has to be a file of the tree, by its path".to_owned(),
                };
                found.push(problem.hint(hint));
            }
        }
        true
    }

    /// The defconfigs that need no look into the tree but at fragments, in the order in which KernelCI adds them.
    fn defconfigs(&self, shared: &[usize], parts: &Parts) -> Vec<Defconfig> {
        let mut all = vec![Defconfig { text: parts.base.clone(), needs: None }];
        for &index in shared.iter().chain(&parts.fragments) {
            // One that could not be read was reported, and nothing is built.
            let Some((_, Some(fragment))) = self.fragments.get_index(index).map(|(_, pair)| pair)
            else {
                continue;
            };
            all.push(Defconfig { text: with(&parts.base, fragment), needs: Some(index) });
        }
        all.extend(parts.extra.iter().map(|text| Defconfig { text: text.clone(), needs: None }));
        all
    }
}

/// What a fragment adds.
fn with(base: &str, fragment: &Fragment) -> Arc<str> {
    match &fragment.defconfig {
        Some(defconfig) => defconfig.clone(),
        None => format!("{base}+{}", fragment.name).into(),
    }
}

/// A name that no section defines.
pub(super) fn dangling<'a>(
    what: &str,
    name: &Text,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    let problem = format!("there is no {what} `{}`", name.value.escape_debug());
    let problem = Diagnostic::error(problem).at(&name.span);
    match nearest(&name.value, known) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem,
    }
}
