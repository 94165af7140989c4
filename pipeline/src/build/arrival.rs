//! The rows of a driving input that a build takes, and what is said of those that came out of order.

use super::input::{Input, New};
use super::mark::{Marked, Repeats, Ruler};
use super::{Build, BuildError, Event};
use crate::model::{Materialization, Model, ModelRule};
use crate::plan::Scope;
use crate::state::Progress;
use datafusion::catalog::TableProvider;
use std::sync::Arc;

/// Rows of an input that came out of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrivals {
    /// Rows of a stream that were older than its watermark, and were not taken.
    pub n_late: u64,
    /// Rows of a stream whose name had been seen, and that were not taken.
    pub n_repeated: u64,
    /// Rows that are not above the mark and were not taken.
    pub n_below_mark: u64,
    /// Rows whose time is far ahead of the build's. They were taken, and move no mark.
    pub n_ahead: u64,
}

impl Arrivals {
    /// Each of its numbers with the word that `_lakefront/runs` and JSON have for it, in one order.
    pub fn numbers(&self) -> [(&'static str, u64); 4] {
        [
            ("late", self.n_late),
            ("repeated", self.n_repeated),
            ("below_mark", self.n_below_mark),
            ("ahead", self.n_ahead),
        ]
    }
}

/// Rows that a build takes of a driving input.
pub(super) struct Taken {
    pub(super) rows: Arc<dyn TableProvider>,
    pub(super) progress: Progress,
    pub(super) arrivals: Arrivals,
}

impl Build {
    /// The rows of `input`, which drives `model`, that were not taken before; or why the table has to be made anew.
    pub(super) async fn taken(
        &self,
        model: &Model,
        scope: &Scope,
        input: &Input,
    ) -> Result<Result<Taken, String>, BuildError> {
        let is_merge = matches!(model.config.materialization, Materialization::Merge(_));
        let own = input.watermark();
        let watermark = model.config.materialization.watermark().or(own.as_ref());
        if self.takes_all_of_rewritten(model) && input.is_rewritten().await? {
            let rows = input.read_rows(scope, self.at_us).await?;
            let (progress, arrivals) = (Progress::default(), Arrivals::default());
            return Ok(Ok(Taken { rows, progress, arrivals }));
        }
        let new = input.new_rows(scope, self.at_us).await?;
        let Some(watermark) = watermark else {
            return match (new, is_merge) {
                (New::Rows(rows), _) | (New::Changed(rows), true) => Ok(Ok(Taken {
                    rows,
                    progress: Progress::default(),
                    arrivals: Arrivals::default(),
                })),
                (New::Indistinct | New::Unknown(_), true) => {
                    let rows = input.read_rows(scope, self.at_us).await?;
                    Ok(Ok(Taken {
                        rows,
                        progress: Progress::default(),
                        arrivals: Arrivals::default(),
                    }))
                }
                (New::Changed(_), false) => Ok(Err(format!("rows of {} have changed", input.read))),
                (New::Unknown(reason), false) => Ok(Err(reason)),
                (New::Indistinct, false) => {
                    let rule = ModelRule::Indistinct { input: input.read.to_string() };
                    Err(model.misconfigured(model.place_of("materialized", "append"), rule).into())
                }
            };
        };
        let ruler = Ruler { scope, watermark, at_us: self.at_us };
        if is_merge && model.config.materialization.watermark().is_none() {
            // The database was asked for the rows from its mark on.
            let rows = input.read_rows(scope, self.at_us).await?;
            let n_ahead = ruler.n_ahead(&rows).await?;
            let arrivals = Arrivals { n_ahead, ..Arrivals::default() };
            return Ok(Ok(Taken { rows, progress: Progress::default(), arrivals }));
        }
        let before =
            input.before.as_ref().map(|before| before.progress.clone()).unwrap_or_default();
        let repeats = if is_merge { Repeats::Replace } else { Repeats::LeaveOut };
        let mut arrivals = Arrivals::default();
        let (rows, progress) = match (new, &before.mark) {
            (New::Rows(rows), _) if input.has_history() => {
                let progress = self.moved(&ruler, &rows, &before).await?;
                (rows, progress)
            }
            (New::Changed(rows), Some(mark)) if !is_merge => {
                // Some of them may have been taken as they were before.
                arrivals.n_below_mark = ruler.n_not_above(&rows, mark).await?;
                let progress = self.moved(&ruler, &rows, &before).await?;
                (ruler.above(rows, mark)?, progress)
            }
            (New::Changed(rows), _) => {
                let progress = self.moved(&ruler, &rows, &before).await?;
                (rows, progress)
            }
            (New::Unknown(reason), Some(mark)) if !is_merge => {
                let all = input.all(scope, self.at_us).await?;
                self.tell_warning(
                    model,
                    format!(
                        "{reason}: rows of it that are not above {} = {mark} are taken for known",
                        watermark.column
                    ),
                );
                let progress = self.moved(&ruler, &all, &before).await?;
                (ruler.above(all, mark)?, progress)
            }
            (New::Unknown(reason), None) if !is_merge => return Ok(Err(reason)),
            (New::Unknown(_) | New::Rows(_) | New::Indistinct, _) => {
                let all = input.read_rows(scope, self.at_us).await?;
                let Marked { rows, mut progress, n_late } =
                    ruler.new_rows(all, &before, repeats).await?;
                arrivals.n_below_mark = n_late;
                if !input.has_all() || own.is_some() {
                    // The database was not asked for rows below the mark.
                    progress.n_below = None;
                }
                (rows, progress)
            }
        };
        arrivals.n_ahead = ruler.n_ahead(&rows).await?;
        Ok(Ok(Taken { rows, progress, arrivals }))
    }

