//! Writes the files of the project into a directory. Says nothing of what is in them.

use std::fs;
use std::io::{Error, Result};
use std::path::Path;

use super::shape::Shape;
use super::{configs, fleet, ninja, trees};

/// Writes the configuration, the trees and `build.ninja`.
pub(crate) fn write(root: &Path, shape: &Shape) -> Result<()> {
    fs::create_dir_all(root)?;
    fs::write(root.join("build-configs.yaml"), configs::build_configs(shape))?;
    let graph_yaml = configs::graph_yaml(shape).map_err(Error::other)?;
    fs::write(root.join("graph.yaml"), graph_yaml)?;
    trees::write(root, shape)?;
    ninja::write(root, shape)
}

/// Writes a project of so many machines over a hundred shared fragments.
pub(crate) fn write_machines(root: &Path, machines: usize) -> Result<()> {
    fs::create_dir_all(root)?;
    fs::write(root.join("graph.yaml"), configs::GRAPH_YAML_OF_MACHINES)?;
    fleet::write(root, machines)
}

/// Writes what ninja would have made.
pub(crate) fn write_ninja_outputs(root: &Path, shape: &Shape) -> Result<()> {
    ninja::write_outputs(root, shape)
}
