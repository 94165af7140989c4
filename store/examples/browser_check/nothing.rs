//! Natively the tests beside this crate check the stores.

/// Says why nothing happens.
pub fn start() {
    eprintln!("this runs in a browser: see store/tests/browser.rs");
}
