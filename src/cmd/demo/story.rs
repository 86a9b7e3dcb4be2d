//! What `graph demo` shows: each command is printed and then run, by this very program, as a user would.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::git;
use super::kernels::{CLONE, TOOLCHAIN};
use crate::context::Context;
use crate::failure::{Failure, Kind};

/// A change of one line of a file; told a second time, it is changed back.
struct Edit {
    file: &'static str,
    before: &'static str,
    after: &'static str,
}

/// One line of a fragment that the three birch boards include, and nobody else.
const FRAGMENT: Edit = Edit {
    file: "kas/bsp-birch.yaml",
    before: "RADIO_REGION = \"EU\"",
    after: "RADIO_REGION = \"US\"",
};
/// A driver that kernels of some boards have.
const DRIVER: Edit =
    Edit { file: "linux/drivers/gpio/gpio_toy.c", before: "pin + value", after: "pin - value" };
/// What nobody but a person reads.
const HELP: Edit = Edit {
    file: "linux/drivers/rtc/Kconfig",
    before: "tells the hour by itself",
    after: "tells the hour by itself, and loudly",
};
/// A fragment that says what is so already.
const IDLE_FRAGMENT: Edit = Edit {
    file: "build-configs.yaml",
    before: "'CONFIG_HIGH_RES_TIMERS=y'",
    after: "'CONFIG_SMP=y'",
};

/// A run of the story in a directory that holds the example.
pub(super) struct Story<'a> {
    /// The program that is run as `graph`.
    pub(super) program: PathBuf,
    /// Where the example is.
    pub(super) root: &'a Path,
    /// Programs are looked for in the example's toolchain and then here, where they are.
    pub(super) path: OsString,
    /// Where the story is told.
    pub(super) out: &'a mut dyn Write,
}

impl<'a> Story<'a> {
    /// A story of this very program.
    pub(super) fn new(context: &Context, root: &'a Path, out: &'a mut dyn Write) -> Self {
        let path = context.env.os("PATH").unwrap_or_default().to_owned();
        Self { program: context.executable.clone(), root, path, out }
    }

    /// Plans, builds, builds again, changes one fragment, explains and rebuilds.
    pub(super) fn boards(&mut self) -> Result<()> {
        self.say("What is to be built, and why; then the build.")?;
        self.graph(&["plan"])?;
        self.graph(&["build"])?;
        self.say("Once more: nothing has changed, so nothing is built.")?;
        self.graph(&["build"])?;
        self.say("Now a line of one fragment changes. Three of the twelve boards include it.")?;
        self.edit(&FRAGMENT)?;
        self.show_diff(&FRAGMENT)?;
        self.graph(&["plan"])?;
        self.graph(&["why", "image/birch-hmi-scarthgap"])?;
        self.graph(&["build"])?;
        self.say(
            "That is all. Change something else there, and ask `graph plan`; README.md has ideas.",
        )
    }

    /// Lists, builds, builds again; then changes a driver, a help text and a fragment that has no effect.
    pub(super) fn kernels(&mut self) -> Result<()> {
        writeln!(self.out, "$ export PATH=\"$PWD/{TOOLCHAIN}:$PATH\"")?;
        let tools = [self.root.join(TOOLCHAIN)].into_iter();
        let path = std::env::join_paths(tools.chain(std::env::split_paths(&self.path)));
        self.path = path.context("the path of the demo has a colon")?;
        self.say("What a build-configs.yaml makes of two branches of a tree; then the build.")?;
        self.graph(&["list", "arch=riscv"])?;
        self.graph(&["build"])?;
        self.say("Once more: nothing has changed, so nothing is built.")?;
        self.graph(&["build"])?;
        self.say("A driver changes. Only the kernels that were built of it are stale.")?;
        self.edit(&DRIVER)?;
        self.commit("gpio: the other way round")?;
        self.graph(&["plan"])?;
        self.graph(&["why", "kernel/mainline/gcc-12/arm64/defconfig"])?;
        self.graph(&["build"])?;
        self.say("A help text changes. Configurations are made anew, and all come out as before.")?;
        self.edit(&HELP)?;
        self.commit("rtc: warn the neighbours")?;
        self.graph(&["build"])?;
        self.say("So does a fragment that says nothing new: no kernel is built.")?;
        self.edit(&IDLE_FRAGMENT)?;
        self.graph(&["build"])?;
        self.say(
            "That is all. `linux` is a clone of the tree: change it, commit, and ask `graph plan`.",
        )
    }

