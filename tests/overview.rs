//! Every number of the Overview against SQL over bronze: another path through other tables, by
//! DataFusion over delta-rs, without the engine, the catalog's measures, silver or gold.

use anyhow::{Context, ensure};
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use catalog::{Catalog, Name, PanelKind};
use datafusion::prelude::SessionContext;
use lakefront_tests::lake;
use query::{Clause, Condition, DateRange, Grain, GroupBy, Order, QuerySpec, Selection};
use std::path::Path;
use std::sync::Arc;
use url::Url;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;
use worker::{Engine, Lake};

/// The lines of orders, as bronze has them. A line belongs to the day and the status of its order.
const LINES: &str = "
  from bronze_orders o
  left join bronze_order_items i on i.order_id = o.order_id
  left join bronze_products p on p.product_id = i.product_id";

/// What a visitor may have chosen: a range of days, and the same as a clause of SQL and of a question.
struct Choice {
    sql: &'static str,
    selection: Selection,
}

struct Overview {
    engine: Engine,
    bronze: SessionContext,
}

impl Overview {
    async fn open(lake: &Path) -> anyhow::Result<Overview> {
        let json = std::fs::read_to_string(lake.join("_lakefront/catalog.json"))?;
        let catalog = Catalog::from_json(&json)?;
        let (engine, _) = {
            let lake = Lake::new(Arc::new(PlatformStore::new(lake)), DEFAULT_MEMORY_BYTES)?;
            Engine::open(Arc::new(lake), catalog).await?
        };
        let bronze = SessionContext::new();
        for table in ["orders", "order_items", "products", "payments", "categories"] {
            let folder = lake.join("bronze").join(table).canonicalize()?;
            let url = Url::from_directory_path(&folder).ok().context("a folder has a URL")?;
            let delta = deltalake::open_table(url).await?;
            delta.update_datafusion_session(&bronze.state())?;
            bronze.register_table(format!("bronze_{table}"), delta.table_provider().await?)?;
        }
        Ok(Overview { engine, bronze })
    }

    /// Asks the engine and SQL, and compares cell by cell.
    async fn check(
        &self,
        what: &str,
        measures: &[&str],
        group_by: &[(&str, Option<Grain>)],
        choice: &Choice,
        sql: &str,
    ) -> anyhow::Result<()> {
        let spec = QuerySpec {
            measures: measures.iter().map(|name| Name::new(*name)).collect::<Result<_, _>>()?,
            group_by: group_by
                .iter()
                .map(|(name, grain)| Ok(GroupBy { dimension: Name::new(*name)?, grain: *grain }))
                .collect::<anyhow::Result<_>>()?,
            selection: choice.selection.clone(),
            order: Order::Group,
            limit: None,
        };
        let rows = self.engine.answer(&spec).await?;
        let expected =
            self.bronze.sql(sql).await.with_context(|| sql.to_owned())?.collect().await?;
        let (ours, theirs) = (cells(&rows.batches)?, cells(&expected)?);
        ensure!(
            ours == theirs,
            "{what}, {}: the engine says\n{ours:#?}\nbut SQL over bronze says\n{theirs:#?}\n{sql}",
            choice.sql
        );
        Ok(())
    }

    async fn check_choice(&self, choice: &Choice) -> anyhow::Result<()> {
        let filter = choice.sql;
        let dated = "select o.*, cast(o.created_at as date) as order_date from bronze_orders o";
        let lines = LINES.replacen("bronze_orders o", &format!("({dated}) o"), 1);
        let kpis = "sum(i.line_total), count(distinct o.order_id),
            sum(i.line_total) / nullif(count(distinct o.order_id), 0), sum(i.freight)";
        let measures = ["revenue", "orders", "aov", "freight"];
        self.check(
            "KPIs",
            &measures,
            &[],
            choice,
            &format!("select {kpis} {lines} where {filter}"),
        )
        .await?;
        let day = [("day", Some(Grain::Day))];
        let by_day = format!(
            "select o.order_date, {kpis} {lines} where {filter}
             group by o.order_date order by o.order_date nulls last"
        );
        self.check("KPIs by day", &measures, &day, choice, &by_day).await?;
        let month = [("day", Some(Grain::Month))];
        let by_month = format!(
            "select cast(date_trunc('month', o.order_date) as date) as m, {kpis} {lines}
             where {filter} group by m order by m nulls last"
        );
        self.check("KPIs by month", &measures, &month, choice, &by_month).await?;
        let by_product = format!(
            "select p.name, sum(i.line_total) {lines} where {filter}
             group by p.name order by p.name nulls last"
        );
        self.check("products", &["revenue"], &[("product", None)], choice, &by_product).await?;
        let by_status = format!(
            "select o.status, count(distinct o.order_id) {lines} where {filter}
             group by o.status order by o.status nulls last"
        );
        self.check("status", &["orders"], &[("status", None)], choice, &by_status).await?;
        // Payments follow a product through their order: those of every order with such a line.
        let payments = format!(
            "select sum(a.amount) from bronze_payments a where a.status <> 'failed'
             and a.order_id in (select o.order_id {lines} where {filter})"
        );
        self.check("payments", &["payments"], &[], choice, &payments).await
    }
}

