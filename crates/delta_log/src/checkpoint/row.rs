//! The rows of one row group to actions.

use super::leaf::{Flat, Group, Lists, Maps};
use super::stats_columns::{PartitionColumns, StatsColumns};
use super::{CheckpointContent, CheckpointRule};
use crate::action::{Action, FileFormat, RawDeletionVector, RawMetadata};
use crate::partition_values::Interner;
use crate::stats::AddStats;
use crate::{Add, DeletionVector, FilePath, PartitionValues, Protocol};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

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

    fn charge(&mut self, n_bytes: usize) -> Result<(), CheckpointRule> {
        let Texts { size_bytes, max_bytes, left_bytes } = *self;
        self.left_bytes = left_bytes
            .checked_sub(n_bytes)
            .ok_or(CheckpointRule::Text { size_bytes, max_bytes })?;
        Ok(())
    }

    fn borrow<'a>(&mut self, text: &'a Bytes) -> Result<&'a str, CheckpointRule> {
        self.charge(text.len())?;
        std::str::from_utf8(text).map_err(|source| CheckpointRule::NotUtf8 { source })
    }

    fn take(&mut self, text: &Bytes) -> Result<String, CheckpointRule> {
        self.borrow(text).map(str::to_owned)
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

/// What takes the content of a checkpoint.
pub(super) type Take<'a> = dyn FnMut(CheckpointContent) -> Result<(), CheckpointRule> + 'a;

/// The rows of one file while they become actions.
pub(super) struct Rows<'a> {
    pub texts: Texts,
    pub interner: &'a mut Interner,
    pub take: &'a mut Take<'a>,
}

impl Rows<'_> {
    /// Gives the actions of `group`, whose first row is row `first_row_idx` of the file.
    ///
    /// # Errors
    /// [`CheckpointRule`] names the row or the column.
    pub fn take_group(
        &mut self,
        group: &Group<'_>,
        first_row_idx: usize,
    ) -> Result<(), CheckpointRule> {
        for (_, version) in group.longs("checkpointMetadata.version")?.rows() {
            self.action(Action::CheckpointVersion(*version))?;
        }
        for (_, path) in group.texts("sidecar.path")?.rows() {
            let path = self.texts.take(path)?;
            self.action(Action::Sidecar(path))?;
        }
        self.protocols(group, first_row_idx)?;
        self.metadata(group)?;
        self.adds(group, first_row_idx)
    }

    fn action(&mut self, action: Action) -> Result<(), CheckpointRule> {
        (self.take)(CheckpointContent::Action(action))
    }

    fn protocols(&mut self, group: &Group<'_>, first_row_idx: usize) -> Result<(), CheckpointRule> {
        let reader = group.ints("protocol.minReaderVersion")?;
        let writer = group.ints("protocol.minWriterVersion")?;
        let reader_features = group.lists("protocol.readerFeatures")?;
        let writer_features = group.lists("protocol.writerFeatures")?;
        for (row, min_reader_version) in reader.rows() {
            let missing = missing(first_row_idx + row, "protocol.minWriterVersion");
            let protocol = Protocol {
                min_reader_version: *min_reader_version,
                min_writer_version: *writer.get(row).ok_or(missing)?,
                reader_features: self.texts.list(&reader_features, row)?,
                writer_features: self.texts.list(&writer_features, row)?,
            };
            self.action(Action::Protocol(protocol))?;
        }
        Ok(())
    }

    fn metadata(&mut self, group: &Group<'_>) -> Result<(), CheckpointRule> {
        let id = group.texts("metaData.id")?;
        let name = group.texts("metaData.name")?;
        let description = group.texts("metaData.description")?;
        let provider = group.texts("metaData.format.provider")?;
        let schema = group.texts("metaData.schemaString")?;
        let partition_columns = group.lists("metaData.partitionColumns")?;
        let configuration = group.maps("metaData.configuration")?;
        let created = group.longs("metaData.createdTime")?;
        for (row, id) in id.rows() {
            let texts = &mut self.texts;
            let provider = texts.get(&provider, row)?;
            let metadata = RawMetadata {
                id: texts.take(id)?,
                name: texts.get(&name, row)?,
                description: texts.get(&description, row)?,
                format: provider.map(|provider| FileFormat { provider }),
                schema_string: texts.get(&schema, row)?,
                partition_columns: texts.list(&partition_columns, row)?,
                configuration: Some(texts.map(&configuration, row)?),
                created_time: created.get(row).copied(),
            };
            self.action(Action::Metadata(metadata))?;
        }
        Ok(())
    }

    fn adds(&mut self, group: &Group<'_>, first_row_idx: usize) -> Result<(), CheckpointRule> {
        let path = group.texts("add.path")?;
        (self.take)(CheckpointContent::Adds(path.n_values()))?;
        let partitions = Partitions::read(group, &path, self.texts.size_bytes)?;
        let size = group.longs("add.size")?;
        let modified = group.longs("add.modificationTime")?;
        let stats = Statistics::read(group, path.n_values(), self.texts.size_bytes)?;
        let vectors = Vectors::read(group)?;
        let number = |column: &Flat<i64>, row: usize, name| {
            column.get(row).copied().ok_or(missing(first_row_idx + row, name))
        };
        for (row, path) in path.rows() {
            let row_idx = first_row_idx + row;
            let found = number(&size, row, "add.size")?;
            let path = FilePath::parse(self.texts.borrow(path)?);
            let raw_vector = vectors.get(row, row_idx, &mut self.texts)?;
            let vector = raw_vector.as_ref().map(DeletionVector::read).transpose();
            let vector =
                vector.map_err(|source| CheckpointRule::DeletionVector { row_idx, source })?;
            let add = Add {
                path: path.map_err(|source| CheckpointRule::Path { row_idx, source })?,
                size_bytes: u64::try_from(found)
                    .map_err(|_| CheckpointRule::Size { row_idx, found })?,
                modification_time_ms: number(&modified, row, "add.modificationTime")?,
                deletion_vector: vector.map(Box::new),
                vector_id: raw_vector.as_ref().map(RawDeletionVector::unique_id),
                partition: partitions.get(row, &mut self.texts, self.interner)?,
                stats: stats.get(row),
            };
            self.action(Action::Add(add))?;
        }
        Ok(())
    }
}

