//! The text of a new `graph.yaml`: what was found as settings, everything else as comments that show the defaults.

use std::fmt::Write;

use super::found::{Found, Shared};
use crate::config::DEFAULT_IGNORE;

/// What is provisioned where no kas is installed: the newest that reads `_source_dir` anywhere, as real projects have it.
const KAS: &str = "5.2";

/// The settings as text.
pub(super) fn settings(found: &Found) -> String {
    let mut text = String::from(
        "# Settings of `graph`. Only `version` is needed: what is commented out shows the default.\n\
         # `graph schema` prints the JSON Schema of this file.\n\
         version: 1\n\n",
    );
    sources(found, &mut text);
    shared(found, &mut text);
    text.push_str(
        "# What a machine means that does not say so itself.\n\
         # defaults:\n\
         #   build_target: pantavisor-starter\n\
         #   output: \"pantavisor-starter*.rootfs.wic*\"\n\n\
         # What is kept between runs, and how much of it `graph cache gc` leaves.\n\
         # cache: {dir: .graph, budget: 50GiB}\n\n\
         # How builds are run. `stall` ends one that says nothing for so long.\n\
         # run: {jobs: auto, memory: auto, timeout: 6h, stall: 30m, retries: 0, keep_going: true}\n\n",
    );
    kas(found, &mut text);
    let ignored: Vec<String> = DEFAULT_IGNORE.iter().map(|pattern| quoted(pattern)).collect();
    let _ = write!(
        text,
        "\n# What of this repository no build depends on, in `.gitignore` syntax.\n\
         # ignore: [{}]\n\n\
         # Whether a change of `git describe` alone rebuilds: `record` does not, `key` does.\n\
         # stamps: record\n",
        ignored.join(", ")
    );
    text
}

fn sources(found: &Found, text: &mut String) {
    text.push_str("# Where the matrix is written down.\nsources:\n");
    let mut line = |key: &str, path: Option<&std::path::PathBuf>, example: &str| {
        let _ = match path {
            Some(path) => writeln!(text, "  {key}: {}", quoted(&path.to_string_lossy())),
            None => writeln!(text, "  # {key}: {example}"),
        };
    };
    line("machines", found.machines.as_ref(), ".github/machines.json");
    line("kernels", found.kernels.as_ref(), "config/core");
    text.push('\n');
}

fn shared(found: &Found, text: &mut String) {
    text.push_str("# Directories that all builds of this host share.\nshared:\n");
    let mut line = |key: &str, found: Option<&Shared>| {
        let _ = match found {
            Some(found) => {
                writeln!(text, "  {key}: {} # as {} has it", quoted(&found.path), found.from)
            }
            None => writeln!(text, "  # {key}: /shared/{key}"),
        };
    };
    line("sstate", found.sstate.as_ref());
    line("downloads", found.downloads.as_ref());
    line("git", None);
    line("ccache", None);
    text.push('\n');
}

fn kas(found: &Found, text: &mut String) {
    text.push_str("# Where kas comes from: a `version` is installed privately, an `image` is a container's.\n");
    let _ = match &found.kas {
        Some(version) => {
            writeln!(text, "# kas: {{version: {}}}\nkas: {{program: kas}}", quoted(version))
        }
        None => writeln!(text, "kas: {{version: {}}} # there is no `kas` on PATH", quoted(KAS)),
    };
}

/// A string as JSON has it, which YAML reads as the same string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Found, Shared, settings};
    use crate::config::{self, Kas, Settings};
    use crate::diagnostic::SourceText;

    fn read(text: &str) -> Settings {
        let source = SourceText::new("graph.yaml", text);
        config::parse(&Arc::new(source)).expect("what is written can be read")
    }

    #[test]
    fn what_is_written_can_be_read_and_means_the_defaults() {
        let text = settings(&Found { kas: Some("5.2".into()), ..Found::default() });
        assert_eq!(read(&text), Settings::default());
        let shown: String = text
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|line| is_setting(line)).unwrap_or(line))
            .filter(|line| !line.starts_with("kas: {version"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(read(&shown), Settings::default(), "what the comments show are the defaults");
    }

    fn is_setting(line: &str) -> bool {
        ["defaults:", "  build_target:", "  output:", "cache:", "run:", "ignore:", "stamps:"]
            .iter()
            .any(|key| line.starts_with(key))
    }

    #[test]
    fn what_was_found_is_set_whatever_its_name() {
        let odd = "/a \"b\": #c\u{7}";
        let shared = Shared { path: odd.to_owned(), from: "the environment" };
        let found = Found {
            machines: Some("machines.json".into()),
            sstate: Some(shared),
            ..Found::default()
        };
        let read = read(&settings(&found));
        assert_eq!(read.shared.sstate.as_deref(), Some(std::path::Path::new(odd)));
        assert_eq!(read.sources.machines.expect("it was found").0, ["machines.json"]);
        assert_eq!(read.kas, Kas::Version("5.2".to_owned()));
    }
}
