//! Machines of a Yocto distribution: each a chain of fragments, of which there are a hundred in all. Knows no kernel.

use std::fmt::Write as _;
use std::fs;
use std::io::{Error, Result};
use std::path::Path;
use std::process::Command;

const BOARDS: usize = 60;
const PLATFORMS: usize = 12;
const VENDORS: usize = 8;
const FEATURES: usize = 14;
const IMAGES: usize = 4;

/// Writes the machines and the fragments, as a repository of their own.
pub(super) fn write(root: &Path, machines: usize) -> Result<()> {
    for dir in [".github", "kas/boards", "kas/platforms", "kas/images"] {
        fs::create_dir_all(root.join(dir))?;
    }
    fs::write(root.join(".github/machines.json"), list(machines))?;
    for (path, text) in fragments() {
        fs::write(root.join(path), text)?;
    }
    let name = ["-c", "user.name=Example", "-c", "user.email=someone@example.com"];
    git(root, &["init", "--quiet"])?;
    git(root, &["add", ".github", "kas"])?;
    git(root, &[&name[..], &["commit", "--quiet", "-m", "machines"]].concat())
}

/// The fragments of a machine, in order.
fn chain(machine: usize) -> String {
    let board = machine % BOARDS;
    let (vendor, round) = (board % PLATFORMS % VENDORS, machine / BOARDS);
    let (feature, image) = (round % FEATURES, round / FEATURES % IMAGES);
    format!(
        "kas/boards/board-{board:02}.yaml:kas/scarthgap.yaml:kas/scarthgap-vendor-{vendor}.yaml:\
         kas/bsp.yaml:kas/with-feature-{feature:02}.yaml:kas/images/image-{image}.yaml"
    )
}

fn list(machines: usize) -> String {
    let mut text = String::from("{\n\t\"yocto_branch\": \"scarthgap\",\n\t\"machines\": [");
    for machine in 0..machines {
        let workflows =
            if machine % 4 == 0 { "\"manual\", \"tag\", \"onpush\"" } else { "\"manual\"" };
        let comma = if machine == 0 { "" } else { "," };
        let config = chain(machine);
        write!(
            text,
            "{comma}\n\t\t{{\n\t\t\t\"config\": \"{config}\",\n\t\t\t\"name\": \"machine-{machine:04}\",\n\t\t\t\"workflows\": [{workflows}]\n\t\t}}"
        )
        .expect("a string takes everything");
    }
    text + "\n\t]\n}\n"
}

/// Every fragment, by its path.
fn fragments() -> Vec<(String, String)> {
    let header = "header:\n  version: 16\n";
    let conf = |key: &str, line: &str| format!("local_conf_header:\n  {key}: |\n    {line}\n");
    let mut all = vec![
        (
            "kas/scarthgap.yaml".to_owned(),
            format!(
                "{header}defaults:\n  repos:\n    branch: scarthgap\nrepos:\n  poky:\n    patches:\n      fit:\n        repo: meta-example\n        path: patches/poky/0001-fit.patch\n"
            ),
        ),
        (
            "kas/bsp.yaml".to_owned(),
            format!(
                "{header}target: example-bsp\nbuild_system: oe\ndistro: example\nrepos:\n  meta-example:\n  poky:\n    url: \"https://git.example.org/poky.git\"\n    path: layers/poky\n    layers:\n      meta:\n      meta-poky:\n  meta-openembedded:\n    url: \"https://git.example.org/meta-openembedded.git\"\n    path: layers/meta-openembedded\n    layers:\n      meta-oe:\n      meta-python:\n      meta-networking:\n{}",
                conf("package_management", "PACKAGE_CLASSES = \"package_rpm\"")
            ),
        ),
    ];
    let mut add = |path: String, body: String| all.push((path, format!("{header}{body}")));
    for vendor in 0..VENDORS {
        let repo = format!(
            "repos:\n  meta-vendor-{vendor}:\n    url: \"https://git.example.org/meta-vendor-{vendor}.git\"\n    path: layers/meta-vendor-{vendor}\n    branch: scarthgap-6.6\n"
        );
        add(format!("kas/scarthgap-vendor-{vendor}.yaml"), repo);
    }
    for platform in 0..PLATFORMS {
        let line = format!("KERNEL_CLASSES:append = \" kernel-platform-{platform}\"");
        add(format!("kas/platforms/platform-{platform:02}.yaml"), conf("platform", &line));
    }
    for feature in 0..FEATURES {
        let line = format!("EXAMPLE_FEATURES:append = \" feature-{feature:02}\"");
        let key = format!("feature-{feature:02}");
        add(format!("kas/with-feature-{feature:02}.yaml"), conf(&key, &line));
    }
    for image in 0..IMAGES {
        add(
            format!("kas/images/image-{image}.yaml"),
            format!("target:\n- example-image-{image}\n"),
        );
    }
    for board in 0..BOARDS {
        let platform = board % PLATFORMS;
        let body = format!(
            "  includes:\n    - kas/platforms/platform-{platform:02}.yaml\nmachine: board-{board:02}\n{}",
            conf("board", &format!("SERIAL_CONSOLES = \"115200;ttyS{}\"", board % 4))
        );
        add(format!("kas/boards/board-{board:02}.yaml"), body);
    }
    all
}

fn git(root: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
    let status = command.status()?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::other(format!("`git {}`: {status}", arguments.join(" "))))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{chain, fragments};

    #[test]
    fn a_hundred_fragments_and_no_two_machines_alike() {
        assert_eq!(fragments().len(), 100);
        let chains: HashSet<String> = (0..3000).map(chain).collect();
        assert_eq!(chains.len(), 3000);
    }
}
