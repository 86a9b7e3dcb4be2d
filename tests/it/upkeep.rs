//! The verbs that look after a project and its host: `init`, `doctor`, `schema`, `completions`, `cache`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is to end here")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use clap::Parser;
use graph_cli::cmd::{cache, completions, doctor, init, schema};
use graph_cli::context::{Audience, Ci, Context};
use graph_cli::failure::Failure;

struct Host {
    dir: tempfile::TempDir,
    context: Context,
}

impl Host {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let project = dir.path().join("project");
        fs::create_dir(&project).unwrap();
        let context = Context {
            cwd: project.canonicalize().unwrap(),
            env: [("PATH", path), ("HOME", dir.path().into())].into_iter().collect(),
            stdout: Audience::Stream,
            stderr: Audience::Stream,
            width: None,
            ci: Ci::None,
            started: Instant::now(),
            began: SystemTime::now(),
            version: "0",
            executable: PathBuf::from("graph"),
        };
        Self { dir, context }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.context.cwd.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A kas that knows its version and nothing else.
    fn kas(&self, version: &str, format: u32) {
        let text = format!(
            "#!/bin/sh\necho 'kas {version} (configuration format version {format}, earliest compatible version 1)'\n"
        );
        self.write("bin/kas", &text);
        let path = self.context.cwd.join("bin/kas");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// What a verb printed and how it ended, with everything that differs between hosts taken out.
    fn told(&self, run: impl FnOnce(&Context, &mut Vec<u8>) -> anyhow::Result<()>) -> String {
        let mut out = Vec::new();
        let ended = run(&self.context, &mut out);
        let mut text = String::from_utf8(out).unwrap();
        if let Err(error) = ended {
            let failure = error.downcast_ref::<Failure>().expect("a verb fails with a failure");
            let message = failure.message.as_deref().unwrap_or("(nothing more)");
            text.push_str(&format!("exit {}: {message}\n", failure.kind.code()));
            failure
                .diagnostics
                .as_slice()
                .iter()
                .for_each(|one| text.push_str(&format!("{one}\n")));
            failure.hints.iter().for_each(|hint| text.push_str(&format!("hint: {hint}\n")));
        }
        let text = text.replace(&self.context.cwd.display().to_string(), "PROJECT");
        text.replace(&self.dir.path().display().to_string(), "DIR")
    }

    fn doctor(&self, format: &str) -> String {
        let args = Command::<doctor::Args>::parse_from(["doctor", "--format", format]).args;
        self.told(|context, out| doctor::run(&args, context, out))
    }

    fn cache(&self, args: &[&str]) -> String {
        let args = Command::<cache::Args>::parse_from([&["cache"], args].concat()).args;
        self.told(|context, out| cache::run(&args, context, |_| None, out))
    }

    fn init(&self, args: &[&str]) -> String {
        let args = Command::<init::Args>::parse_from([&["init"], args].concat()).args;
        self.told(|context, out| init::run(&args, context, out))
    }
}

#[derive(clap::Parser)]
struct Command<A: clap::Args> {
    #[command(flatten)]
    args: A,
}

/// The lines about one thing.
fn about<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with(' ') {
            inside =
                line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ").starts_with(name);
        }
        if inside {
            lines.push(line.trim_end());
        }
    }
    lines
}

