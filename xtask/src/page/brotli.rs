//! Compression at the best quality, done once here so that no server does it for a request.

use crate::progress::{clock, say};
use anyhow::Context;
use brotli::enc::BrotliEncoderParams;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Instant;
use walkdir::WalkDir;

/// Smaller files are not worth a second one.
const LEAST_BYTES: u64 = 256;

/// What does not get smaller is left out.
const EXTENSIONS: [&str; 8] = ["css", "html", "ico", "js", "json", "svg", "txt", "wasm"];

/// Writes `FILE.br` beside each file below `dir` that gets smaller by it and has none.
///
/// # Errors
/// When a file cannot be read or written.
pub fn compress_folder(label: &str, dir: &Path) -> anyhow::Result<()> {
    for entry in WalkDir::new(dir).sort_by_file_name() {
        let entry = entry?;
        let extension = entry.path().extension().and_then(|extension| extension.to_str());
        if !entry.file_type().is_file() || !extension.is_some_and(|e| EXTENSIONS.contains(&e)) {
            continue;
        }
        let compressed = with_br(entry.path());
        if entry.metadata()?.len() >= LEAST_BYTES && !compressed.exists() {
            compress(label, entry.path(), &compressed)?;
        }
    }
    Ok(())
}

/// `a/b.js.br` for `a/b.js`.
pub fn with_br(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".br");
    PathBuf::from(name)
}

fn compress(label: &str, from: &Path, to: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    let n_bytes = std::fs::metadata(from)?.len();
    // The window is the largest that browsers take.
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: 24,
        size_hint: usize::try_from(n_bytes).unwrap_or(0),
        ..BrotliEncoderParams::default()
    };
    let mut reader = BufReader::new(std::fs::File::open(from)?);
    let mut writer = BufWriter::new(std::fs::File::create(to)?);
    brotli::BrotliCompress(&mut reader, &mut writer, &params)
        .with_context(|| format!("cannot compress {}", from.display()))?;
    std::io::Write::flush(&mut writer)?;
    let compressed_bytes = std::fs::metadata(to)?.len();
    if n_bytes > 1 << 20 {
        let name = from.file_name().unwrap_or_default().to_string_lossy();
        let elapsed = clock(started.elapsed());
        say(&format!("{label}: {name} {n_bytes} bytes, brotli {compressed_bytes}, {elapsed}"));
    }
    Ok(())
}
