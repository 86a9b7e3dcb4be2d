//! kas configurations: chains of files, merged as kas merges them.
