//! The database: opening it, whatever state it is in, and transactions. Knows no table but through `schema`.
//!
//! It is in WAL mode, so plans read while a build writes. `synchronous` is FULL: a committed record survives not only
//! `kill -9` (for which NORMAL would do: what was written is the kernel's) but also a power failure. Without that, the
//! record of a *failed* execution could be lost and the success before it be the last again. A commit costs one
//! fsync, which is nothing beside the build that it records.
//!
//! Every write transaction is IMMEDIATE: one that began by reading could not wait for another writer.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use rustix::fs::{FlockOperation, flock};

use crate::error::{Error, Fault};
use crate::schema;
use crate::stamp::Stamp;

/// How long to wait for another process that writes. A transaction takes milliseconds; `gc` some seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// One open database.
pub(crate) struct Database {
    path: PathBuf,
    connection: Mutex<Connection>,
    access: Access,
}

/// What may be done with it.
enum Access {
    Write,
    Read,
    /// It lies where nothing can be written, not even what SQLite needs to share it with others; this is what the file
    /// was when it was opened. Should it change under us, what was read is void.
    Frozen(Stamp),
}

impl Database {
    /// Opens the database for reading and writing, and makes or migrates it where needed.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let _alone = while_it_is_made(path);
        peek(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opening = |fault: Fault| fault.at("open the cache", path);
        let sql = |error: rusqlite::Error| opening(error.into());
        let mut connection = Connection::open_with_flags(path, flags).map_err(sql)?;
        prepare(&connection).map_err(sql)?;
        let format = format_of(&connection, path)?;
        if connection.is_readonly("main").map_err(sql)? {
            return Err(Error::ReadOnly { path: path.to_owned() });
        }
        connection
            .pragma_update(None, "journal_mode", "wal")
            .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
            .map_err(sql)?;
        if format < schema::CURRENT {
            let tx = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(sql)?;
            // Another process may have been quicker.
            let format = format_of(&tx, path)?;
            if format < schema::CURRENT {
                schema::migrate(&tx, format).map_err(sql)?;
            }
            tx.commit().map_err(sql)?;
        }
        Ok(Self::with(path, connection, Access::Write))
    }

    /// Opens the database where nothing can be written. What was never made is empty.
    pub(crate) fn open_unwritable(path: &Path) -> Result<Self, Error> {
        let opening = |error: rusqlite::Error| Fault::from(error).at("open the cache", path);
        if !peek(path)? {
            return Self::nothing(path);
        }
        if !is_shared(path) {
            return Self::open_frozen(path);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(opening)?;
        match Self::read_only(path, connection, Access::Read) {
            // Readers share memory in a file that could not be filled; they need it for what is in the log alone.
            Err(error) if error.is_full_disk() && !has_log(path) => Self::open_frozen(path),
            opened => opened,
        }
    }

    fn open_frozen(path: &Path) -> Result<Self, Error> {
        let opening = |error: rusqlite::Error| Fault::from(error).at("open the cache", path);
        let stamp = fs::metadata(path).map_err(Error::io("read", path))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(immutable(path), flags).map_err(opening)?;
        Self::read_only(path, connection, Access::Frozen(Stamp::of(&stamp)))
    }

    fn read_only(path: &Path, connection: Connection, access: Access) -> Result<Self, Error> {
        prepare(&connection).map_err(|error| Fault::from(error).at("open the cache", path))?;
        match format_of(&connection, path)? {
            // Whoever began to make it did not come to its first table, as on a full disk.
            0 => Self::nothing(path),
            format if format < schema::CURRENT => Err(Error::ReadOnly { path: path.to_owned() }),
            _ => Ok(Self::with(path, connection, access)),
        }
    }

    fn nothing(path: &Path) -> Result<Self, Error> {
        let opening = |error: rusqlite::Error| Fault::from(error).at("open the cache", path);
        let connection = Connection::open_in_memory().map_err(opening)?;
        schema::migrate(&connection, 0).map_err(opening)?;
        Ok(Self::with(path, connection, Access::Read))
    }

    fn with(path: &Path, connection: Connection, access: Access) -> Self {
        Self { path: path.to_owned(), connection: Mutex::new(connection), access }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn is_writable(&self) -> bool {
        matches!(self.access, Access::Write)
    }

    /// Reads one state of the database, whatever others write meanwhile.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        query: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let mut connection = self.connection();
        let result = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(Fault::from)
            .and_then(|tx| query(&tx));
        self.checked(doing, result)
    }

    /// Reads without a transaction, which saves half of what a short statement costs. Each statement sees one state of the
    /// database; the next may see another.
    pub(crate) fn look<T>(
        &self,
        doing: &'static str,
        query: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let result = query(&self.connection());
        self.checked(doing, result)
    }

    /// What was read is void if the database is not as it was said to stay.
    fn checked<T>(&self, doing: &'static str, result: Result<T, Fault>) -> Result<T, Error> {
        if let Access::Frozen(then) = self.access {
            let now = fs::metadata(&self.path).map_err(Error::io("read", &self.path))?;
            if Stamp::of(&now) != then || has_log(&self.path) {
                return Err(Error::Changed(self.path.clone()));
            }
        }
        result.map_err(|fault| fault.at(doing, &self.path))
    }

    /// Changes the database: all that `change` does, or nothing.
    pub(crate) fn write<T>(
        &self,
        doing: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        if !self.is_writable() {
            return Err(Error::ReadOnly { path: self.path.clone() });
        }
        let mut connection = self.connection();
        let fail = |fault: Fault| fault.at(doing, &self.path);
        let tx = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| fail(error.into()))?;
        let made = change(&tx).map_err(fail)?;
        tx.commit().map_err(|error| fail(error.into()))?;
        Ok(made)
    }

