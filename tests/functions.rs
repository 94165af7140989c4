//! Measures by our own functions, answered by the engine, against SQL that has none of them.

use anyhow::{Context, anyhow, ensure};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::array_value_to_string;
use catalog::Catalog;
use datafusion::prelude::SessionContext;
use lakefront_tests::lake;
use std::path::Path;
use std::sync::Arc;
use url::Url;
use worker::lake::DEFAULT_MEMORY_BYTES;
use worker::store::PlatformStore;
use worker::{Engine, Lake};

/// So many different values are counted exactly.
const N_EXACT: i64 = 1024;

/// How the groups of a question are called in SQL, and which rows it is about.
struct Asked {
    name: &'static str,
    group: &'static str,
    rows: &'static str,
}

const ASKED: [Asked; 4] = [
    Asked { name: "the whole", group: "1", rows: "true" },
    Asked { name: "by day", group: "event_date", rows: "true" },
    Asked {
        name: "by month and channel",
        group: "concat(to_char(event_date, '%Y-%m-01'), ' ', channel)",
        rows: "true",
    },
    Asked {
        name: "carts and purchases",
        group: "event_type",
        rows: "event_type in ('cart', 'purchase')",
    },
];

impl Asked {
    /// The longest of all chains within ten minutes, by joining the steps.
    fn furthest(&self) -> String {
        let Asked { group, rows, .. } = self;
        let step = |alias: &str, before: &str, event_type: &str| {
            format!(
                "left join e {alias} on {alias}.g = a.g and {alias}.event_type = '{event_type}'
                   and {alias}.event_time >= {before}.event_time
                   and {alias}.event_time <= a.event_time + interval '10 minutes'"
            )
        };
        let (b, c) = (step("b", "a", "cart"), step("c", "b", "remove_from_cart"));
        let d = step("d", "c", "purchase");
        format!(
            "with e as (select *, cast({group} as varchar) as g from clicks where {rows}),
               starts as (select g, event_time from e where event_type = 'view'),
               chains as (
                 select a.g, case when d.g is not null then 4 when c.g is not null then 3
                                  when b.g is not null then 2 else 1 end as steps
                 from starts a {b} {c} {d}),
               furthest as (select g, max(steps) as steps from chains group by g)
             select all_groups.g, coalesce(furthest.steps, 0)
             from (select distinct g from e) all_groups
             left join furthest on furthest.g = all_groups.g"
        )
    }

    /// On one day all rows are at one time: as many steps as rows of their own can be found for.
    fn furthest_in_an_hour(&self) -> String {
        let Asked { group, rows, .. } = self;
        format!(
            "with e as (
               select cast({group} as varchar) as g, event_date, event_type in ('view', 'cart') as v,
                 event_type = 'purchase' as p, coalesce(quantity > 2, false) as q
               from clicks where {rows}),
               days as (
               select g, event_date, count(*) filter (where v) as nv, count(*) filter (where p) as np,
                 count(*) filter (where q) as nq, count(*) filter (where v or q) as nvq,
                 count(*) filter (where p or q) as npq, count(*) filter (where v or p or q) as nvpq
               from e group by g, event_date)
             select g, max(case when nv = 0 then 0 when np = 0 then 1 when nv < 2 then 2
                 when nq < 1 or nvq < 3 or npq < 2 or nvpq < 4 then 3 else 4 end)
             from days group by g"
        )
    }

    fn distinct(&self, expr: &str) -> String {
        let Asked { group, rows, .. } = self;
        format!(
            "select cast({group} as varchar) as g, count(distinct {expr}) from clicks
             where {rows} group by g"
        )
    }

    /// The same as `measure` in SQL.
    fn sql(&self, measure: &str) -> Option<String> {
        let way = "concat(channel, '/', platform, '/', cast(product_id as varchar))";
        Some(match measure {
            "furthest" => self.furthest(),
            "furthest_in_an_hour" => self.furthest_in_an_hour(),
            "visitors" => self.distinct("user_id"),
            "sessions_about" => self.distinct("session_id"),
            "moments" => self.distinct("event_time"),
            "ways" => self.distinct(way),
            _ => return None,
        })
    }
}

