//! What a web worker loads: the engine and its glue.

fn main() {
    worker::glue::start();
}
