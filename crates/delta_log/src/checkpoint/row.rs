//! The rows of one row group to actions.

use super::CheckpointRule;
use super::leaf::{Flat, Group, Lists, Maps};
use crate::action::{Action, FileFormat, FileKey, RawDeletionVector, RawMetadata};
use crate::{Add, DeletionVector, FilePath, Protocol};
use bytes::Bytes;
use std::collections::BTreeMap;

/// What the texts of one file may take in memory for each of its bytes.
const MAX_TEXT_RATIO: usize = 256;

/// What the texts of every file may take in memory, in bytes.
const FREE_TEXT_BYTES: usize = 16 << 20;

/// Copies texts out of a file, up to a limit that its size gives.
pub(super) struct Texts {
    size_bytes: usize,
    max_bytes: usize,
    left_bytes: usize,
}

impl Texts {
    /// The limit of a file of `size_bytes`.
    pub fn of_file(size_bytes: usize) -> Texts {
        let max_bytes = size_bytes.saturating_mul(MAX_TEXT_RATIO).saturating_add(FREE_TEXT_BYTES);
        Texts { size_bytes, max_bytes, left_bytes: max_bytes }
    }

    fn take(&mut self, text: &Bytes) -> Result<String, CheckpointRule> {
        let Texts { size_bytes, max_bytes, left_bytes } = *self;
        self.left_bytes = left_bytes
            .checked_sub(text.len())
            .ok_or(CheckpointRule::Text { size_bytes, max_bytes })?;
        match std::str::from_utf8(text) {
            Ok(text) => Ok(text.to_owned()),
            Err(source) => Err(CheckpointRule::NotUtf8 { source }),
        }
    }

    fn get(&mut self, column: &Flat<Bytes>, row: usize) -> Result<Option<String>, CheckpointRule> {
        column.get(row).map(|text| self.take(text)).transpose()
    }

    fn map(
        &mut self,
        column: &Maps,
        row: usize,
    ) -> Result<BTreeMap<String, Option<String>>, CheckpointRule> {
        column
            .get(row)
            .map(|(key, value)| {
                Ok((self.take(key)?, value.map(|value| self.take(value)).transpose()?))
            })
            .collect()
    }

    fn list(&mut self, column: &Lists, row: usize) -> Result<Option<Vec<String>>, CheckpointRule> {
        let entries = column.get(row);
        entries.map(|entries| entries.map(|text| self.take(text)).collect()).transpose()
    }
}

/// Whether a row points to a sidecar, so that the actions are elsewhere.
///
/// # Errors
/// [`CheckpointRule`] when the column is not what the protocol says.
pub(super) fn has_sidecars(group: &Group<'_>) -> Result<bool, CheckpointRule> {
    Ok(group.texts("sidecar.path")?.rows().next().is_some())
}

/// Gives the actions of `group`, whose first row is row `first_row_idx` of the file, to `each`.
///
/// # Errors
/// [`CheckpointRule`] names the row or the column.
pub(super) fn actions(
    group: &Group<'_>,
    first_row_idx: usize,
    texts: &mut Texts,
    each: &mut impl FnMut(Action),
) -> Result<(), CheckpointRule> {
    protocols(group, first_row_idx, texts, each)?;
    metadata(group, texts, each)?;
    adds(group, first_row_idx, texts, each)
}

fn protocols(
    group: &Group<'_>,
    first_row_idx: usize,
    texts: &mut Texts,
    each: &mut impl FnMut(Action),
) -> Result<(), CheckpointRule> {
    let reader = group.ints("protocol.minReaderVersion")?;
    let writer = group.ints("protocol.minWriterVersion")?;
    let reader_features = group.lists("protocol.readerFeatures")?;
    let writer_features = group.lists("protocol.writerFeatures")?;
    for (row, min_reader_version) in reader.rows() {
        let missing = missing(first_row_idx + row, "protocol.minWriterVersion");
        each(Action::Protocol(Protocol {
            min_reader_version: *min_reader_version,
            min_writer_version: *writer.get(row).ok_or(missing)?,
            reader_features: texts.list(&reader_features, row)?,
            writer_features: texts.list(&writer_features, row)?,
        }));
    }
    Ok(())
}

