//! Files under names that hold a hash of their content, so that they can be cached for ever. A file
//! that names another is written after it, with the new name in it.

use crate::key::hex;
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// A folder of hashed files that grows.
pub struct Assets {
    dir: PathBuf,
    /// What a file was called in texts, and what it is called here.
    renamed: Vec<(String, String)>,
}

/// One file to add.
pub struct Source {
    /// What other files call it.
    name: String,
    /// Its name with the hash left out, such as `app.js`.
    plain: String,
    content: Content,
}

enum Content {
    File(PathBuf),
    Text(String),
}

impl Source {
    /// The file `name` in `dir`, to be called after `plain`.
    pub fn file(dir: &Path, name: &str, plain: &str) -> Source {
        let content = Content::File(dir.join(name));
        Source { name: name.to_owned(), plain: plain.to_owned(), content }
    }

    /// A text, to be called after `plain`.
    pub fn text(plain: &str, text: String) -> Source {
        Source { name: plain.to_owned(), plain: plain.to_owned(), content: Content::Text(text) }
    }
}

impl Assets {
    /// No files yet; `dir` is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(dir: &Path) -> anyhow::Result<Assets> {
        std::fs::create_dir_all(dir)?;
        Ok(Assets { dir: dir.to_path_buf(), renamed: Vec::new() })
    }

    /// Adds one file and returns its hashed name. In scripts and style sheets the names of files
    /// added before become their hashed names.
    ///
    /// # Errors
    /// When it cannot be read or written, or a script is not UTF-8.
    pub fn add(&mut self, source: &Source) -> anyhow::Result<String> {
        let bytes = match &source.content {
            Content::Text(text) => self.rename_in(text, Place::Beside).into_bytes(),
            Content::File(path) => {
                let bytes = std::fs::read(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                if source.plain.ends_with(".js") || source.plain.ends_with(".css") {
                    let text = String::from_utf8(bytes)
                        .with_context(|| format!("{} is not UTF-8", path.display()))?;
                    self.rename_in(&text, Place::Beside).into_bytes()
                } else {
                    bytes
                }
            }
        };
        let hash: String = hex(&Sha256::digest(&bytes)).chars().take(16).collect();
        let hashed = match source.plain.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
            None => bail!("{} has no extension", source.plain),
        };
        std::fs::write(self.dir.join(&hashed), bytes)?;
        self.renamed.push((source.name.clone(), hashed.clone()));
        // A name within a longer name must not be replaced first.
        self.renamed.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Ok(hashed)
    }

    /// Adds the scripts that wasm-bindgen put into `snippets` below `dir`, if there are any.
    ///
    /// # Errors
    /// As [`Assets::add`].
    pub fn add_snippets(&mut self, dir: &Path) -> anyhow::Result<()> {
        if !dir.join("snippets").is_dir() {
            return Ok(());
        }
        for entry in WalkDir::new(dir.join("snippets")).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                let name = entry.path().strip_prefix(dir)?.to_string_lossy().into_owned();
                self.add(&Source::file(dir, &name, "snippet.js"))?;
            }
        }
        Ok(())
    }

    /// `html`, a document at the root, with the names of files as paths below `/assets/`.
    pub fn rename_in_document(&self, html: &str) -> String {
        self.rename_in(html, Place::Root)
    }

    fn rename_in(&self, text: &str, place: Place) -> String {
        let mut text = text.to_owned();
        for (name, hashed) in &self.renamed {
            for quote in ['"', '\'', '('] {
                let root = format!("{quote}/assets/{hashed}");
                let beside = match place {
                    Place::Beside => format!("{quote}./{hashed}"),
                    Place::Root => root.clone(),
                };
                text = text
                    .replace(&format!("{quote}/{name}"), &root)
                    .replace(&format!("{quote}./{name}"), &beside)
                    .replace(&format!("{quote}{name}"), &beside);
            }
        }
        text
    }
}

/// Where the text lies whose names are replaced.
#[derive(Clone, Copy)]
enum Place {
    /// In the folder of the files.
    Beside,
    /// In the folder above it.
    Root,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_content() {
        let dir = std::env::temp_dir().join(format!("lakefront-assets-{}", std::process::id()));
        let mut assets = Assets::new(&dir).unwrap();
        let wasm = assets
            .add(&Source {
                plain: "app.wasm".into(),
                name: "app_bg.wasm".into(),
                content: Content::Text("x".into()),
            })
            .unwrap();
        let script = assets
            .add(&Source::text("app.js", "new URL('app_bg.wasm', import.meta.url)".into()))
            .unwrap();
        let read = std::fs::read_to_string(dir.join(&script)).unwrap();
        assert_eq!(read, format!("new URL('./{wasm}', import.meta.url)"));
        assert_eq!(
            assets.rename_in_document("<a href=\"/app.js\"> <b href='app_bg.wasm'> app.js"),
            format!("<a href=\"/assets/{script}\"> <b href='/assets/{wasm}'> app.js")
        );
        std::fs::remove_dir_all(dir).unwrap();
    }
}
