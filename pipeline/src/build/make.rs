//! One model: what has to be done, and doing it.

use super::input::{self, Beyond, Fresh, Input};
use super::{Build, BuildError, Outcome};
use crate::cluster::Ran;
use crate::lake::{LakeTable, Write};
use crate::model::{Materialization, Model, ModelRule, Read};
use crate::plan::{DuplicateKey, Planned, Scope, difference};
use crate::source::SourceKind;
use crate::spool::Spool;
use crate::state::{InputState, ModelState, Position};
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::LogicalPlan;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The table of a model as it was found.
pub(super) struct Found {
    pub(super) table: Option<LakeTable>,
    /// What it was made of, when a build made it of this very definition.
    pub(super) state: Option<ModelState>,
    /// What somebody else did to its columns.
    pub(super) foreign: Option<String>,
}

/// What has to be done.
pub(super) enum Task {
    /// Nothing.
    Rest,
    /// The table is made anew, for a reason.
    Whole(String),
    /// What is new is taken in.
    Increment,
}

/// What was done.
pub(super) struct Made {
    pub(super) table: LakeTable,
    pub(super) outcome: Outcome,
    /// Why the table was made anew, where it could have been continued.
    pub(super) reason: Option<String>,
    /// Where the query ran; `None` when it did not.
    pub(super) engine: Option<Ran>,
}

/// The rows to write, and what becomes of those that are there.
pub(super) struct Change {
    pub(super) scope: Scope,
    pub(super) plan: LogicalPlan,
    pub(super) write: Write,
    /// The greatest values of the watermark's column, by input.
    pub(super) marks: BTreeMap<Read, String>,
    /// Rows that came too late; `None` when the model has no place for them.
    pub(super) late: Option<Spool>,
}

impl Build {
    /// Makes the table of `model` what it should be.
    pub(super) async fn make(&self, model: &Model) -> Result<Made, BuildError> {
        let location = model.name.location();
        let found = self.find(model, &location).await?;
        let inputs = self.inputs(model, found.state.as_ref()).await?;
        match self.task(model, &found, &inputs) {
            Task::Rest => match found.table {
                Some(table) => {
                    self.warn(model, &inputs);
                    Ok(Made { table, outcome: Outcome::Unchanged, reason: None, engine: None })
                }
                None => self.whole(model, found, None).await,
            },
            Task::Whole(reason) => {
                let reason = found.table.is_some().then_some(reason);
                self.whole(model, found, reason).await
            }
            Task::Increment => match self.increment(model, &inputs, &found).await? {
                Ok(change) => {
                    let table = self.commit(model, found, &inputs, change).await?;
                    let engine = Some(Ran::Here);
                    Ok(Made { table, outcome: Outcome::Built, reason: None, engine })
                }
                Err(reason) => self.whole(model, found, Some(reason)).await,
            },
        }
    }

    async fn find(&self, model: &Model, location: &str) -> Result<Found, BuildError> {
        let table = self.lake.open(location).await?;
        // Who asked for a new table needs no state, and may have asked since it is damaged.
        let state = match table.as_ref().filter(|_| !self.is_refreshed(model)) {
            Some(table) => self.state_of(table, location).await?,
            None => None,
        };
        let definition = self.definition(model);
        let state = state.filter(|state| state.definition == definition);
        let foreign = match (&table, &state) {
            (Some(table), Some(_)) => self.foreign(model, table).await?,
            // It is made anew in any case.
            _ => None,
        };
        Ok(Found { table, state, foreign })
    }

    /// How the columns of `table` differ from those that `model` gives.
    async fn foreign(
        &self,
        model: &Model,
        table: &LakeTable,
    ) -> Result<Option<String>, BuildError> {
        let Some(given) = self.checked.schemas.get(&Read::Model(model.name.clone())) else {
            return Ok(None);
        };
        Ok(difference(given, self.lake.columns(table).await?.as_ref()))
    }

    fn task(&self, model: &Model, found: &Found, inputs: &[Input]) -> Task {
        if found.table.is_none() {
            return Task::Whole("there was no table".to_owned());
        }
        if self.is_refreshed(model) {
            return Task::Whole("--full-refresh was asked for".to_owned());
        }
        let Some(state) = &found.state else {
            return Task::Whole(
                "the model, or the columns of what it reads, have changed".to_owned(),
            );
        };
        if let Some(change) = &found.foreign {
            return Task::Whole(format!("somebody else has changed its table: {change}"));
        }
        if state.inputs.len() != inputs.len() {
            return Task::Whole("it reads other tables".to_owned());
        }
        if let Some(input) = inputs.iter().find(|input| input.is_read_otherwise) {
            return Task::Whole(format!("the files of {} are read otherwise", input.read));
        }
        let drive = drive(model);
        let is_new = inputs.iter().any(|input| {
            // What is only looked up does not make a row come again.
            drive.is_none_or(|drive| *drive == input.read) && input.is_new()
        });
        match (is_new, &model.config.materialization) {
            (false, _) => Task::Rest,
            (true, Materialization::Full | Materialization::View) => {
                Task::Whole("what it reads has changed".to_owned())
            }
            (true, _) => Task::Increment,
        }
    }

