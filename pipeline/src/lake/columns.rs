//! Columns that a table gets besides those that it has.

use super::write::{Commit, properties};
use super::{BoxedError, Lake, LakeError, LakeTable};
use arrow::datatypes::Field;
use deltalake::kernel::StructField;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;

impl Lake {
    /// Adds the columns `fields` to `table`, which lies at `location`: they are null in the rows that are there.
    ///
    /// # Errors
    /// [`LakeError`]; nothing is committed then.
    pub(crate) async fn add_columns(
        &self,
        location: &str,
        table: LakeTable,
        fields: &[Field],
        commit: &Commit,
    ) -> Result<LakeTable, LakeError> {
        let failed = |source: BoxedError| self.failed(location, "cannot get new columns", source);
        let fields: Result<Vec<StructField>, _> =
            fields.iter().map(|field| field.try_into_kernel()).collect();
        let fields = fields.map_err(|error| failed(Box::new(error)))?;
        let added = table.table.add_columns().with_fields(fields);
        let added = added.with_commit_properties(properties(commit)).await;
        LakeTable::read(self.place(location), added.map_err(|error| failed(error.into()))?).await
    }
}