    fn edit(&mut self, edit: &Edit) -> Result<()> {
        let Edit { file, before, after } = *edit;
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{file}`"))?;
        // What it is changed to may hold what it was.
        let (from, to) = if text.contains(after) { (after, before) } else { (before, after) };
        if !text.contains(from) {
            let message = format!("`{file}` has no line `{before}` any more");
            return Err(Failure::new(Kind::Input, message)
                .hint("run `graph demo` without `--keep` to begin again")
                .into());
        }
        fs::write(&path, text.replace(from, to))
            .with_context(|| format!("cannot write `{file}`"))?;
        let quote = if from.contains('\'') { '"' } else { '\'' };
        writeln!(self.out, "$ sed -i {quote}s/{from}/{to}/{quote} {file}")?;
        Ok(())
    }

    fn show_diff(&mut self, edit: &Edit) -> Result<()> {
        writeln!(self.out, "$ git diff")?;
        write!(self.out, "{}", git::diff(self.root, edit.file)?)?;
        Ok(())
    }

    fn commit(&mut self, subject: &str) -> Result<()> {
        writeln!(self.out, "$ git -C {CLONE} commit -am \"{subject}\"")?;
        git::commit_changes(&self.root.join(CLONE), subject)
    }

    fn say(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.out, "\n# {text}")?)
    }

    /// Prints a command and runs it with this program's terminal.
    fn graph(&mut self, arguments: &[&str]) -> Result<()> {
        writeln!(self.out, "$ graph {}", arguments.join(" "))?;
        self.out.flush()?;
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(self.root).env("PATH", &self.path);
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

    use super::{DRIVER, FRAGMENT, HELP, Story};
    use crate::cmd::demo::{Part, write, write_kernels};

    /// Tells it with another program in place of this one.
    fn tell(root: &Path, program: &str, part: Part) -> (String, Result<(), String>) {
        let mut out = Vec::new();
        let path = std::env::var_os("PATH").unwrap();
        let mut story = Story { program: program.into(), root, path, out: &mut out };
        let told = match part {
            Part::Boards => story.boards(),
            Part::Kernels => story.kernels(),
        };
        let result = told.map_err(|error| error.to_string());
        (String::from_utf8(out).unwrap(), result)
    }

    #[test]
    fn every_command_is_shown() {
        let dir = tempfile::tempdir().unwrap();
        let example = write(dir.path()).unwrap();
        let (told, result) = tell(&example.root, "true", Part::Boards);
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
        assert!(fs::read_to_string(dir.path().join(FRAGMENT.file)).unwrap().contains("\"US\""));
        let (told, result) = tell(&example.root, "true", Part::Boards);
        assert_eq!(result, Ok(()));
        assert!(told.contains("s/RADIO_REGION = \"US\"/RADIO_REGION = \"EU\"/"), "{told}");
    }

    #[test]
    fn a_command_that_fails_ends_the_story() {
        let dir = tempfile::tempdir().unwrap();
        let example = write(dir.path()).unwrap();
        let (told, result) = tell(&example.root, "false", Part::Boards);
        assert_eq!(result, Err("`graph plan` did not succeed".to_owned()));
        assert!(told.ends_with("$ graph plan\n"), "{told}");
    }

    #[test]
    fn the_story_of_kernels_can_be_told_twice() {
        let dir = tempfile::tempdir().unwrap();
        let kernels = write_kernels(&dir.path().join("kernels")).unwrap();
        for (driver, help) in [(DRIVER.after, HELP.after), (DRIVER.before, HELP.before)] {
            let (told, result) = tell(&kernels.root, "true", Part::Kernels);
            assert_eq!(result, Ok(()), "{told}");
            let read = |path| fs::read_to_string(kernels.root.join(path)).unwrap();
            assert!(read(DRIVER.file).contains(driver), "{told}");
            assert!(read(HELP.file).contains(&format!("{help}.")), "{told}");
        }
    }
}
