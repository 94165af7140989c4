//! Opens the demo in a headless browser, measures it, and prints one line of JSON. Started by
//! `cargo xtask demo --check`.

use anyhow::{Context, ensure};
use lakefront_tests::harness::check;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut scale = 1;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        ensure!(word == "--scale", "{word:?} is not an option here; there is `--scale N`");
        scale = words.next().and_then(|n| n.parse().ok()).context("--scale needs a number")?;
    }
    let measured = check::measure(scale).await?;
    println!("{measured}");
    ensure!(measured["console_errors"] == 0, "the console has errors");
    Ok(())
}