#[test]
fn init_writes_what_it_found_and_does_not_write_over_it() {
    let host = Host::new();
    host.write(".github/machines.json", "{}");
    host.write("kas/build-configs/shared-vols.yaml", "x: |\n  SSTATE_DIR=\"/shared/sstate\"\n");
    insta::assert_snapshot!(host.init(&[]), @"
    wrote `graph.yaml`
    the machines are in `.github/machines.json`; next: `graph plan`
    ");
    let text = fs::read_to_string(host.context.cwd.join("graph.yaml")).unwrap();
    assert!(text.contains("  machines: \".github/machines.json\"\n"), "{text}");
    assert!(text.contains("  sstate: \"/shared/sstate\" # as kas/"), "{text}");
    insta::assert_snapshot!(host.init(&[]), @"
    exit 2: there is a `graph.yaml` already
    hint: `--force` writes it anew; `--print` only shows what would be written
    ");
    assert!(host.init(&["--print"]).starts_with("# Settings"));
    assert!(host.init(&["--force"]).starts_with("wrote"));
}

#[test]
fn doctor_finds_nothing_wrong_where_nothing_is() {
    let host = Host::new();
    host.kas("5.2", 21);
    host.write("machines.json", "{\"yocto_branch\": \"scarthgap\", \"machines\": []}");
    host.write("graph.yaml", "version: 1\nkas: {program: bin/kas}\nshared: {sstate: shared/s}\n");
    let told = host.doctor("text");
    assert_eq!(about(&told, "kas")[0], "ok       kas               5.2, reads formats up to 21");
    assert!(about(&told, "git")[0].starts_with("ok"), "{told}");
    assert!(!about(&told, "shared.sstate")[0].starts_with("broken"), "{told}");
    assert!(!told.contains("exit"), "{told}");
    assert!(!host.context.cwd.join(".graph").exists(), "it changes nothing");

    let json: serde_json::Value = serde_json::from_str(&host.doctor("json")).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["checks"][0]["name"], "project");
}

#[test]
fn doctor_tells_all_that_is_broken_and_what_to_do() {
    let host = Host::new();
    host.write("machines.json", "{\"yocto_branch\": \"scarthgap\", \"machines\": []}");
    host.write("taken", "a file");
    host.write(
        "graph.yaml",
        "version: 1\nkas: {program: no-such-kas}\nshared: {sstate: taken, downloads: /proc/none}\n",
    );
    host.write(".graph/cache.db", "this is no database");
    let told = host.doctor("text");
    insta::assert_snapshot!(about(&told, "kas").join("\n"), @r#"
    broken   kas               there is no program `no-such-kas`
                               hint: install it, or let `kas: {version: "5.2"}` in `graph.yaml` provision it
    ok       kas files         there are none
    "#);
    insta::assert_snapshot!(about(&told, "shared.sstate").join("\n"), @"broken   shared.sstate     `PROJECT/taken` is not a directory");
    assert!(about(&told, "shared.downloads")[0].starts_with("broken"), "{told}");
    insta::assert_snapshot!(about(&told, "cache").join("\n"), @"
    broken   cache             `PROJECT/.graph/cache.db` is damaged: it is no SQLite database
                               hint: delete `PROJECT/.graph/cache.db` or move it away: only time is lost, nothing is ever wrong without it
    ");
    assert!(told.ends_with("exit 3: (nothing more)\n"), "{told}");
}

#[test]
fn doctor_tells_which_kas_can_read_the_project() {
    let host = Host::new();
    let machine = r#"{"name": "a", "config": "kas/a.yaml:kas/b.yaml", "workflows": ["manual"]}"#;
    host.write("machines.json", &format!(r#"{{"yocto_branch": "s", "machines": [{machine}]}}"#));
    host.write("graph.yaml", "version: 1\nkas: {program: bin/kas}\n");
    host.write("kas/a.yaml", "header: {version: 14}\nrepos: {own: }\n");
    let root = host.context.cwd.display();
    host.write("kas/b.yaml", &format!("header: {{version: 22}}\n_source_dir: {root}\n"));
    host.kas("5.2", 21);
    insta::assert_snapshot!(about(&host.doctor("text"), "kas f").join("\n"), @"
    broken   kas files         kas 5.2 refuses format 22 (`kas/b.yaml:1`): it reads up to 21
                               hint: use kas 5.3 or later; `kas: {version: …}` in `graph.yaml`
    ok       kas files         kas 5.3 and later refuse `_source_dir` in `kas/b.yaml:2`, which may only be in the first file of a chain
    ");
    host.kas("5.4", 23);
    insta::assert_snapshot!(about(&host.doctor("text"), "kas f").join("\n"), @"
    ok       kas files         they need kas 5.3 or later (format 22, `kas/b.yaml:1`)
    warning  kas files         kas 5.4 refuses `_source_dir` in `kas/b.yaml:2`, which may only be in the first file of a chain
                               hint: `graph` builds all the same: it gives kas one flattened file
                               hint: to run kas by hand, take 5.2 or earlier, or move `_source_dir` to a first file of its own
    ");
}

#[test]
fn settings_that_are_wrong_are_the_users_affair() {
    let host = Host::new();
    host.write("graph.yaml", "version: 1\nrun: {jbos: 1}\n");
    insta::assert_snapshot!(host.doctor("text"), @"
    exit 2: (nothing more)
    graph.yaml:2:7: unknown key `jbos` in `run`
    ");
}

#[test]
fn the_cache_is_counted_checked_and_cleared() {
    let host = Host::new();
    host.write("graph.yaml", "version: 1\n");
    let counted = host.cache(&["stat"]);
    assert!(counted.starts_with("nodes        0\n"), "{counted}");
    insta::assert_snapshot!(host.cache(&["verify"]), @"everything is as it should be");
    insta::assert_snapshot!(host.cache(&["gc", "--budget", "1GiB", "--dry-run"]), @"would drop 0 artifacts, 0 B; 0 B stay");
    let json: serde_json::Value =
        serde_json::from_str(&host.cache(&["gc", "--format", "json"])).unwrap();
    assert_eq!((json["version"].as_u64(), json["dry_run"].as_bool()), (Some(1), Some(false)));
    assert!(Command::<cache::Args>::try_parse_from(["cache", "gc", "--budget", "50"]).is_err());

    host.write(".graph/cache.db", "this is no database");
    let told = host.cache(&["stat"]);
    assert!(told.contains("exit 3") && told.contains("damaged"), "{told}");
    insta::assert_snapshot!(host.cache(&["clear"]), @"everything is forgotten; 0 B of artifacts are gone");
    assert!(host.cache(&["stat"]).starts_with("nodes        0\n"));
}

#[test]
fn the_cache_is_left_alone_while_another_graph_is_at_work() {
    let host = Host::new();
    host.write("graph.yaml", "version: 1\n");
    let state = host.context.cwd.join(".graph");
    fs::create_dir_all(&state).unwrap();
    let guard = ::cache::Cache::try_lock(&state, "graph build", 0).unwrap();
    let told = host.cache(&["clear"]);
    assert!(told.starts_with("exit 3: `graph build` (process "), "{told}");
    drop(guard);
    assert!(host.cache(&["clear"]).starts_with("everything"));
}

#[test]
fn schema_and_completions_are_printed() {
    let mut out = Vec::new();
    schema::run(&schema::Args { form: None }, &mut out).unwrap();
    assert!(
        serde_json::from_slice::<serde_json::Value>(&out).unwrap()["properties"]["kas"].is_object()
    );
    let mut command = clap::Command::new("graph").subcommand(clap::Command::new("build"));
    for shell in ["bash", "zsh", "fish"] {
        let args = Command::<completions::Args>::parse_from(["completions", shell]).args;
        let mut out = Vec::new();
        completions::run(&args, &mut command, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("build"), "{shell}");
    }
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("graph.schema.json").exists());
}
