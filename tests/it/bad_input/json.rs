//! The forms for scripts, as they were promised: these keys are there, with these types. More may be added.

use serde_json::Value;

use super::two_boards;

/// What a value has to be.
enum Is {
    Number,
    Text,
    MaybeText,
    MaybeNumber,
    Word(&'static [&'static str]),
    Texts,
    Labels,
    List(&'static [(&'static str, Is)]),
    Record(&'static [(&'static str, Is)]),
}

const LIST: Is = Is::Record(&[
    ("version", Is::Number),
    (
        "nodes",
        Is::List(&[
            ("name", Is::Text),
            ("kind", Is::Word(&["image", "sdk"])),
            ("labels", Is::Labels),
            ("needs", Is::Texts),
            ("declared", Is::Text),
        ]),
    ),
]);

const PLAN: Is = Is::Record(&[
    ("version", Is::Number),
    (
        "summary",
        Is::Record(&[
            ("total", Is::Number),
            ("fresh", Is::Number),
            ("stale", Is::Number),
            ("restorable", Is::Number),
            ("excluded", Is::Number),
            ("duplicates", Is::Number),
        ]),
    ),
    (
        "nodes",
        Is::List(&[
            ("name", Is::Text),
            ("verdict", Is::Word(&["fresh", "stale", "restorable", "open"])),
            (
                "reasons",
                Is::List(&[
                    ("kind", Is::Text),
                    ("part", Is::MaybeText),
                    ("old", Is::MaybeText),
                    ("new", Is::MaybeText),
                    ("declared", Is::MaybeText),
                ]),
            ),
            ("estimate_s", Is::MaybeNumber),
        ]),
    ),
]);

fn check(value: &Value, expected: &Is, path: &str) {
    let texts =
        |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    let good = match expected {
        Is::Number => value.is_number(),
        Is::Text => value.is_string(),
        Is::MaybeText => value.is_string() || value.is_null(),
        Is::MaybeNumber => value.is_number() || value.is_null(),
        Is::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        Is::Texts => texts(value),
        Is::Labels => value.as_object().is_some_and(|labels| labels.values().all(texts)),
        Is::List(keys) => {
            let items = value.as_array().unwrap_or_else(|| panic!("{path} is a list: {value}"));
            assert!(!items.is_empty(), "{path} proves nothing");
            items
                .iter()
                .enumerate()
                .for_each(|(at, item)| record(item, keys, &format!("{path}[{at}]")));
            true
        }
        Is::Record(keys) => {
            record(value, keys, path);
            true
        }
    };
    assert!(good, "{path}: {value}");
}

fn record(value: &Value, keys: &[(&str, Is)], path: &str) {
    for (key, expected) in keys {
        let inner = value.get(key).unwrap_or_else(|| panic!("{path} has no `{key}`: {value}"));
        check(inner, expected, &format!("{path}.{key}"));
    }
}

#[test]
fn lists_and_plans_have_the_promised_form() {
    let world = two_boards();
    world.edit("machines.json", "\"name\": \"two\",", "\"name\": \"two\", \"sdk\": 1,");
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&world.graph_ok(arguments).stdout).expect("it is JSON")
    };
    let list = json(&["list", "--format", "json"]);
    check(&list, &LIST, "list");
    assert_eq!(list["version"], 1);
    let sdk = &list["nodes"].as_array().expect("a list")[2];
    assert_eq!(sdk["name"], "sdk/two-scarthgap");
    assert_eq!(sdk["needs"], serde_json::json!(["image/two-scarthgap"]));
    assert_eq!(sdk["declared"], "machines.json:5");
    for arguments in [
        &["plan", "--offline", "--format", "json"][..],
        &["plan", "--offline", "--format", "json", "--all"],
        &["plan", "--offline", "--format", "json", "image/one-scarthgap"],
    ] {
        let plan = json(arguments);
        check(&plan, &PLAN, "plan");
        assert_eq!(plan["version"], 1);
    }
}
