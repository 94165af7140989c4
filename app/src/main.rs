//! Starts the page. There is nothing to start outside a browser.

fn main() {
    #[cfg(target_arch = "wasm32")]
    app::start();
}
