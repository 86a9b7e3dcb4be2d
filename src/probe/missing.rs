//! What should be there and is not, said once each, however many nodes wait for it. Observes nothing.

use std::collections::{BTreeMap, HashSet};

use graph::facts::{Fact, Facts};
use graph::spec::{Node, Role, Source};

use super::tool::package_hint;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// The files that should be there and are not: each is one warning, however many nodes read it.
pub(super) fn missing_files<'g>(
    nodes: impl Iterator<Item = &'g Node>,
    facts: &Facts,
) -> Diagnostics {
    let mut missing = Diagnostics::default();
    // A million nodes need not be asked for what is not there if all is.
    let is_gone = |(source, fact): (&Source, &Fact)| {
        matches!(source, Source::File(_) | Source::Series(_)) && *fact == Fact::Missing
    };
    if !facts.iter().any(is_gone) {
        return missing;
    }
    let mut seen: HashSet<&str> = HashSet::new();
    for input in nodes.flat_map(|node| &node.inputs) {
        let (Source::File(path) | Source::Series(path)) = &input.source else { continue };
        if facts.get(&input.source) == Fact::Missing && seen.insert(path) {
            let problem = Diagnostic::warning(format!("there is no `{path}` ({})", input.part));
            missing.push(match &input.declared {
                Some(place) => problem.hint(format!("{place} names it, and kas fails without it")),
                None => problem,
            });
        }
    }
    missing
}

/// The programs that are not there or do not tell what they are: each is one warning, with what it holds back. What is
/// wrong with kas is said where it is run.
pub(super) fn missing_tools<'g>(
    nodes: impl Iterator<Item = &'g Node>,
    facts: &Facts,
) -> Diagnostics {
    let is_unknown = |(source, fact): (&Source, &Fact)| {
        matches!((source, fact), (Source::Tool(_), Fact::Unknown(_)))
    };
    if !facts.iter().any(is_unknown) {
        return Diagnostics::default();
    }
    let mut waiting: BTreeMap<&Source, usize> = BTreeMap::new();
    for node in nodes {
        let tools = node.inputs.iter().filter(|input| input.role == Role::Key);
        let tools = tools.map(|input| &input.source);
        let is_asked = |source: &&Source| matches!(source, Source::Tool(name) if &**name != "kas");
        for tool in tools.filter(is_asked).collect::<HashSet<_>>() {
            *waiting.entry(tool).or_default() += 1;
        }
    }
    let problem = |(source, count): (&Source, usize)| {
        let (Source::Tool(name), Fact::Unknown(why)) = (source, facts.get(source)) else {
            return None;
        };
        let nodes =
            if count == 1 { "one node waits".to_owned() } else { format!("{count} nodes wait") };
        let problem = Diagnostic::warning(format!("{why}, and {nodes} for it"));
        Some(match package_hint(name) {
            Some(hint) => problem.hint(hint),
            None => problem,
        })
    };
    waiting.into_iter().filter_map(problem).collect()
}
