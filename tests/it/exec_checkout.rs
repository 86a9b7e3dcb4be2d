//! Nodes that build a commit: the files they share, what is told of changes in them, and that nothing half made is used.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use graph::digest::Digest;
use graph::name::NodeName;
use graph::record::{Cost, Outcome, OutputFile, Record};
use graph::spec::{Commit, Condition, Dir, Label, Node, Piece, Repository, Step, Taken, Template};
use graph_cli::exec::checkout::{self, Objects};
use graph_cli::exec::job::Job;

use crate::exec_world::{
    Ran, execute, execute_all, git, job, message, node, required, settings, sh,
};

/// A project directory, and a repository outside it.
struct Sources {
    dir: tempfile::TempDir,
}

impl Sources {
    fn new(files: &[(&str, &str)]) -> Self {
        let sources = Self { dir: tempfile::tempdir().expect("a directory") };
        for dir in [sources.root(), sources.repository()] {
            fs::create_dir(dir).expect("a directory");
        }
        git(&sources.repository(), &["init", "-q"]);
        sources.commit(files);
        sources
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    fn repository(&self) -> PathBuf {
        self.dir.path().join("linux")
    }

    fn slot(&self, name: &str) -> PathBuf {
        self.root().join(".graph/sources").join(name)
    }

    fn commit(&self, files: &[(&str, &str)]) -> Arc<Commit> {
        for (path, content) in files {
            let path = self.repository().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, content).expect("a file");
        }
        git(&self.repository(), &["add", "-A"]);
        git(&self.repository(), &["commit", "-q", "--allow-empty", "-m", "x"]);
        self.head()
    }

    fn head(&self) -> Arc<Commit> {
        let id = git(&self.repository(), &["rev-parse", "HEAD"]);
        let dir = self.repository().display().to_string();
        Arc::new(Commit { repository: Repository::Local(dir.into()), id: id.into() })
    }

    /// A node that runs a script in its checkout.
    fn node(&self, name: &str, script: &str) -> Node {
        let mut node = sh(node(name), script);
        node.action.checkout = Some(self.head());
        Arc::make_mut(&mut node.action.steps)[0].dir =
            Some(Template::of(vec![Piece::Dir(Dir::Checkout)]));
        node
    }

    fn execute(&self, node: Node) -> Ran {
        execute(settings(&self.root(), &[]), node, None)
    }
}

fn assert_succeeded(ran: &Ran) {
    assert_eq!(ran.execution.outcome, Outcome::Succeeded, "{}\n{}", message(ran), ran.log);
}

#[test]
fn builds_of_a_commit_share_its_files_which_are_read_only() {
    let sources = Sources::new(&[("Makefile", "all:\n"), ("scripts/x.sh", "echo x")]);
    fs::set_permissions(
        sources.repository().join("scripts/x.sh"),
        fs::Permissions::from_mode(0o755),
    )
    .expect("a file");
    sources.commit(&[]);
    let script = "pwd; find . | sort; stat -c '%a %n' . Makefile scripts scripts/x.sh";
    let nodes = ["a", "b", "c"].map(|name| job(sources.node(name, script)));
    let ran = execute_all(settings(&sources.root(), &[]), nodes.into());
    ran.iter().for_each(assert_succeeded);
    let made = ran.iter().filter(|ran| ran.log.contains("making the checkout anew")).count();
    assert_eq!(made, 1);
    let tree = sources.slot("linux").join("tree");
    let expect = format!(
        "{}\n.\n./Makefile\n./scripts\n./scripts/x.sh\n555 .\n444 Makefile\n555 scripts\n555 scripts/x.sh\n",
        tree.display()
    );
    assert!(ran.iter().all(|ran| ran.log.contains(&expect)), "{}", ran[0].log);
    assert_eq!(fs::read_dir(sources.root().join(".graph/sources")).expect("slots").count(), 1);

    let again = sources.execute(sources.node("a", "true"));
    assert_succeeded(&again);
    assert!(!again.log.contains("the checkout"), "{}", again.log);
}

