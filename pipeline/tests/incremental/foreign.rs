//! Tables that another writer changes: whoever reads them takes it in, as if a build had done it.

use super::clicks::{Clicks, DAYS};
use datafusion::prelude::{SessionContext, col, lit};
use deltalake::DeltaTable;
use pipeline::upkeep::{self, Retention};
use pipeline::{Clock, Outcome, Project, Report};
use std::time::Duration;

async fn open(clicks: &Clicks, location: &str) -> DeltaTable {
    let mut table = Project::open(&clicks.path("")).unwrap().lake.builder(location).unwrap();
    table.load().await.unwrap();
    table
}

/// Adds the rows of the table at `location` once more, as another program would.
async fn append(clicks: &Clicks, location: &str) {
    let table = open(clicks, location).await;
    let ctx = SessionContext::new();
    table.update_datafusion_session(&ctx.state()).unwrap();
    let rows = ctx.read_table(table.table_provider().await.unwrap()).unwrap();
    table.write(rows.collect().await.unwrap()).await.unwrap();
}

fn built(report: &Report) -> Vec<String> {
    let built = report.models.iter().filter(|model| model.outcome == Outcome::Built);
    built.map(|model| model.model.to_string()).collect()
}

const DAYS_SQL: &str = "select day, n, revenue from gold.days order by day";

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_writer_reach_those_that_read_them() {
    let clicks = Clicks::new();
    clicks.deliver(DAYS[0]);
    clicks.build().await.unwrap();
    assert_eq!(clicks.rows(DAYS_SQL).await, ["2024-01-01|3|12.25"]);
    append(&clicks, "silver/clicks").await;
    let report = clicks.build().await.unwrap();
    for reader in ["gold.days", "gold.good_days", "gold.last_clicks", "gold.wide"] {
        assert!(built(&report).contains(&reader.to_owned()), "{reader}: {report:?}");
    }
    assert_eq!(clicks.rows(DAYS_SQL).await, ["2024-01-01|6|24.50"]);
    assert_eq!(clicks.rows("select count(*) from gold.wide").await, ["6"]);
    assert_eq!(built(&clicks.build().await.unwrap()), Vec::<String>::new());
    let table = open(&clicks, "silver/clicks").await;
    table.delete().with_predicate(col("id").eq(lit(1_i64))).await.unwrap();
    clicks.build().await.unwrap();
    assert_eq!(clicks.rows(DAYS_SQL).await, ["2024-01-01|4|24.50"]);
    assert_eq!(clicks.rows("select count(*) from gold.wide").await, ["4"]);
    assert_eq!(built(&clicks.build().await.unwrap()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn upkeep_between_another_writers_rows_and_a_build_hides_none() {
    let clicks = Clicks::new();
    clicks.deliver(DAYS[0]);
    clicks.build().await.unwrap();
    append(&clicks, "silver/clicks").await;
    let project = Project::open(&clicks.path("")).unwrap();
    let everything = upkeep::Options {
        retention: Retention::even_short(Duration::ZERO),
        ..upkeep::Options::default()
    };
    for _ in 0..2 {
        let tables = upkeep::tables(&project, &[]).await.unwrap();
        let clock = Clock::system();
        upkeep::run(&project.lake, &tables, &everything, &clock, |_| ()).await.unwrap();
    }
    clicks.build().await.unwrap();
    assert_eq!(clicks.rows(DAYS_SQL).await, ["2024-01-01|6|24.50"]);
    assert_eq!(clicks.rows("select count(*) from gold.wide").await, ["6"]);
    assert_eq!(built(&clicks.build().await.unwrap()), Vec::<String>::new());
}
