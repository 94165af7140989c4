//! Footers of Parquet files: where they place what is in the file, and what they say wrong of it.

mod hint;
mod mend;
mod placement;

pub use hint::ARROW_SCHEMA;
pub use mend::{mended, without_foreign_hint};
pub use placement::{check, chunk_bytes, guessed_tail, tail};
