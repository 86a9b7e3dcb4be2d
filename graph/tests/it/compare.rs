//! Two sides of a change: what is told of each node, and that it agrees with the plan that follows a build of the old side.

use std::sync::Arc;

use graph::compare::{Absence, Change, Comparison, Exclusion, Side, compare};
use graph::facts::{Fact, Facts};
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::spec::{Input, Node, Place, Role, Source, Spec};
use graph::verdict::{Reason, Verdict};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::{prop_assert, prop_assert_eq, prop_assert_ne, proptest};

use crate::world::{Course, World, file, input, name, node};

fn undeclared(_: &NodeName) -> Absence {
    Absence::Undeclared
}

fn graph(nodes: Vec<Node>) -> Graph {
    Graph::build(Spec { nodes }).unwrap()
}

fn whole<'a>(graph: &'a Graph, facts: &'a Facts, all: &'a [NodeId]) -> Side<'a> {
    Side { graph, facts, wanted: all, absence: &undeclared }
}

fn compared((old, was): (&Graph, &Facts), (new, is): (&Graph, &Facts)) -> Comparison {
    let (all_old, all_new): (Vec<NodeId>, Vec<NodeId>) = (old.ids().collect(), new.ids().collect());
    compare(&whole(old, was, &all_old), &whole(new, is, &all_new))
}

fn facts(files: &[(&str, &str)]) -> Facts {
    files.iter().map(|(path, text)| (file(path), Fact::text(text))).collect()
}

/// A node that is made of one file.
fn made_of(text: &str, path: &str, needs: &[&str]) -> Node {
    let mut node = node(text, needs);
    node.inputs = vec![input("content", path, Role::Key)].into();
    node
}

fn told(comparison: &Comparison) -> Vec<(String, &Change)> {
    comparison.entries.iter().map(|entry| (entry.name.to_string(), &entry.change)).collect()
}

#[test]
fn what_changed_is_told_with_both_values_and_what_needs_it_follows() {
    let nodes = || {
        vec![
            made_of("config/a", "a", &[]),
            made_of("config/b", "b", &[]),
            made_of("kernel/a", "k", &["config/a"]),
            made_of("kernel/b", "k", &["config/b"]),
        ]
    };
    let (old, new) = (graph(nodes()), graph(nodes()));
    let was = facts(&[("a", "1"), ("b", "1"), ("k", "1")]);
    let is = facts(&[("a", "2"), ("b", "1"), ("k", "1")]);
    let comparison = compared((&old, &was), (&new, &is));
    assert_eq!(comparison.unchanged, 2);
    let [(config, changed), (kernel, follows)] = &told(&comparison)[..] else {
        panic!("{comparison:?}");
    };
    assert_eq!((config.as_str(), kernel.as_str()), ("config/a", "kernel/a"));
    let Change::Changed(reasons) = changed else { panic!("{changed:?}") };
    let [Reason::Changed { old, new }] = &reasons[..] else { panic!("{reasons:?}") };
    assert_eq!((&*old.shown, &*new.shown), ("1", "2"));
    assert_eq!(**follows, Change::Follows(vec![name("config/a")]));
}

#[test]
fn a_name_that_goes_and_one_that_comes_with_the_same_parts_are_one_node() {
    let was = facts(&[("a", "1"), ("k", "1")]);
    let old = graph(vec![made_of("config/a", "a", &[]), made_of("kernel/a", "k", &["config/a"])]);
    let new = graph(vec![made_of("config/z", "a", &[]), made_of("kernel/a", "k", &["config/z"])]);
    let comparison = compared((&old, &was), (&new, &was));
    let from = name("config/a");
    assert_eq!(told(&comparison), [("config/z".to_owned(), &Change::Renamed { from })]);
    assert_eq!(comparison.unchanged, 1, "what needs it does not care what it is called");
}

