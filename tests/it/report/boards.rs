//! A small project as literals: three images, one SDK, what was recorded of them and what is so now.

use std::sync::Arc;

use graph::digest::Digest;
use graph::facts::{Fact, Facts};
use graph::fingerprint::fingerprint;
use graph::model::{Graph, NodeId};
use graph::name::NodeName;
use graph::plan::{Plan, plan};
use graph::record::{Availability, Cost, Outcome, OutputFile, Record, Records, Remembered};
use graph::resource::Pool;
use graph::spec::{
    Action, Dir, GeneratedFile, Input, Label, Node, Output, Piece, Place, Presence, Role, Source,
    Spec, Step, Template, Tree,
};
use graph_cli::report::page::Page;

pub(crate) const OLD_COMMIT: &str = "3a1f0c2b4d5e6f708192a3b4c5d6e7f801234567";
pub(crate) const NEW_COMMIT: &str = "9c2e11aa00bb11cc22dd33ee44ff5566778899aa";
/// 2026-01-31 02:00 UTC, in milliseconds.
pub(crate) const NOW: i64 = 1_769_824_800_000;
const HOUR: i64 = 3_600_000;

pub(crate) fn name(text: &str) -> NodeName {
    NodeName::parse(text).unwrap()
}

pub(crate) fn place(file: &str, line: u32) -> Place {
    Place { file: file.into(), line, column: 3 }
}

pub(crate) fn page(width: impl Into<Option<usize>>) -> Page {
    let now = jiff::Timestamp::from_millisecond(NOW).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    Page { width: width.into(), now }
}

/// Writes a text without its colours.
pub(crate) fn plain(write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

/// One state of the project: what people can change in it.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) commit: &'static str,
    pub(crate) base: &'static str,
    pub(crate) patch: &'static str,
    pub(crate) token: &'static str,
    pub(crate) kas: Fact,
    pub(crate) describe: &'static str,
}

impl Default for State {
    fn default() -> Self {
        Self {
            commit: OLD_COMMIT,
            base: "A = \"1\"\nB = \"2\"\n",
            patch: "first",
            token: "hunter2",
            kas: Fact::text("5.2"),
            describe: "v1.0",
        }
    }
}

impl State {
    pub(crate) fn graph(&self) -> Graph {
        let image = |machine: &'static str| self.image(machine);
        let nodes = vec![image("qemu"), image("rpi"), image("verdin"), self.sdk()];
        Graph::build(Spec { nodes }).unwrap()
    }

    fn image(&self, machine: &'static str) -> Node {
        let input = |part: &str, source: Source, at: (&str, u32), role| Input {
            part: part.into(),
            source,
            declared: Some(place(at.0, at.1)),
            role,
        };
        let value = |text: &str| Source::Value(text.into());
        let mut inputs = vec![
            input("machine", value(machine), (&format!("kas/{machine}.yaml"), 4), Role::Key),
            input("local_conf_header.base", value(self.base), ("kas/base.yaml", 20), Role::Key),
            input(
                "env TOKEN (outer)",
                Source::variable("TOKEN", None),
                ("kas/base.yaml", 31),
                Role::Key,
            ),
            input("tool kas", Source::Tool("kas".into()), ("graph.yaml", 9), Role::Key),
            input("describe", Source::Describe(".".into()), ("graph.yaml", 1), Role::Stamp),
        ];
        if machine != "qemu" {
            let at = ("kas/scarthgap.yaml", 12);
            inputs.push(input("repos.poky.commit", value(self.commit), at, Role::Key));
        }
        if machine == "verdin" {
            let at = ("kas/verdin.yaml", 9);
            inputs.push(input(
                "patch poky/fit-image",
                Source::File("fit.patch".into()),
                at,
                Role::Key,
            ));
            let tree = Tree { dir: ".".into(), ignore: Vec::new(), except: Vec::new() };
            let at = ("kas/base.yaml", 8);
            inputs.push(input("local meta-demo", Source::Tree(tree.into()), at, Role::Key));
        }
        let config = vec![Piece::Dir(Dir::Work), Piece::Text("/graph.kas.yaml".into())];
        let args = ["build", "--force-checkout"].map(Template::text);
        let step = Step {
            name: "build",
            program: "kas",
            args: args.into_iter().chain([Template::of(config)]).collect(),
            env: vec![("NOTE".to_owned(), Template::text("it's here"))],
            ..Step::default()
        };
        let content = Template::of(vec![
            Piece::Text("machine: ".into()),
            Piece::Text(machine.into()),
            Piece::Text("\n_source_dir: ".into()),
            Piece::Dir(Dir::Root),
            Piece::Text("\n".into()),
        ]);
        let label = |key, value: &str| Label { key, value: value.into() };
        Node {
            name: name(&format!("image/{machine}-scarthgap")),
            labels: vec![
                label("machine", machine),
                label("workflow", "manual"),
                label("workflow", "onpush"),
            ]
            .into(),
            inputs: inputs.into(),
            needs: Vec::new(),
            action: Action {
                files: vec![GeneratedFile { path: "graph.kas.yaml".into(), content }].into(),
                steps: vec![step].into(),
                ..Action::default()
            },
            outputs: vec![
                output("build/tmp/deploy/images/*/*.wic*", Presence::Required),
                output("build/**/*pvrexport.tgz", Presence::Optional),
            ]
            .into(),
            declared: place(".github/machines.json", 14),
            pool: Pool::Build,
            unresolved: Vec::new(),
        }
    }