/// The partition values of adds, in either form.
struct Partitions {
    maps: Maps,
    /// Read where a row has no map.
    columns: Option<PartitionColumns>,
}

impl Partitions {
    fn read(
        group: &Group<'_>,
        paths: &Flat<Bytes>,
        size_bytes: usize,
    ) -> Result<Partitions, CheckpointRule> {
        let maps = group.maps("add.partitionValues")?;
        let has_columns = !group.leaves_below("add.partitionValues_parsed").is_empty();
        let is_needed = has_columns && paths.rows().any(|(row, _)| !maps.has(row));
        let columns = is_needed.then(|| PartitionColumns::read(group, size_bytes)).transpose()?;
        Ok(Partitions { maps, columns })
    }

    fn get(
        &self,
        row: usize,
        texts: &mut Texts,
        interner: &mut Interner,
    ) -> Result<Arc<PartitionValues>, CheckpointRule> {
        let not_utf8 = |source| CheckpointRule::NotUtf8 { source };
        if let Some(columns) = self.columns.as_ref().filter(|_| !self.maps.has(row)) {
            let values = columns.row(row);
            let entries = values.iter().map(|(name, value)| {
                (name.as_bytes(), value.as_ref().map(|value| value.as_bytes()))
            });
            return interner.of_entries(entries).map_err(not_utf8);
        }
        let entries = self.maps.get(row);
        let n_bytes = entries.clone().map(|(k, v)| k.len() + v.map_or(0, |v| v.len()));
        texts.charge(n_bytes.sum())?;
        let entries = entries.map(|(k, v)| (k.as_ref(), v.map(|v| v.as_ref())));
        interner.of_entries(entries).map_err(not_utf8)
    }
}

/// The statistics of adds, in either form.
struct Statistics {
    json: Flat<Bytes>,
    /// Read where a row has no JSON.
    columns: Option<Arc<StatsColumns>>,
}

impl Statistics {
    fn read(
        group: &Group<'_>,
        n_adds: usize,
        size_bytes: usize,
    ) -> Result<Statistics, CheckpointRule> {
        let json = group.texts("add.stats")?;
        let columns = match json.n_values() < n_adds {
            true => StatsColumns::read(group, size_bytes)?.map(Arc::new),
            false => None,
        };
        Ok(Statistics { json, columns })
    }

    fn get(&self, row: usize) -> AddStats {
        match (self.json.get(row), &self.columns, u32::try_from(row)) {
            (Some(json), ..) => AddStats::Json(json.clone()),
            (None, Some(columns), Ok(row)) => AddStats::Row { columns: Arc::clone(columns), row },
            _ => AddStats::None,
        }
    }
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
    fn read(group: &Group<'_>) -> Result<Vectors, CheckpointRule> {
        Ok(Vectors {
            storage: group.texts("add.deletionVector.storageType")?,
            path: group.texts("add.deletionVector.pathOrInlineDv")?,
            offset: group.ints("add.deletionVector.offset")?,
            size: group.ints("add.deletionVector.sizeInBytes")?,
            cardinality: group.longs("add.deletionVector.cardinality")?,
        })
    }

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
