//! Reads `machines.json` and checks every value of it, with all problems at once. Reads no kas file.

use std::collections::HashMap;
use std::sync::Arc;

use super::fields::{Fields, did_you_mean, items, misfit};
use super::words::{check_name, check_target, globs};
use crate::diagnostic::{Diagnostic, Diagnostics, SourceText, Span};
use crate::front::kas::{Chain, Text};
use crate::front::yaml::{Int, Node, Value, parse_json};

const WORKFLOWS: &[&str] = &["manual", "onpush", "tag"];
const TOP: &[&str] = &["yocto_branch", "machines"];
const MACHINE: &[&str] =
    &["name", "config", "workflows", "build_target", "output", "sdk", "pvtest"];

/// What a machine means that does not say so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// The target; empty: those of its kas files.
    pub build_target: String,
    /// Globs over file names in `deploy/images/*/`, separated by spaces.
    pub output: String,
}

/// A file of machines.
#[derive(Debug, Clone)]
pub struct Machines {
    /// The branch of Yocto that all of them are built with.
    pub yocto_branch: Text,
    /// The machines, in order.
    pub machines: Vec<Machine>,
}

/// One machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its name.
    pub name: Text,
    /// The kas files that make it.
    pub chain: Chain,
    /// Where the chain was written.
    pub config: Span,
    /// The workflows that build it.
    pub workflows: Vec<Text>,
    /// What is built; `None`: what its kas files name.
    pub target: Option<Text>,
    /// Globs over file names in `deploy/images/*/`, each of which must match.
    pub outputs: Vec<String>,
    /// Whether it has an SDK.
    pub has_sdk: bool,
    /// Its test suites.
    pub pvtest: Vec<Text>,
}

/// Reads a file of machines: those that can be understood, and everything that is wrong with it. A machine whose name
/// is no name is not among them, so that nothing is looked up under it.
#[must_use]
pub fn read(source: &Arc<SourceText>, defaults: &Defaults) -> (Option<Machines>, Diagnostics) {
    match parse_json(source) {
        Ok((root, mut found)) => (top(&root, defaults, &mut found), found),
        Err(found) => (None, found),
    }
}

fn top(root: &Node, defaults: &Defaults, found: &mut Diagnostics) -> Option<Machines> {
    let fields = Fields::of(root, "", TOP, found)?;
    let branch = fields
        .required_text("yocto_branch", found)
        .filter(|branch| check_name("yocto_branch", branch, found));
    let list = fields.required("machines", found);
    let list = list.map_or_else(Vec::new, |list| items("machines", list, found));
    let machines: Vec<Machine> =
        list.into_iter().filter_map(|(path, node)| machine(node, &path, defaults, found)).collect();
    let mut names: HashMap<&str, &Text> = HashMap::new();
    for machine in &machines {
        if let Some(first) = names.get(&*machine.name.value) {
            found.push(duplicate(&machine.name, first));
        } else {
            names.insert(&machine.name.value, &machine.name);
        }
    }
    Some(Machines { yocto_branch: branch?, machines })
}

/// Two machines of one name.
pub(super) fn duplicate(second: &Text, first: &Text) -> Diagnostic {
    Diagnostic::error(format!("there are two machines `{}`", second.value.escape_debug()))
        .at(&second.span)
        .related(&first.span, "the first is here")
}

fn machine(
    node: &Node,
    path: &str,
    defaults: &Defaults,
    found: &mut Diagnostics,
) -> Option<Machine> {
    let fields = Fields::of(node, path, MACHINE, found)?;
    let name = fields.required_text("name", found).filter(|name| check_name("name", name, found));
    let config = fields.required_text("config", found);
    let chain = config.as_ref().and_then(|text| match Chain::parse(&text.value) {
        Ok(chain) => Some(chain.declared_at(&text.span)),
        Err(problem) => {
            found.push(problem.at(&text.span));
            None
        }
    });
    let workflows = fields.texts("workflows", found);
    for workflow in workflows.iter().filter(|workflow| !WORKFLOWS.contains(&&*workflow.value)) {
        let problem = format!("unknown workflow `{}`", workflow.value.escape_debug());
        let hint = did_you_mean(&workflow.value, WORKFLOWS);
        found.push(Diagnostic::error(problem).at(&workflow.span).hint(hint));
    }
    let pvtest = fields.texts("pvtest", found);
    pvtest.iter().for_each(|suite| check_suite(suite, found));
    let target = target(&fields, node, defaults, found);
    let outputs = match fields.node("output") {
        Some(node) => {
            fields.text("output", found).map(|text| globs(&text.value, Some(&node.span), found))
        }
        None => Some(globs(&defaults.output, None, found)),
    };
    let has_sdk = has_sdk(&fields, found);
    Some(Machine {
        name: name?,
        chain: chain?,
        config: config?.span,
        workflows,
        target,
        outputs: outputs?,
        has_sdk,
        pvtest,
    })
}

/// Absent means the default; empty means the targets of the kas files.
fn target(
    fields: &Fields<'_>,
    node: &Node,
    defaults: &Defaults,
    found: &mut Diagnostics,
) -> Option<Text> {
    let target = match fields.node("build_target") {
        Some(_) => fields.text("build_target", found)?,
        None => Text { value: defaults.build_target.as_str().into(), span: node.span.clone() },
    };
    if target.value.is_empty() {
        return None;
    }
    check_target(&target, found);
    Some(target)
}

/// `jq '.sdk == 1'`, as the CI that this format is from asks.
fn has_sdk(fields: &Fields<'_>, found: &mut Diagnostics) -> bool {
    let Some(node) = fields.node("sdk") else { return false };
    match &node.value {
        Value::Int(Int::Small(1)) => return true,
        Value::Int(Int::Small(0)) | Value::Bool(false) | Value::Null => {}
        Value::Int(_) | Value::Bool(true) => found.push(
            Diagnostic::warning(format!("`{}` counts only if it is 1", fields.path("sdk")))
                .at(&node.span),
        ),
        _ => found.push(misfit(&fields.path("sdk"), node, "0 or 1")),
    }
    false
}

fn check_suite(suite: &Text, found: &mut Diagnostics) {
    let mut segments = suite.value.split('/');
    let known = matches!(segments.next(), Some("local" | "remote"));
    if !known || segments.any(|segment| matches!(segment, "" | "." | "..")) {
        let problem = format!("`{}` is not a test suite", suite.value.escape_debug());
        found.push(
            Diagnostic::error(problem)
                .at(&suite.span)
                .hint("`local`, `remote`, or a path below one of them"),
        );
    }
}
