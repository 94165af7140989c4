//! The page in Chromium, over real files: what a viewer sees, clicks and types, and what happens when
//! the engine or the session ends under him. Started by `cargo xtask test`.

mod docs;
mod engine;
mod expected;
mod keyboard;
mod layout;
mod ledger;
mod log_in;
mod offline;
mod reach;
mod recovery;
mod scene;
mod selection;
mod tables;
