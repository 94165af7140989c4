//! What a table is, at one state.

use super::counted::Counted;
use super::footer::{self, Footer};
use super::state::{PlainFile, State, place};
use super::type_text::{Partition, column};
use super::versions::{self, FirstCommit, Newest};
use super::{cost, cut, files};
use crate::footer::ARROW_SCHEMA;
use crate::lake::Lake;
use crate::meter::Meter;
use delta_log::Snapshot;
use parquet::arrow::parquet_to_arrow_schema;
use protocol::{
    At, ErrorCode, Failure, ProtocolDescription, TableAt, TableDescription, TableKind, Versions,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use web_time::Instant;

impl Lake {
    /// What `table` is. Of a Delta table its log is read, of a Parquet file its footer.
    ///
    /// # Errors
    /// A [`Failure`]: nothing is there, it is not right or needs what the reader lacks, or bytes
    /// did not come.
    pub async fn describe(&self, table: &TableAt) -> Result<TableDescription, Failure> {
        let started = Instant::now();
        let meter = Arc::new(Meter::default());
        let store = Counted::new(Arc::clone(self.store()), Arc::clone(&meter));
        let mut described = match self.state_of(table, &store).await? {
            State::Log(snapshot) => {
                let versions = self.versions(table, &snapshot, &store).await;
                of_log(table, &snapshot, versions)
            }
            State::File(file) => {
                let ranges = &self.source().store;
                let footer = footer::read(&file.location, file.size_bytes, ranges, &meter).await?;
                of_file(table, &file, &footer)?
            }
        };
        described.cost = cost(&meter, started);
        Ok(described)
    }

    /// Between which versions one can travel; `None` when that cannot be found out, which is no
    /// reason not to describe the table.
    async fn versions(
        &self,
        table: &TableAt,
        snapshot: &Snapshot,
        store: &Counted,
    ) -> Option<Versions> {
        let newest = if table.at == At::Newest { Newest::Known } else { Newest::Unknown };
        let first = if store.has_first_commit() { FirstCommit::Seen } else { FirstCommit::Unknown };
        versions::find(&place(table), store, snapshot.version, newest, first).await.ok()
    }
}

fn of_log(table: &TableAt, snapshot: &Snapshot, versions: Option<Versions>) -> TableDescription {
    let (metadata, protocol) = (&snapshot.metadata, &snapshot.protocol);
    let columns = metadata.schema.fields().iter().map(|field| {
        let is_partition = metadata.partition_columns.contains(field.name());
        column(field, if is_partition { Partition::Yes } else { Partition::No })
    });
    let features = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    TableDescription {
        table: table.clone(),
        kind: TableKind::Delta,
        version: Some(snapshot.version),
        committed_at_us: snapshot.committed_at_us,
        name: metadata.name.clone().filter(|name| !name.is_empty()),
        description: metadata.description.clone().filter(|text| !text.is_empty()),
        id: Some(metadata.id.clone()),
        columns: columns.collect(),
        protocol: Some(ProtocolDescription {
            min_reader_version: protocol.min_reader_version,
            min_writer_version: protocol.min_writer_version,
            reader_features: features(&protocol.reader_features),
            writer_features: features(&protocol.writer_features),
        }),
        properties: metadata.configuration.clone(),
        n_files: snapshot.adds.len() as u64,
        size_bytes: snapshot.adds.iter().fold(0, |sum, add| sum.saturating_add(add.size_bytes)),
        n_rows: files::n_rows(snapshot),
        n_files_with_deletions: snapshot
            .adds
            .iter()
            .filter(|add| add.deletion_vector.is_some())
            .count() as u64,
        versions,
        cost: protocol::Cost::default(),
    }
}

fn of_file(
    table: &TableAt,
    file: &PlainFile,
    footer: &Footer,
) -> Result<TableDescription, Failure> {
    let metadata = footer.metadata.file_metadata();
    let pairs = metadata.key_value_metadata();
    let schema = parquet_to_arrow_schema(metadata.schema_descr(), pairs).map_err(|error| {
        let message = format!("{}: the schema cannot be read: {error}", file.location);
        Failure::new(ErrorCode::MalformedFile, message)
    })?;
    let properties: BTreeMap<String, String> = pairs
        .into_iter()
        .flatten()
        .filter(|pair| pair.key != ARROW_SCHEMA)
        .filter_map(|pair| Some((pair.key.clone(), cut(pair.value.as_deref()?))))
        .collect();
    Ok(TableDescription {
        table: table.clone(),
        kind: TableKind::Parquet,
        version: None,
        committed_at_us: file.modified_us,
        name: None,
        description: metadata.created_by().map(|by| format!("written by {}", cut(by))),
        id: None,
        columns: schema.fields().iter().map(|field| column(field, Partition::No)).collect(),
        protocol: None,
        properties,
        n_files: 1,
        size_bytes: file.size_bytes,
        n_rows: u64::try_from(metadata.num_rows()).ok(),
        n_files_with_deletions: 0,
        versions: None,
        cost: protocol::Cost::default(),
    })
}
