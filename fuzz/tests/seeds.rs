//! Every target over the seeds of the corpus and over seeded mutants of them.
//!
//! Needs the corpus folder named by `LAKEFRONT_CORPUS` (default `../shared/corpus`); without it the
//! test says so and counts as skipped.

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Mutants of each seed; `LAKEFRONT_MUTANTS` asks for more.
const N_MUTANTS: usize = 20;

#[test]
fn no_seed_and_no_mutant_breaks_a_reader() -> Result<()> {
    let Some(corpus) = test_support::corpus("") else { return Ok(()) };
    let n_mutants = std::env::var("LAKEFRONT_MUTANTS").ok().and_then(|n| n.parse().ok());
    let n_mutants = n_mutants.unwrap_or(N_MUTANTS);
    let seeds = fuzz::seed::of_corpus(&corpus)?;
    let mut rng = StdRng::seed_from_u64(3);
    for (target, body) in fuzz::TARGETS {
        let seeds = seeds.get(target).map(Vec::as_slice).unwrap_or_default();
        assert!(!seeds.is_empty(), "no seeds for {target}");
        for seed in seeds {
            body(seed);
            for _ in 0..n_mutants {
                body(&mutant(seed, &mut rng));
            }
        }
        println!("{target}: {} seeds, {n_mutants} mutants of each", seeds.len());
    }
    Ok(())
}

/// A copy with a few bytes changed, a stretch moved or the end cut off.
fn mutant(seed: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    if bytes.is_empty() {
        return bytes;
    }
    for _ in 0..rng.random_range(1..5) {
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..6) {
            0 => bytes[at] = rng.random(),
            1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'9'][rng.random_range(0..8)],
            3 => bytes.truncate(at.max(1)),
            4 => {
                let end = (at + rng.random_range(1..40)).min(bytes.len());
                let stretch = bytes[at..end].to_vec();
                let to = rng.random_range(0..bytes.len());
                bytes.splice(to..to, stretch);
            }
            _ => {
                let end = (at + rng.random_range(1..40)).min(bytes.len());
                if end - at < bytes.len() {
                    bytes.drain(at..end);
                }
            }
        }
    }
    bytes
}
