//! `graph doctor`: whether this host can build this project, and what to do where it cannot. Changes nothing.

mod check;
mod disk;
mod files;
mod host;
mod kept;
mod kernels;
mod tools;

use std::io::Write;

use anyhow::Result;

use crate::config;
use crate::context::Context;
use crate::failure::{Failure, Kind};
use crate::report::json::json;
use check::{Check, Report};

/// The arguments of `graph doctor`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  graph doctor                   before the first build, and when one fails for no good reason
  graph doctor --format json     for the monitoring of a host; status 3 if something is broken")]
pub struct Args {
    /// The form of what is printed: `text` or `json`
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", hide_possible_values = true)]
    pub format: super::console::Format,
}

/// Runs the verb on the project of the working directory.
///
/// # Errors
/// There is no project or its settings are wrong; or, when everything was told, something is broken.
pub fn run(args: &Args, context: &Context, out: &mut dyn Write) -> Result<()> {
    let project = config::find(&context.cwd)?;
    let named = project.config_path.as_deref().unwrap_or(&project.root);
    let mut checks = vec![Check::ok("project", format!("`{}`", named.display()))];
    checks.push(tools::git(&context.env));
    // A project of kernels alone needs no kas, and what bitbake asks of a host is none of its concern.
    let has_boards = !project.machines.is_empty() || project.kernels.is_empty();
    if has_boards {
        let (tools, kas) = tools::checks(context, &project);
        checks.extend(tools);
        checks.extend(files::checks(context, &project, kas.as_ref()));
    }
    if !project.kernels.is_empty() {
        checks.extend(kernels::checks(&project, &context.env));
    }
    checks.extend(disk::checks(&project));
    checks.extend(kept::checks(project.layout().state()));
    if has_boards {
        checks.extend(host::checks(&project.settings, &context.env));
    }
    let report = Report::of(&checks);
    match args.format {
        super::console::Format::Text => {
            report.text(context.width.filter(|_| context.stdout.is_terminal()), out)?;
        }
        super::console::Format::Json => json(&report, out)?,
    }
    out.flush()?;
    if report.is_broken() { Err(Failure::silent(Kind::Environment).into()) } else { Ok(()) }
}
