//! Programs that builds need, with their versions. Installs nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::check::Check;
use crate::config::{Kas, Project};
use crate::context::{Context, Environment};
use crate::probe::Forgetful;
use crate::probe::tool::{KasProbe, KasVersion, find_program};
use crate::process::Call;

/// A program that does not tell its version by then hangs.
const DEADLINE: Duration = Duration::from_secs(20);

/// What this project needs of programs, and the version of kas, where it has one.
pub(super) fn checks(context: &Context, project: &Project) -> (Vec<Check>, Option<KasVersion>) {
    let env = &context.env;
    let mut checks = Vec::new();
    let layout = project.layout();
    let kas = &project.settings.kas;
    let probe = KasProbe { kas, env, layout: &layout, memory: &Forgetful };
    let told = probe.version();
    match kas {
        Kas::Program(name) => checks.push(match &told {
            Ok(told) => Check::ok("kas", format!("{}{}", told.version, formats(told))),
            Err(why) => {
                Check::broken("kas", why).hint(match find_program(env, &project.root, name) {
                    None => {
                        "install it, or let `kas: {version: \"5.2\"}` in `graph.yaml` provision it"
                    }
                    Some(_) => "try it by hand with `--version`",
                })
            }
        }),
        Kas::Version(version) => {
            let made = layout.kas_venv(version).join("bin/python").exists();
            checks.push(match &told {
                Ok(told) if made => Check::ok("kas", format!("{}{}", told.version, formats(told))),
                Ok(_) => {
                    Check::ok("kas", format!("{version}, to be provisioned at the first build"))
                }
                Err(why) => Check::broken("kas", why).hint(format!(
                    "remove `{}`: it is provisioned again",
                    layout.kas_venv(version).display()
                )),
            });
            if !made {
                checks.push(python(env));
            }
        }
        Kas::Image(image) => checks.push(container(env, image, probe.identify())),
    }
    (checks, told.ok())
}

fn formats(told: &KasVersion) -> String {
    told.newest_format.map_or_else(String::new, |format| format!(", reads formats up to {format}"))
}

/// Whether git is there.
pub(super) fn git(env: &Environment) -> Check {
    match version_of(env, "git") {
        Ok(version) => Check::ok("git", version.trim_start_matches("git version ")),
        Err(why) => Check::broken("git", why).hint("install git"),
    }
}

fn python(env: &Environment) -> Check {
    match version_of(env, "python3") {
        Ok(version) => Check::ok("python3", version.trim_start_matches("Python ")),
        Err(why) => {
            Check::broken("python3", why).hint("kas is a Python program: install python3 with venv")
        }
    }
}

fn container(env: &Environment, image: &str, told: Result<String, String>) -> Check {
    let engines = ["docker", "podman"];
    let engine = engines.iter().find(|engine| find_program(env, Path::new("/"), engine).is_some());
    match (engine, told) {
        (None, _) => Check::broken("kas", format!("`{image}` needs `docker` or `podman`"))
            .hint("install one of them, or use another `kas` in `graph.yaml`"),
        (Some(engine), Ok(digest)) => Check::ok("kas", format!("{digest} with {engine}")),
        (Some(engine), Err(why)) => {
            Check::warning("kas", why).hint(format!("`{engine} pull {image}`"))
        }
    }
}

/// The first line that a program says to `--version`.
fn version_of(env: &Environment, name: &str) -> Result<String, String> {
    let program: PathBuf = find_program(env, Path::new("/"), name)
        .ok_or_else(|| format!("there is no program `{name}`"))?;
    let call = Call::new(program).args(["--version"]).dir("/").env(env.iter()).deadline(DEADLINE);
    let answer = call.answer().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&answer.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
