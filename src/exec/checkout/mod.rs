//! The sources that builds share: for each commit one directory of plain files, read-only. Knows no node.
//!
//! ```text
//! .graph/sources/<slot>/
//!   tree/     the files, without `.git`
//!   index     what git knows of them: by it, a change of a file is seen
//!   commit    which commit it is; written last, so that what has it is whole; its time says when it was used last
//! ```
//!
//! A slot is named after what it is for (`mainline-master`), not after its commit. So the next commit of a branch finds
//! the files of the one before, and git rewrites those that differ; and compiler caches see the same paths again.
//! **Invariant: within one run, a slot holds one commit.**
//!
//! | what may be wrong | what is done |
//! | --- | --- |
//! | killed while it was made | without `commit` it is removed and made anew; git runs below a supervisor, so none goes on for long behind our back, and who makes a checkout waits until nobody works in it |
//! | somebody changed a file, or added one | it is compared with its index before a run uses it first, and put right |
//! | a build changed its own sources | it is compared after every node that used it; none that used it then is believed, and it is put right when they all have ended |
//! | `.gitattributes` differ between two commits | git would leave files as they are that it would now write otherwise: it is made anew |
//! | the power fails | everything is on disk before `commit` is written |

mod git;
mod place;
mod share;
mod sweep;

pub use git::{Objects, environment};
pub use share::{Checkout, Checkouts, Origin, Unready};
pub use sweep::{remove, unused};
