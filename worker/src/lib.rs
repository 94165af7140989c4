//! The engine: answers typed questions over the files of a lake with DataFusion.
//!
//! It runs in a web worker of the page and, with another byte store, natively in the tests. It does
//! not know the page, holds no SQL text of its own, and never writes.

pub mod engine;
mod facts;
mod failure;
#[cfg(test)]
mod fixture;
mod footer;
#[cfg_attr(target_arch = "wasm32", path = "glue/browser.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "glue/native.rs")]
pub mod glue;
mod inspect;
pub mod lake;
pub mod lower;
mod pool;
mod reader;
mod reply;
pub mod rows;
mod table;

pub use engine::{Engine, Opened};
pub use lake::Lake;
pub use rows::Rows;
pub use store;
use store::meter;