    /// Makes the whole table anew.
    async fn whole(
        &self,
        model: &Model,
        found: Found,
        reason: Option<String>,
    ) -> Result<Made, BuildError> {
        if let Some(reason) = &reason {
            self.refuse_gone(model, &found, reason).await?;
            self.refuse_history(model, &found, reason)?;
        }
        let inputs = self.inputs(model, None).await?;
        let scope = self.planner_of(model).scope()?;
        let mut tables = BTreeMap::new();
        for input in &inputs {
            let table = input.whole(&scope, self.at_us).await?;
            tables.insert(input.read.clone(), table);
        }
        let mut marks = BTreeMap::new();
        if let (Some(drive), Some(watermark)) =
            (drive(model), model.config.materialization.watermark())
            && let Some(table) = tables.get(drive)
        {
            let mark = input::greatest(&scope, Arc::clone(table), &watermark.column).await?;
            marks.extend(mark.map(|mark| (drive.clone(), mark)));
        }
        let late = self.stream(model, &scope, &inputs, &mut tables, None).await?;
        self.define(&scope, model, &tables).await?;
        let Planned { plan, .. } = scope.plan(model).await?;
        let (plan, ran) = self.distributed(model, &inputs, plan).await?;
        let plan = match &model.config.materialization {
            Materialization::Snapshot { key, valid_from } => {
                self.refuse_duplicates(model, &scope, &plan, key).await?;
                super::snapshot::first(plan, valid_from.as_deref(), self.at_us)?
            }
            _ => plan,
        };
        let change = Change { scope, plan, write: Write::Overwrite, marks, late };
        let table = self.commit(model, found, &inputs, change).await?;
        Ok(Made { table, outcome: Outcome::Built, reason, engine: Some(ran) })
    }

    /// A history cannot be made again of what there is now.
    fn refuse_history(&self, model: &Model, found: &Found, reason: &str) -> Result<(), BuildError> {
        let is_snapshot = matches!(model.config.materialization, Materialization::Snapshot { .. });
        match &found.table {
            Some(table) if is_snapshot && !self.is_refreshed(model) && table.n_rows() > 0 => {
                let rule = ModelRule::History {
                    model: model.name.clone(),
                    reason: reason.to_owned(),
                    n_rows: table.n_rows(),
                };
                Err(model.misconfigured(model.place_of("materialized", "snapshot"), rule).into())
            }
            _ => Ok(()),
        }
    }

    /// A table that is made anew of fewer files than before would lose rows; one of other columns may not be wanted.
    async fn refuse_gone(
        &self,
        model: &Model,
        found: &Found,
        reason: &str,
    ) -> Result<(), BuildError> {
        if self.is_refreshed(model) {
            return Ok(());
        }
        let Some(table) = &found.table else { return Ok(()) };
        let Some(state) = self.state_of(table, &model.name.location()).await? else {
            return Ok(());
        };
        for (name, input) in &state.inputs {
            let source = name.strip_prefix("source.").and_then(|name| self.project.source(name));
            let Some(source) = source else { continue };
            if let (SourceKind::Database(table), Position::Database(before)) =
                (&source.kind, &input.position)
            {
                let refused = self.checked.servers.refuse_change(table, before).await;
                refused.map_err(|error| source.refused(error))?;
            }
            let gone = Input::gone(source, &self.project.folder, &input.position)?;
            if let Some(first) = gone.first() {
                let rule = ModelRule::Gone {
                    reason: reason.to_owned(),
                    gone: gone.len(),
                    first: first.clone(),
                };
                return Err(model.broken(rule).into());
            }
        }
        Ok(())
    }

    /// What is new, as rows to write; or why the table has to be made anew.
    async fn increment(
        &self,
        model: &Model,
        inputs: &[Input],
        found: &Found,
    ) -> Result<Result<Change, String>, BuildError> {
        match &model.config.materialization {
            Materialization::Append(_) | Materialization::Merge(_) => {
                self.take_in(model, inputs, found).await
            }
            Materialization::Incremental { by } => self.buckets(model, inputs, by).await,
            Materialization::Snapshot { key, valid_from } => match &found.table {
                Some(table) => {
                    let scope = self.scope_of(model, inputs).await?;
                    let Planned { plan, .. } = scope.plan(model).await?;
                    self.refuse_duplicates(model, &scope, &plan, key).await?;
                    let known = table.provider(scope.ctx()).await?;
                    let valid_from = valid_from.as_deref();
                    let plan = super::snapshot::next(known, plan, key, valid_from, self.at_us)?;
                    Ok(Ok(Change {
                        scope,
                        plan,
                        write: Write::Overwrite,
                        marks: BTreeMap::new(),
                        late: None,
                    }))
                }
                None => Ok(Err("there was no table".to_owned())),
            },
            Materialization::Full | Materialization::View => {
                Ok(Err("what it reads has changed".to_owned()))
            }
        }
    }

