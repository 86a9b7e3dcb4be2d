//! `graph render`: for Graphviz and for Mermaid.

use graph::name::NodeName;
use graph_cli::escape;
use graph_cli::report::dot::dot;
use graph_cli::report::mermaid::mermaid;
use graph_cli::report::view::picture::{Depth, PictureView, Shape};
use graph_cli::report::view::reason::VerdictKind;
use insta::assert_snapshot;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::HOSTILE;
use super::jobs::planned;
use crate::bad_input::two_boards;
use crate::kernel_world::KernelWorld;
use crate::report::boards::{NEW_COMMIT, State, plain};
use crate::report::escape::hostile;

#[test]
fn nodes_with_what_they_need() {
    let now = State { commit: NEW_COMMIT, ..State::default() };
    let (graph, plan) = now.plan(&State::default().records());
    let picture = PictureView::of(&graph, &plan, Depth::Nodes);
    assert_eq!(PictureView::size(&graph, &plan, Depth::Nodes), (4, 1));
    assert_snapshot!(plain(|out| dot(&picture, out)), @r##"
    digraph graph_plan {
      rankdir=LR;
      node [shape=box, style="rounded,filled", fontname="sans-serif"];
      n0 [label="image/qemu-scarthgap\nfresh", fillcolor="#d3f9d8", color="#2b8a3e"];
      n1 [label="image/rpi-scarthgap\nstale", fillcolor="#fff3bf", color="#e67700"];
      n2 [label="image/verdin-scarthgap\nstale", fillcolor="#fff3bf", color="#e67700"];
      n3 [label="sdk/rpi-scarthgap\nopen", fillcolor="#f1f3f5", color="#495057"];
      n1 -> n3;
    }
    "##);
    assert_snapshot!(plain(|out| mermaid(&picture, out)), @r##"
    flowchart LR
      n0["image/qemu-scarthgap<br/>fresh"]:::fresh
      n1["image/rpi-scarthgap<br/>stale"]:::stale
      n2["image/verdin-scarthgap<br/>stale"]:::stale
      n3["sdk/rpi-scarthgap<br/>open"]:::open
      n1 --> n3
      classDef stale fill:#fff3bf,stroke:#e67700,color:#212529
      classDef open fill:#f1f3f5,stroke:#495057,color:#212529
      classDef restorable fill:#c5f6fa,stroke:#0c8599,color:#212529
      classDef fresh fill:#d3f9d8,stroke:#2b8a3e,color:#212529
    "##);
    let folded = PictureView::of(&graph, &plan, Depth::Segments(1));
    assert_eq!(PictureView::size(&graph, &plan, Depth::Segments(1)), (2, 1));
    assert_snapshot!(plain(|out| mermaid(&folded, out)).lines().take(4).collect::<Vec<_>>().join("\n"), @r#"
    flowchart LR
      n0["image/#42;#42;<br/>3 nodes#58; 2 stale"]:::stale
      n1["sdk/#42;#42;<br/>open"]:::open
      n0 --> n1
    "#);
}

#[test]
fn a_matrix_is_folded_until_it_can_be_seen() {
    let world = KernelWorld::new();
    let shapes = |arguments: &[&str]| {
        let told = world.world().graph_ok(&[&["render", "--offline"], arguments].concat());
        told.stdout.lines().filter(|line| line.contains("[label=") && !line.contains("->")).count()
    };
    world.world().graph_ok(&["plan"]);
    assert_eq!(shapes(&["--fold", "1"]), 2);
    let (all, auto) = (shapes(&["--fold", "never"]), shapes(&[]));
    assert!(all > 60 && auto <= 60 && auto > 2, "{auto} of {all}");
    assert!(shapes(&["--fold", "always"]) < auto || shapes(&["--fold", "always"]) <= 60);
    let told = two_boards().graph(&["render", "--fold", "sometimes"]);
    assert_eq!((told.code, told.stdout.as_str()), (Some(2), ""));
}

#[test]
fn a_drawing_that_github_would_not_draw_is_told() {
    let world = two_boards();
    let machine =
        |at| format!(r#"{{"name": "machine-{at}", "config": "kas/one.yaml:kas/base.yaml"}}"#);
    let all: Vec<String> = (0..1200).map(machine).collect();
    let machines = format!(r#"{{"yocto_branch": "x", "machines": [{}]}}"#, all.join(",\n"));
    world.write("machines.json", &machines);
    let told = world.graph_ok(&["render", "--offline", "--format", "mermaid", "--fold", "never"]);
    assert!(told.stderr.contains("GitHub does not draw this"), "{}", told.stderr);
    assert!(told.stdout.lines().count() > 1200);
    let told = world.graph_ok(&["render", "--offline", "--format", "mermaid"]);
    assert!(
        told.stderr.is_empty() && told.stdout.contains("1#44;200") || told.stdout.contains("1,200"),
        "{told}"
    );
}

/// What Graphviz would read of a line: whether it is a string or not, and the text.
fn strings(line: &str) -> (String, Vec<String>) {
    let (mut outside, mut inside) = (String::new(), Vec::new());
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        if char != '"' {
            outside.push(char);
            continue;
        }
        let mut text = String::new();
        loop {
            match chars.next().expect("a string ends") {
                '"' => break,
                '\\' => text.extend(['\\', chars.next().expect("an escape is of two")]),
                char => text.push(char),
            }
        }
        inside.push(text);
    }
    (outside, inside)
}

/// A picture of shapes that no node could be called.
fn picture(titles: &[String]) -> PictureView {
    let shape = |title: &String| Shape {
        title: title.clone(),
        verdicts: [(VerdictKind::Stale, 1)].into(),
        nodes: 1,
    };
    PictureView { shapes: titles.iter().map(shape).collect(), arrows: [((0, 0), 2)].into() }
}

fn check(titles: &[String]) {
    let picture = picture(titles);
    let drawn = plain(|out| dot(&picture, out));
    assert_eq!(drawn.lines().count(), titles.len() + 5, "{drawn}");
    for (at, line) in drawn.lines().skip(3).take(titles.len()).enumerate() {
        let (outside, inside) = strings(line);
        assert_eq!(outside.trim(), format!("n{at} [label=, fillcolor=, color=];"));
        let escapes: Vec<char> =
            inside[0].split('\\').skip(1).filter_map(|rest| rest.chars().next()).collect();
        assert!(
            escapes.iter().all(|escape| matches!(escape, 'n' | '"')) || inside[0].contains("\\\\"),
            "{line}"
        );
    }
    let drawn = plain(|out| mermaid(&picture, out));
    assert_eq!(drawn.lines().count(), titles.len() + 6, "{drawn}");
    for (at, line) in drawn.lines().skip(1).take(titles.len()).enumerate() {
        let label = line
            .strip_prefix(&format!("  n{at}[\""))
            .and_then(|rest| rest.strip_suffix("<br/>stale\"]:::stale"));
        let label = label.unwrap_or_else(|| panic!("{line}"));
        assert!(
            !label.contains([
                '"', '<', '>', '&', '`', '[', ']', '{', '}', '(', ')', '%', '\\', '@', '*', '\''
            ]),
            "{label}"
        );
    }
}

#[test]
fn hostile_names_stay_in_their_labels() {
    check(&HOSTILE.map(str::to_owned));
    let names: Vec<NodeName> =
        HOSTILE.iter().map(|name| NodeName::new("image", [*name]).unwrap()).collect();
    let (graph, plan) = planned(&names);
    for depth in [Depth::Nodes, Depth::Segments(1)] {
        let picture = PictureView::of(&graph, &plan, depth);
        check(&picture.shapes.iter().map(|shape| shape.title.clone()).collect::<Vec<_>>());
    }
}

/// What Mermaid shows of a label.
fn shown(label: &str) -> String {
    let mut out = String::new();
    let mut rest = label;
    while let Some(at) = rest.find('#') {
        let end = at + rest[at..].find(';').expect("entities end");
        out.push_str(&rest[..at]);
        let code: u32 = rest[at + 1..end].parse().expect("entities are numbers");
        out.push(char::from_u32(code).expect("a character"));
        rest = &rest[end + 1..];
    }
    out + rest
}

proptest! {
    #[test]
    fn labels_show_the_text_and_nothing_else(text in hostile()) {
        check(std::slice::from_ref(&text));
        prop_assert_eq!(shown(&escape::mermaid(&text)), escape::terminal(&text));
        let quoted = escape::dot(&text);
        prop_assert!(!quoted.replace(r"\\", "").replace("\\\"", "").contains(['"', '\\']), "{quoted}");
    }
}
