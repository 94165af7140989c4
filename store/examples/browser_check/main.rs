//! The byte stores checked where they work: in a worker of a browser. `tests/browser.rs` compiles this
//! for wasm32, serves it, and reads what it reports.

#[cfg_attr(target_arch = "wasm32", path = "check.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "nothing.rs")]
mod platform;

fn main() {
    platform::start();
}
