//! What `graph demo` shows: each command is printed and then run, by this very program, as a user would.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::git;
use crate::failure::{Failure, Kind};

/// The edit: one line of a fragment that the three birch boards include, and nobody else.
const FRAGMENT: &str = "kas/bsp-birch.yaml";
const BEFORE: &str = "RADIO_REGION = \"EU\"";
const AFTER: &str = "RADIO_REGION = \"US\"";

/// A run of the story in a directory that holds the example.
pub(super) struct Story<'a> {
    /// The program that is run as `graph`.
    pub(super) program: PathBuf,
    /// Where the example is.
    pub(super) root: &'a Path,
    /// Where the story is told.
    pub(super) out: &'a mut dyn Write,
}

impl Story<'_> {
    /// Plans, builds, builds again, changes one fragment, explains and rebuilds.
    pub(super) fn tell(&mut self) -> Result<()> {
        self.say("What is to be built, and why; then the build.")?;
        self.graph(&["plan"])?;
        self.graph(&["build"])?;
        self.say("Once more: nothing has changed, so nothing is built.")?;
        self.graph(&["build"])?;
        self.say("Now a line of one fragment changes. Three of the twelve boards include it.")?;
        self.edit()?;
        self.graph(&["plan"])?;
        self.graph(&["why", "image/birch-hmi-scarthgap"])?;
        self.graph(&["build"])?;
        self.say(
            "That is all. Change something else there, and ask `graph plan`; README.md has ideas.",
        )
    }

    fn edit(&mut self) -> Result<()> {
        let path = self.root.join(FRAGMENT);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read `{FRAGMENT}`"))?;
        let (from, to) = if text.contains(BEFORE) { (BEFORE, AFTER) } else { (AFTER, BEFORE) };
        if !text.contains(from) {
            let message = format!("`{FRAGMENT}` has no line `{BEFORE}` any more");
            return Err(Failure::new(Kind::Input, message)
                .hint("run `graph demo` without `--keep` to begin again")
                .into());
        }
        fs::write(&path, text.replace(from, to))
            .with_context(|| format!("cannot write `{FRAGMENT}`"))?;
        writeln!(self.out, "$ sed -i 's/{from}/{to}/' {FRAGMENT}\n$ git diff")?;
        write!(self.out, "{}", git::diff(self.root, FRAGMENT)?)?;
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.out, "\n# {text}")?)
    }

    /// Prints a command and runs it with this program's terminal.
    fn graph(&mut self, arguments: &[&str]) -> Result<()> {
        writeln!(self.out, "$ graph {}", arguments.join(" "))?;
        self.out.flush()?;
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.root);
        let doing = || format!("cannot run `{}` again", self.program.display());
        let status = command.status().with_context(doing)?;
        if status.success() {
            return Ok(());
        }
        // What went wrong was told by the command itself; it ends as that one did.
        let kind = match status.code() {
            Some(1) => Kind::Build,
            Some(2) => Kind::Input,
            Some(3) => Kind::Environment,
            Some(4) => Kind::Defect,
            _ => Kind::Interrupted,
        };
        Err(Failure::new(kind, format!("`graph {}` did not succeed", arguments.join(" ")))
            .hint(format!(
                "look around in `{}`, then run `graph demo` there again",
                self.root.display()
            ))
            .into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{FRAGMENT, Story};
    use crate::cmd::demo::write;

    /// Tells it with another program in place of this one.
    fn tell(root: &Path, program: &str) -> (String, Result<(), String>) {
        let mut out = Vec::new();
        let mut story = Story { program: program.into(), root, out: &mut out };
        let result = story.tell().map_err(|error| error.to_string());
        (String::from_utf8(out).unwrap(), result)
    }

    #[test]
    fn every_command_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let example = write(dir.path()).unwrap();
        let (told, result) = tell(&example.root, "true");
        assert_eq!(result, Ok(()));
        insta::assert_snapshot!(told, @r#"

        # What is to be built, and why; then the build.
        $ graph plan
        $ graph build

        # Once more: nothing has changed, so nothing is built.
        $ graph build

        # Now a line of one fragment changes. Three of the twelve boards include it.
        $ sed -i 's/RADIO_REGION = "EU"/RADIO_REGION = "US"/' kas/bsp-birch.yaml
        $ git diff
        diff --git a/kas/bsp-birch.yaml b/kas/bsp-birch.yaml
        index e82ab90..437b87e 100644
        --- a/kas/bsp-birch.yaml
        +++ b/kas/bsp-birch.yaml
        @@ -10,2 +10,2 @@ local_conf_header:
             KERNEL_FEATURES = "gpio spi"
        -    RADIO_REGION = "EU"
        +    RADIO_REGION = "US"
        $ graph plan
        $ graph why image/birch-hmi-scarthgap
        $ graph build

        # That is all. Change something else there, and ask `graph plan`; README.md has ideas.
        "#);
        assert!(fs::read_to_string(dir.path().join(FRAGMENT)).unwrap().contains("\"US\""));
        let (told, result) = tell(&example.root, "true");
        assert_eq!(result, Ok(()));
        assert!(told.contains("s/RADIO_REGION = \"US\"/RADIO_REGION = \"EU\"/"), "{told}");
    }

    #[test]
    fn a_command_that_fails_ends_the_story() {
        let dir = tempfile::tempdir().unwrap();
        let example = write(dir.path()).unwrap();
        let (told, result) = tell(&example.root, "false");
        assert_eq!(result, Err("`graph plan` did not succeed".to_owned()));
        assert!(told.ends_with("$ graph plan\n"), "{told}");
    }
}