    /// Does something that no transaction can hold, such as VACUUM.
    pub(crate) fn outside<T>(
        &self,
        doing: &'static str,
        act: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        act(&self.connection()).map_err(|fault| fault.at(doing, &self.path))
    }

    /// Closes it though somebody may still hold on to it: to them it has no table from now on.
    pub(crate) fn close(&self) {
        if let Ok(nothing) = Connection::open_in_memory() {
            *self.connection() = nothing;
        }
    }

    /// A panic elsewhere leaves the connection whole: its transaction was rolled back.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps others from opening a database for writing until this is dropped: one that is half made looks damaged, and
/// SQLite itself lets several switch a new one to WAL at once. It is the directory that is locked, so that nothing has
/// to be written; where that cannot be (some network file systems), they are on their own.
fn while_it_is_made(path: &Path) -> Option<File> {
    let dir = File::open(path.parent()?).ok()?;
    flock(&dir, FlockOperation::LockExclusive).ok()?;
    Some(dir)
}

/// The files of a database: itself, what is not yet in it, and what processes share of it.
pub(crate) fn files(path: &Path) -> [PathBuf; 3] {
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    [path.to_owned(), beside("-wal"), beside("-shm")]
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Or SQLite plans a query again for every value that is bound to it, which costs ten times the query.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Damage is to be found where it is, not to be followed.
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -32_768)
}

/// The format of an open database: 0 if it is empty.
fn format_of(connection: &Connection, path: &Path) -> Result<i64, Error> {
    let read = |fault: Fault| fault.at("read the format of the cache", path);
    let sql = |error: rusqlite::Error| read(error.into());
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let format = number("user_version").map_err(sql)?;
    let application = number("application_id").map_err(sql)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sql)?;
    if tables == 0 && format == 0 {
        return Ok(0);
    }
    if application != schema::APPLICATION {
        return Err(read(Fault::Damaged("it is a database of some other program")));
    }
    if format > schema::CURRENT {
        // Nothing of it is to change, so neither does what is in its log move into it when we close it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sql)?;
        return Err(newer(path, format));
    }
    if format < 1 {
        return Err(read(Fault::Damaged("it has no format number")));
    }
    Ok(format)
}