#[test]
fn the_next_commit_of_a_branch_rewrites_what_differs() {
    let sources = Sources::new(&[("same", "1"), ("other", "1"), ("gone/file", "1"), ("file", "x")]);
    let label = |key, value: &str| Label { key, value: value.into() };
    let branch = |script: &str| {
        let mut node = sources.node("a", script);
        node.labels = vec![label("tree", "mainline"), label("branch", "for/next")].into();
        node
    };
    let show = "stat -c 'inode of same %i' same; grep -r . . | sort";
    let first = sources.execute(branch(show));
    assert_succeeded(&first);
    for path in ["gone", "file"] {
        git(&sources.repository(), &["rm", "-rq", path]);
    }
    sources.commit(&[("other", "2"), ("new/file", "2"), ("file/now", "a directory")]);
    let second = sources.execute(branch(show));
    assert_succeeded(&second);
    let lines = ["./file/now:a directory", "./new/file:2", "./other:2", "./same:1"];
    assert_eq!(second.lines[1..], lines, "{}", second.log);
    assert_eq!(first.lines[0], second.lines[0], "what is as it was is not written again");
    assert!(sources.slot("mainline-for-next/tree").is_dir());

    // Two commits at once are two slots, whatever they are called.
    let third = branch(show);
    sources.commit(&[("other", "3")]);
    let jobs = vec![job(third), job(Node { name: node("b").name, ..branch(show) })];
    let ran = execute_all(settings(&sources.root(), &[]), jobs);
    ran.iter().for_each(assert_succeeded);
    assert!(ran[0].log.contains("./other:2") && ran[1].log.contains("./other:3"));
    assert!(sources.slot("mainline-for-next-2/tree").is_dir());
}

#[test]
fn attributes_that_changed_make_a_checkout_anew() {
    let sources = Sources::new(&[("text", "a\nb\n"), ("other", "1\n")]);
    assert_succeeded(&sources.execute(sources.node("a", "true")));
    sources.commit(&[(".gitattributes", "text eol=crlf\n")]);
    let ran = sources.execute(sources.node("a", "wc -c < text"));
    assert_eq!(ran.lines.last().map(String::as_str), Some("6"), "{}", ran.log);
}

