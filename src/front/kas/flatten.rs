//! A chain as one file without includes, with a commit for every clone: what `kas dump --resolve-refs` prints.
//! Asks nobody for a commit.
//!
//! As in `kas/plugins/dump.py`, a commit stands where the chain has one, or else last in its repository, and
//! `overrides` are gone, because what they said is in place. kas drops the `branch` of an override as well, and then
//! checks a commit of one branch against another; here it is folded in.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Span;
use crate::front::kas::effective::{Effective, EffectiveRepo};
use crate::front::kas::merged::Merged;
use crate::front::yaml::{Entry, Key, Map, Node, Value};

/// The merged configuration, flattened and pinned; `commits` has those of the repositories that float, by id.
#[must_use]
pub fn flattened(
    merged: &Merged,
    effective: &Effective,
    commits: &BTreeMap<Arc<str>, Arc<str>>,
) -> Arc<Node> {
    let mut config = Arc::clone(&merged.config);
    let overrides = config.get("overrides").and_then(|all| all.get("repos")).map(Arc::clone);
    let Value::Map(top) = &mut Arc::make_mut(&mut config).value else { return config };
    top.shift_remove(&Key::from("overrides"));
    let Some(repos) = top.get_mut(&Key::from("repos")) else { return config };
    let Value::Map(repos) = &mut Arc::make_mut(&mut repos.value).value else { return config };
    for repo in effective.repos.iter().filter(|repo| !repo.is_local()) {
        let Some(entry) = repos.get_mut(&Key::from(&*repo.id)) else { continue };
        let Value::Map(map) = &mut Arc::make_mut(&mut entry.value).value else { continue };
        let overrides = overrides.as_ref().and_then(|all| all.get(&repo.id));
        pin(map, repo, overrides.map(|node| &**node), commits.get(&repo.id));
    }
    config
}

fn pin(map: &mut Map, repo: &EffectiveRepo, overrides: Option<&Node>, found: Option<&Arc<str>>) {
    for key in ["url", "branch"] {
        if let Some(entry) = overrides.and_then(|node| node.entry(key)) {
            set(map, key, &entry.value.value, &entry.key_span);
        }
    }
    let key = if repo.refspec.is_some() { "refspec" } else { "commit" };
    let declared = if repo.refspec.is_some() { &repo.refspec } else { &repo.commit };
    let declared = declared.as_ref().map(|text| &text.value);
    if let Some(commit) = found.or(declared) {
        set(map, key, &Value::Str(Arc::clone(commit)), &repo.span);
    }
}

fn set(map: &mut Map, key: &str, value: &Value, span: &Span) {
    let node = |span: &Span| Arc::new(Node { value: value.clone(), span: span.clone() });
    match map.get_mut(&Key::from(key)) {
        Some(entry) => entry.value = node(&entry.value.span),
        None => {
            let entry = Entry { key_span: span.clone(), value: node(span) };
            map.insert(Key::from(key), entry);
        }
    }
}

/// The same configuration, with its keys in the order in which an earlier one has them; a key that is new comes after
/// the one that it follows. To kas the order of keys is nothing: it sorts what it writes.
#[must_use]
pub fn in_order_of(config: &Arc<Node>, earlier: &Node) -> Arc<Node> {
    let (Some(map), Some(model)) = (config.as_map(), earlier.as_map()) else {
        return Arc::clone(config);
    };
    let mut keys: Vec<&Key> = model.keys().filter(|key| map.contains_key(*key)).collect();
    let mut before = None;
    for key in map.keys() {
        if !model.contains_key(key) {
            let follows = keys.iter().position(|known| Some(*known) == before);
            keys.insert(follows.map_or(0, |at| at + 1), key);
        }
        before = Some(key);
    }
    let ordered = keys.into_iter().filter_map(|key| {
        let (key, entry) = map.get_key_value(key)?;
        let value = match model.get(key) {
            Some(model) => in_order_of(&entry.value, &model.value),
            None => Arc::clone(&entry.value),
        };
        Some((key.clone(), Entry { key_span: entry.key_span.clone(), value }))
    });
    Arc::new(Node { value: Value::Map(ordered.collect()), span: config.span.clone() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{flattened, in_order_of};
    use crate::front::kas::testing::{json, yaml};
    use crate::front::kas::{Demands, Effective, Merged};

    fn check(text: &str, commits: &[(&str, &str)], expect: &str) {
        let merged = Merged {
            config: yaml("a.yaml", text),
            files: Vec::new(),
            missing_repos: Vec::new(),
            to_clone: Vec::new(),
            warnings: crate::diagnostic::Diagnostics::default(),
            demands: Demands::default(),
            top_dir: "/".into(),
        };
        let (effective, _) = Effective::of(&merged).expect("it means something");
        let commits: BTreeMap<_, _> =
            commits.iter().map(|(id, commit)| ((*id).into(), (*commit).into())).collect();
        assert_eq!(json(&flattened(&merged, &effective, &commits)), expect, "{text}");
    }

    #[test]
    fn commits_stand_where_kas_puts_them() {
        check(
            "{header: {version: 14}, repos: {me: , p: {url: u, branch: b, path: x}}}",
            &[("p", "1")],
            r#"{"header":{"version":14},"repos":{"me":null,"p":{"url":"u","branch":"b","path":"x","commit":"1"}}}"#,
        );
        check(
            "{header: {version: 14}, repos: {p: {commit: '2', url: u}}}",
            &[],
            r#"{"header":{"version":14},"repos":{"p":{"commit":"2","url":"u"}}}"#,
        );
        check(
            "{header: {version: 14}, repos: {p: {url: u, refspec: b}}}",
            &[("p", "1")],
            r#"{"header":{"version":14},"repos":{"p":{"url":"u","refspec":"1"}}}"#,
        );
    }

    #[test]
    fn an_earlier_order_is_kept() {
        let config = yaml("a.yaml", "{z: 0, a: 1, b: {x: 1, y: 2}, c: [2, 1]}");
        let earlier = yaml("b.yaml", "{c: [1, 2], b: {y: 2, x: 0, w: 0}, a: 5, gone: 1}");
        let expect = r#"{"z":0,"c":[2,1],"b":{"y":2,"x":1},"a":1}"#;
        assert_eq!(json(&in_order_of(&config, &earlier)), expect);
        let config = yaml("a.yaml", "{a: 1, n: 0, m: 0, b: 2}");
        let expect = r#"{"b":2,"a":1,"n":0,"m":0}"#;
        assert_eq!(json(&in_order_of(&config, &yaml("b.yaml", "{b: 1, a: 1}"))), expect);
    }

    #[test]
    fn overrides_are_folded_in() {
        check(
            "{header: {version: 14}, repos: {p: {url: u, branch: b}}, \
             overrides: {repos: {p: {commit: '3', branch: c}}}}",
            &[],
            r#"{"header":{"version":14},"repos":{"p":{"url":"u","branch":"c","commit":"3"}}}"#,
        );
    }
}
