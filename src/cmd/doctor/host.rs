//! What bitbake asks of the host, and refuses to start without. Learnt from its own checks.

use std::fs;
use std::path::Path;

use super::check::Check;
use crate::config::{Kas, Settings};
use crate::context::Environment;
use crate::probe::tool::find_program;
use crate::process::Call;

/// Everything about the host; a container brings its own.
pub(super) fn checks(settings: &Settings, env: &Environment) -> Vec<Check> {
    if matches!(settings.kas, Kas::Image(_)) {
        return Vec::new();
    }
    [user(), namespaces(), locale(env)].into_iter().flatten().collect()
}

/// `sanity.bbclass` of OE-core: "Do not use Bitbake as root."
fn user() -> Option<Check> {
    rustix::process::geteuid().is_root().then(|| {
        Check::warning("user", "this is root, and OpenEmbedded refuses to build as root")
            .hint("build as another user, or in a container with `kas: {image: …}`")
    })
}

/// bitbake cuts tasks off the network with a user namespace, which Ubuntu 24.04 forbids to programs without a profile.
fn namespaces() -> Option<Check> {
    let on = |path: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == "1");
    let none = |path: &str| fs::read_to_string(path).is_ok_and(|text| text.trim() == "0");
    if rustix::process::geteuid().is_root() {
        return None;
    }
    if on("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") {
        return Some(
            Check::warning("user namespaces", "AppArmor may keep bitbake from using them").hint(
                "set `kernel.apparmor_restrict_unprivileged_userns=0`, or give bitbake a profile",
            ),
        );
    }
    none("/proc/sys/user/max_user_namespaces").then(|| {
        Check::warning(
            "user namespaces",
            "there are none, so bitbake cannot cut tasks off the network",
        )
        .hint("set `user.max_user_namespaces` above 0")
    })
}

/// kas builds in the locale `en_US.UTF-8` whatever the user's is, and bitbake refuses one that is not there.
fn locale(env: &Environment) -> Option<Check> {
    let program = find_program(env, Path::new("/"), "locale")?;
    let answer = Call::new(program).args(["-a"]).dir("/").env(env.iter()).answer().ok()?;
    let installed = String::from_utf8_lossy(&answer.stdout).to_lowercase();
    (!installed.lines().any(|name| name.replace('-', "") == "en_us.utf8")).then(|| {
        Check::warning("locale", "there is no `en_US.UTF-8`, in which kas starts bitbake")
            .hint("on Debian and Ubuntu: `apt install locales`, then `locale-gen en_US.UTF-8`")
    })
}
