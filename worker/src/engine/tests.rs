//! Questions to an engine over small files.

mod bench;
mod broken;
mod days;
