//! The settings of a project: `graph.yaml`, its defaults, and its JSON Schema. Reads one file; decides nothing.

mod find;
mod locate;
mod read;
mod schema;
mod settings;
mod values;

pub use find::{CONFIG_FILE, Project, find, open, usual_sources};
pub use read::parse;
pub use schema::json_schema;
pub use settings::{
    Cache, DEFAULT_IGNORE, Defaults, Kas, LocalTree, Outputs, Run, Settings, Shared, SourceScope,
    Sources, Stamps,
};
pub use values::{Amount, BadValue, Limit, OneOrMany, Size};
