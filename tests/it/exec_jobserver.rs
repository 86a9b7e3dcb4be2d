//! Several real makes at once: together they run no more jobs than there are tokens, and no token is lost.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use graph::record::Outcome;
use graph::spec::{GeneratedFile, Node, Step, Template};
use graph_cli::exec::job::Job;
use graph_cli::exec::local::Settings;

use crate::exec_world::{Ran, add_step, execute_all, job, message, node, settings};

/// Each job notes when it began and when it ended.
fn makefile(jobs: usize, note: &Path, millis: u64) -> String {
    let targets: Vec<String> = (0..jobs).map(|number| format!("t{number}")).collect();
    let note = note.display();
    let seconds = Duration::from_millis(millis).as_secs_f64();
    format!(
        "all: {targets}\n{targets}:\n\t@echo + `date +%s%N` >> {note}; sleep {seconds}; echo - `date +%s%N` >> {note}\n",
        targets = targets.join(" ")
    )
}

/// A node that runs make on a file.
fn make(name: &str, makefile: String) -> Node {
    let mut node = node(name);
    node.action.files =
        vec![GeneratedFile { path: "Makefile".into(), content: Template::text(makefile) }].into();
    add_step(&mut node, Step { name: "kernel", program: "make", ..Step::default() });
    node
}

fn with_tokens(root: &Path, tokens: usize) -> Settings {
    Settings { tokens, ..settings(root, &[]) }
}

/// The most jobs that ran at a time, and how many there were.
fn most(note: &Path) -> (usize, usize) {
    let text = fs::read_to_string(note).expect("notes");
    let mut notes: Vec<(u128, bool)> = text
        .lines()
        .map(|line| {
            let (sign, time) = line.split_once(' ').expect("a note");
            (time.parse().expect("a time"), sign == "+")
        })
        .collect();
    notes.sort_unstable();
    let (mut now, mut most) = (0_usize, 0);
    for (_, begins) in &notes {
        now = if *begins { now + 1 } else { now - 1 };
        most = most.max(now);
    }
    (most, notes.len() / 2)
}

fn assert_succeeded(ran: &[Ran]) {
    for ran in ran {
        assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}\n{}", message(ran), ran.log);
        assert!(!ran.log.contains("jobserver"), "{}", ran.log);
    }
}

fn run(settings: Settings, nodes: Vec<Node>) -> (Vec<Ran>, Duration) {
    let begun = Instant::now();
    let jobs: Vec<Job> = nodes.into_iter().map(job).collect();
    (execute_all(settings, jobs), begun.elapsed())
}

#[test]
fn three_makes_never_run_more_jobs_than_there_are_tokens() {
    let root = tempfile::tempdir().expect("a directory");
    let note = root.path().join("note");
    for tokens in [1, 2, 4] {
        fs::write(&note, "").expect("a file");
        let nodes = ["a", "b", "c"].map(|name| make(name, makefile(12, &note, 30)));
        let (ran, took) = run(with_tokens(root.path(), tokens), nodes.into());
        assert_succeeded(&ran);
        let (most, jobs) = most(&note);
        assert_eq!(jobs, 36);
        assert!(most <= tokens, "{most} jobs ran with {tokens} tokens");
        assert!(tokens == 1 || most > 1, "with {tokens} tokens nothing ran at once");
        eprintln!("{tokens} tokens: {jobs} jobs of 30 ms in {took:?}, at most {most} at a time");
    }
}

#[test]
fn a_make_below_a_make_below_a_shell_counts() {
    let root = tempfile::tempdir().expect("a directory");
    let note = root.path().join("note");
    let below = |name: &str| {
        let mut node = make(name, makefile(8, &note, 30));
        let outer = "all: a b\na b:\n\t+@$(MAKE) -f Makefile all\n";
        let path = "outer.mk".to_owned();
        node.action.files = node
            .action
            .files
            .iter()
            .cloned()
            .chain([GeneratedFile { path: path.into(), content: Template::text(outer) }])
            .collect();
        Arc::make_mut(&mut node.action.steps)[0].program = "sh";
        Arc::make_mut(&mut node.action.steps)[0].args =
            ["-c", "make -f outer.mk"].map(Template::text).to_vec();
        node
    };
    let (ran, _) = run(with_tokens(root.path(), 3), vec![below("a"), below("b")]);
    assert_succeeded(&ran);
    let (most, jobs) = most(&note);
    assert!(jobs == 32 && (2..=3).contains(&most), "{jobs} jobs, {most} at a time");
}

#[test]
fn what_a_killed_make_had_comes_back() {
    let root = tempfile::tempdir().expect("a directory");
    let note = root.path().join("note");
    let dead = root.path().join("dead");
    let touch = format!("touch {}", dead.display());
    let until = format!("while ! test -e {}; do sleep 0.05; done; sleep 1", dead.display());
    let recipes = "all: a b c d\na b c:\n\tsleep 60\nd:\n\tsleep 0.3; ";
    let mut killed = make("a", format!("{recipes}{touch}; kill -9 $$PPID\n"));
    Arc::make_mut(&mut killed.action.steps)[0].args = vec![Template::text("-s")];
    let mut after = make("b", makefile(30, &note, 100));
    let wait = Step {
        name: "wait",
        program: "sh",
        args: ["-c", &until].map(Template::text).to_vec(),
        ..Step::default()
    };
    after.action.steps = std::iter::once(wait).chain(after.action.steps.iter().cloned()).collect();
    let mut settings = with_tokens(root.path(), 5);
    settings.grace = Duration::from_millis(200);
    let (ran, took) = run(settings, vec![killed, after]);
    assert_eq!(message(&ran[0]), "step kernel: killed by signal 9");
    assert_succeeded(&ran[1..]);
    assert_eq!(most(&note), (5, 30));
    assert!(took < Duration::from_secs(50), "{took:?}");
}

#[test]
fn a_make_with_nothing_to_do_leaves_its_tokens_to_the_other() {
    let root = tempfile::tempdir().expect("a directory");
    let note = root.path().join("note");
    let serial = "all:\n\tsleep 1.2\n".to_owned();
    let nodes = vec![make("a", serial), make("b", makefile(12, &note, 100))];
    let (ran, _) = run(with_tokens(root.path(), 4), nodes);
    assert_succeeded(&ran);
    let (most, jobs) = most(&note);
    assert!(jobs == 12 && most >= 3, "{jobs} jobs, {most} at a time");
}

#[test]
fn two_makes_at_once_are_no_slower_than_one_after_the_other() {
    let root = tempfile::tempdir().expect("a directory");
    let note = root.path().join("note");
    let two = || ["a", "b"].map(|name| make(name, makefile(20, &note, 50)));
    let (ran, together) = run(with_tokens(root.path(), 2), two().into());
    assert_succeeded(&ran);
    let begun = Instant::now();
    for node in two() {
        assert_succeeded(&run(with_tokens(root.path(), 2), vec![node]).0);
    }
    eprintln!("two makes on 2 tokens: together {together:?}, in turn {:?}", begun.elapsed());
}
