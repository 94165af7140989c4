//! Sources as they are written, in `lakefront.yaml` or in `sources/*.yaml`.

mod columns;
mod dialect;

use super::database::{self, TableForm};
use super::generated::{self, Generator};
use super::mysql::{OnSchemaChange, ZeroDates};
use super::typed_rows::{Audit, Shape};
use super::{FileSource, FolderSource, PathTemplate, Source, SourceFormat, SourceKind};
use crate::duration;
use crate::project::Place;
use crate::yaml::{OneOrMore, given};
use catalog::Name;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// One entry of a map of sources.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceForm {
    #[serde(default, deserialize_with = "given")]
    path: Option<Spanned<String>>,
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) folder: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    files: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    format: Option<Spanned<SourceFormat>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) generator: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) scale: Option<Spanned<Value>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) seed: Option<Spanned<Value>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) mysql: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) tables: BTreeMap<Name, Option<TableForm>>,
    #[serde(default)]
    pub(super) bronze: bool,
    #[serde(default)]
    pub(super) on_schema_change: OnSchemaChange,
    #[serde(default)]
    pub(super) zero_dates: ZeroDates,
    #[serde(default, deserialize_with = "given")]
    columns: Option<Spanned<Value>>,
    #[serde(default, deserialize_with = "given")]
    rescue: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    settle: Option<Spanned<duration::Span>>,
    #[serde(default, deserialize_with = "given")]
    encoding: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    delimiter: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    escape: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "given")]
    null_text: Option<Spanned<OneOrMore>>,
    #[serde(default, deserialize_with = "given")]
    decimal_comma: Option<Spanned<bool>>,
    #[serde(default, deserialize_with = "given")]
    thousands: Option<Spanned<String>>,
}

/// What is wrong with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceFormError {
    /// It says no place, or says it twice.
    #[error(
        "source \"{source_name}\" has either `path`, `paths` (not empty), `folder`, `mysql` or `generator`, and only one of them"
    )]
    Paths {
        /// The source.
        source_name: Name,
    },
    /// It does not say how its files are written.
    #[error("source \"{source_name}\" has a `format`: csv, json_lines or parquet")]
    Format {
        /// The source.
        source_name: Name,
    },
    /// A server's URL or list of tables.
    #[error("source \"{source_name}\": {reason}")]
    Database {
        /// The source.
        source_name: Name,
        /// Why not.
        reason: String,
    },
    /// A generator that there is not, or a number that is none.
    #[error("source \"{source_name}\": {reason}")]
    Generator {
        /// The source.
        source_name: Name,
        /// Why not.
        reason: String,
    },
    /// A key that only another kind of source has.
    #[error("source \"{source_name}\": `{key}` is for {wanted}")]
    Foreign {
        /// The source.
        source_name: Name,
        /// The key.
        key: &'static str,
        /// What has it.
        wanted: &'static str,
    },
    /// `${` without its end, or without a name.
    #[error("path {text:?} has a `${{` without a variable's name and `}}` after it")]
    Variable {
        /// The path.
        text: String,
    },
    /// The names of a folder's files.
    #[error("files {text:?} is no pattern such as \"*.csv\": {reason}")]
    Pattern {
        /// The pattern.
        text: String,
        /// Why not.
        reason: String,
    },
    /// How the text of a file is written.
    #[error("source \"{source_name}\": {reason}")]
    Dialect {
        /// The source.
        source_name: Name,
        /// Why not.
        reason: String,
    },
    /// The columns of a source.
    #[error("source \"{source_name}\": columns {reason}")]
    Columns {
        /// The source.
        source_name: Name,
        /// Why not.
        reason: String,
    },
}

pub(super) type Refused = (Place, SourceFormError);

/// Reads the sources that the entry `name` of `path`, whose text is `text`, stands for: itself, or those that a generator makes.
pub(crate) fn read(
    path: &Path,
    text: &str,
    name: &Name,
    form: SourceForm,
    variables: &BTreeMap<String, String>,
) -> Result<Entry, Refused> {
    if let Some(kind) = &form.generator {
        let place = place_of(kind);
        return generated::read(path, place, name, &form, variables).map(Entry::Generated);
    }
    if form.mysql.is_some() {
        return database::read(path, name, form, variables).map(Entry::Tables);
    }
    let at = form.path.as_ref().or(form.folder.as_ref()).or(form.paths.first());
    let place = at.map(place_of).or(form.format.as_ref().map(place_of));
    let place = place.unwrap_or_default();
    for (key, value) in [("scale", &form.scale), ("seed", &form.seed)] {
        if let Some(value) = value {
            foreign(name, place_of(value), key, "a `generator`")?;
        }
    }
    let kind = match (&form.path, form.paths.is_empty(), &form.folder) {
        (Some(_), true, None) | (None, false, None) => {
            SourceKind::File(file(text, name, form, variables)?)
        }
        (None, true, Some(_)) => SourceKind::Folder(folder(text, name, form, variables)?),
        _ => return Err((place, SourceFormError::Paths { source_name: name.clone() })),
    };
    Ok(Entry::Source(Source { name: name.clone(), path: path.to_owned(), place, kind }))
}

