//! The settings of a project: `graph.yaml`, its defaults, and its JSON Schema. Reads one file; decides nothing.
