//! Rows and files that are not right: the table that cannot take them stays as it was, what does not read it is built,
//! and once they are mended the build is whole.

use super::shop::{ORDERS, Shop};
use anyhow::{Context, Result};
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::parquet::arrow::ArrowWriter;
use std::sync::Arc;

const EVENTS: &str = "select id, price from bronze.events order by _file, _row";

/// A Parquet file of the columns.
fn parquet(columns: Vec<(&str, ArrayRef)>) -> Result<Vec<u8>> {
    let batch = RecordBatch::try_from_iter(columns)?;
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

#[test]
fn a_column_that_vanished_is_named_with_its_file() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let before = shop.commits()?;
    shop.write("landing/events/2.csv", "id,at\n3,2026-01-02\n")?;
    shop.run("build", &[])?.expect(1)?.says(&[
        "landing/events/2.csv:1: header lacks column \"price\", it has: id, at; deliver it with that column, or change `columns`",
        "bronze.events   failed",
        "gold.events     skipped",
        "gold.sales      unchanged",
    ])?;
    assert_eq!(shop.commits()?, before);
    shop.write("landing/events/2.csv", "id,at,price\n3,2026-01-02,3.50\n")?;
    shop.run("build", &[])?.expect(0)?;
    assert_eq!(shop.answer(EVENTS)?, "1,1.50\n2,2.50\n3,3.50\n");
    // A file that is read whole is looked at before anything is built.
    let before = shop.commits()?;
    shop.write("orders.csv", &ORDERS.replace("day", "dya"))?;
    shop.run("build", &[])?
        .expect(1)?
        .says(&["orders.csv:1: header lacks column \"day\", it has: id, dya"])?;
    shop.write("orders.csv", &ORDERS.replace("amount", "amont"))?;
    shop.run("build", &[])?
        .expect(1)?
        .says(&["models/silver/orders.sql:6:8: no field named amount. Did you mean"])?;
    assert_eq!(shop.commits()?, before);
    Ok(())
}

#[test]
fn a_value_of_another_type_is_refused_with_its_line_or_rescued() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let before = shop.commits()?;
    shop.write("landing/events/2.csv", "id,at,price\n3,2026-01-02,1.00\n4,2026-01-02,one\n")?;
    shop.run("build", &[])?.expect(1)?.says(&[
        "landing/events/2.csv:3: column \"price\" is \"one\", which is no decimal(10, 2); `rescue: COLUMN` keeps such values",
    ])?;
    assert_eq!(shop.commits()?, before);
    let sources = std::fs::read_to_string(shop.path().join("sources/landing.yaml"))?;
    shop.write("sources/landing.yaml", &format!("{sources}  rescue: _rescued\n"))?;
    shop.run("build", &[])?.expect(0)?;
    let rescued = "select id, price, _rescued from bronze.events where _file = '2.csv' order by id";
    assert_eq!(shop.answer(rescued)?, "3,1.00,\n4,,\"{\"\"price\"\":\"\"one\"\"}\"\n");
    // A value that a cast in a model does not take.
    shop.write("orders.csv", &ORDERS.replace("0.05", "much"))?;
    shop.run("build", &[])?
        .expect(1)?
        .says(&["models/silver/orders.sql:6:8: ", "amount is \"much\" in a row, which is no"])?;
    assert_eq!(shop.answer("select count(*) from silver.orders")?, "3\n");
    Ok(())
}

#[test]
fn a_parquet_file_of_other_columns_is_refused_or_rescued_and_nothing_is_rounded() -> Result<()> {
    let shop = Shop::landing()?;
    let sources = "events:\n  folder: landing/events\n  files: '*.parquet'\n  format: parquet\n  \
        columns: { id: bigint, price: 'decimal(10, 2)' }\n";
    shop.write("sources/landing.yaml", sources)?;
    shop.write("models/silver/events.sql", "select id, price from bronze.events")?;
    shop.write("models/gold/events.sql", "select sum(price) as price from silver.events")?;
    let ids = || -> ArrayRef { Arc::new(Int64Array::from(vec![1, 2])) };
    let prices = |values: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
    let file = parquet(vec![("id", ids()), ("price", prices(vec![1.5, 19.99]))])?;
    shop.write_bytes("landing/events/1.parquet", &file)?;
    shop.run("build", &[])?.expect(0)?;
    let before = shop.commits()?;
    let refused = |columns: Vec<(&str, ArrayRef)>, expected: &str| -> Result<()> {
        shop.write_bytes("landing/events/2.parquet", &parquet(columns)?)?;
        shop.run("build", &[])?.expect(1)?.says(&[expected])?;
        assert_eq!(shop.commits()?, before);
        Ok(())
    };
    refused(
        vec![("id", ids())],
        "landing/events/2.parquet: lacks column \"price\", it has: id; deliver it with that column",
    )?;
    refused(
        vec![("id", ids()), ("price", prices(vec![1.5, 0.125]))],
        "landing/events/2.parquet: column \"price\" is Float64 and has \"0.125\" in row 2, which is no decimal(10, 2); change",
    )?;
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1.25", "one"]));
    refused(
        vec![("id", ids()), ("price", Arc::clone(&texts))],
        "landing/events/2.parquet: column \"price\" is Utf8 and has \"one\" in row 2, which is no decimal(10, 2); change",
    )?;
    let dates: ArrayRef = Arc::new(arrow::array::Date32Array::from(vec![1, 2]));
    refused(
        vec![("id", ids()), ("price", dates)],
        "landing/events/2.parquet: column \"price\" is Date32, which gives no decimal(10, 2); change its type in `columns`",
    )?;
    shop.write("sources/landing.yaml", &format!("{sources}  rescue: _rescued\n"))?;
    shop.write_bytes("landing/events/2.parquet", &parquet(vec![("id", ids()), ("price", texts)])?)?;
    shop.run("build", &[])?.expect(0)?;
    let rescued =
        "select id, price, _rescued from bronze.events where _file = '2.parquet' order by id";
    assert_eq!(shop.answer(rescued)?, "1,1.25,\n2,,\"{\"\"price\"\":\"\"one\"\"}\"\n");
    Ok(())
}

