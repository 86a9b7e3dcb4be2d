//! Which image a container would be made of. Pulls nothing.

use std::path::Path;
use std::time::Duration;

use super::find::find_program;
use crate::context::Environment;
use crate::process::{Call, What};

/// Engines, in the order in which they are looked for.
const ENGINES: [&str; 2] = ["docker", "podman"];

/// A daemon that does not answer by then is down.
const DEADLINE: Duration = Duration::from_secs(20);

/// The digest of an image: what its name says, if it says so, else what the engine here has under the name.
///
/// # Errors
/// Why it cannot be told, in users' words.
pub fn image_digest(env: &Environment, image: &str) -> Result<String, String> {
    if let Some((_, digest)) = image.rsplit_once('@')
        && is_digest(digest)
    {
        return Ok(digest.to_owned());
    }
    let found = ENGINES.iter().find_map(|engine| find_program(env, Path::new("/"), engine));
    let Some(engine) = found else {
        return Err("there is neither `docker` nor `podman`".to_owned());
    };
    let call = Call::new(engine)
        .args(["image", "inspect", "--format", "{{.Id}}", image])
        .dir("/")
        .env(env.iter())
        .deadline(DEADLINE);
    let answer = call.answer().map_err(|error| match &error.what {
        What::Failed { stderr, .. } if is_absence(&stderr.to_lowercase()) => {
            format!("the image `{image}` was not pulled yet")
        }
        _ => error.to_string(),
    })?;
    let told = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    // podman leaves the name of the algorithm out.
    let told = if told.contains(':') { told } else { format!("sha256:{told}") };
    if is_digest(&told) {
        return Ok(told);
    }
    Err(format!("the container engine names the image `{}`", told.escape_debug()))
}

/// What docker and podman say of an image that they do not have.
fn is_absence(stderr: &str) -> bool {
    stderr.contains("no such image") || stderr.contains("image not known")
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
