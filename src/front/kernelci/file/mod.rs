//! What the sections of `build-configs.yaml` say, with every name that they use looked up. Knows no commit.

mod fields;
mod words;

mod declared;

mod environments;
mod fragments;
mod variants;

mod configs;

pub(super) use configs::declared;
pub(super) use declared::{Architecture, BuildConfig, Declared, Defconfig, Variant};
pub(super) use fields::{Fields, did_you_mean, items, misfit, string};
pub(super) use words::is_target;
