-- Format 5: slices have their directories apart from their files, and runs those that they did not look at.

-- It is a memo, so nothing of it is taken along.
DROP TABLE slices;

-- One row a slice; a node takes about 20 bytes of `files`, which are read only where each of them is looked at. A row goes
-- when an execution of one of its nodes is written.
CREATE TABLE slices (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    declared BLOB NOT NULL,     -- 32 bytes: what was declared
    observed BLOB NOT NULL,     -- 32 bytes: the values of `tools`
    tools    TEXT NOT NULL,     -- the names of the tools that its nodes are made with, a line each
    nodes    INTEGER NOT NULL,
    excluded INTEGER NOT NULL,  -- combinations that filters reject
    stamps   BLOB NOT NULL,     -- 16 bytes: what the file system said of all of its outputs
    dirs     BLOB NOT NULL,     -- 16 bytes: what it said of the directories in which they are
    places   TEXT NOT NULL,     -- these, a line each
    files    BLOB NOT NULL      -- see `slices.rs`
) STRICT;

-- Slices that a run knew to be fresh without a look at their nodes, a line each.
ALTER TABLE runs ADD COLUMN slices TEXT NOT NULL DEFAULT '';
