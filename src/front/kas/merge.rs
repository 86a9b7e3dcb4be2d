//! The merge of kas files (`_internal_dict_merge` of `kas/includehandler.py`): mappings merge and keep the order of
//! first appearance; everything else, null too, replaces. Knows no key but `header`.

use std::sync::Arc;

use crate::front::yaml::{Int, Map, Named, Node, Value};

/// Merges a later file over what is there. What is not merged is shared, not copied.
pub(super) fn merge_over(below: &mut Arc<Node>, above: &Arc<Node>) {
    if below.as_map().is_none() || above.as_map().is_none() {
        *below = Arc::clone(above);
        return;
    }
    let below = Arc::make_mut(below);
    below.span = above.span.clone();
    if let (Value::Map(below), Value::Map(above)) = (&mut below.value, &above.value) {
        merge_maps(below, above);
    }
}

fn merge_maps(below: &mut Map, above: &Map) {
    for (key, new) in above {
        match below.get_mut(key) {
            Some(old) => {
                old.key_span = new.key_span.clone();
                merge_over(&mut old.value, &new.value);
            }
            None => {
                below.insert(key.clone(), new.clone());
            }
        }
    }
}

/// Ends a merge: the version is the highest of all files, and includes are done with.
pub(super) fn finish(config: &mut Arc<Node>, version: i64) {
    let Value::Map(map) = &mut Arc::make_mut(config).value else { return };
    let Some(header) = map.get_mut(&Named("header")) else { return };
    let Value::Map(header) = &mut Arc::make_mut(&mut header.value).value else { return };
    header.shift_remove(&Named("includes"));
    if let Some(entry) = header.get_mut(&Named("version")) {
        Arc::make_mut(&mut entry.value).value = Value::Int(Int::Small(version));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::kas::testing::{json, yaml};

    fn check(below: &str, above: &str, expect: &str) {
        let mut merged = yaml("below.yaml", below);
        merge_over(&mut merged, &yaml("above.yaml", above));
        assert_eq!(json(&merged), expect, "{below} under {above}");
    }

    #[test]
    fn later_files_win_and_first_appearance_orders() {
        check("{a: 1, b: 2}", "{c: 3, a: 4}", r#"{"a":4,"b":2,"c":3}"#);
        check("{m: {x: 1, y: 2}}", "{m: {z: 3, x: 4}}", r#"{"m":{"x":4,"y":2,"z":3}}"#);
        check("{m: {x: 1}}", "{n: {y: 2}}", r#"{"m":{"x":1},"n":{"y":2}}"#);
    }

    #[test]
    fn lists_scalars_and_nulls_replace() {
        check("{l: [1, 2]}", "{l: [3]}", r#"{"l":[3]}"#);
        check("{m: {x: 1}}", "{m: [1]}", r#"{"m":[1]}"#);
        check("{m: [1]}", "{m: {x: 1}}", r#"{"m":{"x":1}}"#);
        check("{m: {x: 1}}", "{m: }", r#"{"m":null}"#);
        check("{m: }", "{m: {x: 1}}", r#"{"m":{"x":1}}"#);
        check("{m: {x: 1}}", "{m: {}}", r#"{"m":{"x":1}}"#);
    }

    #[test]
    fn what_is_merged_stays_as_it_was_in_its_own_file() {
        let first = yaml("a.yaml", "{m: {x: 1}, l: [1]}");
        let mut merged = Arc::clone(&first);
        merge_over(&mut merged, &yaml("b.yaml", "{m: {x: 2}}"));
        assert_eq!(json(&first), r#"{"m":{"x":1},"l":[1]}"#);
        let shared = |node: &Arc<Node>| Arc::as_ptr(node.get("l").expect("it has an l"));
        assert_eq!(shared(&first), shared(&merged), "what was not touched is shared");
    }

    #[test]
    fn a_leaf_knows_the_file_that_won() {
        let mut merged = yaml("a.yaml", "m:\n  x: 1\n  y: 2\n");
        merge_over(&mut merged, &yaml("b.yaml", "k: 0\nm:\n  x: 3\n"));
        let place =
            |key| merged.get("m").and_then(|m| m.get(key)).expect("it is there").span.place();
        assert_eq!(place("x").to_string(), "b.yaml:3");
        assert_eq!(place("y").to_string(), "a.yaml:3");
    }

    #[test]
    fn the_end_of_a_merge_raises_the_version_and_drops_includes() {
        let mut merged =
            yaml("a.yaml", "{header: {version: '0.10', includes: [b.yaml]}, machine: m}");
        finish(&mut merged, 14);
        assert_eq!(json(&merged), r#"{"header":{"version":14},"machine":"m"}"#);
    }
}
