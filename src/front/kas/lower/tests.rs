//! The parts and the generated file, over random configurations.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use graph::digest::Digest;
use graph::facts::{Fact, Facts};
use graph::fingerprint::fingerprint;
use graph::name::NodeName;
use graph::resource::Pool;
use graph::spec::{Action, Node, Piece, Place, Role, Source, Template};
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;
use proptest::{option, prop_assert, prop_assert_eq, prop_assume, proptest};
use serde_json::{Map, Value as Json, json};

use super::{Ground, generated_file, inputs, statements};
use crate::diagnostic::{Diagnostics, SourceText};
use crate::front::kas::{Demands, Effective, Merged};
use crate::front::yaml::{Node as Yaml, parse_json, parse_yaml};

const COMMIT: &str = "0123456789012345678901234567890123456789";

fn ground() -> Ground {
    Ground::new("/project it's", vec!["/README*".to_owned()], BTreeSet::new(), Role::Stamp)
}

fn source(text: &str) -> Arc<SourceText> {
    Arc::new(SourceText::new("kas/a.yaml", text))
}

fn merged(config: Arc<Yaml>) -> Merged {
    Merged {
        config,
        files: Vec::new(),
        missing_repos: Vec::new(),
        to_clone: Vec::new(),
        warnings: Diagnostics::default(),
        demands: Demands::default(),
        top_dir: PathBuf::from("/project it's"),
    }
}

/// A configuration with its meaning; `None` if kas would refuse it.
fn configured(config: &Json) -> Option<(Merged, Effective)> {
    let merged = merged(parse_json(&source(&config.to_string())).expect("it is JSON").0);
    let (effective, _) = Effective::of(&merged).ok()?;
    Some((merged, effective))
}

/// The file, with every hole filled.
fn text((merged, effective): &(Merged, Effective)) -> String {
    let Template(pieces) = generated_file(merged, effective, &ground());
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.to_string(),
        Piece::Fact(Source::Secret(text)) => text.to_string(),
        Piece::Fact(_) => COMMIT.to_owned(),
        Piece::Dir(_) => panic!("directories are written with their quotes"),
    };
    pieces.iter().map(piece).collect()
}

/// The key of a node with these parts, where every fact is known.
fn key((merged, effective): &(Merged, Effective)) -> Digest {
    let mut found = Diagnostics::default();
    let inputs = inputs(merged, effective, &ground(), &mut found);
    let facts: Facts =
        inputs.iter().map(|input| (input.source.clone(), Fact::text(COMMIT))).collect();
    let node = Node {
        name: NodeName::new("image", ["a"]).expect("it is a name"),
        labels: Vec::new().into(),
        inputs: inputs.into(),
        needs: Vec::new(),
        action: Action::default(),
        outputs: Vec::new().into(),
        declared: Place::file("machines.json"),
        pool: Pool::Build,
        unresolved: Vec::new(),
    };
    fingerprint(&node, &facts, |_| None, None).key.expect("every fact is known")
}

/// Words in which YAML's readers see more than text.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,3}",
        "[ \\t\\n'\"\\\\:#{}\\[\\],&*!|>%@`?=~0-9a-z.-]{0,12}",
        any::<String>(),
        Just("yes".to_owned()),
        Just("0o17".to_owned()),
        Just("1:30".to_owned()),
        Just("\u{85}\u{2028}\u{feff}\u{7f}".to_owned()),
        Just("  a\n\n  b\n ".to_owned()),
        Just("x".repeat(1200)),
    ]
}

fn repos() -> impl Strategy<Value = Json> {
    let pin = prop_oneof![
        Just(json!({"commit": COMMIT})),
        Just(json!({"commit": "1".repeat(40)})),
        "[a-c]{1,2}".prop_map(|branch| json!({"branch": branch})),
        "[a-c]{1,2}".prop_map(|tag| json!({"tag": tag, "branch": null})),
        "[a-c]".prop_map(|branch| json!({"branch": branch, "commit": COMMIT})),
    ];
    let layer = prop_oneof![
        Just(Json::Null),
        Just(json!("disabled")),
        (-2..3).prop_map(|prio| json!({"prio": prio}))
    ];
    let clone = (
        pin,
        option::of(btree_map("[a-c.]", layer.clone(), 0..3)),
        option::of("[a-c]{1,2}"),
        btree_map("[a-c]", "[a-c]{1,2}", 0..2),
    )
        .prop_map(|(pin, layers, path, patches)| {
            let mut repo = pin;
            repo["url"] = json!("https://example.com/a");
            let all = [
                ("layers", layers.map(|layers| json!(layers))),
                ("path", path.map(|path| json!(path))),
            ];
            all.into_iter().for_each(|(key, value)| {
                if let Some(value) = value {
                    repo[key] = value;
                }
            });
            repo["patches"] = patches
                .into_iter()
                .map(|(id, path)| (id, json!({"repo": "own", "path": path})))
                .collect::<Map<_, _>>()
                .into();
            repo
        });
    let local = prop_oneof![
        Just(Json::Null),
        option::of(btree_map("[a-c]", layer, 0..3))
            .prop_map(|layers| json!({"path": "sub", "layers": layers.unwrap_or_default()}))
    ];
    let entry = prop_oneof![3 => clone, 1 => local];
    btree_map("[a-c]{1,2}", entry, 0..4).prop_map(|repos| {
        let mut repos = json!(repos);
        repos["own"] = Json::Null;
        repos
    })
}

