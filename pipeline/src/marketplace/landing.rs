//! The folder into which the generator delivers, and what it remembers of it: files that are already
//! there, of the same marketplace, are not written again.

use super::{GENERATOR_VERSION, MarketplaceError, Plan, Written, generate};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The file in the folder that says which marketplace is in it.
const STAMP: &str = ".generated.json";

/// A folder of a marketplace's source files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landing {
    dir: PathBuf,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    generator: u32,
    scale: u32,
    seed: u64,
    size_bytes: BTreeMap<String, u64>,
}

impl Landing {
    /// The folder `dir`, which need not exist yet.
    pub fn new(dir: &Path) -> Landing {
        Landing { dir: dir.to_owned() }
    }

    /// Whether all files of `plan` are there, from this release's generator.
    pub fn has(&self, plan: &Plan) -> bool {
        self.stamp().is_some_and(|stamp| (stamp.scale, stamp.seed) == (plan.scale(), plan.seed()))
    }

    /// Whether all files of some marketplace are there, from this release's generator.
    pub fn has_any(&self) -> bool {
        self.stamp().is_some()
    }

    /// Which marketplace is there, as text: another text means that none of its rows goes on from those that
    /// were there before. `None` when the files are not all there.
    pub fn identity(&self) -> Option<String> {
        let Stamp { generator, scale, seed, .. } = self.stamp()?;
        Some(format!("generator {generator}, scale {scale}, seed {seed}"))
    }

    fn stamp(&self) -> Option<Stamp> {
        let stamp: Stamp = serde_json::from_slice(&fs::read(self.dir.join(STAMP)).ok()?).ok()?;
        let is_there = |(table, size_bytes): (&String, &u64)| {
            let path = self.dir.join(format!("{table}.parquet"));
            fs::metadata(path).is_ok_and(|metadata| metadata.len() == *size_bytes)
        };
        let is_whole =
            stamp.generator == GENERATOR_VERSION && stamp.size_bytes.iter().all(is_there);
        is_whole.then_some(stamp)
    }

    /// Writes the files of `plan`, as [`generate`] does.
    ///
    /// # Errors
    /// As [`generate`].
    pub fn fill(
        &self,
        plan: &Plan,
        on_progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Vec<Written>, MarketplaceError> {
        let path = self.dir.join(STAMP);
        let error = |source| MarketplaceError::Write { path: path.clone(), source };
        // Forgotten first, so that a run that ends half-way is not taken for a whole one.
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(error(source));
            }
            _ => {}
        }
        let written = generate(&self.dir, plan, on_progress)?;
        let stamp = Stamp {
            generator: GENERATOR_VERSION,
            scale: plan.scale(),
            seed: plan.seed(),
            size_bytes: written.iter().map(|w| (w.table.to_owned(), w.size_bytes)).collect(),
        };
        let json =
            serde_json::to_vec_pretty(&stamp).map_err(|e| error(std::io::Error::other(e)))?;
        fs::write(&path, json).map_err(error)?;
        Ok(written)
    }
}
