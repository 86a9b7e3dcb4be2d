//! What can go wrong with state on disk. Decides nothing about what a command does then.

use std::io;
use std::path::{Path, PathBuf};

use graph::digest::Digest;

/// Why the cache could not do something. Printed as `{doing} {what}`; the cause is its source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {doing} `{}`", .path.display())]
    Io {
        /// What was being done: `write`.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The database refused.
    #[error("cannot {doing} in `{}`", .path.display())]
    Database {
        /// What was being done: `record an execution`.
        doing: &'static str,
        /// The database.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// The database was made by a later version of this program. It was left as it is.
    #[error("`{}` was made by a newer graph (format {found}; this one knows {known})", .path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// The database cannot be understood.
    #[error("`{}` is damaged: {why}", .path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// It can be read, but not written, and writing was asked for.
    #[error("`{}` can only be read", .path.display())]
    ReadOnly {
        /// The state directory.
        path: PathBuf,
    },
    /// An artifact is not in the store.
    #[error("the store has no artifact {}", .0.short())]
    NotStored(Digest),
    /// An artifact was not what it should have been; it was dropped.
    #[error("artifact {} was damaged and has been dropped from the store", .0.short())]
    Corrupt(Digest),
    /// A file was written to while it was being copied, so nobody knows what the copy is.
    #[error("`{}` changed while it was read", .0.display())]
    Changed(PathBuf),
    /// Something that should be a regular file is none.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The path of an output is not one below its directory, or there are two of it.
    #[error("`{0}` cannot be the path of an output")]
    BadOutput(String),
    /// The caller asked for something that makes no sense: a defect of this program.
    #[error("{0}")]
    Misuse(String),
}

impl Error {
    /// What the user can do about it, in users' words; may be empty.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Newer { .. } => "use that graph, or another state directory (`cache.dir`)".into(),
            Self::Damaged { path, .. } => format!(
                "delete `{}` or move it away: only time is lost, nothing is ever wrong without it",
                path.display()
            ),
            Self::NotAFile(path) if path.file_name().is_some_and(|name| name == "cache.db") => {
                format!("move `{}` away, or name another directory (`cache.dir`)", path.display())
            }
            Self::Io { path, source, .. }
                if matches!(
                    source.kind(),
                    io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory
                ) =>
            {
                format!(
                    "a file is where a directory should be: move `{}` away, or name another one (`cache.dir`)",
                    path.display()
                )
            }
            Self::ReadOnly { .. } => "a plan needs no more than that; a build does".into(),
            _ if self.is_full_disk() => {
                "free some space: `graph cache gc --budget 0B` drops all that is not current, and what lies in `work` may be removed while nothing is built".into()
            }
            Self::Io { path, source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                format!("check who owns `{}` and its permissions", path.display())
            }
            Self::Database { path, source, .. } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => {
                    format!("check who owns `{}` and its permissions", path.display())
                }
                Some(rusqlite::ErrorCode::DatabaseBusy) => {
                    "another graph is writing to it: try again when it is done".into()
                }
                Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::FileLockingProtocolFailed) => {
                    "SQLite does not work on some network file systems: put the state directory (`cache.dir`) on a local disk".into()
                }
                _ => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        vec![hint]
    }

    /// Whether the disk is full (or a quota is used up).
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Database { source, .. } => {
                // SQLite cannot make the file that processes share: it calls that an error of the disk.
                let is_shared_memory = |error: &rusqlite::ffi::Error| {
                    error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
                };
                source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
                    || source.sqlite_error().is_some_and(is_shared_memory)
            }
            _ => false,
        }
    }

    /// Whether an artifact cannot be had from the store, so that its node must run.
    #[must_use]
    pub fn is_not_available(&self) -> bool {
        matches!(self, Self::NotStored(_) | Self::Corrupt(_))
    }

    /// For `map_err` on an operation on a file.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

/// What goes wrong inside a transaction, before it is known which database and why it was asked.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database refused.
    Sql(rusqlite::Error),
    /// It holds what this program never writes.
    Damaged(&'static str),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// The error that users see.
    pub(crate) fn at(self, doing: &'static str, path: &Path) -> Error {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let path = path.to_owned();
        match self {
            Self::Damaged(why) => Error::Damaged { path, why: why.into() },
            Self::Sql(source) => match source.sqlite_error_code() {
                Some(DatabaseCorrupt | NotADatabase) => {
                    Error::Damaged { path, why: source.to_string() }
                }
                _ if is_wrong_shape(&source) => Error::Damaged { path, why: source.to_string() },
                _ => Error::Database { doing, path, source },
            },
        }
    }
}

/// A table is missing or a column has another type: the format number promised otherwise.
fn is_wrong_shape(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
    ) || error.to_string().contains("no such table")
        || error.to_string().contains("no such column")
}
