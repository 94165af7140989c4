//! Damaged files: one file of a table or a Parquet file of the corpus, changed as a seed says. The
//! same seed damages the same file in the same way as long as the corpus is the same.

use super::found::Found;
use super::record::Kind;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Larger files are not damaged: they would be read more slowly than they are worth.
const MOST_BYTES: u64 = 2 << 20;

/// Tables of more files are left out: all of them are read for one that is damaged.
const MOST_FILES: usize = 60;

/// What kind of file is damaged. Each kind is damaged as often as the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A commit.
    Commit,
    /// A checkpoint in one or more Parquet files, or its sidecars.
    ParquetCheckpoint,
    /// A checkpoint in JSON, the hint at the last checkpoint, a checksum, a compacted log.
    OtherLog,
    /// A file of deletion vectors.
    DeletionVectors,
    /// A data file of a Delta table.
    DeltaFile,
    /// A Parquet file of no table.
    ParquetFile,
}

const PARTS: [Part; 6] = [
    Part::Commit,
    Part::ParquetCheckpoint,
    Part::OtherLog,
    Part::DeletionVectors,
    Part::DeltaFile,
    Part::ParquetFile,
];

/// A file that can be damaged.
#[derive(Debug, Clone)]
pub struct Target {
    /// The table or file as in the records.
    pub path: String,
    /// The table's folder, or the Parquet file itself.
    pub place: PathBuf,
    /// The file within the table; empty for a Parquet file.
    pub file: String,
    /// What it is.
    pub part: Part,
}

/// Everything that can be damaged, by kind, in a fixed order.
#[derive(Debug)]
pub struct Targets(Vec<(Part, Vec<Target>)>);

impl Targets {
    /// Those among `found`.
    pub fn among(found: &[Found]) -> Targets {
        let mut all = Vec::new();
        for found in found {
            let target = |file: String, part| Target {
                path: found.path.clone(),
                place: found.place.clone(),
                file,
                part,
            };
            match found.kind {
                Kind::Archive => {}
                Kind::Parquet if is_small(&found.place) => {
                    all.push(target(String::new(), Part::ParquetFile));
                }
                Kind::Parquet => {}
                Kind::Delta => {
                    let files = files_of(&found.place);
                    if files.len() > MOST_FILES {
                        continue;
                    }
                    let small = files.into_iter().filter(|file| is_small(&found.place.join(file)));
                    all.extend(small.filter_map(|file| {
                        let part = part_of(&file)?;
                        Some(target(file, part))
                    }));
                }
            }
        }
        let of_part = |part| all.iter().filter(|target| target.part == part).cloned().collect();
        let parts = PARTS.map(|part| (part, of_part(part)));
        Targets(
            parts
                .into_iter()
                .filter(|(_, targets): &(Part, Vec<Target>)| !targets.is_empty())
                .collect(),
        )
    }

    /// The one that `seed` damages; `None` when there is nothing to damage.
    pub fn of_seed(&self, seed: u64) -> Option<&Target> {
        let mut random = Random(seed);
        let (_, targets) = self.0.get(random.below(self.0.len() as u64) as usize)?;
        targets.get(random.below(targets.len() as u64) as usize)
    }
}

fn is_small(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|facts| facts.len() <= MOST_BYTES)
}

/// The files of a table but hidden ones, sorted, relative to its folder.
fn files_of(table: &Path) -> Vec<String> {
    WalkDir::new(table)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            !entry.file_name().to_string_lossy().ends_with(".crc") || is_checksum(entry.path())
        })
        .filter_map(|entry| Some(entry.path().strip_prefix(table).ok()?.to_str()?.to_owned()))
        .collect()
}

/// Whether it is a checksum of a version and not one of Hadoop's, which are hidden.
fn is_checksum(path: &Path) -> bool {
    path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'))
}

fn part_of(file: &str) -> Option<Part> {
    let name = file.rsplit('/').next().unwrap_or(file);
    let is_log = file.starts_with("_delta_log/");
    let stem = name.strip_suffix(".json");
    match () {
        () if is_log && stem.is_some_and(|stem| stem.bytes().all(|b| b.is_ascii_digit())) => {
            Some(Part::Commit)
        }
        () if is_log && name.ends_with(".parquet") => Some(Part::ParquetCheckpoint),
        () if is_log => Some(Part::OtherLog),
        () if name.contains("deletion_vector") && name.ends_with(".bin") => {
            Some(Part::DeletionVectors)
        }
        () if name.ends_with(".parquet") && !file.starts_with("_change_data/") => {
            Some(Part::DeltaFile)
        }
        () => None,
    }
}