/// The rows, sorted: all columns but the last one as the group, and the number in that one.
fn rows(batch: &RecordBatch, number: usize, n_keys: usize) -> anyhow::Result<Vec<(String, i64)>> {
    let numbers = cast(batch.column(number), &DataType::Int64)?;
    ensure!(numbers.null_count() == 0, "a measure is null");
    let numbers = numbers.as_primitive::<Int64Type>();
    let mut rows = (0..batch.num_rows())
        .map(|row_idx| {
            let keys = batch.columns()[..n_keys].iter();
            let keys = keys.map(|column| array_value_to_string(column, row_idx));
            let key = keys.collect::<Result<Vec<_>, _>>()?.join(" ");
            Ok((if n_keys == 0 { "1".to_owned() } else { key }, numbers.value(row_idx)))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    rows.sort();
    Ok(rows)
}

fn is_same(measure: &str, found: i64, expected: i64) -> bool {
    let exact = measure.starts_with("furthest") || expected <= N_EXACT;
    let off = (found - expected).abs() as f64 / expected.max(1) as f64;
    if exact { found == expected } else { off < 0.03 }
}

async fn clicks(lake: &Path) -> anyhow::Result<SessionContext> {
    let ctx = SessionContext::new();
    let folder = lake.join("silver/fact_user_events").canonicalize()?;
    let url = Url::from_directory_path(&folder).ok().context("a folder has a URL")?;
    let delta = deltalake::open_table(url).await?;
    delta.update_datafusion_session(&ctx.state())?;
    ctx.register_table("clicks", delta.table_provider().await?)?;
    Ok(ctx)
}

#[tokio::test]
async fn measures_by_our_functions_are_what_plain_sql_says() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let lake_dir = lake::marketplace(&folder.path().join("demo"), 1).await?;
    let golden = lake::function_questions()?;
    let json = std::fs::read_to_string(lake_dir.join(protocol::CATALOG_PATH))?;
    let mut catalog = Catalog::from_json(&json)?;
    catalog.tables.push(golden.table);
    let lake = Lake::new(Arc::new(PlatformStore::new(&lake_dir)), DEFAULT_MEMORY_BYTES)
        .map_err(|failure| anyhow!("{failure}"))?;
    let (engine, _) =
        Engine::open(Arc::new(lake), catalog).await.map_err(|failure| anyhow!("{failure}"))?;
    let plain = clicks(&lake_dir).await?;
    let mut numbers_of_furthest = Vec::new();
    for question in &golden.questions {
        let name = &question.name;
        let asked = ASKED.iter().find(|asked| asked.name == name).context("is not asked")?;
        let answer =
            engine.answer(&question.spec).await.map_err(|failure| anyhow!("{name}: {failure}"))?;
        let schema = answer.batches.first().context("there are no rows")?.schema();
        let answer = concat_batches(&schema, &answer.batches)?;
        let n_keys = question.spec.group_by.len();
        for (idx, measure) in question.spec.measures.iter().enumerate() {
            let Some(sql) = asked.sql(measure.as_str()) else { continue };
            let batches = plain.sql(&sql).await.with_context(|| sql.clone())?.collect().await?;
            let expected = rows(&concat_batches(&batches[0].schema(), &batches)?, 1, 1)?;
            let found = rows(&answer, n_keys + idx, n_keys)?;
            ensure!(found.len() == expected.len(), "{name}, {measure}: {found:?}\n{expected:?}");
            for (found, expected) in found.iter().zip(&expected) {
                let same = found.0 == expected.0 && is_same(measure.as_str(), found.1, expected.1);
                ensure!(same, "{name}, {measure}: {found:?}, and SQL says {expected:?}\n{sql}");
            }
            if measure.as_str().starts_with("furthest") {
                numbers_of_furthest.extend(found.iter().map(|row| row.1));
            }
        }
    }
    // The days are as different as a test needs them.
    for steps in 0..=4 {
        ensure!(numbers_of_furthest.contains(&steps), "nobody came {steps} steps far");
    }
    Ok(())
}
