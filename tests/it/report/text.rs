//! The texts, word for word.

use graph::facts::Fact;
use graph::model::NodeId;
use graph::record::{Outcome, Records};
use graph::resource::Capacity;
use graph::verdict::{Reason, differences};
use graph_cli::diagnostic::Diagnostics;
use graph_cli::report::text;
use graph_cli::report::view::list::ListView;
use graph_cli::report::view::plan::{PlanView, Scope};
use graph_cli::report::view::runs::{RunState, RunView, RunsView};
use graph_cli::report::view::show::{Places, ShowView};
use graph_cli::report::view::summary::Endings;
use graph_cli::report::view::why::{Change, FileChange, WhyView};
use insta::assert_snapshot;
use std::path::Path;

use super::boards::{NEW_COMMIT, NOW, State, name, page, plain};

fn plan_text(now: &State, records: &Records, width: impl Into<Option<usize>>) -> String {
    let (graph, plan) = now.plan(records);
    let view = PlanView::of(
        &graph,
        &plan,
        Scope::NotFresh,
        &Diagnostics::default(),
        Capacity::new(2, 2, u64::MAX),
    );
    plain(|out| text::plan(&view, &page(width), out))
}

fn changed() -> State {
    State { commit: NEW_COMMIT, ..State::default() }
}

