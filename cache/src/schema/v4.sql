-- Format 4: what many executions have in common is stored once. The figures are bytes, without SQLite's own 10 to 20 a row;
-- `tests/it/scale.rs` measures what a node takes in all.
--
-- An execution of an earlier format is no longer found by those who do not know what it read: the part that stands for all
-- of its commit was not kept. It is found under its own key, and is the last of its node, as before.

-- Texts are looked up by themselves: there are few beside nodes, which are looked up by two of them.
CREATE TABLE texts_4 (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    text TEXT NOT NULL
) STRICT;
INSERT INTO texts_4 (id, text) SELECT id, text FROM texts;
-- Ids are not used again, also those of what was forgotten before.
DELETE FROM sqlite_sequence WHERE name = 'texts_4';
INSERT INTO sqlite_sequence (name, seq) SELECT 'texts_4', seq FROM sqlite_sequence WHERE name = 'texts';
CREATE INDEX texts_by_text ON texts_4 (text);
INSERT INTO texts_4 (text)
    SELECT DISTINCT leaf FROM nodes WHERE leaf NOT IN (SELECT text FROM texts) ORDER BY leaf;

-- One row a node that ever ran or was asked for: 3 id, 2 dir, 2 leaf, 3 last, 8 stamp; and 8 in the index.
CREATE TABLE nodes_4 (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    dir    INTEGER NOT NULL,   -- texts: the name up to its last `/`
    leaf   INTEGER NOT NULL,   -- texts: the rest of it, which nodes of other trees and architectures share
    last   INTEGER,            -- executions: the last, whatever its outcome
    stamp  BLOB                -- what the file system said of its outputs when they were put in place: 8 bytes of a digest
) STRICT;
INSERT INTO nodes_4 (id, dir, leaf, last, stamp)
    SELECT n.id, n.dir, min(t.id), n.last, CASE WHEN n.placed = n.last THEN substr(n.stamp, 1, 8) END
    FROM nodes n JOIN texts_4 t ON t.text = n.leaf GROUP BY n.id;
CREATE UNIQUE INDEX nodes_by_name ON nodes_4 (dir, leaf);

-- Files that builds have read: about 15 bytes a file.
CREATE TABLE read_sets_4 (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,
    body   BLOB                -- see `read_sets.rs`; null: executions name it, and it was not kept
) STRICT;
INSERT INTO read_sets_4 (digest, body) SELECT digest, body FROM read_sets;
INSERT OR IGNORE INTO read_sets_4 (digest)
    SELECT DISTINCT reads FROM executions WHERE reads IS NOT NULL;

-- Parts that executions have in common: a row of a few dozen bytes for a hundred nodes.
CREATE TABLE part_lists (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    parts BLOB NOT NULL        -- their ids, in ascending order, as gaps
) STRICT;

-- For each directory of nodes, what the next execution of a node in it may have in common with those before. Nothing refers
-- to it, and it can be forgotten.
CREATE TABLE in_common (
    dir   INTEGER PRIMARY KEY, -- texts
    parts BLOB NOT NULL,       -- as in `part_lists`
    list  INTEGER              -- part_lists; null: only one execution is known that has them
) STRICT;

-- One row an execution: 3 id, 3 node, 1 run, 32 key, 3 previous, 6 ended, 3 + 3 + 4 cost, 5 to 10 for parts of its own and 3
-- for those that it shares, 3 a need, 35 an output, and 1 to 3 + 2 + 4 for what it read of a commit. If its outputs are in the
-- store, 7 each in one index or two.
CREATE TABLE executions_4 (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    node        INTEGER NOT NULL,
    run         INTEGER NOT NULL,
    outcome     INTEGER NOT NULL,  -- see `executions.rs`
    cause       INTEGER NOT NULL,  -- 0 judged, 1 forced, 2 outputs were missing
    restored    INTEGER NOT NULL,  -- 1: it did not run, its outputs came from the store
    kept        INTEGER NOT NULL,  -- 1: it succeeded, and the store is to have its outputs
    previous    INTEGER,           -- the one before it of the same node, with which it was compared
    key_head    INTEGER NOT NULL,  -- the first 4 bytes of the key: in an index they tell a million apart
    key_tail    BLOB NOT NULL,     -- the other 28
    ended       INTEGER NOT NULL,  -- milliseconds since 1970
    wall_ms     INTEGER NOT NULL,
    cpu_ms      INTEGER NOT NULL,
    peak_memory INTEGER NOT NULL,
    list        INTEGER,           -- part_lists
    parts       BLOB NOT NULL,     -- what is not in that list, see `parts.rs`
    outputs     BLOB NOT NULL,     -- see `executions.rs`
    read_set    INTEGER,           -- read_sets: which files of its commit it read; null: not known
    whole       INTEGER,           -- parts: what stands for all of the commit in the key that it has for one who does not
                                   -- know what it read; null: that key is no other
    wide_head   INTEGER            -- the first 4 bytes of that key
) STRICT;
INSERT INTO executions_4 (id, node, run, outcome, cause, restored, kept, previous, key_head, key_tail, ended, wall_ms, cpu_ms,
        peak_memory, parts, outputs, read_set)
    SELECT e.id, e.node, e.run, e.outcome, e.cause, e.restored, e.kept, e.previous,
        e.key_head << 32 >> 32,
        CAST(unhex(printf('%02x%02x%02x%02x', e.key_head >> 32 & 255, e.key_head >> 40 & 255, e.key_head >> 48 & 255,
            e.key_head >> 56 & 255)) || e.key_tail AS BLOB),
        e.ended, e.wall_ms, e.cpu_ms, e.peak_memory, e.parts, e.outputs, r.id
    FROM executions e LEFT JOIN read_sets_4 r ON r.digest = e.reads;

DELETE FROM sqlite_sequence WHERE name IN ('nodes_4', 'executions_4');
INSERT INTO sqlite_sequence (name, seq)
    SELECT name || '_4', seq FROM sqlite_sequence WHERE name IN ('nodes', 'executions');

DROP TABLE texts;
DROP TABLE nodes;
DROP TABLE read_sets;
DROP TABLE executions;
ALTER TABLE texts_4 RENAME TO texts;
ALTER TABLE nodes_4 RENAME TO nodes;
ALTER TABLE read_sets_4 RENAME TO read_sets;
ALTER TABLE executions_4 RENAME TO executions;

CREATE INDEX executions_by_key ON executions (key_head) WHERE kept = 1;
CREATE INDEX executions_by_wide_key ON executions (wide_head) WHERE kept = 1 AND wide_head IS NOT NULL;