fn metadata(
    group: &Group<'_>,
    texts: &mut Texts,
    each: &mut impl FnMut(Action),
) -> Result<(), CheckpointRule> {
    let id = group.texts("metaData.id")?;
    let name = group.texts("metaData.name")?;
    let description = group.texts("metaData.description")?;
    let provider = group.texts("metaData.format.provider")?;
    let schema = group.texts("metaData.schemaString")?;
    let partition_columns = group.lists("metaData.partitionColumns")?;
    let configuration = group.maps("metaData.configuration")?;
    let created = group.longs("metaData.createdTime")?;
    for (row, id) in id.rows() {
        let provider = texts.get(&provider, row)?;
        each(Action::Metadata(RawMetadata {
            id: texts.take(id)?,
            name: texts.get(&name, row)?,
            description: texts.get(&description, row)?,
            format: provider.map(|provider| FileFormat { provider }),
            schema_string: texts.get(&schema, row)?,
            partition_columns: texts.list(&partition_columns, row)?,
            configuration: Some(texts.map(&configuration, row)?),
            created_time: created.get(row).copied(),
        }));
    }
    Ok(())
}

fn adds(
    group: &Group<'_>,
    first_row_idx: usize,
    texts: &mut Texts,
    each: &mut impl FnMut(Action),
) -> Result<(), CheckpointRule> {
    let path = group.texts("add.path")?;
    let partition_values = group.maps("add.partitionValues")?;
    let size = group.longs("add.size")?;
    let modified = group.longs("add.modificationTime")?;
    let stats = group.texts("add.stats")?;
    let vectors = Vectors {
        storage: group.texts("add.deletionVector.storageType")?,
        path: group.texts("add.deletionVector.pathOrInlineDv")?,
        offset: group.ints("add.deletionVector.offset")?,
        size: group.ints("add.deletionVector.sizeInBytes")?,
        cardinality: group.longs("add.deletionVector.cardinality")?,
    };
    let number = |column: &Flat<i64>, row: usize, name| {
        column.get(row).copied().ok_or(missing(first_row_idx + row, name))
    };
    for (row, path) in path.rows() {
        let row_idx = first_row_idx + row;
        let found = number(&size, row, "add.size")?;
        let path = FilePath::parse(&texts.take(path)?);
        let path = path.map_err(|source| CheckpointRule::Path { row_idx, source })?;
        let raw_vector = vectors.get(row, row_idx, texts)?;
        let deletion_vector = raw_vector
            .as_ref()
            .map(DeletionVector::read)
            .transpose()
            .map_err(|source| CheckpointRule::DeletionVector { row_idx, source })?;
        each(Action::Add {
            key: FileKey {
                path: path.clone(),
                deletion_vector: raw_vector.as_ref().map(RawDeletionVector::unique_id),
            },
            add: Add {
                path,
                size_bytes: u64::try_from(found)
                    .map_err(|_| CheckpointRule::Size { row_idx, found })?,
                partition_values: texts.map(&partition_values, row)?,
                modification_time_ms: number(&modified, row, "add.modificationTime")?,
                stats: texts.get(&stats, row)?,
                deletion_vector,
            },
        });
    }
    Ok(())
}

/// The columns of `add.deletionVector`.
struct Vectors {
    storage: Flat<Bytes>,
    path: Flat<Bytes>,
    offset: Flat<i32>,
    size: Flat<i32>,
    cardinality: Flat<i64>,
}

impl Vectors {
    /// The deletion vector of that row.
    fn get(
        &self,
        row: usize,
        row_idx: usize,
        texts: &mut Texts,
    ) -> Result<Option<RawDeletionVector>, CheckpointRule> {
        let Some(storage_type) = texts.get(&self.storage, row)? else { return Ok(None) };
        let missing = missing(row_idx, "add.deletionVector.pathOrInlineDv");
        Ok(Some(RawDeletionVector {
            storage_type,
            path_or_inline_dv: texts.get(&self.path, row)?.ok_or(missing)?,
            offset: self.offset.get(row).copied().map(i64::from),
            size_in_bytes: self.size.get(row).copied().map(i64::from),
            cardinality: self.cardinality.get(row).copied(),
        }))
    }
}

fn missing(row_idx: usize, column: &'static str) -> CheckpointRule {
    CheckpointRule::Missing { row_idx, column }
}
