//! Markdown of comparisons and plans: nothing that somebody wrote is markup, causes are told once, and all fits a comment.

use std::sync::Arc;

use graph::model::{Graph, NodeId};
use graph::plan::plan;
use graph::resource::Capacity;
use graph::spec::{Input, Node, Spec};
use graph_cli::diagnostic::{Diagnostic, Diagnostics};
use graph_cli::report::view::base::{
    BaseCauseView, BaseSideView, BaseSummary, BaseView, BlameView, ChangeKind, ComparedView,
    FilterView,
};
use graph_cli::report::view::plan::{PlanView, Scope, WarningView};
use graph_cli::report::view::reason::{Nature, ReasonKind, ReasonView, VerdictKind};
use graph_cli::report::view::reverted::RevertedView;
use graph_cli::report::{markdown, text};
use insta::assert_snapshot;
use proptest::prelude::proptest;

use super::HOSTILE;
use crate::report::boards::{NEW_COMMIT, State, name, page, place, plain};
use crate::report::escape::hostile;

/// That a text has no markup but ours: it is taken away, and what is left has none.
fn check(text: &str) {
    let mut left = text.to_owned();
    for ours in [
        "<code>",
        "</code>",
        "<br>",
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "<!-- -->",
        "<pre>",
        "</pre>",
    ] {
        left = left.replace(ours, "");
    }
    let mut columns = 0;
    for line in left.lines() {
        let line = line.strip_prefix("> ").or_else(|| line.strip_prefix("### ")).unwrap_or(line);
        let line = line.strip_prefix("- ").unwrap_or(line);
        let is_row = line.starts_with("| ");
        if is_row {
            let cells = line.matches('|').count();
            assert!(columns == 0 || columns == cells, "{line}");
            columns = cells;
        } else {
            columns = 0;
            assert!(!line.contains('|'), "{line}");
        }
        assert!(!line.contains(['<', '>', '`', '*', '[', ']', '@', '$', '\\', '~']), "{line}");
        assert!(!line.contains("://") && !line.starts_with(['#', '=', '+']), "{line}");
        assert!(line.matches('&').count() == line.matches("&#").count(), "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

fn reason(text: &str) -> ReasonView {
    let text: Arc<str> = text.into();
    ReasonView {
        kind: ReasonKind::Changed,
        part: Some(text.clone()),
        old: Some(text.clone()),
        new: Some(format!("{text} ").into()),
        declared: Some(text),
        nature: Nature::Text,
        detail: None,
    }
}

/// A comparison in which somebody wrote the same everywhere.
fn compared(text: &str) -> BaseView {
    let written: Arc<str> = text.into();
    let commit = || BlameView::Commit {
        commit: written.clone(),
        author: written.clone(),
        subject: written.clone(),
    };
    let warning = || WarningView {
        message: text.to_owned(),
        place: Some(written.clone()),
        hints: Vec::new(),
    };
    let filter = FilterView {
        kind: written.clone(),
        why: written.clone(),
        declared: Some(written.clone()),
        blame: Some(commit()),
    };
    let node = |change, filter| ComparedView {
        name: name("image/x"),
        change,
        reasons: vec![reason(text)],
        follows: Vec::new(),
        from: None,
        filter,
        verdict: Some(VerdictKind::Stale),
        estimate_ms: Some(1000),
        duplicate_of: None,
    };
    BaseView {
        version: 1,
        base: BaseSideView {
            revision: written.clone(),
            commit: written.clone(),
            errors: vec![warning()],
            warnings: vec![warning()],
        },
        summary: BaseSummary {
            total: 2,
            rebuild: 1,
            changed: 1,
            excluded: 1,
            ..BaseSummary::default()
        },
        causes: vec![BaseCauseView {
            reason: reason(text),
            places: vec![written.clone()],
            files: vec![written.clone(); 9],
            blame: Some(commit()),
            nodes: vec![name("image/x")],
            cost_ms: Some(11_400_000),
        }],
        nodes: vec![node(ChangeKind::Changed, None), node(ChangeKind::Excluded, Some(filter))],
        warnings: vec![warning()],
    }
}

fn check_all(text: &str) {
    check(&plain(|out| markdown::base(&compared(text), out)));
    let view = RevertedView {
        version: 1,
        parts: vec![text.to_owned()],
        stale_now: 1,
        saved_ms: None,
        fresh: vec![name("image/x")],
        restorable: Vec::new(),
        open: Vec::new(),
        stale: Vec::new(),
        lost: Vec::new(),
    };
    check(&plain(|out| markdown::reverted(&view, out)));
    let now = State { kas: graph::facts::Fact::text(text), ..State::default() };
    let (graph, plan) = now.plan(&State::default().records());
    let mut warnings = Diagnostics::default();
    warnings.push(Diagnostic::warning(text).in_file(text));
    let view = PlanView::of(&graph, &plan, Scope::All, &warnings, Capacity::new(2, 2, u64::MAX));
    check(&plain(|out| markdown::plan(&view, out)));
}

#[test]
fn hostile_text_is_no_markup() {
    HOSTILE.iter().for_each(|text| check_all(text));
    assert!(std::panic::catch_unwind(|| check("a <b> c")).is_err());
}

proptest! {
    #[test]
    fn whatever_is_written_is_no_markup(text in hostile()) {
        check_all(&text);
    }
}

#[test]
fn a_comparison_for_a_pull_request() {
    assert_snapshot!(plain(|out| markdown::base(&compared("repos.poky"), out)), @"
    ### 1 of 2 to rebuild since <code>repos.poky</code>, which cannot be read in full · 1 changed · 1 excluded now · cause: <code>repos.poky</code>

    > of the base: <code>repos.poky</code>: repos.poky

    | cause | change | by | cost | nodes |
    | --- | --- | --- | --- | --- |
    | <code>repos.poky</code><br>repos.poky and 1 more place<br><code>repos.poky</code><br><code>repos.poky</code><br><code>repos.poky</code><br><code>repos.poky</code><br><code>repos.poky</code><br>… 9 files in all | <code>repos.poky</code> → <code>repos.poky </code> | <code>repos.poky</code><br>repos.poky<br>repos.poky | 3 h 10 min | <code>image/x</code> |

    > <code>repos.poky</code> repos.poky (<code>repos.poky</code>)<br><code>repos.poky</code><br>repos.poky<br>repos.poky

    > warning: <code>repos.poky</code>: repos.poky

    <details><summary>2 nodes</summary>

    | node | change | verdict | last took | because of |
    | --- | --- | --- | --- | --- |
    | <code>image/x</code> | changed | stale | 1.0 s | repos.poky |
    | <code>image/x</code> | excluded | stale | 1.0 s | rejected by <code>repos.poky</code> |

    </details>
    ");
}

#[test]
fn a_long_comparison_fits_a_comment() {
    let mut view = compared(&"x&".repeat(200));
    view.causes = vec![view.causes[0].clone(); 500];
    view.nodes = vec![view.nodes[0].clone(); 5000];
    let text = plain(|out| markdown::base(&view, out));
    assert!(text.len() <= markdown::LIMIT, "{}", text.len());
    assert!(
        text.contains("more causes, left out for length")
            && text.contains("more nodes, left out for length")
    );
    assert!(text.ends_with("</details>\n"));
}

#[test]
fn a_cause_that_is_written_in_many_places_is_told_once() {
    let now = State { commit: NEW_COMMIT, ..State::default() };
    let declared = now.graph();
    let pinned = |(at, id): (usize, NodeId)| {
        let mut node: Node = declared.node(id).clone();
        let inputs = node.inputs.iter().cloned().map(|mut input: Input| {
            input.declared = Some(place(&format!("kas/release/{at}.yaml"), 7));
            input
        });
        node.inputs = inputs.collect::<Vec<_>>().into();
        node
    };
    let nodes = declared.ids().enumerate().map(pinned).collect();
    let graph = Graph::build(Spec { nodes }).unwrap();
    let all: Vec<NodeId> = graph.ids().collect();
    let plan = plan(&graph, &all, &[], &now.facts(), &State::default().records());
    let view = PlanView::of(
        &graph,
        &plan,
        Scope::NotFresh,
        &Diagnostics::default(),
        Capacity::new(2, 2, u64::MAX),
    );
    assert_snapshot!(plain(|out| text::plan(&view, &page(None), out)), @"
    2 of 4 stale · 1 open · about 1 h 24 min · cause: repos.poky.commit

    repos.poky.commit 3a1f0c2b4d5e → 9c2e11aa00bb (kas/release/1.yaml:7 and 1 more place)
      image/{rpi-scarthgap,verdin-scarthgap}

    stale  image/rpi-scarthgap     42 min 10 s  repos.poky.commit
    stale  image/verdin-scarthgap  42 min 10 s  repos.poky.commit
    open   sdk/rpi-scarthgap       42 min 10 s  after image/rpi-scarthgap
    ");
    assert_snapshot!(plain(|out| markdown::plan(&view, out)), @"
    ### 2 of 4 stale · 1 open · about 1 h 24 min on this runner · cause: <code>repos.poky.commit</code>

    | cause | change | cost | nodes |
    | --- | --- | --- | --- |
    | <code>repos.poky.commit</code><br>kas/release/1.yaml:7 and 1 more place | <code>3a1f0c2b4d5e</code> → <code>9c2e11aa00bb</code> | up to 2 h 6 min | <code>image/{rpi-scarthgap,verdin-scarthgap}</code> |

    <details><summary>3 nodes</summary>

    | node | verdict | last took | because of |
    | --- | --- | --- | --- |
    | <code>image/rpi-scarthgap</code> | stale | 42 min 10 s | repos.poky.commit |
    | <code>image/verdin-scarthgap</code> | stale | 42 min 10 s | repos.poky.commit |
    | <code>sdk/rpi-scarthgap</code> | open | 42 min 10 s | after image/rpi-scarthgap |

    </details>
    ");
}