    /// The query over the new rows of one input.
    async fn take_in(
        &self,
        model: &Model,
        inputs: &[Input],
        found: &Found,
    ) -> Result<Result<Change, String>, BuildError> {
        let scope = self.planner_of(model).scope()?;
        let drive = drive(model);
        let is_merge = matches!(model.config.materialization, Materialization::Merge(_));
        let mut tables: BTreeMap<Read, Arc<dyn TableProvider>> = BTreeMap::new();
        let mut marks = BTreeMap::new();
        for input in inputs {
            if Some(&input.read) != drive {
                tables.insert(input.read.clone(), input.whole(&scope, self.at_us).await?);
                continue;
            }
            let watermark = model.config.materialization.watermark();
            let mark = input.before.as_ref().and_then(|before| before.mark.clone());
            let fresh = match (watermark, is_merge) {
                (Some(_), _) => Fresh::Rows(input.whole(&scope, self.at_us).await?),
                (None, true) => input.written(&scope, self.at_us).await?,
                (None, false) => input.fresh(&scope, self.at_us).await?,
            };
            let mut rows = match fresh {
                Fresh::Rows(rows) => rows,
                Fresh::Unknown(reason) => return Ok(Err(reason)),
            };
            if let Some(watermark) = watermark {
                if let Some(mark) = &mark {
                    let beyond = if is_merge { Beyond::From } else { Beyond::After };
                    rows = input::beyond_mark(rows, watermark, mark, beyond)?;
                }
                let newest = input::greatest(&scope, Arc::clone(&rows), &watermark.column).await?;
                marks.extend(newest.or(mark).map(|mark| (input.read.clone(), mark)));
            }
            tables.insert(input.read.clone(), rows);
        }
        let late = self.stream(model, &scope, inputs, &mut tables, found.state.as_ref()).await?;
        self.define(&scope, model, &tables).await?;
        let Planned { plan, .. } = scope.plan(model).await?;
        let (plan, write) = match &model.config.materialization {
            Materialization::Merge(merge) => {
                let write = Write::Merge {
                    key: merge.key.clone(),
                    newest_by: merge.newest_by.clone(),
                    deleted: merge.deleted.clone(),
                };
                (plan, write)
            }
            _ => (plan, Write::Append),
        };
        Ok(Ok(Change { scope, plan, write, marks, late }))
    }

    pub(super) async fn refuse_duplicates(
        &self,
        model: &Model,
        scope: &Scope,
        plan: &LogicalPlan,
        key: &[String],
    ) -> Result<(), BuildError> {
        let found = DuplicateKey::find(scope, plan.clone(), key).await;
        let found = match found {
            Ok(found) => found,
            Err(error) => return Err(self.explain(model, scope, plan, &error).await),
        };
        match found {
            None => Ok(()),
            Some(DuplicateKey::Twice { key, n_rows }) => {
                let kind = model.config.materialization.kind();
                let rule = ModelRule::DuplicateKey { kind, key, n_rows };
                Err(model.misconfigured(model.place_of("key", ""), rule).into())
            }
            Some(DuplicateKey::Null { key }) => {
                let rule = ModelRule::NullKey { key };
                Err(model.misconfigured(model.place_of("key", ""), rule).into())
            }
        }
    }

    /// What the commit and the state say of the inputs.
    pub(super) fn state_after(
        &self,
        model: &Model,
        inputs: &[Input],
        mut marks: BTreeMap<Read, String>,
    ) -> (ModelState, Vec<(String, Value)>) {
        let mut state = ModelState { definition: self.definition(model), ..ModelState::default() };
        let mut brief = serde_json::Map::new();
        for input in inputs {
            let name = input.read.to_string();
            brief.insert(name.clone(), input.now.brief());
            let mark = marks.remove(&input.read);
            state.inputs.insert(name, InputState { position: input.now.clone(), mark });
        }
        let metadata = vec![
            ("lakefront.inputs".to_owned(), Value::Object(brief)),
            ("lakefront.definition".to_owned(), state.definition.clone().into()),
            ("lakefront.run".to_owned(), self.run_id.clone().into()),
        ];
        (state, metadata)
    }
}

/// The input whose new rows are taken; `None` when all inputs are alike.
pub(crate) fn drive(model: &Model) -> Option<&Read> {
    match &model.config.materialization {
        Materialization::Append(_) | Materialization::Merge(_) => {
            let only = || match model.reads.as_slice() {
                [at] => Some(&at.read),
                _ => None,
            };
            model.config.materialization.input().or_else(only)
        }
        _ => None,
    }
}
