//! Writes the seeds of every target to `fuzz/target/corpus`.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

fn main() -> Result<()> {
    let corpus = test_support::corpus("").context("no corpus folder; see fuzz/README.md")?;
    for (target, seeds) in fuzz::seed::of_corpus(&corpus)? {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (seed_idx, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{seed_idx:04}")), seed)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}
