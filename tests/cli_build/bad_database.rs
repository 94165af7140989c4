//! Databases that are away, refuse, or are not what they were.

use super::shop::{Shop, of_event};
use anyhow::{Context, Result};
use lakefront_tests::harness::mariadb::MariaDb;
use std::net::TcpListener;

/// A project of one table of the database at `url`, which stands in the file without its password.
fn project(url: &str, on_schema_change: &str) -> Result<Shop> {
    let shop = Shop::new()?;
    std::fs::remove_dir_all(shop.path().join("models"))?;
    let sources = format!(
        "name: shop\nsources:\n  shop:\n    mysql: {url}\n    bronze: true\n    \
         tables: {{ orders: {{}} }}\n    on_schema_change: {on_schema_change}\n"
    );
    shop.write("lakefront.yaml", &sources)?;
    shop.write("models/silver/orders.sql", "select id,\n  price * 2 as twice\nfrom bronze.orders")?;
    Ok(shop)
}

#[test]
fn a_database_that_is_away_is_named_without_its_password() -> Result<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let shop = project(&format!("\"mysql://u:${{SHOP_SECRET}}@127.0.0.1:{port}/shop\""), "fail")?;
    let place = "lakefront.yaml:4:12: source \"shop\": ";
    for command in ["build", "check"] {
        shop.run(command, &[])?.expect(1)?.says(&[
            place,
            "variable \"SHOP_SECRET\"",
            "is not set in the environment",
        ])?;
        let ended = shop.run_with(command, &[("SHOP_SECRET", "hunter2")])?.expect(1)?;
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("hunter2"));
        let away = format!("the server at 127.0.0.1:{port} cannot be reached: ");
        ended.says(&[place, &away, "; is it running, and are host and port right?"])?;
    }
    assert!(!shop.path().join("lake/bronze").exists());
    Ok(())
}

#[tokio::test]
async fn a_table_that_changed_is_refused_or_taken_anew() -> Result<()> {
    let Some(server) = MariaDb::start("shop").await? else { return Ok(()) };
    server
        .run(
            "create table orders (id int primary key, price decimal(10, 2), note text);\n\
             insert into orders values (1, 1.50, 'a'), (2, 2.50, 'b');\n\
             create user shop@'127.0.0.1' identified by 'right';\n\
             grant select on shop.* to shop@'127.0.0.1';\n",
        )
        .await?;
    let url = server.url();
    let address = url.rsplit_once('@').context("an address")?.1.to_owned();
    let refused = project(&format!("\"mysql://shop:${{SHOP_SECRET}}@{address}\""), "fail")?;
    let wrong = refused.run_with("build", &[("SHOP_SECRET", "hunter2")])?.expect(1)?;
    assert!(!format!("{}{}", wrong.stdout, wrong.stderr).contains("hunter2"));
    wrong.says(&[
        "lakefront.yaml:4:12: ",
        "Access denied for user 'shop'",
        "check user and password in the url",
    ])?;
    let right = [("SHOP_SECRET", "right")];
    refused.run_with("build", &right)?.expect(0)?;
    let taken = project(&url, "evolve")?;
    taken.run("build", &[])?.expect(0)?;
    let before = refused.commits()?;
    let sum = "select count(*), sum(twice) from silver.orders";

    // A column that the models do not read, and then the type of one that they do.
    let remedy = "`on_schema_change: evolve` takes that over and keeps what only the lake has";
    for (statement, said, expected) in [
        ("alter table orders drop column note", "note", "2,8.00\n"),
        ("alter table orders modify price decimal(12, 3)", "price", "2,8.000\n"),
    ] {
        server.run(&format!("{statement};\n")).await?;
        refused.run_with("build", &right)?.expect(1)?.says(&[
            "table \"orders\": has changed: ",
            said,
            remedy,
        ])?;
        assert_eq!(refused.commits()?, before, "{statement}");
        taken.run("build", &[])?.expect(0)?.says(&["made anew, since "])?;
        assert_eq!(taken.answer(sum)?, expected, "{statement}");
    }
    // What a model reads is missed there.
    let before = taken.commits()?;
    server.run("alter table orders drop column price;\n").await?;
    taken
        .run("build", &[])?
        .expect(1)?
        .says(&["models/silver/orders.sql:2:3: no field named price"])?;
    server.run("alter table orders add column price date not null;\n").await?;
    taken.run("build", &[])?.expect(1)?.says(&["models/silver/orders.sql: ", "Date32 * Int64"])?;
    server.run("drop table orders;\n").await?;
    taken.run("build", &[])?.expect(1)?.says(&[
        "lakefront.yaml:4:12: ",
        "table \"orders\": database \"shop\" has no such table",
    ])?;
    assert_eq!(taken.commits()?, before);
    assert_eq!(taken.answer(sum)?, "2,8.000\n");
    Ok(())
}

#[tokio::test]
async fn zero_dates_become_null_and_are_counted_in_a_warning() -> Result<()> {
    let Some(server) = MariaDb::start("dates").await? else { return Ok(()) };
    server
        .run(
            "create table orders (id int primary key, price int, day date);\n\
             set statement sql_mode = '' for insert into orders values\n\
             (1, 1, '0000-00-00'), (2, 2, '2026-01-01'), (3, 3, '0000-00-00');\n",
        )
        .await?;
    let shop = project(&server.url(), "fail")?;
    let objects = shop.run("build", &["--json", "--strict"])?.expect(3)?.objects()?;
    let warned = of_event(&objects, "model_warned");
    assert_eq!(warned.len(), 1, "{objects:#?}");
    assert_eq!(warned[0]["model"], "bronze.orders");
    let reason = warned[0]["reason"].as_str().unwrap_or_default();
    assert!(
        reason.starts_with("2 zero dates (0000-00-00) of table \"orders\" became null"),
        "{reason}"
    );
    assert_eq!(shop.answer("select count(*), count(day) from bronze.orders")?, "3,1\n");
    // Nothing is written, and so nothing is worth another look.
    shop.run("build", &["--strict"])?.expect(0)?;
    let sources = std::fs::read_to_string(shop.path().join("lakefront.yaml"))?;
    shop.write("lakefront.yaml", &format!("{sources}    zero_dates: fail\n"))?;
    shop.run("build", &["--full-refresh"])?
        .expect(1)?
        .says(&["column \"day\" of the row with id 1: \"0000-00-00\" is no date"])?;
    assert_eq!(shop.answer("select count(*) from bronze.orders")?, "3\n");
    Ok(())
}
