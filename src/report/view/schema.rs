//! The JSON Schemas of what verbs print with `--format json`, made of the very types that are printed.
//!
//! They describe what is written, so a field that is always there is required. They allow fields that they do not name:
//! a new one does not raise the version.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::VERSION;
use super::base::BaseView;
use super::diff::DiffView;
use super::excluded::ExcludedView;
use super::jobs::MatrixView;
use super::list::ListView;
use super::lock::LockView;
use super::plan::PlanView;
use super::reverted::RevertedView;

/// A form that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// `graph plan`
    Plan,
    /// `graph plan --base`
    Base,
    /// `graph plan --if-reverted`
    Reverted,
    /// The output `matrix` of `graph plan --format github`
    Matrix,
    /// `graph list`
    List,
    /// `graph list --excluded`
    Excluded,
    /// `graph lock`
    Lock,
    /// `graph diff`
    Diff,
}

impl Form {
    /// All forms.
    pub const ALL: [Self; 8] = [
        Self::Plan,
        Self::Base,
        Self::Reverted,
        Self::Matrix,
        Self::List,
        Self::Excluded,
        Self::Lock,
        Self::Diff,
    ];

    /// What it is called on the command line and in the name of its file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Base => "base",
            Self::Reverted => "reverted",
            Self::Matrix => "matrix",
            Self::List => "list",
            Self::Excluded => "excluded",
            Self::Lock => "lock",
            Self::Diff => "diff",
        }
    }

    /// Its JSON Schema.
    #[must_use]
    pub fn schema(self) -> Value {
        let schema = match self {
            Self::Plan => of::<PlanView<'_>>(),
            Self::Base => of::<BaseView>(),
            Self::Reverted => of::<RevertedView>(),
            Self::Matrix => of::<MatrixView>(),
            Self::List => of::<ListView<'_>>(),
            Self::Excluded => of::<ExcludedView>(),
            Self::Lock => of::<LockView>(),
            Self::Diff => of::<DiffView>(),
        };
        let mut schema = schema.to_value();
        if let Some(version) = schema.pointer_mut("/properties/version") {
            *version = serde_json::json!({
                "description": "The version of the form; a new field does not raise it",
                "const": VERSION
            });
        }
        schema
    }
}

fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::default().for_serialize().into_generator().into_root_schema_for::<T>()
}