#[test]
fn a_plan_says_what_and_why() {
    assert_snapshot!(plan_text(&changed(), &State::default().records(), 100), @r"
    2 of 4 stale · 1 open · about 1 h 24 min · cause: repos.poky.commit

    repos.poky.commit 3a1f0c2b4d5e → 9c2e11aa00bb (kas/scarthgap.yaml:12)
      image/{rpi-scarthgap,verdin-scarthgap}

    stale  image/rpi-scarthgap     42 min 10 s  repos.poky.commit
    stale  image/verdin-scarthgap  42 min 10 s  repos.poky.commit
    open   sdk/rpi-scarthgap       42 min 10 s  after image/rpi-scarthgap
    ");
}

#[test]
fn a_plan_of_nothing_new() {
    let state = State::default();
    assert_snapshot!(plan_text(&state, &state.records(), 80), @"all 4 nodes are fresh · nothing to do");
}

#[test]
fn a_first_plan() {
    assert_snapshot!(plan_text(&changed(), &Records::default(), 80), @r"
    4 of 4 stale · cause: never built

    never built
      image/{qemu-scarthgap,rpi-scarthgap,verdin-scarthgap}
      sdk/rpi-scarthgap

    stale  image/qemu-scarthgap      never built
    stale  image/rpi-scarthgap       never built
    stale  image/verdin-scarthgap    never built
    stale  sdk/rpi-scarthgap         never built
    ");
}

#[test]
fn a_narrow_plan() {
    let now = State { base: "A = \"1\"\nB = \"3\"\nC = \"4\"\n", patch: "second", ..changed() };
    assert_snapshot!(plan_text(&now, &State::default().records(), 40), @r#"
    4 of 4 stale · about 1 h 24 min
    causes: local_conf_header.base, repos.poky.commit and 2 others

    local_conf_header.base changed in 3 lines (kas/base.yaml:20)
        - B = "2"
        + B = "3"
        + C = "4"
      image/{qemu-scarthgap,rpi-scarthgap}
      image/verdin-scarthgap
      sdk/rpi-scarthgap
    repos.poky.commit (kas/scarthgap.yaml:12)
        - 3a1f0c2b4d5e
        + 9c2e11aa00bb
      image/rpi-scarthgap
      image/verdin-scarthgap
    local meta-demo changed (kas/base.yaml:8)
      image/verdin-scarthgap
    patch poky/fit-image changed (kas/verdin.yaml:9)
      image/verdin-scarthgap

    stale  image/qemu-scarthgap
    stale  image/rpi-scarthgap
    stale  image/verdin-scarthgap
    stale  sdk/rpi-scarthgap
    "#);
}

#[test]
fn a_plan_in_a_pipe() {
    let now =
        State { token: "hunter3", kas: Fact::Unknown("`kas` is not on PATH".into()), ..changed() };
    assert_snapshot!(plan_text(&now, &State::default().records(), None), @r"
    4 of 4 stale · about 1 h 24 min · causes: tool kas, env TOKEN (outer) and 1 other

    tool kas unknown: `kas` is not on PATH (graph.yaml:9)
      image/{qemu-scarthgap,rpi-scarthgap,verdin-scarthgap}
      sdk/rpi-scarthgap
    env TOKEN (outer) changed, value not shown (kas/base.yaml:31)
      image/{qemu-scarthgap,rpi-scarthgap,verdin-scarthgap}
      sdk/rpi-scarthgap
    repos.poky.commit 3a1f0c2b4d5e → 9c2e11aa00bb (kas/scarthgap.yaml:12)
      image/{rpi-scarthgap,verdin-scarthgap}

    stale  image/qemu-scarthgap    42 min 10 s  tool kas, env TOKEN (outer)
    stale  image/rpi-scarthgap     42 min 10 s  tool kas, env TOKEN (outer), repos.poky.commit
    stale  image/verdin-scarthgap  42 min 10 s  tool kas, env TOKEN (outer), repos.poky.commit
    stale  sdk/rpi-scarthgap       42 min 10 s  tool kas, env TOKEN (outer)
    ");
}

fn why_text(now: &State, node: &str, files: Vec<FileChange>) -> String {
    let then = State::default();
    let (graph, plan) = now.plan(&then.records());
    let id = graph.id(&name(node)).unwrap();
    let entry = plan.entries.iter().find(|entry| entry.id == id).unwrap();
    let records = then.records();
    let last = records.last(&name(node)).map(|last| last.record.as_ref());
    let view =
        WhyView::now(graph.node(id), &entry.judgement, last).with_files("local meta-demo", files);
    plain(|out| text::why(&view, &page(80), out))
}

#[test]
fn why_names_everything_that_changed() {
    let now = State {
        base: "A = \"1\"\nB = \"3\"\nC = \"\u{1b}[2J\"\n",
        patch: "second",
        token: "hunter3",
        kas: Fact::text("5.3"),
        describe: "v1.0-1-g9c2e11a",
        ..changed()
    };
    let file = |path: &str, change| FileChange { path: path.to_owned(), change };
    let files = vec![
        file("recipes/b.bb", Change::Changed),
        file("recipes/a\nb.bb", Change::Added),
        file("old.inc", Change::Removed),
    ];
    assert_snapshot!(why_text(&now, "image/verdin-scarthgap", files), @r#"
    image/verdin-scarthgap is stale
    compared with run 41: succeeded after 42 min 10 s, 3 h ago (2026-01-30 23:00)

    env TOKEN (outer) changed, value not shown (kas/base.yaml:31)
    local meta-demo changed (kas/base.yaml:8)
      removed old.inc
      added   recipes/a\nb.bb
      changed recipes/b.bb
    local_conf_header.base changed in 3 lines (kas/base.yaml:20)
        - B = "2"
        + B = "3"
        + C = "\u{1b}[2J"
    patch poky/fit-image changed (kas/verdin.yaml:9)
    repos.poky.commit 3a1f0c2b4d5e → 9c2e11aa00bb (kas/scarthgap.yaml:12)
    tool kas 5.2 → 5.3 (graph.yaml:9)

    also changed, but rebuilds nothing by itself
      describe v1.0 → v1.0-1-g9c2e11a (graph.yaml:1)
    "#);
}

#[test]
fn why_a_node_is_fresh_or_waits() {
    let now = State { describe: "v1.1", ..State::default() };
    assert_snapshot!(why_text(&now, "image/rpi-scarthgap", Vec::new()), @r"
    image/rpi-scarthgap is fresh
    compared with run 41: succeeded after 42 min 10 s, 3 h ago (2026-01-30 23:00)

    nothing that goes into it has changed

    also changed, but rebuilds nothing by itself
      describe v1.0 → v1.1 (graph.yaml:1)
    ");
    assert_snapshot!(why_text(&changed(), "sdk/rpi-scarthgap", Vec::new()), @r"
    sdk/rpi-scarthgap is open until its needs have settled
    compared with run 41: succeeded after 42 min 10 s, 3 h ago (2026-01-30 23:00)

    waits for image/rpi-scarthgap

    hint: `graph why image/rpi-scarthgap` says more
    ");
}

#[test]
fn why_it_ran_last_week() {
    let before = State::default().executions(Outcome::TimedOut);
    let mut ran = changed().executions(Outcome::Succeeded);
    ran[1].run = 42;
    let mut reasons = vec![Reason::LastRun(Outcome::TimedOut)];
    reasons.extend(differences(&before[1].parts, &ran[1].parts));
    let view = WhyView::then(None, &ran[1], Some(&before[1]), Some(&reasons));
    assert_snapshot!(plain(|out| text::why(&view, &page(80), out)), @r"
    image/rpi-scarthgap ran
    in run 42: succeeded after 42 min 10 s, 3 h ago (2026-01-30 23:00)
    compared with run 41: timed out after 42 min 10 s, 3 h ago (2026-01-30 23:00)

    last run timed out
    repos.poky.commit 3a1f0c2b4d5e → 9c2e11aa00bb (kas/scarthgap.yaml:12)
    ");
    let again = WhyView::then(None, &ran[1], Some(&ran[1]), Some(&[]));
    assert_snapshot!(plain(|out| text::why(&again, &page(80), out)), @r"
    image/rpi-scarthgap ran
    in run 42: succeeded after 42 min 10 s, 3 h ago (2026-01-30 23:00)
    compared with run 42: succeeded after 42 min 10 s, 3 h ago (2026-01-30 23:00)

    nothing had changed: the run was asked for, or the outputs were missing
    ");
}

#[test]
fn runs_are_a_table() {
    let run = |run, state, wall_ms, built, failed| RunView {
        run,
        started: NOW - run * 3_600_000,
        wall_ms,
        state,
        endings: Endings { built, failed, fresh: 9, ..Endings::default() },
    };
    let view = RunsView::of(vec![
        run(3, RunState::Running, None, 1, 0),
        run(2, RunState::Failed, Some(2_530_000), 2, 1),
        run(1, RunState::Died, None, 0, 0),
    ]);
    let runs = |width: Option<usize>| plain(|out| text::runs(&view, &page(width), out));
    assert_snapshot!(runs(Some(80)), @r"
    RUN  STATE    STARTED           WALL         NODES
    3    running  2026-01-30 23:00               1 built · 9 fresh
    2    failed   00:00, 2 h ago    42 min 10 s  2 built · 9 fresh · 1 failed
    1    died     01:00, 1 h ago                 9 fresh
    ");
    assert_snapshot!(runs(Some(40)), @r"
    RUN  STATE    STARTED
    3    running  2026-01-30 23:00
    2    failed   00:00, 2 h ago
    1    died     01:00, 1 h ago
    ");
    assert_snapshot!(runs(None), @r"
    3	2026-01-30T23:00:00Z		running	1 built · 9 fresh
    2	2026-01-31T00:00:00Z	42 min 10 s	failed	2 built · 9 fresh · 1 failed
    1	2026-01-31T01:00:00Z		died	9 fresh
    ");
    assert_snapshot!(plain(|out| text::runs(&RunsView::of(Vec::new()), &page(80), out)), @"no runs yet: `graph build` makes the first");
}

#[test]
fn a_plan_in_colours() {
    let (graph, plan) = changed().plan(&State::default().records());
    let view = PlanView::of(
        &graph,
        &plan,
        Scope::NotFresh,
        &Diagnostics::default(),
        Capacity::new(2, 2, u64::MAX),
    );
    let mut out = Vec::new();
    text::plan(&view, &page(80), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap().replace('\u{1b}', "ESC");
    let cause = text.lines().find(|line| line.contains('→')).unwrap();
    assert_snapshot!(cause, @"ESC[1mrepos.poky.commitESC[0m ESC[31m3a1f0c2b4d5eESC[0m → ESC[32m9c2e11aa00bbESC[0mESC[2m (kas/scarthgap.yaml:12)ESC[0m");
}

#[test]
fn a_list_fits_its_terminal() {
    let graph = State::default().graph();
    let ids: Vec<NodeId> = graph.ids().collect();
    let view = ListView::of(&graph, &ids);
    let list = |width: Option<usize>| plain(|out| text::list(&view, &page(width), out));
    assert_snapshot!(list(Some(40)), @"
    NAME                    LABELS
    image/qemu-scarthgap    workflow=manua
                            l,onpush
    image/rpi-scarthgap     workflow=manua
                            l,onpush
    image/verdin-scarthgap  workflow=manua
                            l,onpush
    sdk/rpi-scarthgap
    ");
    assert_snapshot!(list(Some(80)), @"
    NAME                    LABELS                  DECLARED
    image/qemu-scarthgap    workflow=manual,onpush  .github/machines.json:14
    image/rpi-scarthgap     workflow=manual,onpush  .github/machines.json:14
    image/verdin-scarthgap  workflow=manual,onpush  .github/machines.json:14
    sdk/rpi-scarthgap                               .github/machines.json:14
    ");
    assert_snapshot!(list(Some(120)), @"
    NAME                    LABELS                  DECLARED                  NEEDS
    image/qemu-scarthgap    workflow=manual,onpush  .github/machines.json:14
    image/rpi-scarthgap     workflow=manual,onpush  .github/machines.json:14
    image/verdin-scarthgap  workflow=manual,onpush  .github/machines.json:14
    sdk/rpi-scarthgap                               .github/machines.json:14  image/rpi-scarthgap
    ");
    assert_snapshot!(list(None), @r"
    image/qemu-scarthgap	machine=qemu workflow=manual,onpush	.github/machines.json:14	
    image/rpi-scarthgap	machine=rpi workflow=manual,onpush	.github/machines.json:14	
    image/verdin-scarthgap	machine=verdin workflow=manual,onpush	.github/machines.json:14	
    sdk/rpi-scarthgap	machine=rpi	.github/machines.json:14	image/rpi-scarthgap
    ");
    let none = ListView::of(&graph, &[]);
    assert_snapshot!(plain(|out| text::list(&none, &page(80), out)), @"no nodes are declared");
}

#[test]
fn show_tells_everything() {
    let now = changed();
    let (graph, plan) = now.plan(&State::default().records());
    let id = graph.id(&name("image/verdin-scarthgap")).unwrap();
    let entry = plan.entries.iter().find(|entry| entry.id == id).unwrap();
    let record = State::default().executions(Outcome::Succeeded).swap_remove(2);
    let places = Places {
        root: Path::new("/home/me/project"),
        work: Path::new(".graph/jobs/image/verdin-scarthgap"),
        out: Path::new(".graph/out/image/verdin-scarthgap"),
        log: Some(Path::new(".graph/logs/41/image~verdin-scarthgap.log")),
    };
    let program = |program: &str| vec![format!(".graph/tools/kas-5.2/bin/{program}")];
    let view = ShowView::of(
        (&graph, id),
        &entry.judgement,
        &now.facts(),
        Some(&record),
        places,
        vec![],
        program,
    );
    let mut shown = plain(|out| text::show(&view, &page(100), out));
    // Digests of the engine's own are not what is tested here.
    let derived = view.parts.iter().filter(|part| matches!(&*part.name, "action" | "outputs"));
    let digests = derived.filter_map(|part| part.value.as_deref()).chain(view.key.as_deref());
    for digest in digests {
        shown = shown.replace(digest, &"0".repeat(digest.len()));
    }
    assert_snapshot!(shown, @r#"
    image/verdin-scarthgap
      verdict    stale
      declared   .github/machines.json:14
      labels     machine=verdin workflow=manual,onpush
      pool       build
      key        0000000000000000000000000000000000000000000000000000000000000000
      work       .graph/jobs/image/verdin-scarthgap
      outputs    .graph/out/image/verdin-scarthgap
      log        .graph/logs/41/image~verdin-scarthgap.log
      last run   41, succeeded 2026-01-30 23:00, 3 h ago
      cost       42 min 10 s wall · 5 h cpu · 3.0 GiB peak

    not fresh, because
      repos.poky.commit 3a1f0c2b4d5e → 9c2e11aa00bb (kas/scarthgap.yaml:12)

    goes into it
      action                  content 000000000000
      env TOKEN (outer)       (not shown)  (kas/base.yaml:31)
      local meta-demo         content 22896bcbc3d1  (kas/base.yaml:8)
      local_conf_header.base  (kas/base.yaml:20)
        | A = "1"
        | B = "2"
      machine                 verdin  (kas/verdin.yaml:4)
      outputs                 content 000000000000
      patch poky/fit-image    content 22896bcbc3d1  (kas/verdin.yaml:9)
      repos.poky.commit       9c2e11aa00bb  (kas/scarthgap.yaml:12)
      tool kas                5.2  (graph.yaml:9)

    recorded with it, but rebuilds nothing by itself
      describe  v1.0  (graph.yaml:1)

    writes
      graph.kas.yaml
        | machine: verdin
        | _source_dir: /home/me/project

    runs
      build
        NOTE='it'\''s here' \
        .graph/tools/kas-5.2/bin/kas build --force-checkout .graph/jobs/image/verdin-scarthgap/graph.kas.yaml

    leaves
      build/tmp/deploy/images/*/*.wic*
      build/**/*pvrexport.tgz  (if there)

    left last time
      image.wic.gz   392.9 MiB  0229ff7dec8a
    "#);
}
