-- Format 2: what a build read of its commit.

-- 1 + 32 bytes each where a node has a commit, 1 + 1 where it has none; and as much again in the index.
ALTER TABLE executions ADD COLUMN reads BLOB;      -- read_sets: which files of its commit it read; null: not known
ALTER TABLE executions ADD COLUMN wide_key BLOB;   -- the key that it has for one who does not know that; null: `key`
CREATE INDEX executions_by_wide_key ON executions (wide_key) WHERE kept = 1 AND wide_key IS NOT NULL;

-- Files that builds have read, under the digest that executions name: about 15 bytes a file.
CREATE TABLE read_sets (
    digest BLOB PRIMARY KEY,
    body   BLOB NOT NULL       -- see `read_sets.rs`
) STRICT, WITHOUT ROWID;