/// What an entry stands for.
pub(crate) enum Entry {
    /// One source.
    Source(Source),
    /// The tables of a server.
    Tables(Vec<Source>),
    /// A generator, and the sources that it delivers.
    Generated((Generator, Vec<Source>)),
}

/// The format of a source that has to say one.
fn format(name: &Name, form: &SourceForm) -> Result<(Place, SourceFormat), Refused> {
    match &form.format {
        Some(format) => Ok((place_of(format), format.value)),
        None => {
            let at = form.path.as_ref().or(form.folder.as_ref()).or(form.paths.first());
            let place = at.map(place_of).unwrap_or_default();
            Err((place, SourceFormError::Format { source_name: name.clone() }))
        }
    }
}

fn foreign(
    name: &Name,
    place: Place,
    key: &'static str,
    wanted: &'static str,
) -> Result<(), Refused> {
    Err((place, SourceFormError::Foreign { source_name: name.clone(), key, wanted }))
}

fn file(
    text: &str,
    name: &Name,
    form: SourceForm,
    variables: &BTreeMap<String, String>,
) -> Result<FileSource, Refused> {
    let (place, format) = format(name, &form)?;
    if let Some(files) = &form.files {
        foreign(name, place_of(files), "files", "a `folder`")?;
    }
    if let Some(settle) = &form.settle {
        foreign(name, place_of(settle), "settle", "a `folder`")?;
    }
    if let (SourceFormat::Parquet, Some(columns)) = (format, &form.columns) {
        foreign(name, place_of(columns), "columns", "csv or json_lines, or for a `folder`")?;
    }
    if let (SourceFormat::Parquet, Some(rescue)) = (format, &form.rescue) {
        foreign(name, place_of(rescue), "rescue", "csv or json_lines, or for a `folder`")?;
    }
    let dialect = dialect::read(text, name, &form, format)?;
    let rescue = form.rescue.as_ref().map(|column| column.value.clone());
    let refuse = |place, reason: String| {
        (place, SourceFormError::Columns { source_name: name.clone(), reason })
    };
    let (columns, types) = match (&form.columns, format) {
        (None, SourceFormat::JsonLines) => {
            let reason = "of json_lines are said: `columns: { name: type, ... }`".to_owned();
            return Err(refuse(place, reason));
        }
        (None, _) => (Vec::new(), Vec::new()),
        (Some(columns), format) => match names(&columns.value) {
            Some(names) if format == SourceFormat::Csv => (names, Vec::new()),
            _ => {
                let types = columns::typed(&columns.value, rescue.as_deref());
                (Vec::new(), types.map_err(|reason| refuse(place_of(columns), reason))?)
            }
        },
    };
    let texts = form.path.into_iter().chain(form.paths);
    Ok(FileSource {
        name: name.clone(),
        paths: texts.map(|text| template(&text, variables)).collect::<Result<_, _>>()?,
        format,
        columns,
        types,
        rescue,
        dialect,
        generated: None,
    })
}

fn names(columns: &Value) -> Option<Vec<String>> {
    columns.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn folder(
    text: &str,
    name: &Name,
    form: SourceForm,
    variables: &BTreeMap<String, String>,
) -> Result<FolderSource, Refused> {
    let (place, format) = format(name, &form)?;
    let Some(folder) = &form.folder else {
        return Err((place, SourceFormError::Paths { source_name: name.clone() }));
    };
    let dialect = dialect::read(text, name, &form, format)?;
    let (pattern_place, pattern) = match &form.files {
        Some(files) => (place_of(files), files.value.clone()),
        None => (place, "**/*".to_owned()),
    };
    let files = glob::Pattern::new(&pattern).map_err(|error| {
        let reason = error.msg.to_owned();
        (pattern_place, SourceFormError::Pattern { text: pattern.clone(), reason })
    })?;
    let rescue = form.rescue.as_ref().map(|column| column.value.clone());
    let columns = match &form.columns {
        Some(columns) => columns::typed(&columns.value, rescue.as_deref()).map_err(|reason| {
            let error = SourceFormError::Columns { source_name: name.clone(), reason };
            (place_of(columns), error)
        })?,
        None => {
            let reason = "of a `folder` are said: `columns: { name: type, ... }`".to_owned();
            return Err((place, SourceFormError::Columns { source_name: name.clone(), reason }));
        }
    };
    let shape = Shape { columns, rescue, numbers: dialect.numbers, audit: Audit::Kept };
    Ok(FolderSource {
        folder: template(folder, variables)?,
        files,
        format,
        shape: Arc::new(shape),
        dialect,
        settle: form.settle.map(|settle| settle.value),
    })
}

pub(super) fn template(
    text: &Spanned<String>,
    variables: &BTreeMap<String, String>,
) -> Result<PathTemplate, Refused> {
    PathTemplate::parse(&text.value, variables)
        .ok_or_else(|| (place_of(text), SourceFormError::Variable { text: text.value.clone() }))
}

pub(super) fn place_of<T>(spanned: &Spanned<T>) -> Place {
    Place::at(spanned.referenced.line(), spanned.referenced.column())
}
