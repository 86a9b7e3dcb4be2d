//! Puts a new `graph.yaml` in place, whole or not at all, and never through a link.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::config::CONFIG_FILE;
use crate::failure::{Failure, Kind};

/// What becomes of a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// It stays, and nothing is written.
    Refuse,
    /// It is replaced, if it is a file.
    Replace,
}

/// Writes the settings into a directory.
pub(super) fn settings(dir: &Path, text: &str, existing: Existing) -> Result<(), Failure> {
    let path = dir.join(CONFIG_FILE);
    match path.symlink_metadata() {
        Ok(there) if existing == Existing::Replace && !there.is_file() => {
            return Err(Failure::new(
                Kind::Input,
                format!("`{CONFIG_FILE}` is not a file of its own, so it is left as it is"),
            ));
        }
        Ok(_) if existing == Existing::Refuse => return Err(is_there()),
        _ => {}
    }
    let failed = |error: std::io::Error| {
        Failure::new(Kind::Environment, format!("cannot write `{CONFIG_FILE}`: {error}"))
    };
    let mut file = tempfile::Builder::new()
        .prefix(".graph.yaml.")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(dir)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let persisted = match existing {
        Existing::Replace => file.persist(&path),
        // It may have appeared meanwhile.
        Existing::Refuse => file.persist_noclobber(&path),
    };
    match persisted {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(is_there()),
        Err(error) => Err(failed(error.error)),
    }
}

fn is_there() -> Failure {
    Failure::new(Kind::Input, format!("there is a `{CONFIG_FILE}` already"))
        .hint("`--force` writes it anew; `--print` only shows what would be written")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{CONFIG_FILE, Existing, settings};

    #[test]
    fn what_is_there_is_kept_unless_told_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(CONFIG_FILE);
        settings(dir.path(), "1", Existing::Refuse).unwrap();
        assert!(settings(dir.path(), "2", Existing::Refuse).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "1");
        settings(dir.path(), "3", Existing::Replace).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "3");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        for exists in [true, false] {
            if exists {
                fs::write(&victim, "mine").unwrap();
            } else {
                fs::remove_file(&victim).unwrap();
            }
            symlink(&victim, dir.path().join(CONFIG_FILE)).unwrap();
            assert!(settings(dir.path(), "x", Existing::Refuse).is_err());
            assert!(settings(dir.path(), "x", Existing::Replace).is_err());
            assert_eq!(victim.exists(), exists);
            fs::remove_file(dir.path().join(CONFIG_FILE)).unwrap();
        }
    }
}
