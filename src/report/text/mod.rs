//! The forms for people at a terminal or in a log.

mod base;
mod diff;
mod list;
mod lock;
mod plan;
mod reason;
mod reverted;
mod runs;
mod show;
mod summary;
mod why;

pub use self::base::{base, base_line};
pub use self::diff::diff;
pub use self::list::{excluded, list};
pub use self::lock::{lock, lock_check};
pub use self::plan::{plan, plan_line};
pub use self::reverted::reverted;
pub use self::runs::runs;
pub use self::show::show;
pub use self::summary::summary;
pub use self::why::why;
