//! After a build: `artifacts/` with KernelCI's names, `bmeta.json`, `artifacts.json`. Runs nothing.
//!
//! | artifact | from |
//! | --- | --- |
//! | `config/kernel.config` | `.config` |
//! | `kernel/System.map`, `kernel/<image>` | the build directory, `arch/*/boot` |
//! | `modules.tar.xz` | as the step before packed it |
//! | `dtbs/…` | `arch/*/boot/dts` |
//! | `kselftest.tar.xz` | as the kernel's own makefile packed it |
//! | `logs/…`, `steps.json` | what the executor wrote |
//!
//! KernelCI's `kernelci.config` is not among them: fragments that leave the `.config` as it was make no other kernel, so
//! nothing of a kernel may depend on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Map, Value as Json, json};

use crate::exec::kernel::description::Description;
use crate::exec::kernel::layout::{Layout, files};
use crate::exec::kernel::{elf, json as text, metadata};

/// Lays out what a build left.
pub(super) fn lay_out(work: &Path, description: &Path) -> Result<(), String> {
    let path = work.join(description);
    let description = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let description = Description::parse(&description)?;
    let layout = Layout::of(work);
    let config = fs::read_to_string(layout.build.join(".config"))
        .map_err(|error| format!("cannot read the config: {error}"))?;
    let mut kept = Kept { layout: &layout, artifacts: BTreeMap::new() };
    kept.file("config", &layout.build.join(".config"), "config/kernel.config", Some("config"))?;
    let mut kernel = kept.kernel(&description, &config)?;
    kernel.extend(vmlinux(&layout));
    kept.modules()?;
    kept.device_trees(&description)?;
    kept.selftests(&description)?;
    let steps = kept.steps()?;
    let made = json!({
        "environment": {
            "platform": {"uname": uname()},
            "use_ccache": std::env::var_os("CCACHE_DIR").is_some(),
        },
        "kernel": kernel,
        "build": build(&steps),
    });
    layout.write(metadata::BMETA, &metadata::bmeta(&description, &made))?;
    let artifacts: Map<String, Json> =
        kept.artifacts.into_iter().map(|(step, all)| (step.to_owned(), Json::from(all))).collect();
    layout.write("artifacts.json", &text::text(&Json::Object(artifacts)))
}

/// What is kept, as `artifacts.json` has it: by the name of KernelCI's step.
struct Kept<'a> {
    layout: &'a Layout<'a>,
    artifacts: BTreeMap<&'static str, Vec<Json>>,
}

