//! The page. Reading Arrow buffers and wording numbers is plain Rust that builds natively too; all
//! that touches the browser exists on wasm32 alone.
//!
//! A component reads signals and emits `coordinator::Event`s. Only `shell` posts messages, sets
//! timers, fetches and spawns.

pub mod advice;
pub mod answer;
pub mod buckets;
pub mod costs;
pub mod decimal;
pub mod feature;
pub mod marks;
pub mod reply;
pub mod typed;
pub mod wording;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod page;
#[cfg(target_arch = "wasm32")]
mod panels;
#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(target_arch = "wasm32")]
mod state;
#[cfg(target_arch = "wasm32")]
mod tables;

#[cfg(target_arch = "wasm32")]
pub use page::start;
