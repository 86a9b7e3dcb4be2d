//! `steps.json`: which steps a node ran, for how long and how they ended, as KernelCI's tools read it
//! (`kernelci/build.py`, `_add_run_step`). Knows no step in particular.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::exec::workdir;

/// The file, in the work directory.
pub const FILE: &str = "steps.json";

/// One step; the fields in order of their names, as they are in KernelCI's file.
#[derive(Debug, Clone, Serialize)]
struct Told {
    /// The processors of the host: how many there are of each model.
    cpus: BTreeMap<String, usize>,
    /// In seconds.
    duration: f64,
    /// The path of its log from this file on; where KernelCI has the name alone, the log may lie in `logs`, too.
    log_file: String,
    name: &'static str,
    /// In UTC, without a zone.
    start_time: String,
    status: &'static str,
}

/// The steps of one node so far.
#[derive(Debug)]
pub struct StepsJson {
    cpus: BTreeMap<String, usize>,
    steps: Vec<Told>,
}

impl StepsJson {
    /// None so far, on this host.
    #[must_use]
    pub fn of_this_host() -> Self {
        Self {
            cpus: cpus(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            steps: Vec::new(),
        }
    }

    /// Adds a step that has just ended, and writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(
        &mut self,
        work: &Path,
        name: &'static str,
        took: Duration,
        passed: bool,
    ) -> io::Result<()> {
        let now = jiff::Timestamp::now();
        let began = now.checked_sub(took).unwrap_or(now);
        self.steps.push(Told {
            cpus: self.cpus.clone(),
            duration: took.as_secs_f64(),
            log_file: log_path(name),
            name,
            start_time: began.strftime("%Y-%m-%dT%H:%M:%S.%6f").to_string(),
            status: if passed { "PASS" } else { "FAIL" },
        });
        let text = serde_json::to_vec_pretty(&self.steps).map_err(io::Error::other)?;
        workdir::write_as(work, FILE, &text, 0o644)
    }
}

/// Where a step has a log of its own, in the work directory.
#[must_use]
pub fn log_path(step: &str) -> String {
    format!("logs/{step}.log")
}

fn cpus(cpuinfo: &str) -> BTreeMap<String, usize> {
    let mut cpus = BTreeMap::new();
    for line in cpuinfo.lines().filter(|line| line.contains("model name")) {
        if let Some(model) = line.split(':').nth(1) {
            *cpus.entry(model.trim().to_owned()).or_default() += 1;
        }
    }
    cpus
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{FILE, StepsJson, cpus};

    #[test]
    fn the_file_has_every_step_so_far() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut steps = StepsJson::of_this_host();
        steps.add(dir.path(), "kernel", Duration::from_millis(1500), true).expect("a file");
        steps.add(dir.path(), "modules", Duration::ZERO, false).expect("a file");
        let text = std::fs::read_to_string(dir.path().join(FILE)).expect("a file");
        let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(read[0]["name"], "kernel");
        assert_eq!((&read[0]["duration"], &read[0]["status"]), (&1.5.into(), &"PASS".into()));
        assert_eq!(
            (&read[1]["log_file"], &read[1]["status"]),
            (&"logs/modules.log".into(), &"FAIL".into())
        );
        let time = read[0]["start_time"].as_str().expect("a time");
        assert!(time.len() == "2026-11-22T13:00:00.000000".len() && time.contains('T'), "{time}");
    }

    #[test]
    fn processors_are_counted_by_model() {
        let info =
            "processor\t: 0\nmodel name\t: Two  GHz\n\nprocessor\t: 1\nmodel name\t: Two  GHz\n";
        assert_eq!(cpus(info).into_iter().collect::<Vec<_>>(), [("Two  GHz".to_owned(), 2)]);
    }
}