    fn sdk(&self) -> Node {
        Node {
            name: name("sdk/rpi-scarthgap"),
            labels: vec![Label { key: "machine", value: "rpi".into() }].into(),
            needs: vec![name("image/rpi-scarthgap")],
            ..self.image("qemu")
        }
    }

    pub(crate) fn facts(&self) -> Facts {
        let tree = Tree { dir: ".".into(), ignore: Vec::new(), except: Vec::new() };
        [
            (Source::variable("TOKEN", None), Fact::veiled(self.token.as_bytes(), "(not shown)")),
            (Source::Tool("kas".into()), self.kas.clone()),
            (Source::Describe(".".into()), Fact::text(self.describe)),
            (Source::File("fit.patch".into()), Fact::content(Digest::of(self.patch.as_bytes()))),
            (Source::Tree(tree.into()), Fact::content(Digest::of(self.patch.as_bytes()))),
        ]
        .into_iter()
        .collect()
    }

    /// What the cache would remember if every node had been built in this state.
    pub(crate) fn records(&self) -> Records {
        let mut records = Records::default();
        for record in self.executions(Outcome::Succeeded) {
            let record = Arc::new(record);
            records.insert_last(Remembered { record, available: Availability::InPlace });
        }
        records
    }

    pub(crate) fn executions(&self, outcome: Outcome) -> Vec<Record> {
        let (graph, facts) = (self.graph(), self.facts());
        let outputs = vec![OutputFile {
            path: "image.wic.gz".into(),
            digest: Digest::of(b"image"),
            size: 412_000_000,
            executable: false,
        }];
        let made = graph::record::made(&outputs);
        let record = |id: NodeId| {
            let node = graph.node(id);
            let fingerprint = fingerprint(node, &facts, |_| Some(made), None);
            Record {
                node: node.name.clone(),
                key: fingerprint.key.unwrap_or(Digest::of(b"none")),
                parts: fingerprint.parts.into(),
                reads: None,
                outcome,
                outputs: outputs.clone(),
                cost: Cost { wall_ms: 2_530_000, cpu_ms: 18_000_000, peak_memory: 3_328_599_654 },
                run: 41,
                ended: NOW - 3 * HOUR,
            }
        };
        graph.ids().map(record).collect()
    }

    pub(crate) fn plan(&self, records: &Records) -> (Graph, Plan) {
        let graph = self.graph();
        let wanted: Vec<NodeId> = graph.ids().collect();
        let plan = plan(&graph, &wanted, &[], &self.facts(), records);
        (graph, plan)
    }
}

fn output(pattern: &str, presence: Presence) -> Output {
    Output { pattern: pattern.to_owned(), presence, below: None }
}
