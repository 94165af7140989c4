//! What a folder has beyond what was taken.

use super::fingerprint::{self, Fingerprint, Stat};
use super::seen::{Reading, Seen, SeenFile};
use super::{FolderSource, Inspected, NewFile, Span, list};
use crate::source::bytes::Packing;
use crate::source::{FileRule, SourceError, SourceFormat, csv, json_lines, parquet};
use catalog::Name;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What a folder has beyond what was taken.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The files to take, in the order of their names.
    pub(crate) files: Vec<NewFile>,
    /// All files that are there, taken before or not, in the order of their names; of files with the same bytes one.
    pub(crate) all: Vec<NewFile>,
    /// What will have been taken after them, all of it as it is read now.
    pub(crate) seen: Seen,
    /// What was left, or is not as it was agreed on.
    pub(crate) warnings: Vec<String>,
    /// Whether files that were taken would become other rows.
    pub(crate) is_read_otherwise: bool,
}

impl FolderSource {
    /// Looks for what `before` does not have, at the time `now`.
    ///
    /// # Errors
    /// [`SourceError`] when the folder cannot be read; [`FileRule::Changed`] when a file that was taken has other bytes;
    /// what is wrong with a new file, when there is no rescue column or no other new file.
    pub(crate) fn look(
        &self,
        source_name: &Name,
        project_folder: &Path,
        before: &Seen,
        now: SystemTime,
    ) -> Result<Delivery, SourceError> {
        let root = self.root(source_name, project_folder)?;
        let (delivered, others): (Vec<_>, Vec<_>) =
            list(&root)?.into_iter().partition(|(name, _)| self.takes(name));
        let reading = self.reading();
        let mut look = Look {
            source: self,
            now,
            contents: HashMap::new(),
            names: delivered.iter().map(|(name, _)| name.as_str()).collect(),
            found: Delivery {
                files: Vec::new(),
                all: Vec::new(),
                seen: before.clone(),
                warnings: Vec::new(),
                is_read_otherwise: before.is_read_otherwise(&reading),
            },
            left: Vec::new(),
            reading,
        };
        for (name, file) in &before.0 {
            look.contents.entry(file.content().to_owned()).or_insert_with(|| name.clone());
        }
        for (name, path) in &delivered {
            look.at(name, path)?;
        }
        let seen = std::mem::take(&mut look.found.seen);
        look.found.seen = seen.read_by(&look.reading);
        look.found.all = look.found.seen.one_of_each(&delivered);
        look.say_left()?;
        look.say_below(&others);
        Ok(look.found)
    }
}

struct Look<'l> {
    source: &'l FolderSource,
    now: SystemTime,
    reading: Reading,
    /// The names of files that were taken, by what they hold.
    contents: HashMap<String, String>,
    /// The files that are there, sorted.
    names: Vec<&'l str>,
    found: Delivery,
    /// What is wrong with files of which no row can be read.
    left: Vec<SourceError>,
}