/// Every cell as text, nulls as `null`, one list a row. Scales of decimals differ between the two
/// ways to divide, so zeros at the end of a fraction are cut.
pub fn cells(batches: &[RecordBatch]) -> anyhow::Result<Vec<Vec<String>>> {
    let mut rows = Vec::new();
    for batch in batches {
        for row_idx in 0..batch.num_rows() {
            rows.push(batch.columns().iter().map(|c| cell(c, row_idx)).collect::<Result<_, _>>()?);
        }
    }
    Ok(rows)
}

fn cell(column: &ArrayRef, row_idx: usize) -> anyhow::Result<String> {
    if column.is_null(row_idx) {
        return Ok("null".to_owned());
    }
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(column, &options)?.value(row_idx).try_to_string()?;
    Ok(match text.contains('.') && column.data_type().is_numeric() {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    })
}

fn choices(product: &'static str) -> anyhow::Result<Vec<Choice>> {
    let day = Name::new("day")?;
    let within = |first: &str, last: &str| -> anyhow::Result<Clause> {
        let range = DateRange { first: first.parse()?, last: last.parse()? };
        Ok(Clause { dimension: day.clone(), condition: Condition::Within(range) })
    };
    let one_of = |name: &str, values: &[&str]| -> anyhow::Result<Clause> {
        let values = values.iter().map(|value| Some((*value).to_owned())).collect();
        Ok(Clause { dimension: Name::new(name)?, condition: Condition::OneOf(values) })
    };
    let quarter = within("2025-10-03", "2025-12-31")?;
    let product_sql: &'static str = Box::leak(
        format!("p.name = '{}' and o.order_date >= '2025-01-01'", product.replace('\'', "''"))
            .into_boxed_str(),
    );
    Ok(vec![
        Choice { sql: "true", selection: Selection::default() },
        Choice {
            sql: "o.order_date between '2025-10-03' and '2025-12-31'",
            selection: Selection::of([quarter.clone()]),
        },
        Choice {
            sql: "o.order_date between '2025-10-03' and '2025-12-31' and o.status in ('delivered', 'cancelled')",
            selection: Selection::of([quarter, one_of("status", &["delivered", "cancelled"])?]),
        },
        Choice {
            sql: product_sql,
            selection: Selection::of([
                within("2025-01-01", "2025-12-31")?,
                one_of("product", &[product])?,
            ]),
        },
    ])
}

async fn check_scale(scale: u32) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(dir.path(), scale).await?;
    let overview = Overview::open(&lake).await?;
    let best = overview
        .bronze
        .sql("select p.name from bronze_order_items i join bronze_products p on p.product_id = i.product_id
              group by p.name order by sum(i.line_total) desc limit 1")
        .await?
        .collect()
        .await?;
    let best = cells(&best)?.concat().concat();
    ensure!(!best.is_empty(), "the marketplace sells something");
    for choice in choices(Box::leak(best.into_boxed_str()))? {
        overview.check_choice(&choice).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_overview_equals_sql_over_bronze_at_scale_1() -> anyhow::Result<()> {
    check_scale(1).await
}

#[tokio::test]
async fn the_overview_equals_sql_over_bronze_at_scale_100() -> anyhow::Result<()> {
    check_scale(100).await
}

#[tokio::test]
async fn golden_questions_have_plans_and_answers() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(dir.path(), 1).await?;
    let overview = Overview::open(&lake).await?;
    for question in lake::questions()? {
        let rows = overview.engine.answer(&question.spec).await.context(question.name.clone())?;
        let n_columns = question.spec.group_by.len()
            + question.spec.measures.len()
            + usize::from(question.spec.limit.is_some());
        ensure!(rows.schema.fields().len() == n_columns, "{}: columns", question.name);
        if question.spec.group_by.is_empty() {
            ensure!(rows.facts.n_rows == 1, "{}: the whole is one row", question.name);
        }
        if let Some(limit) = question.spec.limit {
            ensure!(rows.facts.n_rows <= u64::from(limit), "{}: limit", question.name);
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_panel_of_every_dashboard_has_rows() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let lake = lake::marketplace(dir.path(), 1).await?;
    let catalog =
        Catalog::from_json(&std::fs::read_to_string(lake.join("_lakefront/catalog.json"))?)?;
    let overview = Overview::open(&lake).await?;
    for (dashboard, panel) in
        catalog.dashboards.iter().flat_map(|d| d.panels.iter().map(move |panel| (d, panel)))
    {
        let (dimension, grain) = match &panel.kind {
            PanelKind::Kpi | PanelKind::Line => (dashboard.time.clone(), Some(Grain::Day)),
            PanelKind::Bar { by, .. } | PanelKind::Donut { by } => (by.clone(), None),
        };
        let spec = QuerySpec {
            measures: vec![panel.measure.clone()],
            group_by: vec![GroupBy { dimension, grain }],
            selection: Selection::default(),
            order: Order::Group,
            limit: None,
        };
        let what = format!("{}.{}", dashboard.name, panel.name);
        let rows = overview.engine.answer(&spec).await.with_context(|| what.clone())?;
        let n_values: usize = rows
            .batches
            .iter()
            .filter_map(|batch| batch.columns().last())
            .map(|column| column.len() - column.null_count())
            .sum();
        ensure!(n_values > 0, "{what} shows nothing");
    }
    Ok(())
}
