//! `build_environments`: compilers, and what they are called for an architecture. Starts none.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::fields::{Fields, named};
use super::words::{is_arch, is_name, is_value, is_variable, is_word};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::front::kas::Text;
use crate::front::kernelci::build::Toolchain;
use crate::front::kernelci::merge::Section;
use crate::front::yaml::{Node, Value};

/// `arch_map` and the prefixes beside it are what `arch_params` was until 2020.
const ENVIRONMENT: &[&str] =
    &["cc", "cc_version", "arch_params", "arch_map", "cross_compile", "cross_compile_compat"];
const PARAMS: &[&str] = &["name", "cross_compile", "cross_compile_compat", "opts"];

/// A build environment.
#[derive(Debug)]
pub(super) struct Environment {
    name: Text,
    cc: Text,
    /// By architecture; none where the environment does not tell architectures apart.
    params: Option<IndexMap<Arc<str>, Params>>,
}

/// What an architecture needs.
#[derive(Debug, Default)]
struct Params {
    cross_compile: Option<Text>,
    cross_compile_compat: Option<Text>,
    opts: Vec<(String, String)>,
}

/// All environments.
#[derive(Debug, Default)]
pub(super) struct Environments {
    /// By name, also those that could not be read, which was said.
    all: IndexMap<Arc<str>, (Span, Option<Environment>)>,
    toolchains: HashMap<(Arc<str>, Arc<str>), Arc<Toolchain>>,
}

impl Environments {
    /// Reads the section.
    pub(super) fn read(section: &Section, found: &mut Diagnostics) -> Self {
        let mut all = IndexMap::new();
        for (name, entry) in section {
            let name = Text { value: name.clone(), span: entry.key_span.clone() };
            let environment = environment(&name, &entry.value, found);
            all.insert(name.value, (name.span, environment));
        }
        Self { all, toolchains: HashMap::new() }
    }

    /// Whether there is an environment of a name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    /// What builds an architecture in an environment, made once. `None` where there is no such environment.
    pub(super) fn toolchain(
        &mut self,
        environment: &str,
        arch: &Text,
        found: &mut Diagnostics,
    ) -> Option<Arc<Toolchain>> {
        let environment = self.all.get(environment)?.1.as_ref()?;
        let key = (environment.name.value.clone(), arch.value.clone());
        let toolchain =
            self.toolchains.entry(key).or_insert_with(|| environment.toolchain(arch, found));
        Some(toolchain.clone())
    }
}

impl Environment {
    fn toolchain(&self, arch: &Text, found: &mut Diagnostics) -> Arc<Toolchain> {
        let params = self.params.as_ref().and_then(|params| params.get(&arch.value));
        if self.params.is_some() && params.is_none() {
            let problem = format!(
                "the build environment `{}` has no `arch_params` for `{}`",
                self.name.value, arch.value
            );
            found.push(
                Diagnostic::warning(problem)
                    .at(&arch.span)
                    .related(&self.name.span, "the environment is here")
                    .hint(format!(
                        "without a `cross_compile`, `{}` of this host builds it",
                        self.cc.value
                    )),
            );
        }
        let text = |text: Option<&Text>| text.map_or_else(|| "".into(), |text| text.value.clone());
        Arc::new(Toolchain {
            environment: self.name.value.clone(),
            cc: self.cc.value.clone(),
            arch: arch.value.clone(),
            // KernelCI gives make the key. Its `name` says which container image has the compiler, and for riscv
            // that is `riscv64`, which Linux does not know.
            make_arch: arch.value.clone(),
            cross_compile: text(params.and_then(|params| params.cross_compile.as_ref())),
            cross_compile_compat: text(
                params.and_then(|params| params.cross_compile_compat.as_ref()),
            ),
            opts: params.map(|params| params.opts.clone()).unwrap_or_default(),
            declared: self.name.span.place(),
        })
    }
}

