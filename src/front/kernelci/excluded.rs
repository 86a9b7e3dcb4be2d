//! A combination that filters reject, for who asks what is not built and why.

use graph::name::NodeName;

use super::filter::Rejection;
use crate::front::loaded::Excluded;

/// Whether rejected combinations are listed: there are more of them than of builds, and they are always counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excluding {
    Counted,
    Listed,
}

/// Puts a rejection into words.
pub(super) fn excluded(name: NodeName, rejection: &Rejection<'_>) -> Excluded {
    Excluded {
        name,
        filter: rejection.kind().to_owned(),
        declared: rejection.span().place(),
        why: rejection.to_string(),
    }
}
