//! One model: what has to be done, and doing it.

use super::arrival::Arrivals;
use super::increment::drive;
use super::input::Input;
use super::{Build, BuildError, Outcome, evolve};
use crate::check::Recorded;
use crate::cluster::Ran;
use crate::lake::{LakeTable, Write};
use crate::model::{Materialization, Model, ModelRule, Past, Read};
use crate::plan::{Planned, Scope, difference};
use crate::source::SourceKind;
use crate::spool::Spool;
use crate::state::{InputState, ModelState, Position, Progress};
use arrow::datatypes::Schema;
use datafusion::logical_expr::LogicalPlan;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The table of a model as it was found.
pub(super) struct Found {
    pub(super) table: Option<LakeTable>,
    /// What it was made of, when a build made it.
    pub(super) state: Option<ModelState>,
    /// What somebody else did to its columns.
    pub(super) foreign: Option<String>,
    /// Whether its rows stay although they are those of another model.
    pub(super) evolves: bool,
}

/// What has to be done.
pub(super) enum Task {
    /// Nothing.
    Rest,
    /// The table is made anew, for a reason.
    Whole(String),
    /// What is new is taken in.
    Increment,
    /// The rows that are there stay, for a reason, although they are those of another model.
    Evolve(String),
}

/// What was done.
pub(super) struct Made {
    pub(super) table: LakeTable,
    pub(super) outcome: Outcome,
    /// Why the table was made anew, where it could have been continued.
    pub(super) reason: Option<String>,
    /// Where the query ran; `None` when it did not.
    pub(super) engine: Option<Ran>,
    pub(super) arrivals: Arrivals,
}

/// The rows to write, and what becomes of those that are there.
pub(super) struct Change {
    pub(super) scope: Scope,
    pub(super) plan: LogicalPlan,
    pub(super) write: Write,
    /// How far inputs were read in an order of their own.
    pub(super) progress: BTreeMap<Read, Progress>,
    /// Rows that came too late; `None` when the model is no stream.
    pub(super) late: Option<Spool>,
    /// What came out of order.
    pub(super) arrivals: Arrivals,
}

impl Build {
    /// Makes the table of `model` what it should be.
    pub(super) async fn make(&self, model: &Model) -> Result<Made, BuildError> {
        let made = self.filled(model).await?;
        self.laid_out(model, made).await
    }

    /// The table of `model` with the rows that it should have.
    async fn filled(&self, model: &Model) -> Result<Made, BuildError> {
        let location = model.name.location();
        let found = self.find(model, &location).await?;
        let inputs = self.inputs(model, found.state.as_ref()).await?;
        match self.task(model, &found, &inputs) {
            Task::Rest => match found.table {
                Some(table) => {
                    self.warn_at_rest(model, &inputs);
                    Ok(Made {
                        table,
                        outcome: Outcome::Unchanged,
                        reason: None,
                        engine: None,
                        arrivals: Arrivals::default(),
                    })
                }
                None => self.whole(model, found, inputs, None).await,
            },
            Task::Whole(reason) => {
                let reason = found.table.is_some().then_some(reason);
                self.whole(model, found, inputs, reason).await
            }
            Task::Increment => {
                let drive = drive(model);
                let needs = |read: &Read| drive.is_none_or(|drive| drive != read);
                let inputs = self.with_all(model, inputs, needs).await?;
                self.increased(model, found, inputs).await
            }
            Task::Evolve(reason) => {
                let change = self.going_on(model, &found).await?;
                let found = Found { evolves: true, ..self.evolved(model, found).await? };
                let mut inputs = self.with_all(model, inputs, |_| true).await?;
                if let Materialization::Merge(_) = model.config.materialization {
                    inputs = inputs.into_iter().map(|input| input.since(None)).collect();
                }
                let made = self.increased(model, found, inputs).await?;
                self.tell_warning(model, format!("{reason}: {change}"));
                Ok(made)
            }
        }
    }

