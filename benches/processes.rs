//! Many trivial processes: `graph build` of as many images, each made by one process that writes one file, and `ninja -j2`
//! over the same commands, in turn. Prints the wall time of both and their ratio; tells nothing where ninja is missing.
//!
//! The project is what a user could have written; its kas is a program of a few lines that is compiled here. Each result
//! of `graph build` is on the disk, with its record, when it is reported; ninja waits for no disk. `TMPDIR` says on which disk,
//! or on none: beside a file system in memory it shows what is the disk's.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What stands for kas: makes the directories of an image and writes a file there.
const KAS: &str = r#"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int count, char **words)
{
    const char *work = getenv("KAS_WORK_DIR");
    int file;
    if (count > 1 && !strcmp(words[1], "--version")) {
        puts("kas 5.2 (configuration format version 20, earliest compatible version 1)");
        return 0;
    }
    if (!work || chdir(work))
        return 3;
    mkdir("build", 0777);
    mkdir("build/tmp", 0777);
    mkdir("build/tmp/deploy", 0777);
    mkdir("build/tmp/deploy/images", 0777);
    mkdir("build/tmp/deploy/images/m", 0777);
    file = open("build/tmp/deploy/images/m/image.wic", O_CREAT | O_WRONLY | O_TRUNC, 0666);
    if (file < 0 || write(file, work, strlen(work)) < 0)
        return 4;
    return close(file);
}
"#;

const SETTINGS: &str = "version: 1
sources: {machines: machines.json}
kas: {program: ./kas}
defaults: {build_target: image, output: image.wic}
ignore: ['**']
";

/// How many nodes and rounds, unless the environment says otherwise.
const NODES: usize = 1000;
const ROUNDS: usize = 3;

fn main() -> io::Result<()> {
    // What cargo says to benches that are to be tried only.
    let is_trial = std::env::args().any(|word| word == "--test");
    let of = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
    let nodes = of("GRAPH_BENCH_NODES").unwrap_or(if is_trial { 20 } else { NODES });
    let rounds = of("GRAPH_BENCH_ROUNDS").unwrap_or(if is_trial { 1 } else { ROUNDS });
    let mut out = io::stdout();
    let has_ninja = Command::new("ninja").arg("--version").stdout(Stdio::null()).status().is_ok();
    let (mut ratios, mut dirs) = (Vec::new(), Vec::new());
    writeln!(out, "{nodes} processes, two at a time")?;
    for round in 1..=rounds {
        // Each time from nothing, and side by side on one file system. All stay until the end: while files are being removed,
        // and for half a minute after, ext4 makes others slowly.
        dirs.push(tempfile::tempdir()?);
        let dir = &dirs[round - 1];
        write_project(dir.path(), nodes)?;
        let graph = graph(dir.path(), nodes)?;
        write!(out, "round {round}: graph build {:.2} s", graph.as_secs_f64())?;
        if has_ninja {
            let ninja =
                timed(Command::new("ninja").arg("-j2").current_dir(dir.path().join("ninja")))?;
            let ratio = graph.as_secs_f64() / ninja.as_secs_f64();
            ratios.push(ratio);
            write!(out, ", ninja -j2 {:.2} s, ratio {ratio:.2}", ninja.as_secs_f64())?;
        }
        writeln!(out)?;
    }
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ratios.len() / 2) {
        writeln!(out, "median ratio {median:.2}")?;
    }
    Ok(())
}

/// Builds all of it, and sees that it is built.
fn graph(dir: &Path, nodes: usize) -> io::Result<Duration> {
    let graph = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_graph"));
        command.args(words).arg("--offline").current_dir(dir);
        command
    };
    let took = timed(&mut graph(&["build", "--jobs", "2"]))?;
    timed(&mut graph(&["plan", "--exit-code"]))?;
    let built = fs::read_dir(dir.join(".graph/out/image"))?.count();
    if built == nodes { Ok(took) } else { Err(io::Error::other(format!("{built} of {nodes}"))) }
}

fn timed(command: &mut Command) -> io::Result<Duration> {
    let begun = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let took = begun.elapsed();
    if output.status.success() {
        return Ok(took);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{} failed: {told}", command.get_program().display())))
}

fn write_project(dir: &Path, nodes: usize) -> io::Result<()> {
    let write = |path: &str, text: &str| {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().expect("a file has a directory"))?;
        fs::write(path, text)
    };
    write("kas.c", KAS)?;
    timed(Command::new("cc").args(["-O2", "-o", "kas", "kas.c"].map(OsStr::new)).current_dir(dir))?;
    write("graph.yaml", SETTINGS)?;
    write("base.yaml", "header: {version: 14}\ndistro: toy\ntarget: image\n")?;
    let mut machines = Vec::with_capacity(nodes);
    let mut ninja =
        "rule kas\n  command = KAS_WORK_DIR=$dir ../kas build --force-checkout $in\n".to_owned();
    for node in 0..nodes {
        write(&format!("m/{node}.yaml"), &format!("header: {{version: 14}}\nmachine: m{node}\n"))?;
        machines.push(format!(r#"{{"name": "m{node}", "config": "base.yaml:m/{node}.yaml"}}"#));
        fs::create_dir_all(dir.join(format!("ninja/w/{node}")))?;
        let built = format!("w/{node}/build/tmp/deploy/images/m/image.wic");
        writeln!(ninja, "build {built}: kas ../m/{node}.yaml\n  dir = w/{node}")
            .expect("a string takes everything");
    }
    write("ninja/build.ninja", &ninja)?;
    let machines = machines.join(",\n");
    write("machines.json", &format!(r#"{{"yocto_branch": "scarthgap", "machines": [{machines}]}}"#))
}
