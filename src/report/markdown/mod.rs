//! The form for GitHub: step summaries and comments. Everything that is not ours is escaped, and a text never grows
//! over what a comment may hold.

mod base;
mod bounded;
mod plan;
mod reverted;
mod summary;

pub use self::base::base;
pub use self::bounded::LIMIT;
pub use self::plan::plan;
pub use self::reverted::reverted;
pub use self::summary::summary;
