-- Format 5: which slices a run knew to be fresh without a look at their nodes, a line each.
ALTER TABLE runs ADD COLUMN slices TEXT NOT NULL DEFAULT '';
