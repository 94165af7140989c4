//! Tables whose past cannot be made again: they go on when their model has changed.
//!
//! A history knows what no input knows any more, and so does a table that took in files that are gone, a file that was
//! replaced, rows that were deleted in a database. A column that comes is null for the past, one that goes is kept, a
//! type that can hold more is taken. Whatever else changes is for somebody to decide.

use super::increment::drive;
use super::input::Input;
use super::make::{Found, Made};
use super::{Build, BuildError, Outcome};
use crate::lake::{Commit, LakeTable, Write};
use crate::model::{Materialization, Model, ModelRule, Past, Read};
use crate::plan::{fitted, sorted, stored_as, widens};
use crate::state;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::datasource::ViewTable;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a table is another one.
pub(super) const CHANGED: &str = "the model, or the columns of what it reads, have changed";

/// How the columns of a table differ from those that its model gives.
#[derive(Debug, Default, PartialEq, Eq)]
struct Drift {
    /// Columns that the table lacks.
    came: Vec<Field>,
    /// Columns that the model does not give.
    went: Vec<Field>,
    /// Columns whose values the model's type holds, too.
    widened: Vec<String>,
    /// Columns whose values it does not hold, with the table's type and the model's.
    narrowed: Vec<(String, String, String)>,
}

impl Drift {
    fn between(table: &Schema, given: &Schema) -> Drift {
        let mut drift = Drift::default();
        for field in given.fields() {
            let Ok(there) = table.field_with_name(field.name()) else {
                drift.came.push(field.as_ref().clone());
                continue;
            };
            let (old, new) = (there.data_type(), field.data_type());
            if stored_as(old).equals_datatype(&stored_as(new)) {
                continue;
            }
            match widens(&stored_as(old), &stored_as(new)) {
                true => drift.widened.push(field.name().clone()),
                false => {
                    let (old, new) = (stored_as(old).to_string(), stored_as(new).to_string());
                    drift.narrowed.push((field.name().clone(), old, new));
                }
            }
        }
        let went = table.fields().iter().filter(|field| given.index_of(field.name()).is_err());
        drift.went = went.map(|field| field.as_ref().clone()).collect();
        drift
    }

    fn is_none(&self) -> bool {
        *self == Drift::default()
    }

    /// What has changed, for people.
    fn brief(&self) -> String {
        let names = |fields: &[Field]| {
            fields.iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join(", ")
        };
        let mut parts = Vec::new();
        if !self.came.is_empty() {
            parts.push(format!(
                "{} came and is null for the rows that are there",
                names(&self.came)
            ));
        }
        if !self.went.is_empty() {
            parts.push(format!("{} went and is null from now on", names(&self.went)));
        }
        if !self.widened.is_empty() {
            parts.push(format!("{} has a wider type", self.widened.join(", ")));
        }
        parts.join("; ")
    }
}

impl Build {
    /// Whether the table of `model` has rows that its inputs cannot give again.
    pub(super) fn has_a_past(&self, model: &Model, found: &Found, inputs: &[Input]) -> bool {
        let (Some(table), Some(state)) = (&found.table, &found.state) else { return false };
        if table.n_rows() == 0 {
            return false;
        }
        match &model.config.materialization {
            Materialization::Snapshot { .. } => true,
            Materialization::Append(_) | Materialization::Merge(_) => {
                let drive = drive(model);
                let input = inputs.iter().find(|input| Some(&input.read) == drive);
                // A generator that has delivered something else gives all of that.
                input.is_some_and(|input| {
                    !self.checked.is_generated(&input.read) && !input.gives_all_of_before(state)
                })
            }
            Materialization::Full | Materialization::View | Materialization::Incremental { .. } => {
                false
            }
        }
    }

    /// How the table of `model`, which has a past, goes on under the model as it is; the words say what has changed.
    ///
    /// # Errors
    /// [`ModelRule::Past`] when somebody has to decide it.
    pub(super) async fn going_on(
        &self,
        model: &Model,
        found: &Found,
    ) -> Result<String, BuildError> {
        let Some((table, drift)) = self.drift(model, found).await? else {
            return Ok("it goes on".to_owned());
        };
        let past = |change: Past| {
            let rule =
                ModelRule::Past { model: model.name.clone(), change, n_rows: table.n_rows() };
            BuildError::from(model.broken(rule))
        };
        if let Some((column, before, now)) = drift.narrowed.first().cloned() {
            return Err(past(Past::Retyped { column, before, now }));
        }
        if let (Materialization::Snapshot { .. }, Some(field)) =
            (&model.config.materialization, drift.went.first())
        {
            let (column, of) = (field.name().clone(), stored_as(field.data_type()).to_string());
            return Err(past(Past::Went { column, of }));
        }
        let is_of_one_hash = found.state.as_ref().is_some_and(|state| state.definition.is_single());
        if drift.is_none() && !self.is_adopted(model) && !is_of_one_hash {
            self.refuse_gone(model, found, CHANGED).await?;
            return Err(past(Past::Query));
        }
        Ok(match drift.is_none() {
            true => "its rows stay, and new ones are those of the model as it is now".to_owned(),
            false => drift.brief(),
        })
    }