fn configs() -> impl Strategy<Value = Json> {
    let headers = || btree_map(texts(), texts(), 0..4);
    let env = btree_map("[A-Z_]{1,4}", option::of(texts()), 0..3);
    let words = (
        option::of("[a-z]{1,4}"),
        option::of(texts()),
        option::of("[a-z]{1,4}"),
        option::of("oe|isar"),
    );
    (
        words,
        option::of(vec("[a-z:]{1,4}", 0..3)),
        env,
        (headers(), headers()),
        repos(),
        option::of(texts()),
    )
        .prop_map(
            |(
                (machine, distro, task, build_system),
                target,
                env,
                (local, layers),
                repos,
                signer,
            )| {
                let mut config = json!({
                    "header": {"version": 14}, "env": env, "repos": repos,
                    "local_conf_header": local, "bblayers_conf_header": layers,
                });
                let words = [
                    ("machine", machine),
                    ("distro", distro),
                    ("task", task),
                    ("build_system", build_system),
                ];
                words.into_iter().for_each(|(key, word)| {
                    if let Some(word) = word {
                        config[key] = json!(word);
                    }
                });
                if let Some(target) = target {
                    config["target"] = json!(target);
                }
                if let Some(signer) = signer {
                    config["signers"] = json!({"a.b": {"type": "gpg", "path": signer}});
                }
                config
            },
        )
}

/// Paths of all values, `header` aside.
fn places(value: &Json, path: &str, all: &mut Vec<String>) {
    if let Json::Object(map) = value {
        for (key, value) in map.iter().filter(|(key, _)| *key != "header") {
            let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
            all.push(path.clone());
            places(value, &path, all);
        }
    }
}