#[test]
fn a_need_that_comes_or_goes_is_a_reason() {
    let all = facts(&[("a", "1"), ("k", "1")]);
    let alone = graph(vec![made_of("config/a", "a", &[]), made_of("kernel/a", "k", &[])]);
    let with = graph(vec![made_of("config/a", "a", &[]), made_of("kernel/a", "k", &["config/a"])]);
    for (old, new, comes) in [(&alone, &with, true), (&with, &alone, false)] {
        let comparison = compared((old, &all), (new, &all));
        let [(_, Change::Changed(reasons))] = &told(&comparison)[..] else {
            panic!("{comparison:?}");
        };
        match &reasons[..] {
            [Reason::Added(part)] if comes => assert_eq!(&*part.name, "need config/a"),
            [Reason::Removed(part)] if !comes => assert_eq!(&*part.name, "need config/a"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn one_that_only_one_side_has_says_why_it_is_not_on_the_other() {
    let all = facts(&[("a", "1"), ("b", "1")]);
    let (old, new) = (graph(vec![made_of("kernel/a", "a", &[])]), graph(Vec::new()));
    let (old_all, new_all): (Vec<NodeId>, Vec<NodeId>) = (old.ids().collect(), Vec::new());
    let place = Place { file: "build-configs.yaml".into(), line: 7, column: 1 };
    let by = Exclusion { filter: "blocklist".into(), why: "why".into(), declared: place };
    let unread: Arc<str> = "the tree could not be read".into();
    for absence in
        [Absence::Undeclared, Absence::Excluded(by.clone()), Absence::Unknown(unread.clone())]
    {
        let say = |_: &NodeName| absence.clone();
        let gone = Side { absence: &say, ..whole(&new, &all, &new_all) };
        let there = Side { absence: &say, ..whole(&old, &all, &old_all) };
        let removed = compare(&there, &gone);
        let added = compare(&gone, &there);
        let unknown = || Change::Unknown(vec![Reason::Unresolved(unread.to_string())]);
        let (goes, comes) = match &absence {
            Absence::Undeclared => (Change::Removed, Change::Added(None)),
            Absence::Excluded(by) => {
                (Change::Excluded(by.clone()), Change::Added(Some(by.clone())))
            }
            Absence::Unknown(_) => (unknown(), unknown()),
        };
        assert_eq!(told(&removed), [("kernel/a".to_owned(), &goes)]);
        assert_eq!(told(&added), [("kernel/a".to_owned(), &comes)]);
        assert_eq!((goes.rebuilds(), comes.rebuilds()), (goes == unknown(), true));
    }
}

#[test]
fn what_is_not_known_is_equal_only_where_it_belongs_to_neither_side() {
    let tool = Source::Tool("gcc".into());
    let with = |source: &Source| {
        let mut node = node("kernel/a", &[]);
        let part: Arc<str> = "part".into();
        let (source, declared, role) = (source.clone(), None, Role::Key);
        node.inputs = vec![Input { part, source, declared, role }].into();
        graph(vec![node])
    };
    let unknown = |source: &Source, why: &str| -> Facts {
        std::iter::once((source.clone(), Fact::Unknown(why.into()))).collect()
    };
    let graph = with(&tool);
    let why = unknown(&tool, "there is no gcc");
    let comparison = compared((&graph, &why), (&graph, &why));
    assert_eq!((comparison.entries.len(), comparison.unchanged), (0, 1));
    assert_eq!(&*comparison.taken_as_equal[0].why, "there is no gcc");
    let other = unknown(&tool, "it does not answer");
    assert_eq!(compared((&graph, &why), (&graph, &other)).unchanged, 0);

    let graph = with(&file("f"));
    let why = unknown(&file("f"), "it cannot be read");
    let known = facts(&[("f", "1")]);
    for (was, is) in [(&why, &why), (&why, &known), (&known, &why)] {
        let comparison = compared((&graph, was), (&graph, is));
        let [(_, change)] = &told(&comparison)[..] else { panic!("{comparison:?}") };
        assert!(matches!(change, Change::Unknown(reasons) if reasons.len() >= 1), "{change:?}");
    }
}

const NODES: usize = 8;
const FILES: usize = 4;

/// One side in the making: nodes by number, and what files hold; nothing where nobody can read them.
#[derive(Debug, Clone)]
struct Sketch {
    nodes: Vec<(String, usize, Vec<usize>)>,
    files: Vec<Option<u8>>,
}

/// A change from one side to the other.
#[derive(Debug, Clone)]
enum Edit {
    Write(usize, Option<u8>),
    Rename(usize, u8),
    Remake(usize, usize),
    Need(usize, usize),
    Drop(usize),
    Add(usize),
}

fn sketches() -> impl Strategy<Value = Sketch> {
    let node = (0..FILES, vec(0..NODES, 0..3));
    let content = || proptest::option::weighted(0.95, 0_u8..3);
    (vec(node, 1..NODES), vec(content(), FILES)).prop_map(|(nodes, files)| {
        let nodes = nodes.into_iter().enumerate();
        let nodes = nodes.map(|(at, (of, needs))| (format!("image/n{at}"), of, needs)).collect();
        Sketch { nodes, files }
    })
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = || 0..NODES;
    let edit = proptest::prop_oneof![
        (0..FILES, proptest::option::weighted(0.9, 0_u8..3))
            .prop_map(|(at, to)| Edit::Write(at, to)),
        (at(), any::<u8>()).prop_map(|(at, to)| Edit::Rename(at, to)),
        (at(), 0..FILES).prop_map(|(at, of)| Edit::Remake(at, of)),
        (at(), at()).prop_map(|(at, need)| Edit::Need(at, need)),
        at().prop_map(Edit::Drop),
        (0..FILES).prop_map(Edit::Add),
    ];
    vec(edit, 0..5)
}

impl Sketch {
    fn edited(mut self, edits: &[Edit]) -> Self {
        for edit in edits {
            let count = self.nodes.len();
            match *edit {
                Edit::Write(at, to) => self.files[at] = to,
                Edit::Add(of) => self.nodes.push((format!("image/new{count}"), of, Vec::new())),
                _ if count == 0 => {}
                Edit::Rename(at, to) => self.nodes[at % count].0 = format!("image/{to:03}-{at}"),
                Edit::Remake(at, of) => self.nodes[at % count].1 = of,
                Edit::Need(at, need) => self.nodes[at % count].2.push(need),
                Edit::Drop(at) => {
                    self.nodes.remove(at % count);
                }
            }
        }
        self.nodes.sort_by(|a, b| a.0.cmp(&b.0));
        self.nodes.dedup_by(|a, b| a.0 == b.0);
        self
    }

    fn graph(&self) -> Graph {
        let sketched = self.nodes.iter().enumerate().map(|(at, (name, of, needs))| {
            let needs = needs.iter().filter(|&&need| need < at);
            let needs: Vec<&str> = needs.map(|&need| self.nodes[need].0.as_str()).collect();
            made_of(name, &format!("f{of}"), &needs)
        });
        graph(sketched.collect())
    }

    fn facts(&self) -> Facts {
        let fact = |content: &Option<u8>| match content {
            Some(content) => Fact::text(&content.to_string()),
            None => Fact::Unknown("nobody can read it".into()),
        };
        let files = self.files.iter().enumerate();
        files.map(|(at, content)| (file(&format!("f{at}")), fact(content))).collect()
    }
}

/// Whether nothing but what a node needs is another.
fn is_of_needs(change: &Change) -> bool {
    let is_need = |reason: &Reason| match reason {
        Reason::Added(part) | Reason::Removed(part) => part.name.starts_with("need "),
        _ => false,
    };
    match change {
        Change::Follows(_) => true,
        Change::Changed(reasons) => reasons.iter().all(is_need),
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_side_does_not_differ_from_itself(sketch in sketches()) {
        let (graph, facts) = (sketch.graph(), sketch.facts());
        let comparison = compared((&graph, &facts), (&graph, &facts));
        let is_told = |change: &Change| matches!(change, Change::Unknown(_) | Change::Follows(_));
        prop_assert!(comparison.entries.iter().all(|entry| is_told(&entry.change)));
        prop_assert_eq!(comparison.entries.len() + comparison.unchanged, graph.len());
        if sketch.files.iter().all(Option::is_some) {
            prop_assert_eq!(comparison.entries, []);
        }
    }

    #[test]
    fn the_plan_after_a_build_of_one_side_agrees(sketch in sketches(), edits in edits()) {
        let (old, was) = (sketch.graph(), sketch.facts());
        let sketch = sketch.edited(&edits);
        let (new, is) = (sketch.graph(), sketch.facts());
        let comparison = compared((&old, &was), (&new, &is));

        let mut world = World::default();
        world.facts = was;
        world.run(&old, &Course::smooth());
        world.facts = is;
        let plan = world.plan(&new, &std::collections::BTreeSet::new());
        let verdict = |id: NodeId| {
            &plan.entries.iter().find(|entry| entry.id == id).unwrap().judgement.verdict
        };
        for id in new.ids() {
            let found = comparison.entries.iter().find(|entry| entry.new == Some(id));
            let verdict_of = verdict(id);
            match found.map(|entry| &entry.change) {
                None => prop_assert_eq!(verdict_of, &Verdict::Fresh),
                Some(Change::Renamed { .. }) => {
                    let is_restored = matches!(verdict_of, Verdict::Restorable { .. });
                    prop_assert!(is_restored, "{:?}", verdict_of);
                }
                // It is fresh where what it needs turns out to be what it needed.
                Some(change) if is_of_needs(change) => {
                    let settled = new.needs(id).iter().all(|need| {
                        matches!(verdict(*need), Verdict::Fresh | Verdict::Restorable { .. })
                    });
                    prop_assert!(settled || *verdict_of != Verdict::Fresh);
                }
                Some(_) => prop_assert_ne!(verdict_of, &Verdict::Fresh),
            }
        }
        let gone = comparison.entries.iter().filter(|entry| entry.new.is_none());
        for entry in gone {
            prop_assert!(new.id(&entry.name).is_none() && old.id(&entry.name).is_some());
        }
    }
}