#[test]
fn what_somebody_changed_between_two_runs_is_put_right() {
    let sources = Sources::new(&[("a/file", "right"), ("b", "right"), ("c", "right")]);
    let show = "find . -type f | sort | xargs grep .";
    let first = sources.execute(sources.node("a", show));
    assert_succeeded(&first);
    let tree = sources.slot("linux").join("tree");
    let open = |path: &str, mode| {
        fs::set_permissions(tree.join(path), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    for dir in ["", "a"] {
        open(dir, 0o755);
    }
    open("a/file", 0o644);
    fs::write(tree.join("a/file"), "wrong").expect("a file");
    fs::write(tree.join("a/more"), "wrong").expect("a file");
    fs::remove_file(tree.join("c")).expect("a file");
    let second = sources.execute(sources.node("a", show));
    assert_succeeded(&second);
    assert_eq!(second.lines, first.lines);
    assert!(second.log.contains(" was changed: `a/file`, `c`, `a/more`\n"), "{}", second.log);

    // An index that says what is not so.
    fs::write(sources.slot("linux").join("index"), "no index").expect("a file");
    let third = sources.execute(sources.node("a", show));
    assert_eq!(third.lines.last(), first.lines.last(), "{}", third.log);
    assert_succeeded(&third);
}

#[test]
fn a_build_that_changes_its_sources_is_not_believed_nor_is_one_beside_it() {
    let sources = Sources::new(&[("file", "right"), ("dir/file", "right")]);
    let (began, until) = (sources.dir.path().join("began"), "do sleep 0.02; done");
    let began = began.display();
    let beside = format!("touch {began}; while ! test -e dir/new; {until}; sleep 0.3");
    let change = "chmod u+w . dir file; echo wrong > file; echo wrong > dir/new";
    let change = format!("while ! test -e {began}; {until}; {change}");
    let jobs =
        [("a", change), ("b", beside)].map(|(name, script)| job(sources.node(name, &script)));
    let ran = execute_all(settings(&sources.root(), &[]), jobs.into());
    for ran in &ran {
        assert_eq!(ran.execution.outcome, Outcome::Unsure, "{}", ran.log);
        let expect = "it ran well, but its sources were changed while it, or another build of them, ran: `file`, `dir/new`";
        assert_eq!(message(ran), expect);
    }
    let next = sources.execute(sources.node("c", "cat file; echo; ls dir"));
    assert_succeeded(&next);
    assert_eq!(next.lines, ["right", "file"]);
}

#[test]
fn a_commit_that_is_not_there_is_told() {
    let sources = Sources::new(&[("file", "x")]);
    let mut node = sources.node("a", "true");
    let id = "0123456789012345678901234567890123456789";
    node.action.checkout =
        Some(Arc::new(Commit { id: id.into(), repository: sources.head().repository.clone() }));
    let ran = sources.execute(node.clone());
    assert_eq!(message(&ran), "step checkout: exit status 128");
    assert!(ran.log.contains(id), "{}", ran.log);
    let mirror = Commit { id: id.into(), repository: Repository::Mirror("https://h/x".into()) };
    node.action.checkout = Some(Arc::new(mirror));
    assert_eq!(message(&sources.execute(node)), "step checkout: there is no mirror");
}

#[test]
fn a_mirror_without_files_fetches_them() {
    let sources = Sources::new(&[("dir/file", "of the remote\n")]);
    git(&sources.repository(), &["config", "uploadpack.allowFilter", "true"]);
    git(&sources.repository(), &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let url = format!("file://{}", sources.repository().display());
    let args = ["clone", "-q", "--bare", "--filter=blob:none", &url, "mirror"];
    git(sources.dir.path(), &args);
    let mirror = sources.dir.path().join("mirror");
    let mut settings = settings(&sources.root(), &[]);
    settings.sources.objects = Objects::new(move |_| Ok(mirror.clone()));
    let ran = execute(settings, sources.node("a", "cat dir/file"), None);
    assert_succeeded(&ran);
    assert_eq!(ran.lines.last().map(String::as_str), Some("of the remote"), "{}", ran.log);
}

/// Becomes the process that is killed, where the variable says so; alone it tests nothing.
#[test]
fn driver() {
    let Some(dir) = std::env::var_os("GRAPH_TEST_CHECKOUT") else { return };
    let dir = PathBuf::from(dir);
    let id = fs::read_to_string(dir.join("id")).expect("a commit");
    let repository = Repository::Local(dir.join("linux").display().to_string().into());
    let mut node = sh(node("a"), "true");
    node.action.checkout = Some(Arc::new(Commit { repository, id: id.into() }));
    execute(settings(&dir.join("project"), &[]), node, None);
}

#[test]
fn a_checkout_that_was_killed_is_never_taken_for_whole() {
    let sources = Sources::new(&[]);
    for number in 0..500 {
        let path = sources.repository().join(format!("dir{}/file{number}", number % 20));
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, format!("{number}\n")).expect("a file");
    }
    let commit = sources.commit(&[]);
    fs::write(sources.dir.path().join("id"), &*commit.id).expect("a file");
    for moment in [60, 120, 180, 300] {
        let mut driver = Command::new(std::env::current_exe().expect("a path"))
            .args(["--exact", "exec_checkout::driver"])
            .env("GRAPH_TEST_CHECKOUT", sources.dir.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("a driver");
        std::thread::sleep(Duration::from_millis(moment));
        driver.kill().expect("a driver");
        driver.wait().expect("an end");
        let ran = sources.execute(sources.node("a", "find . -type f | wc -l; cat dir*/* | wc -c"));
        assert_succeeded(&ran);
        let last = &ran.lines[ran.lines.len() - 2..];
        assert_eq!(last, ["500", "1890"], "killed after {moment} ms");
        checkout::remove(&sources.slot("linux")).expect("it can be removed");
    }
}

#[test]
fn what_was_not_used_lately_can_be_removed() {
    let sources = Sources::new(&[("dir/file", "x")]);
    let all = sources.root().join(".graph/sources");
    assert_eq!(
        checkout::unused(&all, SystemTime::now()).expect("a list"),
        [""; 0].map(PathBuf::from)
    );
    assert_succeeded(&sources.execute(sources.node("a", "true")));
    let hour = Duration::from_secs(3600);
    let unused = |before| checkout::unused(&all, before).expect("a list");
    assert!(unused(SystemTime::now() - hour).is_empty());
    fs::create_dir(all.join("half")).expect("a directory");
    assert_eq!(unused(SystemTime::now() - hour), [all.join("half")]);
    assert_eq!(unused(SystemTime::now() + hour), [all.join("half"), all.join("linux")]);
    unused(SystemTime::now() + hour).iter().for_each(|slot| {
        checkout::remove(slot).expect("it can be removed");
    });
    assert_eq!(fs::read_dir(&all).expect("a directory").count(), 0);
}

#[test]
fn each_execution_begins_with_nothing_and_tells_its_steps() {
    let sources = Sources::new(&[("file", "x")]);
    let variables = [
        ("MAKEFLAGS", "-j99"),
        ("ARCH", "x"),
        ("CROSS_COMPILE", "x"),
        ("KBUILD_OUTPUT", "x"),
        ("KCONFIG_ALLCONFIG", "x"),
        ("CC", "x"),
        ("CFLAGS", "x"),
        ("LLVM", "1"),
    ];
    let build = || {
        let mut node = sh(node("a"), "find . | sort; env | cut -d= -f1 | sort");
        node.action.checkout = Some(sources.head());
        Arc::make_mut(&mut node.action.steps)[0].name = "config";
        let step = |name, script: &str, line: &str, holds| Step {
            name,
            program: "sh",
            args: ["-c", script].map(Template::text).to_vec(),
            when: vec![Condition { file: "build/.config".into(), line: line.into(), holds }],
            ..Step::default()
        };
        let more = [
            step("kernel", "echo M=y > build/.config; echo z > artifacts/z", "M=y", false),
            step("modules", "echo modules; mkdir artifacts/d; echo y > artifacts/d/y", "M=y", true),
            step("dtbs", "echo dtbs", "D=y", true),
        ];
        node.action.steps = node.action.steps.iter().cloned().chain(more).collect();
        let mut output = required("artifacts/**");
        output.below = Some("artifacts".to_owned());
        node.outputs = vec![output].into();
        node
    };
    for _ in 0..2 {
        let ran = execute(settings(&sources.root(), &variables), build(), None);
        assert_succeeded(&ran);
        let seen: Vec<&str> = ran.lines.iter().map(String::as_str).collect();
        // Where git looks next after the work directory.
        assert!(sources.root().join(".graph/work/.git").is_file());
        assert_eq!(
            seen,
            [
                ".",
                "./.unfinished",
                "./artifacts",
                "./build",
                "./logs",
                "./logs/config.log",
                "GIT_CEILING_DIRECTORIES",
                "GRAPH_NODE",
                "LANG",
                "MAKEFLAGS",
                "PATH",
                "PWD",
                "PYTHONDONTWRITEBYTECODE",
                "TERM",
                "modules",
            ]
        );
        let skipped =
            "step dtbs: passed over, because `build/.config` does not have the line `D=y`";
        assert!(ran.log.contains(skipped), "{}", ran.log);
        let kept: Vec<&str> =
            ran.execution.outputs.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(kept, ["d/y", "z"]);
        let work = settings(&sources.root(), &[]).work.join("image/a");
        let told = fs::read_to_string(work.join("steps.json")).expect("a file");
        let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        let names: Vec<_> =
            told.as_array().expect("a list").iter().map(|step| &step["name"]).collect();
        assert_eq!(names, ["config", "kernel", "modules"]);
        assert_eq!(fs::read_to_string(work.join("logs/modules.log")).expect("a log"), "modules\n");
        assert!(!work.join("build").exists(), "nobody needs it any more");
    }
}

#[test]
fn what_a_need_left_is_taken_if_it_is_what_it_left() {
    let sources = Sources::new(&[("file", "x")]);
    let from = NodeName::parse("config/x").expect("a name");
    let out = settings(&sources.root(), &[]).out.join("config/x");
    fs::create_dir_all(&out).expect("a directory");
    let record = |content: &str| Record {
        node: from.clone(),
        key: Digest::of(b"key"),
        parts: Vec::new().into(),
        reads: None,
        outcome: Outcome::Succeeded,
        outputs: vec![OutputFile {
            path: ".config".into(),
            digest: Digest::of(content.as_bytes()),
            size: content.len() as u64,
            executable: false,
        }],
        cost: Cost::default(),
        run: 1,
        ended: 0,
    };
    let run = |output: &str| {
        let mut node = sources.node("a", "cat \"$OLDPWD/build/.config\"");
        Arc::make_mut(&mut node.action.steps)[0].dir = None;
        Arc::make_mut(&mut node.action.steps)[0].args[1] = Template::text("cat build/.config");
        node.needs = vec![from.clone()];
        node.action.takes =
            vec![Taken { need: 0, output: output.into(), path: "build/.config".into() }].into();
        let job = Job { needs: vec![Arc::new(record("right\n"))], ..job(node) };
        execute_all(settings(&sources.root(), &[]), vec![job]).remove(0)
    };
    let check = |output: &str, expect: &str| assert_eq!(message(&run(output)), expect);
    check(".config", "cannot read `.config` of `config/x`: No such file or directory (os error 2)");
    check("vmlinux", "`config/x` left no `vmlinux`");
    fs::write(out.join(".config"), "wrong\n").expect("a file");
    check(
        ".config",
        "`.config` of `config/x` is not what that left: somebody changed it in its output directory",
    );
    fs::write(out.join(".config"), "right\n").expect("a file");
    let ran = run(".config");
    assert_succeeded(&ran);
    assert!(ran.log.contains("\nright\n"), "{}", ran.log);
}

#[test]
fn git_finds_no_repository_above_the_sources() {
    let sources = Sources::new(&[("file", "x")]);
    git(&sources.root(), &["init", "-q"]);
    let ran = sources.execute(sources.node("a", "git rev-parse --show-toplevel; true"));
    assert_succeeded(&ran);
    assert!(!ran.lines.iter().any(|line| Path::new(line).is_absolute()), "{:?}", ran.lines);
}