fn reversed(value: &Json) -> Json {
    match value {
        Json::Object(map) => map
            .iter()
            .rev()
            .map(|(key, value)| (key.clone(), reversed(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// Every statement but the paths of local repositories, which the file has in absolute form, and commits, which it
/// has where the configuration has a branch.
fn said((_, effective): &(Merged, Effective)) -> BTreeSet<(String, String)> {
    let local = |part: &str| {
        effective
            .repos
            .iter()
            .any(|repo| repo.is_local() && part == format!("repos.{}.path", repo.id))
    };
    let all = statements(effective)
        .into_iter()
        .filter(|said| !local(&said.part) && !said.part.ends_with(".commit"));
    let env =
        effective.env.iter().map(|variable| (format!("env.{}", variable.name), String::new()));
    all.map(|said| (said.part.to_string(), said.value.to_string())).chain(env).collect()
}

proptest! {
    #[test]
    fn the_file_says_what_the_configuration_says(config in configs()) {
        let configured = configured(&config);
        prop_assume!(configured.is_some());
        let configured = configured.expect("assumed");
        let text = text(&configured);
        let again = merged(parse_yaml(&source(&text)).map_err(|problems| format!("{problems:?}\n{text}")).expect("it is YAML").0);
        let (effective, _) = Effective::of(&again).expect("kas takes it");
        prop_assert_eq!(said(&configured), said(&(again, effective)), "{}", text);
    }

    #[test]
    fn order_changes_neither_key_nor_file(config in configs()) {
        let (one, other) = (configured(&config), configured(&reversed(&config)));
        prop_assume!(one.is_some());
        let (one, other) = (one.expect("assumed"), other.expect("order is no error"));
        prop_assert_eq!(text(&one), text(&other));
        prop_assert_eq!(key(&one), key(&other));
    }

    #[test]
    fn another_file_is_another_key(config in configs(), other in configs(), at in any::<Index>(), delete in any::<bool>()) {
        let mut all = Vec::new();
        places(&config, "", &mut all);
        let place = at.get(&all);
        let mut changed = config.clone();
        if delete {
            let (parent, last) = place.rsplit_once('/').expect("it begins with one");
            let last = last.replace("~1", "/").replace("~0", "~");
            changed.pointer_mut(parent).and_then(Json::as_object_mut).expect("it has it").remove(&last);
        } else {
            let donor = other.pointer(place).cloned().unwrap_or_else(|| json!("another"));
            *changed.pointer_mut(place).expect("it is there") = donor;
        }
        let (one, two) = (configured(&config), configured(&changed));
        prop_assume!(one.is_some() && two.is_some());
        let (one, two) = (one.expect("assumed"), two.expect("assumed"));
        prop_assert!(text(&one) == text(&two) || key(&one) != key(&two), "{}\n{}", text(&one), text(&two));
    }
}

#[test]
fn a_comment_changes_nothing_and_a_ref_is_worth_its_commit() {
    let read = |text: &str| {
        let merged = merged(parse_yaml(&source(text)).expect("it is YAML").0);
        let (effective, _) = Effective::of(&merged).expect("it is good");
        (merged, effective)
    };
    let floating = "header: {version: 14}\nrepos: {a: {url: u, branch: main}}\n";
    let commented = "# a word\nheader: {version: 14}\n\nrepos:\n  a:\n    branch: 'main' # another\n    url: u\n";
    let pinned = format!(
        "header: {{version: 14}}\nrepos: {{a: {{url: u, branch: main, commit: '{COMMIT}'}}}}\n"
    );
    for other in [commented, &pinned] {
        assert_eq!(key(&read(floating)), key(&read(other)));
        assert_eq!(text(&read(floating)), text(&read(other)));
    }
}

#[test]
fn the_file_is_readable() {
    let yaml = "header: {version: 14}\nmachine: rpi\nenv: {TOKEN: x, OUT: null}\n\
        local_conf_header: {10: 'a', 9: \"INHERIT += \\\"rm_work\\\"\\n  x\\n\"}\n\
        repos: {own: null, poky: {url: 'https://u:secret@example.com/poky', branch: main, layers: {meta: {prio: 5}},\n\
        patches: {fit: {repo: own, path: fit.patch}}}, x: {path: sub, layers: {a: disabled}}}\n";
    let merged = merged(parse_yaml(&source(yaml)).expect("it is YAML").0);
    let (effective, _) = Effective::of(&merged).expect("it is good");
    let mut found = Diagnostics::default();
    let parts = inputs(&merged, &effective, &ground(), &mut found);
    insta::assert_snapshot!(text(&(merged, effective)), @r#"
    # Generated by graph: flattened and pinned. What was hashed is what is built.
    _source_dir: '/project it''s'
    env:
      'OUT': null
      'TOKEN': null
    header:
      version: 14
    local_conf_header:
      9: "\
        INHERIT += \"rm_work\"\n\
        \  x\n"
      10: 'a'
    machine: 'rpi'
    repos:
      own:
        path: '/project it''s'
      poky:
        branch: 'main'
        commit: '0123456789012345678901234567890123456789'
        layers:
          meta:
            prio: 5
        patches:
          fit:
            path: 'fit.patch'
            repo: 'own'
        url: "https://u:secret@example.com/poky"
      x:
        layers:
          '.': 'disabled'
        path: '/project it''s/sub'
    "#);
    let line = |input: &graph::spec::Input| {
        let place = input.declared.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{} = {:?} @{place}", input.part, input.source)
    };
    insta::assert_snapshot!(parts.iter().map(line).collect::<Vec<_>>().join("\n"), @r#"
    machine = Value("rpi") @kas/a.yaml:2
    local_conf_header.9 = Value("INHERIT += \"rm_work\"\n  x\n") @kas/a.yaml:4
    local_conf_header.10 = Value("a") @kas/a.yaml:4
    local_conf_header (order) = Value("by number") @
    repos.own.layers = Value("prio 0") @kas/a.yaml:5
    repos.poky.layers.meta = Value("prio 5") @kas/a.yaml:5
    repos.poky.url = Value("https://example.com/poky") @kas/a.yaml:5
    repos.poky.branch = Value("main") @kas/a.yaml:5
    repos.poky.patches.fit = Value("own:fit.patch") @kas/a.yaml:6
    repos.x.path = Value("sub") @kas/a.yaml:6
    repos.x.layers = Value("none") @kas/a.yaml:6
    env.TOKEN = Env(Variable { name: "TOKEN", default: Some("x") }) @kas/a.yaml:3
    env.OUT = Env(Variable { name: "OUT", default: None }) @kas/a.yaml:3
    local own = Tree(Tree { dir: ".", ignore: ["/README*"], except: [] }) @kas/a.yaml:5
    repos.poky.commit = Ref(RemoteRef { url: "https://u:secret@example.com/poky", name: "refs/heads/main" }) @kas/a.yaml:5
    patch poky/fit = File("fit.patch") @kas/a.yaml:6
    local x = Tree(Tree { dir: "sub", ignore: ["/README*"], except: [] }) @kas/a.yaml:6
    tool kas = Tool("kas") @
    describe = Describe(".") @
    "#);
}