    /// Whether `model` is a merge that nothing tells which row of a key is the newest: two rows of one key in a table are
    /// then a fault of the query, also when only one of them is new.
    fn takes_all_of_rewritten(&self, model: &Model) -> bool {
        match &model.config.materialization {
            Materialization::Merge(merge) => merge.newest_by.is_empty() && !model.is_synced(),
            _ => false,
        }
    }

    /// How far `input` has been read when all its `rows` are taken.
    pub(super) async fn progress_of_all(
        &self,
        model: &Model,
        scope: &Scope,
        input: &Input,
        rows: &Arc<dyn TableProvider>,
    ) -> Result<(Progress, Arrivals), BuildError> {
        let own = input.watermark();
        let Some(watermark) = model.config.materialization.watermark().or(own.as_ref()) else {
            return Ok((Progress::default(), Arrivals::default()));
        };
        let ruler = Ruler { scope, watermark, at_us: self.at_us };
        let repeats = match model.config.materialization {
            Materialization::Merge(_) => Repeats::Replace,
            _ => Repeats::LeaveOut,
        };
        let mut progress = match input.has_history() {
            true => self.moved(&ruler, rows, &Progress::default()).await?,
            false => ruler.progress(rows, repeats).await?,
        };
        if own.is_some() {
            progress.n_below = None;
        }
        let n_ahead = ruler.n_ahead(rows).await?;
        Ok((progress, Arrivals { n_ahead, ..Arrivals::default() }))
    }

    /// `before` after `rows` were taken of an input that says by itself which rows are new.
    async fn moved(
        &self,
        ruler: &Ruler<'_>,
        rows: &Arc<dyn TableProvider>,
        before: &Progress,
    ) -> Result<Progress, BuildError> {
        let mark = ruler.later(rows, before.mark.as_deref(), ruler.greatest(rows).await?)?;
        Ok(Progress { mark, ..Progress::default() })
    }

    /// Says what came out of order.
    pub(super) fn tell_arrivals(&self, model: &Model, arrivals: &Arrivals) {
        let rows =
            |n_rows: u64| if n_rows == 1 { "1 row".to_owned() } else { format!("{n_rows} rows") };
        let late = model.late();
        let Arrivals { n_late, n_repeated: _, n_below_mark, n_ahead } = *arrivals;
        if n_late > 0 {
            let goes = match late {
                Some(late) => format!(", and went to {late}"),
                None => ", and were left out; `late` names a table that keeps them".to_owned(),
            };
            self.tell_warning(
                model,
                format!("{} came later than the watermark{goes}", rows(n_late)),
            );
        }
        if n_below_mark > 0 {
            self.tell_warning(
                model,
                format!(
                    "{} came with a value that is not above the mark, and were not taken: the input does not say which \
                     are new; build with --full-refresh to take them in",
                    rows(n_below_mark)
                ),
            );
        }
        if n_ahead > 0 {
            self.tell_warning(
                model,
                format!(
                    "{} dated ahead of the time of the build; taken all the same, and no mark follows",
                    if n_ahead == 1 { "1 row is".to_owned() } else { format!("{n_ahead} rows are") }
                ),
            );
        }
    }

    pub(super) fn tell_warning(&self, model: &Model, reason: String) {
        self.tell(Event::Warned { model: model.name.clone(), reason });
    }
}