fn environment(name: &Text, node: &Node, found: &mut Diagnostics) -> Option<Environment> {
    let path = format!("build_environments.{}", name.value);
    is_name(name, "a build environment", found);
    let fields = Fields::of(node, &path, ENVIRONMENT, found)?;
    check_version(&fields, found);
    let cc = fields.required_text("cc", found)?;
    if cc.value.is_empty() {
        found.push(Diagnostic::error(format!("`{path}.cc` is empty")).at(&cc.span));
    }
    is_word(&cc, "a compiler", found);
    let old = ["arch_map", "cross_compile", "cross_compile_compat"];
    let params = match fields.node("arch_params") {
        Some(node) => Some(new_params(node, &fields.path("arch_params"), found)),
        None if old.iter().any(|key| fields.node(key).is_some()) => {
            Some(old_params(&fields, found))
        }
        None => None,
    };
    Some(Environment { name: name.clone(), cc, params })
}

/// It is a label, and Python makes a text of whatever it is.
fn check_version(fields: &Fields<'_>, found: &mut Diagnostics) {
    if let Some(node) = fields.node("cc_version")
        && matches!(node.value, Value::List(_) | Value::Map(_))
    {
        let path = fields.path("cc_version");
        found.push(super::fields::misfit(&path, node, "a version"));
    }
}

fn new_params(node: &Node, path: &str, found: &mut Diagnostics) -> IndexMap<Arc<str>, Params> {
    let mut all = IndexMap::new();
    let Some(fields) = Fields::open(node, path, found) else { return all };
    for (arch, entry) in fields.entries(found) {
        is_arch(&arch, found);
        let path = fields.path(&arch.value);
        let params = if entry.value.is_null() {
            Params::default()
        } else {
            let Some(fields) = Fields::of(&entry.value, &path, PARAMS, found) else { continue };
            let opts = fields.node("opts").map(|node| opts(node, &fields.path("opts"), found));
            // It is read for its type alone.
            fields.text("name", found);
            Params {
                cross_compile: prefix(fields.text("cross_compile", found), found),
                cross_compile_compat: prefix(fields.text("cross_compile_compat", found), found),
                opts: opts.unwrap_or_default(),
            }
        };
        all.insert(arch.value, params);
    }
    all
}

/// As environments were written before `arch_params`: one mapping from architectures for each parameter.
fn old_params(fields: &Fields<'_>, found: &mut Diagnostics) -> IndexMap<Arc<str>, Params> {
    let mut all: IndexMap<Arc<str>, Params> = IndexMap::new();
    for key in ["arch_map", "cross_compile", "cross_compile_compat"] {
        let Some(node) = fields.node(key) else { continue };
        let Some(archs) = Fields::open(node, &fields.path(key), found) else { continue };
        for (arch, _) in archs.entries(found) {
            is_arch(&arch, found);
            let text = archs.text(&arch.value, found);
            let params = all.entry(arch.value).or_default();
            match key {
                "cross_compile" => params.cross_compile = prefix(text, found),
                "cross_compile_compat" => params.cross_compile_compat = prefix(text, found),
                _ => {}
            }
        }
    }
    all
}

fn prefix(text: Option<Text>, found: &mut Diagnostics) -> Option<Text> {
    text.filter(|text| is_word(text, "the prefix of a cross compiler", found))
}

fn opts(node: &Node, path: &str, found: &mut Diagnostics) -> Vec<(String, String)> {
    let Some(map) = node.as_map() else {
        found.push(super::fields::misfit(path, node, "a mapping"));
        return Vec::new();
    };
    let entries = named(map, path, found);
    let mut opts = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        let value = super::fields::string(&format!("{path}.{}", name.value), &entry.value, found);
        let Some(value) = value else { continue };
        if is_variable(&name, found) && is_value(&value, "a value for make", found) {
            opts.push((name.value.to_string(), value.value.to_string()));
        }
    }
    opts
}

impl Environments {
    /// The names and places of all.
    pub(super) fn declared(&self) -> impl Iterator<Item = (&Arc<str>, &Span)> {
        self.all.iter().map(|(name, (span, _))| (name, span))
    }
}