impl Look<'_> {
    /// Looks at one file.
    fn at(&mut self, name: &str, path: &Path) -> Result<(), SourceError> {
        let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, error))?;
        let stat = Stat::of(&metadata);
        let known = self.found.seen.0.get(name).cloned();
        if let Some(known) = known.as_ref().filter(|known| known.is_at_rest(&stat)) {
            if known.changed_us.is_none() {
                self.keep(name, &stat, known.clone());
            }
            return Ok(());
        }
        if self.is_unsettled(&metadata) {
            return Ok(());
        }
        match known {
            Some(known) => self.again(name, path, &stat, known),
            // Nothing was delivered yet.
            None if stat.size_bytes == 0 => Ok(()),
            None => match self.first(name, path, &stat) {
                Err(error) if self.source.rescue().is_some() => {
                    self.left.push(error);
                    Ok(())
                }
                looked => looked,
            },
        }
    }

    /// Whether the file was written so shortly before that it may be written further.
    fn is_unsettled(&self, metadata: &std::fs::Metadata) -> bool {
        let Some(settle) = self.source.settle else { return false };
        let modified = metadata.modified().unwrap_or(self.now);
        self.now.duration_since(modified).is_ok_and(|age| age < settle.duration())
    }

    /// Looks at a file whose name was taken.
    fn again(
        &mut self,
        name: &str,
        path: &Path,
        stat: &Stat,
        known: SeenFile,
    ) -> Result<(), SourceError> {
        let error = |rule| SourceError::File { path: path.to_owned(), rule };
        let print = fingerprint::of_bytes(path, stat.size_bytes, Some(known.size_bytes));
        let print = print.map_err(|error| unreadable(path, error))?;
        if print.hash == known.hash {
            self.keep(name, stat, SeenFile { size_bytes: print.size_bytes, ..known });
            return Ok(());
        }
        if print.prefix_hash.as_ref() == Some(&known.hash) && self.may_grow(path) {
            return self.grown(name, path, stat, known, print);
        }
        let unpacked = fingerprint::of_unpacked(path).ok().flatten();
        if unpacked.as_deref() == Some(known.content()) {
            let size_bytes = print.size_bytes;
            self.keep(
                name,
                stat,
                SeenFile { size_bytes, hash: print.hash, unpacked_hash: unpacked, ..known },
            );
            return Ok(());
        }
        Err(error(FileRule::Changed))
    }

    /// Whether what is added to the file `path` is new rows.
    fn may_grow(&self, path: &Path) -> bool {
        let is_lines = matches!(self.source.format, SourceFormat::Csv | SourceFormat::JsonLines);
        is_lines && Packing::of(path) == Packing::Plain && self.source.dialect.is_utf8()
    }

    /// Takes what was added to a file.
    fn grown(
        &mut self,
        name: &str,
        path: &Path,
        stat: &Stat,
        known: SeenFile,
        print: Fingerprint,
    ) -> Result<(), SourceError> {
        let unreadable = |error| unreadable(path, error);
        let from_bytes = known.size_bytes;
        let print = self.whole_lines(path, from_bytes, print)?;
        if print.size_bytes <= from_bytes {
            return Ok(());
        }
        // The row before has to have been whole.
        let border =
            fingerprint::part(path, from_bytes.saturating_sub(1), 2).map_err(unreadable)?;
        let is_border = from_bytes == 0 || border.contains(&b'\n') || border.get(1) == Some(&b'\r');
        if !is_border {
            return Err(SourceError::File { path: path.to_owned(), rule: FileRule::Continued });
        }
        let until_bytes = print.size_bytes;
        self.keep(name, stat, SeenFile { size_bytes: until_bytes, hash: print.hash, ..known });
        let span = Span { from_bytes, until_bytes };
        self.found.files.push(NewFile { name: name.to_owned(), path: path.to_owned(), span });
        Ok(())
    }

    /// Looks at a file whose name was never taken.
    fn first(&mut self, name: &str, path: &Path, stat: &Stat) -> Result<(), SourceError> {
        let moved = self.moved(name, stat);
        let prefix_bytes = moved.as_ref().map(|(_, known)| known.size_bytes);
        let print = fingerprint::of_bytes(path, stat.size_bytes, prefix_bytes);
        let print = print.map_err(|error| unreadable(path, error))?;
        if let Some((before, known)) = moved
            && print.prefix_hash.as_ref() == Some(&known.hash)
            && print.size_bytes > known.size_bytes
            && self.may_grow(path)
        {
            self.found.seen.0.remove(&before);
            return self.grown(name, path, stat, known, print);
        }
        let unpacked_hash = fingerprint::of_unpacked(path).map_err(|error| SourceError::File {
            path: path.to_owned(),
            rule: Packing::of(path).rule(error),
        })?;
        let size_before = print.size_bytes;
        let print = if self.may_grow(path) { self.whole_lines(path, 0, print)? } else { print };
        if print.size_bytes == 0 && size_before > 0 {
            return Ok(());
        }
        let file = SeenFile {
            size_bytes: print.size_bytes,
            modified_us: stat.modified_us,
            changed_us: None,
            inode: None,
            hash: print.hash,
            unpacked_hash,
            reading: None,
        };
        if let Some(other) = self.contents.get(file.content()).cloned() {
            self.same(name, path, stat, file, &other);
            return Ok(());
        }
        let inspected = self.inspect(path)?;
        if !inspected.lacks.is_empty() {
            self.found.warnings.push(format!(
                "{}: lacks {}, null in its rows; `missing: null` of the column says that it may",
                path.display(),
                inspected.lacks.join(", ")
            ));
        }
        self.contents.insert(file.content().to_owned(), name.to_owned());
        let span = Span { from_bytes: 0, until_bytes: file.size_bytes };
        self.keep(name, stat, file);
        self.found.files.push(NewFile { name: name.to_owned(), path: path.to_owned(), span });
        Ok(())
    }

    /// A file that was taken under another name, which is gone, and has the same number on the disk.
    fn moved(&self, name: &str, stat: &Stat) -> Option<(String, SeenFile)> {
        let inode = stat.inode?;
        let mut gone = self.found.seen.0.iter().filter(|(other, file)| {
            file.inode == Some(inode) && *other != name && !self.is_there(other)
        });
        gone.next().map(|(other, file)| (other.clone(), file.clone()))
    }

    /// Keeps that the file `name` holds what `other`, which was taken, holds.
    fn same(&mut self, name: &str, path: &Path, stat: &Stat, file: SeenFile, other: &str) {
        let before = self.found.seen.0.get(other).cloned();
        let is_moved = !self.is_there(other);
        // A packed file keeps the time of the one that it was made of, as a moved one does.
        let second = |us: u64| us / 1_000_000;
        let is_known = before.as_ref().is_some_and(|before| {
            is_moved
                && (second(before.modified_us) == second(file.modified_us)
                    || before.inode == stat.inode)
        });
        if !is_known && self.inspect(path).is_ok_and(|inspected| inspected.has_rows) {
            self.found.warnings.push(format!(
                "{}: holds the same bytes as {other}, which was taken{}; it is not taken again",
                path.display(),
                if is_moved { " and is gone" } else { "" }
            ));
        }
        if is_moved {
            self.found.seen.0.remove(other);
            self.contents.insert(file.content().to_owned(), name.to_owned());
        }
        self.keep(name, stat, file);
    }

    /// Keeps that the file `name` was taken.
    fn keep(&mut self, name: &str, stat: &Stat, file: SeenFile) {
        let file = SeenFile {
            modified_us: stat.modified_us,
            changed_us: stat.settled_change(self.now),
            inode: stat.inode,
            ..file
        };
        self.found.seen.0.insert(name.to_owned(), file);
    }

    fn is_there(&self, name: &str) -> bool {
        self.names.binary_search(&name).is_ok()
    }

    /// `print` without a last line that is not whole yet: half of a JSON object behind the last end of a line.
    fn whole_lines(
        &mut self,
        path: &Path,
        from_bytes: u64,
        print: Fingerprint,
    ) -> Result<Fingerprint, SourceError> {
        let unreadable = |error| unreadable(path, error);
        if self.source.format != SourceFormat::JsonLines || print.open_line == print.size_bytes {
            return Ok(print);
        }
        let start = print.open_line.max(from_bytes);
        let line = fingerprint::part(path, start, print.size_bytes - start).map_err(unreadable)?;
        let is_half = print.open_line >= from_bytes && line.trim_ascii_start().starts_with(b"{");
        if json_lines::is_whole(&line) || !is_half {
            return Ok(print);
        }
        self.found
            .warnings
            .push(format!("{}: its last line is not whole and waits for the rest", path.display()));
        fingerprint::of_bytes(path, print.open_line, None).map_err(unreadable)
    }

    /// Whether rows of the file `path` can be read at all.
    fn inspect(&self, path: &Path) -> Result<Inspected, SourceError> {
        let FolderSource { dialect, shape, format, .. } = self.source;
        match format {
            SourceFormat::Csv => csv::inspect(path, dialect, shape),
            SourceFormat::JsonLines => {
                json_lines::inspect(path, dialect)?;
                Ok(Inspected { lacks: Vec::new(), has_rows: true })
            }
            SourceFormat::Parquet => parquet::inspect(path, shape),
        }
    }

    /// Says which files were left, since no row of them can be read.
    fn say_left(&mut self) -> Result<(), SourceError> {
        let is_all = self.found.files.is_empty();
        for error in self.left.drain(..) {
            if is_all {
                return Err(error);
            }
            self.found.warnings.push(format!("{error}; the file is left until it can be read"));
        }
        Ok(())
    }

    /// Says that files lie in folders below, where a pattern without a folder does not reach; `others` are those that it
    /// does not name. Files that were taken and moved there are where they belong.
    fn say_below(&mut self, others: &[(String, PathBuf)]) {
        if self.source.files.as_str().contains('/') {
            return;
        }
        let seen = &self.found.seen;
        let was_taken = |base: &str, path: &Path| {
            let stat = std::fs::metadata(path).map(|metadata| Stat::of(&metadata));
            stat.is_ok_and(|stat| {
                let is_it = |(name, file): (&String, &SeenFile)| {
                    name.rsplit('/').next() == Some(base)
                        && (file.size_bytes, file.modified_us)
                            == (stat.size_bytes, stat.modified_us)
                };
                seen.0.iter().any(is_it)
            })
        };
        let is_missed = |(name, path): &&(String, PathBuf)| match name.rsplit_once('/') {
            Some((_, base)) => self.source.takes(base) && !was_taken(base, path),
            None => false,
        };
        let mut missed = others.iter().filter(is_missed);
        if let Some((first, _)) = missed.next() {
            let pattern = self.source.files.as_str();
            self.found.warnings.push(format!(
                "{} files in folders below are not taken, the first is {first}: `files: \"{pattern}\"` names those of the folder \
                 itself, `files: \"**/{pattern}\"` all",
                missed.count() + 1
            ));
        }
    }
}

fn unreadable(path: &Path, error: io::Error) -> SourceError {
    SourceError::File { path: path.to_owned(), rule: FileRule::Unreadable(error) }
}