fn newer(path: &Path, found: i64) -> Error {
    Error::Newer { path: path.to_owned(), found, known: schema::CURRENT }
}

/// Looks at the first bytes of the file, before SQLite does and perhaps changes something. Says whether there is
/// anything in it.
fn peek(path: &Path) -> Result<bool, Error> {
    const HEADER: usize = 100;
    let damaged = |why: &str| Err(Error::Damaged { path: path.to_owned(), why: why.into() });
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io("open", path)(error)),
    };
    let metadata = file.metadata().map_err(Error::io("open", path))?;
    if !metadata.is_file() {
        return Err(Error::NotAFile(path.to_owned()));
    }
    let mut header = Vec::with_capacity(HEADER);
    file.take(HEADER as u64).read_to_end(&mut header).map_err(Error::io("read", path))?;
    if header.is_empty() {
        return Ok(false);
    }
    if header.len() < HEADER || !header.starts_with(b"SQLite format 3\0") {
        return damaged("it is no SQLite database");
    }
    let number = |at: usize| {
        u32::from_be_bytes(header[at..at + 4].try_into().expect("four bytes were taken"))
    };
    let (format, application) = (i64::from(number(60)), i64::from(number(68)));
    if application == schema::APPLICATION && format > schema::CURRENT {
        return Err(newer(path, format));
    }
    let page = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    let size_is_valid = number(24) == number(92);
    if size_is_valid && metadata.len() < u64::from(number(28)) * page && !has_log(path) {
        return damaged("its end is missing");
    }
    Ok(true)
}

fn has_log(path: &Path) -> bool {
    fs::metadata(&files(path)[1]).is_ok_and(|log| log.len() > 0)
}

/// Whether other processes have it open, or died with it open.
fn is_shared(path: &Path) -> bool {
    has_log(path) || files(path)[2].exists()
}

/// The database as SQLite opens it without writing anything beside it.
fn immutable(path: &Path) -> PathBuf {
    let mut uri = b"file:".to_vec();
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            uri.push(byte);
        } else {
            uri.extend(format!("%{byte:02X}").bytes());
        }
    }
    uri.extend(b"?immutable=1");
    PathBuf::from(OsString::from_vec(uri))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Access, Database, files, immutable};
    use crate::error::Error;

    fn count(db: &Database) -> Result<i64, Error> {
        db.read("count", |tx| Ok(tx.query_row("SELECT count(*) FROM tools", [], |row| row.get(0))?))
    }

    fn add(db: &Database) {
        let add = "INSERT INTO tools VALUES (randomblob(8), 'x', 1)";
        db.write("add", |tx| Ok(tx.execute(add, [])?)).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("with space?#%.db");
        let nothing = Database::open_unwritable(&path).unwrap();
        assert_eq!((count(&nothing).unwrap(), path.exists()), (0, false));

        add(&Database::open(&path).unwrap());
        assert!(!files(&path)[1].exists(), "the last to close leaves no log");
        let frozen = Database::open_unwritable(&path).unwrap();
        assert!(matches!(frozen.access, Access::Frozen(_)));
        assert_eq!(count(&frozen).unwrap(), 1);
        assert!(!files(&path)[2].exists(), "nothing was written beside it");
        let refused = frozen.write("add", |_| Ok(()));
        assert!(matches!(refused, Err(Error::ReadOnly { .. })));

        let writer = Database::open(&path).unwrap();
        add(&writer);
        assert!(matches!(count(&frozen), Err(Error::Changed(_))), "it is not frozen at all");
        let shared = Database::open_unwritable(&path).unwrap();
        assert!(matches!(shared.access, Access::Read));
        assert_eq!(count(&shared).unwrap(), 2);
        drop(writer);
        assert!(matches!(count(&frozen), Err(Error::Changed(_))));
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn odd_paths_are_no_options() {
        assert_eq!(
            immutable(Path::new("/a b?c#d%")),
            Path::new("file:/a%20b%3Fc%23d%25?immutable=1")
        );
    }
}
