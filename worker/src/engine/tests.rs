//! Questions to an engine over small files.

mod bench;
mod days;
