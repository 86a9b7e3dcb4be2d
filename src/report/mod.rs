//! Shows plans and runs: one View, several forms. Knows no cache and no front-end.
//!
//! ```text
//! view                   what is shown, serialised
//! page · words · escape  how wide, in which words, made safe
//! text json markdown     a view in one of its forms
//! github                 the outputs of a step: jobs for a matrix
//! dot mermaid            a drawing
//! message                what was locked, as the message of a commit
//! live                   a run while it goes on: terminal, log, GitHub
//! in_order               a long list, by several threads
//! diagnostics · log      problems of the input; a log of a node
//! uncoloured             a stream to which no colours go
//! ```

pub mod page;
pub mod view;
pub mod words;

mod causes;
mod diff;
mod drawing;
mod excerpt;
mod gist;
mod in_order;
mod progress;
mod sentence;

pub mod diagnostics;
pub mod dot;
pub mod github;
pub mod json;
pub mod live;
pub mod log;
pub mod markdown;
pub mod mermaid;
pub mod message;
pub mod text;
pub mod uncoloured;
