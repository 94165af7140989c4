//! Lakes that are built here and on a cluster of a scheduler and executors are the same, row by row.
//!
//! `LAKEFRONT_BIN` names the binary of the main workspace, `LAKEFRONT_BALLISTA_SCHEDULER` and `LAKEFRONT_BALLISTA_EXECUTOR` the programs
//! of the cluster; `cargo xtask test --long` installs them and sets all three.

mod harness {
    //! What the tests need.
    pub mod cluster;
    pub mod project;
}

use anyhow::{Context, ensure};
use harness::cluster::{Cluster, free_port};
use harness::project::{Project, compare, on_cluster};
use serde_json::Value;
use std::time::Duration;

/// Every type and materialization, partitions with odd values, a view, and functions that executors lack.
const SHOP: [(&str, &str); 11] = [
    ("lakefront.yaml", "name: shop\nlake: lake\n"),
    (
        "sources/orders.yaml",
        "orders:\n  folder: landing\n  files: \"*.csv\"\n  format: csv\n  null_text: \"\"\n  columns:\n    \
         order_id: bigint\n    region: text\n    day: date\n    price: decimal(10, 2)\n    weight: double\n    \
         paid: boolean\n    at: timestamp\n    customer: text\n",
    ),
    (
        "landing/1.csv",
        "order_id,region,day,price,weight,paid,at,customer\n\
         1,north,2024-02-29,10.25,1.5,true,2024-02-29T10:00:00Z,ada\n\
         2,\"a b/c%d=é?\",2024-02-29,0.75,0.25,false,2024-02-29T10:00:00.123456Z,bob\n\
         3,,2024-03-01,99999999.99,,true,2024-03-01T00:00:00Z,ada\n\
         4,north,,1.00,2.0,,2024-03-02T23:59:59Z,\n\
         5,\"a b/c%d=é?\",2024-03-01,7.50,0.125,true,2024-03-03T12:00:00Z,eve\n",
    ),
    (
        "models/bronze/orders.sql",
        "/*---\npartition_by: [region, day]\n---*/\n\
         select order_id, region, day, price, weight, paid, at, customer from source.orders",
    ),
    (
        "models/silver/paid.sql",
        "/*---\nmaterialized: view\n---*/\nselect * from bronze.orders where paid",
    ),
    (
        "models/silver/orders.sql",
        "/*---\nmaterialized: merge\nkey: [customer]\nnewest_by: [at]\ninput: bronze.orders\n---*/\n\
         select customer, order_id, region, at, price from bronze.orders where customer is not null",
    ),
    (
        "models/silver/days.sql",
        "/*---\nmaterialized: incremental\nby: [day]\n---*/\n\
         select day, count(*) as orders, sum(price) as revenue from bronze.orders group by day",
    ),
    (
        "models/silver/states.sql",
        "/*---\nmaterialized: snapshot\nkey: [order_id]\nvalid_from: at\n---*/\n\
         select order_id, paid, at from bronze.orders",
    ),
    (
        "models/silver/sales.sql",
        "/*---\npartition_by: [region]\nsort_by: [order_id]\nexpectations:\n  - not_null: order_id\n---*/\n\
         select p.order_id, p.region, p.price, cast(p.at as date) as paid_on, \
         row_number() over (partition by p.region order by p.order_id) as nth, o.order_id as last_order\n\
         from silver.paid p left join silver.orders o on o.customer = p.customer",
    ),
    (
        "models/gold/regions.sql",
        "select coalesce(region, 'none') as region, count(distinct order_id) as orders, sum(price) as revenue, \
         avg(price) as mean, max(paid_on) as newest from silver.sales group by 1",
    ),
    (
        "models/gold/buyers.sql",
        "select approx_distinct(order_id) as orders, max(price) as highest from silver.sales",
    ),
];

/// After so long a model has its cluster at work: on reading, between stages, or on the next model.
const WAITS: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
];

/// How large a marketplace is built.
fn scale() -> String {
    std::env::var("LAKEFRONT_CLUSTER_SCALE").unwrap_or_else(|_| "1".to_owned())
}

fn quietly(_event: &Value) -> anyhow::Result<()> {
    Ok(())
}

#[test]
fn a_shop_is_the_same_here_and_on_a_cluster() -> anyhow::Result<()> {
    let cluster = Cluster::start(2)?;
    let (here, there) = (Project::of(&SHOP)?, Project::of(&SHOP)?);
    let expected = here.build(&[], quietly)?;
    ensure!(on_cluster(&expected).is_empty(), "{expected:?}");
    let made = there.build(&["--engine", &cluster.url], quietly)?;
    // Sources are read here, and executors lack the function of gold.buyers.
    let models = ["gold.regions", "silver.days", "silver.orders", "silver.sales", "silver.states"];
    ensure!(on_cluster(&made) == models, "{made:?}");
    compare(&here, &there, &made)
}

#[test]
fn a_marketplace_is_the_same_here_and_on_a_cluster() -> anyhow::Result<()> {
    let scale = scale();
    let cluster = Cluster::start(2)?;
    let here = Project::example("marketplace", &scale)?;
    let expected = here.build(&[], quietly)?;
    let there = Project::example("marketplace", &scale)?;
    let made = there.build(&["--engine", &cluster.url], quietly)?;
    ensure!(on_cluster(&made).contains(&"gold.sales"), "{made:?}");
    ensure!(made.keys().eq(expected.keys()), "{made:?}");
    compare(&here, &there, &made)?;
    Ok(())
}

#[test]
fn a_lost_executor_costs_time_and_no_row() -> anyhow::Result<()> {
    let here = Project::example("marketplace", &scale())?;
    here.build(&[], quietly)?;
    for wait in WAITS {
        let mut cluster = Cluster::start(2)?;
        let url = cluster.url.clone();
        let there = Project::example("marketplace", &scale())?;
        let mut is_lost = false;
        let made = there.build(&["--engine", &url], |event| {
            let is_due =
                event["event"] == "model_started" && event["model"] == "silver.dim_product";
            if is_due && !is_lost {
                is_lost = true;
                std::thread::sleep(wait);
                cluster.lose_executor()?;
            }
            Ok(())
        });
        let made = made.with_context(|| format!("an executor was lost after {wait:?}"))?;
        ensure!(is_lost, "no executor was lost");
        compare(&here, &there, &made)?;
    }
    Ok(())
}

#[test]
fn what_a_cluster_cannot_do_is_said() -> anyhow::Result<()> {
    let shop = Project::of(&SHOP)?;
    let away = format!("ballista://127.0.0.1:{}", free_port()?);
    let said = shop.failure(&["--engine", &away])?;
    ensure!(said.contains(&away) && said.contains("does not answer"), "{said}");

    let cluster = Cluster::start(1)?;
    let mut files = SHOP.to_vec();
    files.push((
        "models/gold/broken.sql",
        "select cast(customer as bigint) as customer from silver.orders",
    ));
    let said = Project::of(&files)?.failure(&["--engine", &cluster.url])?;
    let is_named = said.contains("broken.sql") && said.contains(&cluster.url);
    ensure!(is_named && said.contains("Cannot cast string 'ada'"), "{said}");
    Ok(())
}
