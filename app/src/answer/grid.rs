//! Rows of a table as texts, for its preview.

use super::{AnswerError, Values, stream};
use protocol::ReadFacts;

/// Rows of a table as texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// The columns' names and their values; `None` is null.
    pub columns: Vec<(String, Vec<Option<String>>)>,
    /// How many rows each column has.
    pub n_rows: usize,
    /// What was read for it.
    pub facts: ReadFacts,
}

impl Grid {
    /// Reads an Arrow IPC stream whose columns are all `Utf8`.
    ///
    /// # Errors
    /// [`AnswerError`]; nothing is shown of rows that cannot be read whole.
    pub fn decode(facts: ReadFacts, ipc: &[u8]) -> Result<Grid, AnswerError> {
        let (columns, n_rows) = stream::read(ipc)?;
        let columns = columns
            .into_iter()
            .map(|column| match column.values {
                Values::Text(texts) => Ok((column.name, texts)),
                Values::Day(_) | Values::Number(_) => Err(AnswerError::UnknownType {
                    column: column.name,
                    data_type: "another than text".to_owned(),
                }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Grid { columns, n_rows, facts })
    }
}
