//! Which nodes are meant: names, globs and labels, united, less what is excluded.
