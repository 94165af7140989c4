//! There is no page to talk to natively: the tests call [`crate::Engine`] itself.

/// Says why nothing happens.
pub fn start() {
    eprintln!("the engine runs in a browser; build it with `cargo xtask page`");
}
