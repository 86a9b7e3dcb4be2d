-- Format 3: what was judged to be wholly fresh, so that a plan need not look at each node of it again.

-- One row a slice; a node takes about 30 bytes of `files`. A row goes when an execution of one of its nodes is written.
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
    files    BLOB NOT NULL      -- see `slices.rs`
) STRICT;
