//! The JSON Schema of `graph.yaml`, for editors. It is made of the very types that read the file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema, schema_for};

use super::settings::{Settings, Version};

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": 1 })
    }
}

/// The JSON Schema as indented text that ends in a newline.
#[must_use]
pub fn json_schema() -> String {
    let schema = schema_for!(Settings);
    let mut text =
        serde_json::to_string_pretty(&schema).expect("a schema is a value that JSON can hold");
    text.push('\n');
    text
}