    /// Takes in what is new.
    async fn increased(
        &self,
        model: &Model,
        found: Found,
        inputs: Vec<Input>,
    ) -> Result<Made, BuildError> {
        match self.increment(model, &inputs, &found).await? {
            Ok(change) => {
                let arrivals = change.arrivals;
                let table = self.commit(model, found, &inputs, change).await?;
                let engine = Some(Ran::Here);
                Ok(Made { table, outcome: Outcome::Built, reason: None, engine, arrivals })
            }
            Err(reason) => self.whole(model, found, inputs, Some(reason)).await,
        }
    }

    /// `inputs` that have all their rows where `needs` them.
    async fn with_all(
        &self,
        model: &Model,
        inputs: Vec<Input>,
        needs: impl Fn(&Read) -> bool,
    ) -> Result<Vec<Input>, BuildError> {
        let mut complete = Vec::with_capacity(inputs.len());
        for input in inputs {
            if input.has_all() || !needs(&input.read) {
                complete.push(input);
            } else if let Some(all) = self.input(model, &input.read, None).await? {
                complete.push(all.since(input.before));
            }
        }
        Ok(complete)
    }

    async fn find(&self, model: &Model, location: &str) -> Result<Found, BuildError> {
        let table = self.lake.open(location).await?;
        // Who asked for a new table needs no state, and may have asked since it is damaged.
        let state = match table.as_ref().filter(|_| !self.is_refreshed(model)) {
            Some(table) => self.state_of(table, location).await?,
            None => None,
        };
        let foreign = match (&table, &state) {
            (Some(table), Some(state)) => self.foreign(model, table, state).await?,
            // It is made anew in any case.
            _ => None,
        };
        Ok(Found { table, state, foreign, evolves: false })
    }

    /// How the columns of `table` differ from those that `model` gives.
    async fn foreign(
        &self,
        model: &Model,
        table: &LakeTable,
        state: &ModelState,
    ) -> Result<Option<String>, BuildError> {
        let Some(given) = self.given(model) else { return Ok(None) };
        let columns = self.lake.columns(table).await?;
        let own = columns.fields().iter().filter(|field| !state.retained.contains(field.name()));
        Ok(difference(given, &Schema::new(own.cloned().collect::<Vec<_>>())))
    }

    fn task(&self, model: &Model, found: &Found, inputs: &[Input]) -> Task {
        if found.table.is_none() {
            return Task::Whole("there was no table".to_owned());
        }
        if self.is_refreshed(model) {
            return Task::Whole("--full-refresh was asked for".to_owned());
        }
        let Some(state) = &found.state else {
            return Task::Whole("no build says what it was made of".to_owned());
        };
        let other = if !state.definition.has_rows_of(&self.definition(model)) {
            Some(evolve::CHANGED.to_owned())
        } else if let Some(input) = inputs.iter().find(|input| input.is_read_otherwise) {
            Some(format!("the files of {} are read otherwise", input.read))
        } else {
            let foreign = found.foreign.as_ref();
            foreign.map(|change| format!("its columns are not those of the model: {change}"))
        };
        if let Some(reason) = other {
            return match self.has_a_past(model, found, inputs) {
                true => Task::Evolve(reason),
                false => Task::Whole(reason),
            };
        }
        if let Some(task) = self.as_time_goes(model) {
            return task;
        }
        let is_new = inputs.iter().any(|input| {
            // What is only looked up does not make a row come again.
            drive(model).is_none_or(|drive| *drive == input.read) && input.is_new()
        });
        match (is_new, &model.config.materialization) {
            (false, _) => Task::Rest,
            (true, Materialization::Full | Materialization::View) => {
                Task::Whole("what it reads has changed".to_owned())
            }
            (true, _) => Task::Increment,
        }
    }