/// Makes a copy of the table or file at `place` in the new folder `dir`, of links but for the one
/// `file` that `seed` damages; `file` is empty for a Parquet file. Returns the location in `dir`.
///
/// # Errors
/// When something cannot be read or written.
pub fn plant(place: &Path, file: &str, seed: u64, dir: &Path) -> std::io::Result<String> {
    fs::create_dir_all(dir)?;
    if file.is_empty() {
        fs::write(dir.join("mutant.parquet"), damaged(fs::read(place)?, seed))?;
        return Ok("mutant.parquet".to_owned());
    }
    let table = dir.join("mutant");
    for other in files_of(place) {
        let target = table.join(&other);
        fs::create_dir_all(target.parent().unwrap_or(&table))?;
        match other == file {
            true => fs::write(target, damaged(fs::read(place.join(&other))?, seed))?,
            false => symlink(fs::canonicalize(place.join(&other))?, target)?,
        }
    }
    Ok("mutant".to_owned())
}

/// `bytes` with the damage of `seed`.
pub fn damaged(mut bytes: Vec<u8>, seed: u64) -> Vec<u8> {
    // Not the numbers that chose the file.
    let mut random = Random(seed ^ 0xD1B5_4A32_D192_ED03);
    if bytes.is_empty() {
        return vec![random.next() as u8];
    }
    match random.below(10) {
        // Bits and bytes, mostly few: what is damaged much is refused early.
        0..=4 => {
            for _ in 0..=random.below(4) * random.below(4) {
                let at = random.place(bytes.len());
                bytes[at] = match random.below(4) {
                    0 => bytes[at] ^ (1 << random.below(8)),
                    1 => [0x00, 0x7f, 0x80, 0xff][random.below(4) as usize],
                    2 => bytes[at].wrapping_add(1),
                    _ => random.next() as u8,
                };
            }
        }
        5 => {
            let length = random.place(bytes.len());
            bytes.truncate(length);
        }
        // A part of it over another part, or taken out, or put in once more.
        6 | 7 => {
            let start = random.place(bytes.len());
            let length = 1 + random.below(64.min((bytes.len() - start) as u64)) as usize;
            let slice = bytes[start..bytes.len().min(start + length)].to_vec();
            let at = random.place(bytes.len());
            match random.below(3) {
                0 => {
                    let end = bytes.len().min(at + slice.len());
                    bytes[at..end].copy_from_slice(&slice[..end - at]);
                }
                1 => drop(bytes.drain(start..start + slice.len())),
                _ => drop(bytes.splice(at..at, slice)),
            }
        }
        // Eight bytes of a length or an offset that is no such thing.
        8 => {
            let at = random.place(bytes.len());
            let number = [u64::MAX, i64::MAX as u64, 1 << 31, 1 << 40, 0][random.below(5) as usize];
            for (place, byte) in bytes[at..].iter_mut().zip(number.to_le_bytes()) {
                *place = byte;
            }
        }
        // A number in a text becomes another one.
        _ => {
            let digits: Vec<usize> =
                (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()).collect();
            if digits.is_empty() {
                let at = random.place(bytes.len());
                bytes[at] = !bytes[at];
            } else {
                let at = digits[random.below(digits.len() as u64) as usize];
                let numbers: [&[u8]; 5] =
                    [b"-1", b"18446744073709551616", b"1e999", b"null", b"2147483648"];
                let number = numbers[random.below(5) as usize].to_vec();
                drop(bytes.splice(at..=at, number));
            }
        }
    }
    bytes
}

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when there is none.
    fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// A position in a file, every other time near its end, where Parquet has its footer.
    fn place(&mut self, length: usize) -> usize {
        let length = length as u64;
        let tail = length.min(512.max(length / 8));
        let place = match self.below(2) {
            0 => self.below(length),
            _ => length - 1 - self.below(tail),
        };
        place as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_damages_in_one_way_and_nearly_always() {
        let whole: Vec<u8> = br#"{"add":{"path":"a","size":10}}"#.repeat(20);
        let n_changed = (0..1000)
            .filter(|seed| {
                let once = damaged(whole.clone(), *seed);
                assert_eq!(once, damaged(whole.clone(), *seed));
                once != whole
            })
            .count();
        assert!(n_changed > 900, "{n_changed}");
        for seed in 0..1000 {
            damaged(vec![1], seed);
            damaged(Vec::new(), seed);
        }
    }

    #[test]
    fn files_of_a_table_are_told_apart() {
        let check = |file: &str, part: Option<Part>| assert_eq!(part_of(file), part, "{file}");
        check("_delta_log/00000000000000000000.json", Some(Part::Commit));
        check("_delta_log/00000000000000000002.checkpoint.parquet", Some(Part::ParquetCheckpoint));
        check("_delta_log/_sidecars/a.parquet", Some(Part::ParquetCheckpoint));
        check("_delta_log/_last_checkpoint", Some(Part::OtherLog));
        check("a/deletion_vector_b.bin", Some(Part::DeletionVectors));
        check("p=1/part-0.parquet", Some(Part::DeltaFile));
        check("_change_data/cdc-0.parquet", None);
    }
}
