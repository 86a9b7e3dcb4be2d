//! Builds that are ended from outside or by a limit, and two builds at once, from the command line to the next build.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::world::{Output, World, image};

/// How long anything may take that should happen soon.
const PATIENCE: Duration = Duration::from_secs(30);

/// A build that goes on.
struct Building<'a> {
    world: &'a World,
    child: Child,
}

impl<'a> Building<'a> {
    fn start(world: &'a World, arguments: &[&str]) -> Self {
        let mut command = world.command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self { world, child: child.expect("graph starts") }
    }

    /// Waits until a board's log has a text.
    fn until(&mut self, board: &str, text: &str) {
        let begun = Instant::now();
        while !logs(self.world, board).contains(text) {
            assert!(begun.elapsed() < PATIENCE, "`{text}` does not come");
            assert_eq!(self.child.try_wait().expect("a child"), None, "it ended before `{text}`");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let status = kill.args(["-s", name, &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    fn end(self) -> Output {
        let Self { world, child } = self;
        world.ended(child)
    }
}

/// All that a board has logged in any run.
fn logs(world: &World, board: &str) -> String {
    let runs = fs::read_dir(world.path(".graph/logs")).into_iter().flatten().flatten();
    let name = format!("{}.log", image(board).replace('/', "~"));
    runs.map(|run| fs::read_to_string(run.path().join(&name)).unwrap_or_default()).collect()
}

/// A world in which every build takes its time.
fn slow(switches: &str) -> World {
    let world = World::new();
    world.toy("kas/bsp-rowan.yaml", switches);
    world
}

fn told(text: &str, parts: &[&str], output: &Output) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not told\n{output}");
    }
}

fn planned(world: &World, board: &str) -> String {
    world.graph_ok(&["plan", &image(board)]).stdout
}

#[test]
fn a_signal_ends_a_build_in_order() {
    let world = slow("TOY_SECONDS = \"6\"");
    let boards = [image("rowan-dev"), image("virt-arm64")];
    for (number, signal) in ["INT", "TERM", "HUP"].into_iter().enumerate() {
        // What never ran comes first, so that only the first time is certain.
        let boards = if number == 0 { &boards[..] } else { &boards[..1] };
        let words = ["build", "--jobs", "1"].into_iter().chain(boards.iter().map(String::as_str));
        let mut building = Building::start(&world, &words.collect::<Vec<_>>());
        // Each goes on where the one before was ended.
        let task = format!("NOTE: Running task {} of ", 3 * number + 3);
        building.until("rowan-dev", &task);
        let begun = Instant::now();
        building.signal(signal);
        let output = building.end();
        assert!(begun.elapsed() < Duration::from_secs(5), "{signal}: {:?}", begun.elapsed());
        assert_eq!(output.code, Some(130), "{signal}: {output}");
        let not_started =
            if number == 0 { "1 interrupted · 1 not started" } else { "1 interrupted" };
        let parts = ["interrupted image/rowan-dev-scarthgap", not_started];
        told(&output.stdout, &parts, &output);
        told(&output.stderr, &["stopping: nothing more starts"], &output);
        let runs = world.graph_ok(&["runs"]);
        let newest = runs.stdout.lines().next().unwrap_or_default();
        assert!(newest.contains("interrupted"), "{runs}");
        assert!(planned(&world, "rowan-dev").contains("last run was interrupted"));
        assert!(planned(&world, "virt-arm64").contains("never built"));
    }
    let output = world.graph_ok(&["build", &boards[0], &boards[1]]);
    told(&output.stdout, &["2 built"], &output);
    assert!(!logs(&world, "rowan-dev").contains("was killed"), "they were ended in order");
    assert!(world.path(".graph/out/image/rowan-dev-scarthgap").exists());
    told(&world.graph_ok(&["build", &boards[0]]).stdout, &["nothing to do"], &output);
}

#[test]
fn a_second_signal_ends_a_build_at_once() {
    let world = slow("TOY_SECONDS = \"60\"");
    let board = image("rowan-dev");
    let mut building = Building::start(&world, &["build", &board]);
    building.until("rowan-dev", "NOTE: Running task 1 of ");
    let begun = Instant::now();
    building.signal("INT");
    building.signal("INT");
    let output = building.end();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(output.code, Some(130), "{output}");
    assert!(planned(&world, "rowan-dev").contains("last run was interrupted"));
    world.edit("kas/bsp-rowan.yaml", "\"60\"", "\"0\"");
    world.graph_ok(&["build", &board]);
    assert!(world.path(".graph/out").join(&board).exists());
}

#[test]
fn a_second_build_waits_for_the_first() {
    let world = slow("TOY_SECONDS = \"5\"");
    let board = image("rowan-dev");
    let mut first = Building::start(&world, &["build", &board]);
    first.until("rowan-dev", "NOTE: Running task 1 of ");
    let holder = format!("`build` (process {} on ", first.child.id());
    let hasty = world.graph(&["build", "--no-wait", &board]);
    assert_eq!(hasty.code, Some(3), "{hasty}");
    told(&hasty.stderr, &["another build of this project goes on", &holder], &hasty);
    // What only looks does not wait.
    assert!(planned(&world, "rowan-dev").contains("never built"));
    let second = world.graph(&["build", &board]);
    assert_eq!(second.code, Some(0), "{second}");
    told(&second.stderr, &["waiting for another build of this project", &holder], &second);
    told(&second.stdout, &["nothing to do"], &second);
    let first = first.end();
    assert_eq!(first.code, Some(0), "{first}");
    told(&first.stdout, &["1 built"], &first);
}

#[test]
fn an_input_that_changes_during_a_build_leaves_it_unsure() {
    let world = World::new();
    let board = image("rowan-dev");
    let file = "recipes-boards/board-id/files/board-id.sh";
    // From the build directory to the project.
    let touched = format!("TOY_TOUCH = \"../../../../../{file}\"");
    world.toy("kas/bsp-rowan.yaml", &touched);
    let output = world.graph(&["build", &board]);
    assert_eq!(output.code, Some(1), "{output}");
    told(&output.stdout, &["what went into it changed meanwhile: `local meta-boards`"], &output);
    assert!(!world.path(".graph/out").join(&board).exists(), "nobody knows what it is");
    assert!(planned(&world, "rowan-dev").contains("an input changed during the last run"));
    world.edit("kas/bsp-rowan.yaml", &touched, "");
    world.graph_ok(&["build", &board]);
    told(&world.graph_ok(&["build", &board]).stdout, &["nothing to do"], &output);
}

#[test]
fn limits_of_the_settings_end_a_build() {
    let world = slow("TOY_SILENT = \"60\"");
    let board = image("rowan-dev");
    let check = |limit: &str, message: &str, reason: &str| {
        world.edit("graph.yaml", "  jobs: auto", &format!("  jobs: auto\n  {limit}\n  retries: 0"));
        let output = world.graph(&["build", &board]);
        assert_eq!(output.code, Some(1), "{output}");
        told(&output.stdout, &[&format!("step build: ended because it {message}")], &output);
        assert!(planned(&world, "rowan-dev").contains(reason), "{limit}");
        world.edit("graph.yaml", &format!("  jobs: auto\n  {limit}\n  retries: 0"), "  jobs: auto");
    };
    check("stall: 3s", "logged nothing for 3s", "last run stalled");
    check("timeout: 4s", "ran longer than 4s", "last run timed out");
}

#[test]
fn a_server_that_a_build_leaves_behind_is_gone_after_it() {
    let world = slow("TOY_SERVER = \"300\"");
    world.graph_ok(&["build", &image("rowan-dev")]);
    told(
        &logs(&world, "rowan-dev"),
        &["processes that outlived the step: 1"],
        &world.graph(&["runs"]),
    );
    let cookers = fs::read_dir("/proc").expect("there is a /proc").flatten().filter(|process| {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        words.contains("bitbake-cookerdaemon.log")
            && words.contains(&*world.root().to_string_lossy())
    });
    assert_eq!(cookers.count(), 0);
}