#[test]
fn a_key_that_is_null_or_there_twice_is_named_with_its_model() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let kept = "select id, amount from silver.orders order by id";
    let history = "select id, status, is_current from silver.history order by id";
    let before = (shop.answer(kept)?, shop.answer(history)?);
    shop.write("orders.csv", &format!("{ORDERS}1,2026-01-03,7.00,paid\n"))?;
    shop.run("build", &[])?.expect(1)?.says(&[
        "models/silver/orders.sql:3:1: 2 rows have the key id = 1, and a merge takes one; `newest_by: [COLUMN]` says which",
        "models/silver/history.sql:3:1: 2 rows have the key id = 1, and a snapshot takes one; let the query give one row a key",
        "gold.sales      skipped",
    ])?;
    assert_eq!((shop.answer(kept)?, shop.answer(history)?), before);
    shop.write("orders.csv", &format!("{ORDERS},2026-01-03,7.00,paid\n"))?;
    shop.run("build", &[])?.expect(1)?.says(&[
        "models/silver/orders.sql:3:1: a row has the key id = null, and a null names no row; leave such rows out",
        "models/silver/history.sql:3:1: a row has the key id = null",
    ])?;
    assert_eq!((shop.answer(kept)?, shop.answer(history)?), before);
    shop.write("orders.csv", &format!("{ORDERS}4,2026-01-03,7.00,paid\n"))?;
    shop.run("build", &[])?.expect(0)?;
    assert_eq!(shop.answer("select count(*), sum(amount) from silver.orders")?, "4,24.35\n");
    Ok(())
}

#[test]
fn a_source_that_is_away_is_named_where_the_project_says_it() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let before = shop.commits()?;
    let (landing, away) = (shop.path().join("landing"), shop.path().join("away"));
    std::fs::rename(&landing, &away)?;
    let no_folder = "sources/landing.yaml:2:11: source \"events\": no such folder: ";
    shop.run("build", &[])?
        .expect(1)?
        .says(&[no_folder, "make or mount it, or say here where it is"])?;
    // Its columns are written down, so that the rest can be checked where it is not mounted.
    shop.run("check", &[])?.expect(0)?;
    std::fs::rename(&away, &landing)?;
    std::fs::rename(shop.path().join("orders.csv"), &away)?;
    for command in ["build", "check"] {
        shop.run(command, &[])?
            .expect(1)?
            .says(&["lakefront.yaml:3:19: source \"orders\": no such file, tried: "])?;
    }
    std::fs::rename(&away, shop.path().join("orders.csv"))?;
    let sources = std::fs::read_to_string(shop.path().join("sources/landing.yaml"))?;
    let unset = sources.replace("landing/events", "${LAKEFRONT_UNSET}/events");
    shop.write("sources/landing.yaml", &unset)?;
    for command in ["build", "check"] {
        shop.run(command, &[])?.expect(1)?.says(&[
            "sources/landing.yaml:2:11: source \"events\": variable \"LAKEFRONT_UNSET\"",
            "is not set in the environment; set it",
        ])?;
    }
    shop.write("sources/landing.yaml", &sources)?;
    // What was taken is not needed again, unless its table has to be made anew.
    std::fs::remove_file(landing.join("events/1.csv"))?;
    shop.run("build", &[])?.expect(0)?.says(&["shop: 7 unchanged"])?;
    let model = "/*---\nmaterialized: append\n---*/\nselect * from source.events where 1 = 1";
    shop.write("models/bronze/events.sql", model)?;
    shop.run("build", &[])?.expect(1)?.says(&[
        "models/bronze/events.sql: must be made anew since the model, or the columns of what it reads, have changed, and 1 of",
        "(the first is 1.csv); put them back, or build with --full-refresh",
    ])?;
    assert_eq!(shop.commits()?, before);
    Ok(())
}

#[test]
fn a_history_is_not_begun_anew_without_being_asked_for() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    shop.write("orders.csv", &ORDERS.replace("paid", "sent"))?;
    shop.run("build", &[])?.expect(0)?;
    let all = "select count(*) from silver.history";
    assert_eq!(shop.answer(all)?, "4\n");
    let path = shop.path().join("models/silver/history.sql");
    let model = std::fs::read_to_string(&path).context("the model")?;
    shop.write("models/silver/history.sql", &model.replace("as bigint", "as int"))?;
    shop.run("build", &[])?.expect(1)?.says(&[
        "models/silver/history.sql: its 4 rows cannot be made again of what there is now",
        "build with --full-refresh --select silver.history to give them up and begin anew",
    ])?;
    assert_eq!(shop.answer(all)?, "4\n");
    shop.run("build", &["--full-refresh", "--select", "silver.history"])?.expect(0)?;
    assert_eq!(shop.answer(all)?, "3\n");
    Ok(())
}
