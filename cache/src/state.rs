//! The state directory with everything in it that is open. Knows no verb and no rule of what to keep.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::db::Database;
use crate::error::Error;
use crate::place::Outputs;
use crate::store::Store;

/// One state directory.
pub(crate) struct State {
    pub(crate) dir: PathBuf,
    pub(crate) db: Database,
    pub(crate) store: Store,
    pub(crate) outputs: Outputs,
}

/// The name of the database.
const DATABASE: &str = "cache.db";

/// So that backups leave the directory out: <https://bford.info/cachedir/>.
const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
     # This directory is made by graph. To delete it loses time, never anything else.\n";

impl State {
    /// Opens for reading and writing, and makes what is not there.
    pub(crate) fn open(dir: &Path) -> Result<Self, Error> {
        make(dir)?;
        Ok(Self::with(dir, Database::open(&database(dir))?))
    }

    /// Opens for a plan: for writing where that can be, else for reading.
    pub(crate) fn open_to_plan(dir: &Path) -> Result<Self, Error> {
        match Self::open(dir) {
            Err(error) if is_unwritable(&error) => {
                tracing::debug!("the cache is read only: {error}");
                Ok(Self::with(dir, Database::open_unwritable(&database(dir))?))
            }
            opened => opened,
        }
    }

    fn with(dir: &Path, db: Database) -> Self {
        Self {
            dir: dir.to_owned(),
            db,
            store: Store::at(dir.join("store")),
            outputs: Outputs::at(dir.join("out")),
        }
    }
}

/// Where the database of a state directory is.
pub(crate) fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// Makes the directory, and what keeps others from looking inside.
pub(crate) fn make(dir: &Path) -> Result<(), Error> {
    if !dir.is_dir() {
        fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    }
    write_once(&dir.join(".gitignore"), "*\n")?;
    write_once(&dir.join("CACHEDIR.TAG"), CACHEDIR_TAG)
}

fn write_once(path: &Path, text: &str) -> Result<(), Error> {
    if path.exists() {
        return Ok(());
    }
    let made = fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match made {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io("write", path)(error))
        }
        _ => Ok(()),
    }
}

/// Whether an error means that reading may still work.
fn is_unwritable(error: &Error) -> bool {
    use rusqlite::ErrorCode::{CannotOpen, PermissionDenied, ReadOnly};
    match error {
        Error::ReadOnly { .. } => true,
        Error::Io { source, .. } => {
            matches!(
                source.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) || error.is_full_disk()
        }
        Error::Database { source, .. } => {
            matches!(source.sqlite_error_code(), Some(CannotOpen | PermissionDenied | ReadOnly))
                || error.is_full_disk()
        }
        _ => false,
    }
}
