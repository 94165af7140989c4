//! The rows that come from the cluster, compared with what was planned here.

use crate::spool::{Spool, SpoolWriter};
use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use datafusion::error::DataFusionError;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt};

/// So much is read at once.
const CHUNK_BYTES: usize = 1 << 18;

/// Rows that did not come.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowsError {
    /// The pipe broke, or ended within a batch.
    #[error("did not say all it had to: {0}")]
    Cut(#[from] io::Error),
    /// The disk does not take them.
    #[error("gave rows that cannot be kept: {0}")]
    Spool(#[from] DataFusionError),
    /// What came is no Arrow stream.
    #[error("gave what is no Arrow stream: {0}")]
    Arrow(#[from] ArrowError),
    /// The columns are others.
    #[error("gave the columns ({found}), and the model has ({wanted})")]
    Columns {
        /// What came.
        found: String,
        /// What was planned here.
        wanted: String,
    },
    /// A null where none can be.
    #[error("gave rows that cannot be: {0}")]
    Rows(ArrowError),
}

impl RowsError {
    /// Whether these rows are wrong whatever the other side says of them.
    pub(super) fn is_foreign(&self) -> bool {
        !matches!(self, RowsError::Cut(_))
    }
}

/// Reads an Arrow stream of `schema` to its end.
///
/// # Errors
/// [`RowsError`].
pub(super) async fn read(
    mut from: impl AsyncRead + Unpin,
    schema: &SchemaRef,
) -> Result<Spool, RowsError> {
    let mut spool = SpoolWriter::new(schema)?;
    let mut decoder = StreamDecoder::new();
    let mut is_begun = false;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        if from.read_buf(&mut chunk).await? == 0 {
            break;
        }
        is_begun = true;
        let mut bytes = Buffer::from_vec(chunk);
        while !bytes.is_empty() {
            if let Some(batch) = decoder.decode(&mut bytes)? {
                spool.write(&fit(&batch, schema)?)?;
            }
        }
    }
    // An end within a message means that the other side stopped, and it says why.
    decoder.finish().map_err(io::Error::other)?;
    if !is_begun {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(spool.finish()?)
}

/// `batch` as a batch of `schema`. Names and types are the same; whether a column can be null is said here.
fn fit(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, RowsError> {
    let found = batch.schema();
    let is_same = found.fields().len() == schema.fields().len()
        && found.fields().iter().zip(schema.fields()).all(|(found, wanted)| {
            found.name() == wanted.name() && found.data_type().equals_datatype(wanted.data_type())
        });
    if !is_same {
        return Err(RowsError::Columns { found: columns(&found), wanted: columns(schema) });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().to_vec();
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(RowsError::Rows)
}

fn columns(schema: &Schema) -> String {
    let columns = schema.fields().iter().map(|f| format!("{} {}", f.name(), f.data_type()));
    columns.collect::<Vec<_>>().join(", ")
}