    /// The table of `model` with the columns that the model gives, in a commit of its own where it lacks some. The
    /// state that it bears is the one it had: whatever follows is begun again when it is cut off.
    pub(super) async fn evolved(&self, model: &Model, found: Found) -> Result<Found, BuildError> {
        let Some((table, drift)) = self.drift(model, &found).await? else { return Ok(found) };
        let is_snapshot = matches!(model.config.materialization, Materialization::Snapshot { .. });
        if is_snapshot || (drift.came.is_empty() && drift.widened.is_empty()) {
            return Ok(found);
        }
        let (Some(state), Some(given)) = (&found.state, self.given(model)) else {
            return Ok(found);
        };
        let table = table.clone();
        let location = model.name.location();
        let number = table.number().map_or(0, |number| number + 1);
        self.lock.check().await?;
        let state = Some(state::write(self.lake.root(), &location, number, state).await?);
        let commit = Commit { number, state, metadata: vec![self.of_run()] };
        let evolved = if drift.widened.is_empty() {
            self.lake.add_columns(&location, table, &drift.came, &commit).await?
        } else {
            let mut fields: Vec<Field> =
                given.fields().iter().map(|field| field.as_ref().clone()).collect();
            fields.extend(drift.went);
            let schema = Arc::new(Schema::new(fields));
            self.rewritten(model, table, &schema, &commit).await?
        };
        Ok(Found { table: Some(evolved), ..found })
    }

    /// The table of `model`, written again where its files are apart by other columns than the model says.
    pub(super) async fn laid_out(&self, model: &Model, made: Made) -> Result<Made, BuildError> {
        let wanted = &model.config.layout.partition_by;
        let (Some(number), Some(_)) = (made.table.number(), self.given(model)) else {
            return Ok(made);
        };
        if made.table.partition_columns() == *wanted {
            return Ok(made);
        }
        let location = model.name.location();
        let Some(state) = self.state_of(&made.table, &location).await? else { return Ok(made) };
        let number = number + 1;
        self.lock.check().await?;
        let state = Some(state::write(self.lake.root(), &location, number, &state).await?);
        let commit = Commit { number, state, metadata: vec![self.of_run()] };
        let schema = self.lake.columns(&made.table).await?;
        let table = self.rewritten(model, made.table, &schema, &commit).await?;
        let reason = made.reason.unwrap_or_else(|| "partition_by has changed".to_owned());
        Ok(Made { table, outcome: Outcome::Built, reason: Some(reason), ..made })
    }

    /// The rows of `table` written again with the columns `schema` and the layout of `model`.
    pub(super) async fn rewritten(
        &self,
        model: &Model,
        table: LakeTable,
        schema: &SchemaRef,
        commit: &Commit,
    ) -> Result<LakeTable, BuildError> {
        let scope = self.planner_of(model).scope()?;
        let rows = fitted(table.provider(scope.ctx()).await?, schema)?;
        let scan = LogicalPlanBuilder::scan("rows", provider_as_source(rows), None)?.build()?;
        let layout = &model.config.layout;
        let plan = sorted(scan, &layout.sort_by)?;
        let rows = Arc::new(ViewTable::new(plan, None));
        let location = model.name.location();
        Ok(self.lake.write(&location, Some(table), layout, rows, Write::Overwrite, commit).await?)
    }

    /// The columns of the table of `model` that its query does not give, once rows are added to `table`.
    pub(super) async fn retained(
        &self,
        model: &Model,
        table: Option<&LakeTable>,
    ) -> Result<BTreeSet<String>, BuildError> {
        let (Some(table), Some(given)) = (table, self.given(model)) else {
            return Ok(BTreeSet::new());
        };
        let columns = self.lake.columns(table).await?;
        let names = columns.fields().iter().map(|field| field.name().clone());
        Ok(names.filter(|name| given.index_of(name).is_err()).collect())
    }

    async fn drift<'f>(
        &self,
        model: &Model,
        found: &'f Found,
    ) -> Result<Option<(&'f LakeTable, Drift)>, BuildError> {
        let (Some(table), Some(given)) = (&found.table, self.given(model)) else { return Ok(None) };
        let columns = self.lake.columns(table).await?;
        Ok(Some((table, Drift::between(&columns, given))))
    }

    /// The columns of the table that `model` makes.
    pub(super) fn given(&self, model: &Model) -> Option<&SchemaRef> {
        self.checked.schemas.get(&Read::Model(model.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::DataType;

    #[test]
    fn columns_come_go_and_widen() {
        let schema = |fields: &[(&str, DataType)]| {
            let fields = fields.iter().map(|(name, of)| Field::new(*name, of.clone(), true));
            Schema::new(fields.collect::<Vec<_>>())
        };
        let check = |table: &[(&str, DataType)], given: &[(&str, DataType)], expected: &str| {
            let drift = Drift::between(&schema(table), &schema(given));
            let narrowed: Vec<&str> =
                drift.narrowed.iter().map(|(name, _, _)| name.as_str()).collect();
            let text = format!("{} / {}", drift.brief(), narrowed.join(", "));
            assert_eq!(text, expected);
        };
        use DataType::{Date32, Decimal128, Int32, Int64, Utf8};
        let a = [("a", Int32)];
        check(&a, &a, " / ");
        let came = "b came and is null for the rows that are there / ";
        check(&a, &[("b", Utf8), ("a", Int32)], came);
        check(&[("a", Int32), ("b", Utf8)], &a, "b went and is null from now on / ");
        check(&a, &[("a", Int64)], "a has a wider type / ");
        check(&[("a", Int64)], &a, " / a");
        check(&a, &[("a", Utf8)], " / a");
        check(&[("a", Decimal128(10, 2))], &[("a", Decimal128(12, 4))], "a has a wider type / ");
        check(&[("a", Decimal128(10, 2))], &[("a", Decimal128(12, 5))], " / a");
        check(&[("a", Date32)], &[("a", Int32)], " / a");
        check(&[("a", DataType::LargeUtf8)], &[("a", Utf8)], " / ");
    }
}
