//! What the page must show, computed by the native engine over the same lake. The questions are made
//! here from the catalog, not by the page's own code.

use anyhow::{Context, anyhow};
use arrow::array::{Array, RecordBatch};
use arrow::util::display::array_value_to_string;
use catalog::{Catalog, Name, Panel, PanelKind};
use lakefront_tests::harness::page::{Shown, Snapshot};
use query::{Clause, Condition, DateRange, GroupBy, Order, QuerySpec, Selection};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;
use worker::{Engine, Lake, Opened, Rows};

/// How many slices a donut shows at most; beyond, the last one is all others together.
const MAX_SLICES: usize = 8;

/// The native engine over a project's lake.
pub struct Oracle {
    /// The compiled catalog.
    pub catalog: Catalog,
    /// The engine.
    pub engine: Engine,
    opened: Opened,
}

impl Oracle {
    /// Opens the lake of `project`.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open(project: &Path) -> anyhow::Result<Oracle> {
        Oracle::with(project, Vec::new()).await
    }

    /// Opens the lake of `project` with tables that its catalog does not have.
    ///
    /// # Errors
    /// When there is none.
    pub async fn with(project: &Path, tables: Vec<catalog::Table>) -> anyhow::Result<Oracle> {
        let lake = project.join("lake");
        let json = std::fs::read_to_string(lake.join(protocol::CATALOG_PATH))
            .context("the project is not built")?;
        let mut catalog = Catalog::from_json(&json)?;
        catalog.tables.extend(tables);
        let lake = Lake::new(Arc::new(PlatformStore::new(&lake)), DEFAULT_MEMORY_BYTES)
            .map_err(|failure| anyhow!("{failure}"))?;
        let (engine, opened) = Engine::open(Arc::new(lake), catalog.clone())
            .await
            .map_err(|failure| anyhow!("{failure}"))?;
        Ok(Oracle { catalog, engine, opened })
    }

    /// The days that the lake has for the first dashboard.
    ///
    /// # Errors
    /// When it has none.
    pub fn extent(&self) -> anyhow::Result<DateRange> {
        let time = &self.catalog.dashboards.first().context("there is no dashboard")?.time;
        let of_time = self.opened.extents.iter().filter(|extent| extent.dimension == *time);
        let union = |a: DateRange, b: DateRange| DateRange {
            first: a.first.min(b.first),
            last: a.last.max(b.last),
        };
        of_time.filter_map(|extent| extent.range).reduce(union).context("the lake has no day")
    }

    /// What the first dashboard's cards, bars and slices show for a selection; `days` of `None` are
    /// all of them, also rows without a day.
    ///
    /// # Errors
    /// When the engine cannot answer.
    pub async fn shown(
        &self,
        selection: &Selection,
        days: Option<DateRange>,
    ) -> anyhow::Result<BTreeMap<String, Shown>> {
        let dashboard = self.catalog.dashboards.first().context("there is no dashboard")?;
        let mut all = selection.clone();
        if let Some(days) = days {
            let condition = Condition::Within(days);
            all.set(Clause { dimension: dashboard.time.clone(), condition });
        }
        let mut shown = BTreeMap::new();
        for panel in &dashboard.panels {
            if let Some(spec) = question(panel, &all) {
                let rows = self.answer(&spec).await?;
                shown.insert(panel.name.to_string(), read(panel, &rows)?);
            }
        }
        Ok(shown)
    }

    /// The rows of one question.
    ///
    /// # Errors
    /// When the engine cannot answer.
    pub async fn answer(&self, spec: &QuerySpec) -> anyhow::Result<Rows> {
        self.engine.answer(spec).await.map_err(|failure| anyhow!("{failure}"))
    }
}

/// A selection of one value of one dimension.
///
/// # Errors
/// When `dimension` is no name.
pub fn only(dimension: &str, value: &str) -> anyhow::Result<Selection> {
    let dimension = Name::new(dimension)?;
    let condition = Condition::OneOf(vec![Some(value.to_owned())]);
    Ok(Selection::of([Clause { dimension, condition }]))
}

/// The numbers of a page that [`Oracle::shown`] computes: all but those of lines. A mark with no
/// number and trailing zeros of decimals do not count.
pub fn seen(snapshot: &Snapshot, expected: &BTreeMap<String, Shown>) -> BTreeMap<String, Shown> {
    snapshot
        .numbers()
        .into_iter()
        .filter(|(name, _)| expected.contains_key(name))
        .map(|(name, (exact, marks))| {
            let exact = exact.map(|text| plain(&text));
            let marks = marks.into_iter().map(|(value, text)| (value, plain(&text))).collect();
            (name, (exact, marks))
        })
        .collect()
}

fn question(panel: &Panel, selection: &Selection) -> Option<QuerySpec> {
    let measures = vec![panel.measure.clone()];
    let by = |by: &Name, limit| QuerySpec {
        measures: measures.clone(),
        group_by: vec![GroupBy { dimension: by.clone(), grain: None }],
        selection: selection.without(by),
        order: Order::LargestFirst,
        limit,
    };
    match &panel.kind {
        PanelKind::Line => None,
        PanelKind::Kpi => Some(QuerySpec {
            measures: measures.clone(),
            group_by: Vec::new(),
            selection: selection.clone(),
            order: Order::Group,
            limit: None,
        }),
        PanelKind::Bar { by: dimension, limit } => Some(by(dimension, Some(*limit))),
        PanelKind::Donut { by: dimension } => Some(by(dimension, None)),
    }
}

fn read(panel: &Panel, rows: &Rows) -> anyhow::Result<Shown> {
    let cells = |batch: &RecordBatch, column: usize| -> anyhow::Result<Vec<Option<String>>> {
        let array = batch.column(column);
        (0..batch.num_rows())
            .map(|row| {
                let is_null = array.is_null(row);
                Ok(if is_null { None } else { Some(array_value_to_string(array, row)?) })
            })
            .collect()
    };
    let mut marks = Vec::new();
    for batch in &rows.batches {
        if panel.kind == PanelKind::Kpi {
            let number = cells(batch, 0)?.into_iter().next().flatten();
            return Ok((number.map(|text| plain(&text)), marks));
        }
        let numbers = cells(batch, 1)?;
        for (value, number) in cells(batch, 0)?.into_iter().zip(numbers) {
            marks.push((value, number.map(|text| plain(&text)).unwrap_or_default()));
        }
    }
    if matches!(panel.kind, PanelKind::Donut { .. }) && marks.len() > MAX_SLICES {
        marks.truncate(MAX_SLICES - 1);
    }
    Ok((None, marks))
}

/// `12.5` for `12.50`, `3` for `3.00`.
fn plain(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}
