-- Format 1. The figures at the tables are bytes, without SQLite's own 10 to 20 a row. Measured in all at eight thousand
-- nodes with twenty-two parts, of which twenty are shared, and one need: 211 a node for its last execution if that
-- failed, 301 if it left one output, and 64 for a node that is known by name only. `tests/it/scale.rs` measures.
--
-- Ids are never used again (AUTOINCREMENT), so that another process that has read a list of ids and looks them up
-- later finds what was meant or nothing. `hash` is always the first 8 bytes of a BLAKE3 digest: an index over it is
-- a quarter of one over the text or digest itself, and whoever looks up compares the rest.

-- Text that occurs again and again: names of parts, directories of node names, paths of outputs and of files.
CREATE TABLE texts (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    hash INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX texts_by_hash ON texts (hash);

-- One row a node that ever ran or was asked for: 3 id, 8 hash, 2 dir, 10 to 30 leaf, 3 last, 3 placed, 16 stamp;
-- and 11 in the index.
CREATE TABLE nodes (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    hash   INTEGER NOT NULL,
    dir    INTEGER NOT NULL,   -- texts: the name up to its last `/`
    leaf   TEXT NOT NULL,      -- the rest of it
    last   INTEGER,            -- executions: the last, whatever its outcome
    placed INTEGER,            -- executions: whose outputs were put under `out/`
    stamp  BLOB                -- what the file system said of them then, as 16 bytes of a digest
) STRICT;
CREATE INDEX nodes_by_hash ON nodes (hash);

-- Distinct parts. A part that a hundred thousand nodes share is one row; `need …` parts are none (see `parts.rs`).
CREATE TABLE parts (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    hash   INTEGER NOT NULL,
    name   INTEGER NOT NULL,   -- texts
    digest BLOB NOT NULL,
    shown  TEXT,               -- null: the short form of the digest
    file   INTEGER,            -- texts; null: declared nowhere
    line   INTEGER,
    col    INTEGER,
    role   INTEGER NOT NULL    -- 0 key, 1 stamp
) STRICT;
CREATE INDEX parts_by_hash ON parts (hash);

-- One row an execution: 3 id, 3 node, 2 run, 8 + 24 key, 3 previous, 6 ended, 3 + 3 + 5 cost, 1 to 2 a part,
-- 37 an output and 33 a need; and 11 in the index if its outputs are in the store.
CREATE TABLE executions (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    node        INTEGER NOT NULL,
    run         INTEGER NOT NULL,
    outcome     INTEGER NOT NULL,  -- see `executions.rs`
    cause       INTEGER NOT NULL,  -- 0 judged, 1 forced, 2 outputs were missing
    restored    INTEGER NOT NULL,  -- 1: it did not run, its outputs came from the store
    kept        INTEGER NOT NULL,  -- 1: it succeeded, and the store is to have its outputs
    previous    INTEGER,           -- the one before it of the same node, with which it was compared
    key_head    INTEGER NOT NULL,  -- the first 8 bytes of the key
    key_tail    BLOB NOT NULL,     -- the other 24
    ended       INTEGER NOT NULL,  -- milliseconds since 1970
    wall_ms     INTEGER NOT NULL,
    cpu_ms      INTEGER NOT NULL,
    peak_memory INTEGER NOT NULL,
    parts       BLOB NOT NULL,     -- see `parts.rs`
    outputs     BLOB NOT NULL      -- see `executions.rs`
) STRICT;
CREATE INDEX executions_by_key ON executions (key_head) WHERE kept = 1;

-- One row a run. Nodes that ran or were restored are found in `executions`.
CREATE TABLE runs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    started     INTEGER NOT NULL,  -- milliseconds since 1970
    ended       INTEGER,           -- null: it goes on, or was killed
    interrupted INTEGER NOT NULL,
    verb        TEXT NOT NULL,
    first       INTEGER NOT NULL,  -- every execution of the run has at least this id
    fresh       BLOB NOT NULL,     -- nodes, as runs of ids
    not_started BLOB NOT NULL,
    counts      BLOB NOT NULL      -- built, restored, failed, fresh, skipped, not started
) STRICT;

-- Nodes that a run could not start, and the node that was the reason.
CREATE TABLE skips (
    run     INTEGER NOT NULL,
    node    INTEGER NOT NULL,
    because INTEGER NOT NULL,
    PRIMARY KEY (run, node)
) STRICT, WITHOUT ROWID;

-- Digests of files that need not be read again while all of this is as it was: about 70 bytes a file.
CREATE TABLE files (
    dev    INTEGER NOT NULL,
    ino    INTEGER NOT NULL,
    size   INTEGER NOT NULL,
    mtime  INTEGER NOT NULL,   -- nanoseconds since 1970
    ctime  INTEGER NOT NULL,
    used   INTEGER NOT NULL,   -- days since 1970, for `gc`
    digest BLOB NOT NULL,
    PRIMARY KEY (dev, ino)
) STRICT, WITHOUT ROWID;

-- The commit that a ref of a remote named when it was last asked. The URL is a digest, for it can hold a password.
CREATE TABLE refs (
    url  BLOB NOT NULL,
    name TEXT NOT NULL,
    oid  TEXT NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY (url, name)
) STRICT, WITHOUT ROWID;

-- What a tool said of itself, under a digest of what identifies the tool.
CREATE TABLE tools (
    key  BLOB PRIMARY KEY,
    text TEXT NOT NULL,
    seen INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The files of a tree, under the digest that is the tree's part in records.
CREATE TABLE manifests (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    body   BLOB NOT NULL       -- see `codec.rs`
) STRICT;
