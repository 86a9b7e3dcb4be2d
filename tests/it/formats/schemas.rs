//! The JSON Schemas of outputs: checked in, printed by `graph schema`, and true.

use std::path::Path;

use graph::resource::Capacity;
use graph_cli::diagnostic::{Diagnostic, Diagnostics};
use graph_cli::report::json::json;
use graph_cli::report::view::plan::{PlanView, Scope};
use graph_cli::report::view::schema::Form;
use serde_json::Value;

use super::validate::problems;
use crate::bad_input::two_boards;
use crate::kernel_world::KernelWorld;
use crate::report::boards::{NEW_COMMIT, State, plain};
use crate::world::World;

fn check(form: Form, value: &Value) {
    assert_eq!(problems(&form.schema(), value), Vec::<String>::new(), "{form:?}");
}

fn printed(world: &World, arguments: &[&str], codes: &[i32]) -> Value {
    let told = world.graph(&[arguments, &["--format", "json"]].concat());
    assert!(codes.contains(&told.code.unwrap()), "{told}");
    serde_json::from_str(&told.stdout).unwrap_or_else(|error| panic!("{error}\n{told}"))
}

#[test]
fn the_checked_in_schemas_are_those_that_the_types_make() {
    // To write them anew: `SNAPSHOTS=overwrite cargo test --test it schemas`.
    for form in Form::ALL {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("schemas/{}.schema.json", form.name()));
        let text = plain(|out| json(&form.schema(), out));
        snapbox::assert_data_eq!(text, snapbox::Data::read_from(&path, None).raw());
    }
    let told = two_boards().graph_ok(&["schema", "plan"]);
    assert_eq!(told.stdout, plain(|out| json(&Form::Plan.schema(), out)));
}

#[test]
fn plans_are_as_their_schema_says() {
    let records = State::default().records();
    for now in [
        State::default(),
        State { commit: NEW_COMMIT, token: "x", patch: "second", ..State::default() },
        State {
            kas: graph::facts::Fact::Unknown("kas is not there".into()),
            base: "A\nB\n",
            ..State::default()
        },
    ] {
        let (graph, plan) = now.plan(&records);
        let mut warnings = Diagnostics::default();
        warnings.push(Diagnostic::warning("old").in_file("kas/a.yaml").hint("remake it"));
        warnings.push(Diagnostic::warning("anywhere"));
        let view =
            PlanView::of(&graph, &plan, Scope::All, &warnings, Capacity::new(2, 2, u64::MAX));
        check(Form::Plan, &serde_json::to_value(&view).unwrap());
    }
}

#[test]
fn what_verbs_print_is_as_the_schemas_say() {
    let world = World::new();
    check(Form::Plan, &printed(&world, &["plan", "--offline"], &[0]));
    check(Form::List, &printed(&world, &["list"], &[0]));
    check(
        Form::Reverted,
        &printed(&world, &["plan", "--offline", "--if-reverted", "distro"], &[0]),
    );
    world.git(".", &["init", "-q"]);
    world.git(".", &["add", "-A"]);
    world.git(".", &["commit", "-qm", "first"]);
    world.edit("kas/bsp-birch.yaml", "RADIO_REGION = \"EU\"", "RADIO_REGION = \"US\"");
    check(Form::Base, &printed(&world, &["plan", "--base", "HEAD"], &[0]));
    check(Form::Diff, &printed(&world, &["diff", "HEAD", "."], &[0]));
    check(Form::Lock, &printed(&world, &["lock"], &[0]));
    world.git(".", &["add", "-A"]);
    world.git(".", &["commit", "-qm", "second"]);
    world.remove("kas/build-configs/release/rowan-dev-scarthgap.yaml");
    check(Form::Lock, &printed(&world, &["lock", "--keep"], &[0, 10]));
    check(Form::Base, &printed(&world, &["plan", "--base", "HEAD~1", "--all"], &[0]));
    let jobs = world.graph_ok(&["plan", "--offline", "--format", "github"]).stdout;
    let matrix = jobs.lines().find_map(|line| line.strip_prefix("matrix=")).unwrap();
    check(Form::Matrix, &serde_json::from_str(matrix).unwrap());
}

#[test]
fn what_is_said_of_kernels_is_as_the_schemas_say() {
    let kernels = KernelWorld::new();
    let world = kernels.world();
    check(Form::List, &printed(world, &["list"], &[0]));
    check(Form::Excluded, &printed(world, &["list", "--excluded"], &[0]));
    check(Form::Plan, &printed(world, &["plan"], &[0]));
}