impl Kept<'_> {
    fn file(
        &mut self,
        step: &'static str,
        file: &Path,
        path: &str,
        key: Option<&str>,
    ) -> Result<(), String> {
        self.layout.keep(file, path)?;
        let mut entry = json!({"type": "file", "path": path});
        if let Some(key) = key {
            entry["key"] = key.into();
        }
        self.artifacts.entry(step).or_default().push(entry);
        Ok(())
    }

    fn contents(
        &mut self,
        step: &'static str,
        kind: &str,
        path: &str,
        contents: &BTreeSet<String>,
    ) {
        let entry = json!({"type": kind, "path": path, "contents": contents});
        self.artifacts.entry(step).or_default().push(entry);
    }

    fn kernel(
        &mut self,
        description: &Description,
        config: &str,
    ) -> Result<Map<String, Json>, String> {
        let has = |line: &str| config.lines().any(|other| other == line);
        let image = &description.image;
        let target = if has("CONFIG_XIP_KERNEL=y") {
            Some("xipImage")
        } else if has("CONFIG_SYS_SUPPORTS_ZBOOT=y") {
            Some("vmlinuz")
        } else {
            image.target.as_deref()
        };
        let names: Vec<&str> =
            target.into_iter().chain(image.names.iter().map(String::as_str)).collect();
        let Some((name, file)) = self.layout.image(&names, &image.dirs) else {
            return Err(format!("the build left no kernel image: looked for {}", names.join(", ")));
        };
        let endianness = if has("CONFIG_CPU_BIG_ENDIAN=y") { "big" } else { "little" };
        let mut measured = Map::new();
        measured.insert("image".to_owned(), name.as_str().into());
        measured.insert("endianness".to_owned(), endianness.into());
        let map = self.layout.build.join("System.map");
        if map.is_file() {
            self.file("kernel", &map, "kernel/System.map", Some("system_map"))?;
            if let Some(offset) = fs::read_to_string(&map).ok().as_deref().and_then(text_offset) {
                measured.insert("text_offset".to_owned(), offset.into());
            }
        }
        self.file("kernel", &file, &format!("kernel/{name}"), Some("image"))?;
        Ok(measured)
    }

    fn modules(&mut self) -> Result<(), String> {
        let tarball = self.layout.build.join("modules.tar.xz");
        if !tarball.is_file() {
            return Ok(());
        }
        self.layout.keep(&tarball, "modules.tar.xz")?;
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        let installed = files(&self.layout.build.join("_modules_"));
        let modules = installed.iter().map(name).filter(|name| name.ends_with(".ko"));
        self.contents("modules", "tarball", "modules.tar.xz", &modules.collect());
        Ok(())
    }

    fn device_trees(&mut self, description: &Description) -> Result<(), String> {
        let (dir, trees) = self.layout.device_trees(&description.image.dirs);
        for tree in &trees {
            self.layout.keep(&dir.join(tree), &format!("dtbs/{tree}"))?;
        }
        if !trees.is_empty() {
            self.contents("dtbs", "directory", "dtbs", &trees.into_iter().collect());
        }
        Ok(())
    }

    fn selftests(&mut self, description: &Description) -> Result<(), String> {
        if !description.kselftest {
            return Ok(());
        }
        let installed = self.layout.build.join("kselftest/kselftest_install");
        let tarball = installed.join("kselftest-packages/kselftest.tar.xz");
        if !tarball.is_file() {
            return Err("the build left no `kselftest.tar.xz`".to_owned());
        }
        self.layout.keep(&tarball, "kselftest.tar.xz")?;
        let all = files(&installed);
        let dirs = all.iter().filter(|path| !path.starts_with("kselftest-packages/"));
        let dirs = dirs.filter_map(|path| path.rsplit_once('/')).map(|(dir, _)| dir.to_owned());
        self.contents("kselftest", "tarball", "kselftest.tar.xz", &dirs.collect());
        Ok(())
    }

    /// The steps as the executor wrote them down, if it did, and their logs.
    fn steps(&mut self) -> Result<Vec<Map<String, Json>>, String> {
        let Ok(text) = fs::read_to_string(self.layout.work.join("steps.json")) else {
            return Ok(Vec::new());
        };
        let steps: Vec<Map<String, Json>> = serde_json::from_str(&text)
            .map_err(|error| format!("`steps.json` cannot be read: {error}"))?;
        self.layout.write("steps.json", &text)?;
        for log in steps.iter().map(|step| Description::text(step, "log_file")) {
            let Some(name) = Path::new(log).file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let path = format!("logs/{name}");
            let file = self.layout.work.join(log);
            let known = self.artifacts.values().flatten().any(|entry| entry["path"] == path);
            if !known && file.is_file() {
                self.file("kernel", &file, &path, Some("log"))?;
            }
        }
        Ok(steps)
    }
}

/// What KernelCI says of the whole build.
fn build(steps: &[Map<String, Json>]) -> Json {
    let seconds = steps.iter().filter_map(|step| step.get("duration")?.as_f64());
    let passed = steps.iter().all(|step| Description::text(step, "status") == "PASS");
    let status = if passed { "PASS" } else { "FAIL" };
    // Of none, the sum that the library has is a negative zero.
    let duration = seconds.fold(0.0, |sum, more| sum + more);
    json!({"duration": duration, "status": status})
}

fn vmlinux(layout: &Layout<'_>) -> Map<String, Json> {
    let mut measured = Map::new();
    let path = layout.build.join("vmlinux");
    let (Some(sizes), Ok(metadata)) = (elf::sizes(&path), fs::metadata(&path)) else {
        return measured;
    };
    let all = [
        ("vmlinux_bss_size", sizes.bss),
        ("vmlinux_data_size", Some(sizes.data)),
        ("vmlinux_file_size", Some(metadata.len())),
        ("vmlinux_text_size", sizes.text),
    ];
    for (key, value) in all {
        if let Some(value) = value {
            measured.insert(key.to_owned(), value.into());
        }
    }
    measured
}

/// Where the text begins, as far as 30 bits tell: of a physical address, that is all.
pub(super) fn text_offset(system_map: &str) -> Option<String> {
    let line = system_map.lines().find(|line| line.contains(" _text"))?;
    let address = u64::from_str_radix(line.split_whitespace().next()?, 16).ok()?;
    Some(format!("0x{:08x}", address & ((1 << 30) - 1)))
}

/// As Python's `platform.uname` has it.
fn uname() -> [String; 5] {
    let uname = rustix::system::uname();
    let all =
        [uname.sysname(), uname.nodename(), uname.release(), uname.version(), uname.machine()];
    all.map(|text| text.to_string_lossy().into_owned())
}
