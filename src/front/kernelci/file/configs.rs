//! `build_configs` and their defaults: what is built of which branch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;

use super::declared::{BuildConfig, Declared, Variant};
use super::environments::Environments;
use super::fields::Fields;
use super::fragments::{Fragments, Tree, fragments, trees};
use super::variants::{Variants, dangling};
use super::words::{is_branch, is_name};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::front::kas::Text;
use crate::front::kernelci::merge::{Section, Sections};
use crate::front::yaml::Node;

const CONFIG: &[&str] = &["tree", "branch", "variants", "reference", "architectures"];
const DEFAULTS: &[&str] = &["variants", "reference"];
const REFERENCE: &[&str] = &["tree", "branch"];

/// Reads all sections.
pub(in super::super) fn declared(sections: &Sections, found: &mut Diagnostics) -> Declared {
    let trees = trees(&sections.trees, found);
    let fragments: Fragments = fragments(&sections.fragments, found);
    let environments = Environments::read(&sections.environments, found);
    let variants = Variants::new(environments, &fragments);
    let mut reader = Reader { trees: &trees, used_trees: HashSet::new(), variants };
    let defaults = reader.defaults(&sections.defaults, found);
    let mut configs = Vec::new();
    for (name, entry) in &sections.configs {
        let name = Text { value: name.clone(), span: entry.key_span.clone() };
        configs.extend(reader.config(&name, &entry.value, defaults.as_ref(), found));
    }
    check_unique(&configs, found);
    // What is broken does not use what it was to use.
    if !found.has_errors() {
        reader.check_unused(found);
    }
    let fragments = fragments.values().filter_map(|(_, fragment)| fragment.clone()).collect();
    Declared { fragments, configs }
}

struct Reader<'a> {
    trees: &'a IndexMap<Arc<str>, Tree>,
    used_trees: HashSet<Arc<str>>,
    variants: Variants<'a>,
}

impl Reader<'_> {
    /// The variants of build configs that have none of their own.
    fn defaults(
        &mut self,
        section: &Section,
        found: &mut Diagnostics,
    ) -> Option<Arc<[Arc<Variant>]>> {
        for (key, entry) in section.iter().filter(|(key, _)| !DEFAULTS.contains(&&***key)) {
            let shown = key.escape_debug();
            let problem = format!("`{shown}` does nothing in `build_configs_defaults`");
            let hint = super::fields::did_you_mean(key, DEFAULTS);
            found.push(Diagnostic::warning(problem).at(&entry.key_span).hint(hint));
        }
        if let Some(entry) = section.get("reference") {
            self.reference(&entry.value, "build_configs_defaults.reference", found);
        }
        let variants = &section.get("variants")?.value;
        Some(self.variants.list(variants, "build_configs_defaults.variants", found))
    }

    fn config(
        &mut self,
        name: &Text,
        node: &Node,
        defaults: Option<&Arc<[Arc<Variant>]>>,
        found: &mut Diagnostics,
    ) -> Option<BuildConfig> {
        let path = format!("build_configs.{}", name.value);
        is_name(name, "the name of a build config", found);
        let fields = Fields::of(node, &path, CONFIG, found)?;
        let tree = fields.required_text("tree", found);
        let url = tree.as_ref().and_then(|tree| self.tree(tree, found));
        let branch = fields.required_text("branch", found).filter(|text| is_branch(text, found));
        if let Some(node) = fields.node("reference") {
            self.reference(node, &fields.path("reference"), found);
        }
        // KernelCI reads them for another of its tools.
        fields.texts("architectures", found);
        let variants = match (node.get("variants"), defaults) {
            (Some(node), _) => self.variants.list(node, &fields.path("variants"), found),
            (None, Some(defaults)) => defaults.clone(),
            (None, None) => {
                let problem = format!("`{path}` has no `variants`, so nothing is built of it");
                found.push(Diagnostic::warning(problem).at(&name.span));
                [].into()
            }
        };
        Some(BuildConfig { name: name.clone(), tree: tree?, url: url?, branch: branch?, variants })
    }

    /// The URL of a tree, which counts as used.
    fn tree(&mut self, name: &Text, found: &mut Diagnostics) -> Option<Text> {
        let Some(tree) = self.trees.get(&name.value) else {
            found.push(dangling("tree", name, self.trees.keys().map(|name| &**name)));
            return None;
        };
        self.used_trees.insert(name.value.clone());
        tree.url.clone()
    }

    /// A tree and branch to compare with, which are nothing to a build.
    fn reference(&mut self, node: &Node, path: &str, found: &mut Diagnostics) {
        if node.is_null() {
            return;
        }
        let Some(fields) = Fields::of(node, path, REFERENCE, found) else { return };
        if let Some(tree) = fields.required_text("tree", found) {
            self.tree(&tree, found);
        }
        fields.required_text("branch", found);
    }

    fn check_unused(&self, found: &mut Diagnostics) {
        let variants = &self.variants;
        let trees = self.trees.iter().map(|(name, tree)| (name, &tree.span));
        let trees = trees.filter(|(name, _)| !self.used_trees.contains(*name));
        unused(["the tree", "trees"], &trees.collect::<Vec<_>>(), found);
        let fragments = variants.fragments.iter().enumerate();
        let fragments = fragments.filter(|(index, _)| !variants.used_fragments.contains(index));
        let fragments = fragments.map(|(_, (name, (span, _)))| (name, span)).collect::<Vec<_>>();
        unused(["the fragment", "fragments"], &fragments, found);
        let environments = variants.environments.declared();
        let environments =
            environments.filter(|(name, _)| !variants.used_environments.contains(*name));
        unused(
            ["the build environment", "build environments"],
            &environments.collect::<Vec<_>>(),
            found,
        );
    }
}

/// One warning for all entries of a section that nothing uses: there can be many.
fn unused([one, many]: [&str; 2], entries: &[(&Arc<str>, &Span)], found: &mut Diagnostics) {
    const SHOWN: usize = 5;
    let Some((first, span)) = entries.first() else { return };
    let names: Vec<String> =
        entries.iter().take(SHOWN).map(|(name, _)| format!("`{}`", name.escape_debug())).collect();
    let message = match entries.len() {
        1 => format!("{one} `{}` is not used", first.escape_debug()),
        count if count > SHOWN => {
            format!("{count} {many} are not used: {} and {} more", names.join(", "), count - SHOWN)
        }
        count => format!("{count} {many} are not used: {}", names.join(", ")),
    };
    found.push(Diagnostic::warning(message).at(span));
}

/// Two build configs of one branch build the same twice, under two names.
fn check_unique(configs: &[BuildConfig], found: &mut Diagnostics) {
    let mut branches: HashMap<(&str, &str), &BuildConfig> = HashMap::new();
    for config in configs {
        let key = (&*config.tree.value, &*config.branch.value);
        if let Some(first) = branches.get(&key) {
            let problem = format!(
                "`{}` and `{}` are of the same branch, `{}` of `{}`",
                first.name.value, config.name.value, config.branch.value, config.tree.value
            );
            found.push(
                Diagnostic::warning(problem)
                    .at(&config.name.span)
                    .related(&first.name.span, "the first is here")
                    .hint("KernelCI wants one build config for a tree and branch"),
            );
        } else {
            branches.insert(key, config);
        }
    }
}