    /// What has to be done for a model whose query asks for the time, or for chance, although nothing that it reads has
    /// changed; `None` where that is nothing: what `append` and `merge` took in keeps the time at which it was.
    fn as_time_goes(&self, model: &Model) -> Option<Task> {
        match &model.config.materialization {
            _ if !self.checked.timed.contains(&model.name) => None,
            // A bucket may differ although none of its rows has changed.
            Materialization::Full | Materialization::Incremental { .. } => {
                Some(Task::Whole("its query asks for the time, or for chance".to_owned()))
            }
            Materialization::Snapshot { .. } => Some(Task::Increment),
            Materialization::View | Materialization::Append(_) | Materialization::Merge(_) => None,
        }
    }

    /// Makes the whole table anew.
    async fn whole(
        &self,
        model: &Model,
        found: Found,
        inputs: Vec<Input>,
        reason: Option<String>,
    ) -> Result<Made, BuildError> {
        if let Some(reason) = &reason {
            self.refuse_gone(model, &found, reason).await?;
            self.refuse_history(model, &found, reason)?;
        }
        let inputs = self.with_all(model, inputs, |_| true).await?;
        let scope = self.planner_of(model).scope()?;
        let mut tables = BTreeMap::new();
        let mut progress = BTreeMap::new();
        let mut late = None;
        let mut arrivals = Arrivals::default();
        for input in &inputs {
            let mut rows = input.all(&scope, self.at_us).await?;
            if drive(model) == Some(&input.read) {
                let (mut read, counted) = self.progress_of_all(model, &scope, input, &rows).await?;
                arrivals = counted;
                let streamed = self.streamed(model, &scope, input, Arc::clone(&rows), None).await?;
                if let Some(streamed) = streamed {
                    rows = streamed.taken;
                    read.stream = streamed.memory;
                    late = Some(streamed.late);
                    arrivals = streamed.arrivals;
                }
                progress.insert(input.read.clone(), read);
            }
            tables.insert(input.read.clone(), rows);
        }
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
        let change = Change { scope, plan, write: Write::Overwrite, progress, late, arrivals };
        let table = self.commit(model, found, &inputs, change).await?;
        Ok(Made { table, outcome: Outcome::Built, reason, engine: Some(ran), arrivals })
    }

    /// A history cannot be made again of what there is now.
    fn refuse_history(&self, model: &Model, found: &Found, reason: &str) -> Result<(), BuildError> {
        let is_snapshot = matches!(model.config.materialization, Materialization::Snapshot { .. });
        match &found.table {
            Some(table) if is_snapshot && !self.is_refreshed(model) && table.n_rows() > 0 => {
                let rule = ModelRule::Past {
                    model: model.name.clone(),
                    change: Past::Other(reason.to_owned()),
                    n_rows: table.n_rows(),
                };
                Err(model.misconfigured(model.place_of("materialized", "snapshot"), rule).into())
            }
            _ => Ok(()),
        }
    }

    /// A table that is made anew of fewer files than before would lose rows; one of other columns may not be wanted.
    pub(super) async fn refuse_gone(
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

    /// What the commit and the state say of the inputs.
    pub(super) fn state_after(
        &self,
        model: &Model,
        inputs: &[Input],
        mut progress: BTreeMap<Read, Progress>,
        write: &Write,
        retained: BTreeSet<String>,
    ) -> (ModelState, Vec<(String, Value)>) {
        let is_whole = matches!(write, Write::Overwrite);
        let definition = Recorded::Parts(self.definition(model));
        let mut state = ModelState { definition, is_whole, retained, inputs: BTreeMap::default() };
        let mut brief = serde_json::Map::new();
        for input in inputs {
            let name = input.read.to_string();
            let position = if is_whole { input.position_of_all() } else { input.now.clone() };
            brief.insert(name.clone(), position.brief());
            let progress = progress.remove(&input.read).unwrap_or_default();
            state.inputs.insert(name, InputState { position, progress });
        }
        let metadata = vec![
            ("lakefront.inputs".to_owned(), Value::Object(brief)),
            ("lakefront.definition".to_owned(), state.definition.brief().into()),
            self.of_run(),
        ];
        (state, metadata)
    }
}
