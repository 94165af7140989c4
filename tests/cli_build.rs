//! The commands of the builder as a person uses them: `check`, `build`, `query`, on a small project in a folder of its own.
//!
//! Needs the binary named by `LAKEFRONT_BIN`, or `lakefront` on PATH.

mod bad_database;
mod bad_lake;
mod bad_rows;
mod bad_text;
pub mod shop;

use self::shop::{DEADLINE, FILES, ORDERS, Shop, of_event, terminate, wait_for};
use anyhow::{Context, Result};
use serde_json::Value;

#[test]
fn check_says_what_it_looked_at() -> Result<()> {
    let shop = Shop::new()?;
    let said = shop.run("check", &[])?.expect(0)?.stdout;
    assert!(said.contains("4 models: 1 bronze, 1 silver, 2 gold"), "{said}");
    assert!(said.contains("1 source"), "{said}");
    let object = shop.run("check", &["--json"])?.expect(0)?.objects()?.remove(0);
    assert_eq!(object["ok"], true);
    assert_eq!(object["models"].as_array().map(Vec::len), Some(4));
    assert!(!shop.path().join("lake").exists(), "check writes nothing");
    Ok(())
}

#[test]
fn check_names_every_error_with_its_place() -> Result<()> {
    let shop = Shop::new()?;
    shop.write(
        "models/silver/orders.sql",
        "select cast(id as bigint) as id,\n  amont from bronze.orders",
    )?;
    shop.write("models/gold/broken.sql", "select\n  * form silver.orders")?;
    shop.write("models/gold/lost.sql", "select * from silver.nowhere")?;
    shop.write("models/bronze/other.sql", "select * from source.other")?;
    shop.write(
        "lakefront.yaml",
        "name: shop\nschedule: at noon\nsources:\n  orders: { path: orders.csv, format: csv }\n  \
         other: { path: other.csv, format: csv }\n\
         exposures:\n  - { name: board, kind: dashboard, reads: [gold.sales, gold.nothing] }\n",
    )?;
    let said = shop.run("check", &[])?.expect(1)?;
    let folder = format!("{}/", shop.path().display());
    let mut found: Vec<String> =
        said.stdout.lines().map(|line| line.replace(&folder, "")).collect();
    found.sort();
    let expected = [
        "lakefront.yaml:2:11: schedule \"at noon\" is no cron expression",
        "lakefront.yaml:5:18: source \"other\": no such file",
        "models/gold/broken.sql:2:5: not SQL",
        "models/silver/orders.sql:2:3: ",
    ];
    // Models whose text cannot be read might make what `lost` and the exposure read, and what reads `silver.orders`
    // has no fault.
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for start in expected {
        assert!(found.iter().any(|line| line.starts_with(start)), "{start} in {found:#?}");
    }
    std::fs::remove_file(shop.path().join("models/gold/broken.sql"))?;
    let object = shop.run("check", &["--json"])?.expect(1)?.objects()?.remove(0);
    assert_eq!(object["ok"], false);
    let errors = object["errors"].as_array().context("errors")?;
    let lost = errors
        .iter()
        .find(|error| error["file"].as_str().is_some_and(|file| file.ends_with("lost.sql")))
        .with_context(|| format!("{errors:#?}"))?;
    assert_eq!((&lost["line"], &lost["column"]), (&1.into(), &15.into()));
    let text = lost["text"].as_str().unwrap_or_default();
    assert!(text.starts_with("silver.nowhere is not defined"), "{text}");
    Ok(())
}

#[test]
fn a_build_ends_with_a_table_and_a_second_one_writes_nothing() -> Result<()> {
    let shop = Shop::new()?;
    let first = shop.run("build", &[])?.expect(0)?.stdout;
    for line in [
        "bronze.orders  built       3        3",
        "silver.orders  built       3        3",
        "gold.sales     built       2        2",
        "gold.sold      view",
        "shop: 3 built, 1 view, 8 rows written, in ",
    ] {
        assert!(first.lines().any(|said| said.starts_with(line)), "{line:?} in\n{first}");
    }
    let second = shop.run("build", &[])?.expect(0)?.stdout;
    assert!(second.contains("shop: 3 unchanged, 1 view, in "), "{second}");
    let selected =
        shop.run("build", &["--select", "silver.orders+", "--full-refresh"])?.expect(0)?;
    assert!(selected.stdout.contains("shop: 2 built, 1 view, "), "{}", selected.stdout);
    assert!(!selected.stdout.contains("bronze.orders"), "{}", selected.stdout);
    Ok(())
}

#[test]
fn events_are_json_lines_and_nothing_else_is_on_stdout() -> Result<()> {
    let shop = Shop::new()?;
    let objects = shop.run("build", &["--json"])?.expect(0)?.objects()?;
    let first = objects.first().context("there is a line")?;
    let keys: Vec<&String> = first.as_object().context("an object")?.keys().take(2).collect();
    assert_eq!(keys, ["time", "event"]);
    assert_eq!(first["event"], "run_started");
    assert_eq!(of_event(&objects, "checked")[0]["models"], 4);
    assert_eq!(of_event(&objects, "model_started").len(), 4);
    let finished = of_event(&objects, "model_finished");
    let sales = finished
        .iter()
        .find(|object| object["model"] == "gold.sales")
        .context("gold.sales is finished")?;
    assert_eq!((&sales["outcome"], &sales["rows"]), (&"built".into(), &2.into()));
    assert_eq!((&sales["rows_written"], &sales["version"]), (&2.into(), &0.into()));
    let last = objects.last().context("there is a line")?;
    assert_eq!((&last["event"], &last["outcome"]), (&"run_finished".into(), &"done".into()));
    assert_eq!((&last["built"], &last["rows_written"]), (&3.into(), &8.into()));
    Ok(())
}

#[test]
fn codes_tell_what_went_wrong() -> Result<()> {
    let shop = Shop::new()?;
    shop.run("build", &["--select", "gold.nothing"])?.expect(2)?;
    shop.run("build", &["--env", "prod"])?.expect(2)?;
    shop.run("build", &["--watch"])?.expect(2)?;
    shop.run("build", &["--every", "0 minutes"])?.expect(2)?;
    shop.run("build", &["--nothing"])?.expect(2)?;
    shop.run("query", &["nothing.sql"])?.expect(2)?;
    // A row that does not fit is found by the build alone.
    shop.write("orders.csv", "id,day,amount,status\n1,2026-01-01,much,paid\n")?;
    let ended = shop.run("build", &["--json"])?.expect(1)?;
    let objects = ended.objects()?;
    assert_eq!(of_event(&objects, "model_failed")[0]["model"], "silver.orders");
    let skipped: Vec<&Value> =
        of_event(&objects, "model_skipped").iter().map(|object| &object["model"]).collect();
    assert_eq!(skipped, ["gold.sales", "gold.sold"]);
    assert_eq!(of_event(&objects, "model_skipped")[0]["since"], "silver.orders");
    let last = objects.last().context("there is a line")?;
    assert_eq!((&last["failed"], &last["skipped"]), (&1.into(), &2.into()));
    let said = shop.run("build", &[])?.expect(1)?.stdout;
    assert!(said.contains("silver.orders  failed"), "{said}");
    assert!(said.contains("gold.sales     skipped"), "{said}");
    assert!(said.contains("silver/orders.sql:2:8: "), "{said}");
    shop.write("lakefront.yaml", "name: shop\nlaek: x\n")?;
    let said = shop.run("build", &[])?.expect(1)?.stderr;
    assert!(said.contains("lakefront.yaml:2:1: unknown field `laek`"), "{said}");
    std::fs::remove_file(shop.path().join("lakefront.yaml"))?;
    shop.run("build", &[])?.expect(2)?;
    shop.run("check", &[])?.expect(2)?;
    Ok(())
}

#[test]
fn a_warning_counts_where_it_is_meant_to() -> Result<()> {
    let shop = Shop::new()?;
    let query = FILES.iter().find(|(path, _)| *path == "models/silver/orders.sql");
    let rule = "expectations:\n  - { range: { column: amount, min: 1 }, on_failure: warn }";
    let model = format!("/*---\n{rule}\n---*/\n{}", query.context("a model")?.1);
    shop.write("models/silver/orders.sql", &model)?;
    let objects = shop.run("build", &["--strict", "--json"])?.expect(3)?.objects()?;
    let warned = of_event(&objects, "model_warned");
    assert_eq!(warned.len(), 1, "{objects:#?}");
    assert_eq!(warned[0]["model"], "silver.orders");
    assert_eq!(objects.last().context("there is a line")?["warnings"], 1);
    let said = shop.run("build", &["--full-refresh"])?.expect(0)?.stdout;
    assert!(said.contains("warning: silver.orders: "), "{said}");
    let kept = "select count(distinct run_id) as n from _lakefront.runs";
    assert_eq!(shop.run("query", &["-e", kept, "--csv"])?.expect(0)?.stdout, "n\n2\n");
    Ok(())
}

#[test]
fn a_query_is_answered_in_each_form() -> Result<()> {
    let shop = Shop::new()?;
    let early = shop.run("query", &["-e", "select * from gold.sales"])?.expect(1)?;
    assert_eq!(
        early.stderr,
        "error: -e:1:15: gold.sales is not built; `lakefront build` makes it\n"
    );
    shop.run("build", &[])?.expect(0)?;
    shop.write(
        "models/bronze/raw.sql",
        "/*---\nmaterialized: view\n---*/\nselect id, upper(status) as status from source.orders",
    )?;
    let view = shop.run("query", &["-e", "select count(*) as n from bronze.raw", "--csv"])?;
    assert_eq!(view.expect(0)?.stdout, "n\n3\n");
    // The lake is asked where its sources are not.
    std::fs::remove_file(shop.path().join("orders.csv"))?;
    let check = |args: &[&str], expected: &str| -> Result<()> {
        let ended = shop.run("query", args)?.expect(0)?;
        assert_eq!(ended.stdout, expected, "{args:?}");
        assert_eq!(ended.stderr, "", "{args:?}");
        Ok(())
    };
    shop.write("questions/sales.sql", "select * from gold.sales order by day -- all of it\n")?;
    check(
        &["questions/sales.sql"],
        "day         revenue  orders\n\
         ──────────  ───────  ──────\n\
         2026-01-01    17.30       2\n\
         2026-01-02     0.05       1\n",
    )?;
    let orders = "select * from silver.orders order by id";
    check(
        &["-e", orders, "--csv"],
        "id,day,amount,status\n\
         1,2026-01-01,12.30,paid\n\
         2,2026-01-01,5.00,\"new, or\n\"\"so\"\"\"\n\
         3,2026-01-02,0.05,\n",
    )?;
    check(
        &["-e", "select id, status from gold.sold order by id", "--json"],
        "{\"id\":1,\"status\":\"paid\"}\n{\"id\":2,\"status\":\"new, or\\n\\\"so\\\"\"}\n",
    )?;
    check(&["-e", "select id from silver.orders where false", "--csv"], "id\n")?;
    let cut = shop.run("query", &["-e", orders, "--csv", "--limit", "1"])?.expect(0)?;
    assert_eq!(cut.stdout, "id,day,amount,status\n1,2026-01-01,12.30,paid\n");
    assert_eq!(cut.stderr, "1 row, and there are more (--limit 1)\n");
    check(&["-e", orders, "--json", "--limit", "3", "--csv"], "").unwrap_err();
    Ok(())
}

#[test]
fn a_query_that_is_not_right_is_refused_with_its_place() -> Result<()> {
    let shop = Shop::new()?;
    shop.run("build", &[])?.expect(0)?;
    let check = |sql: &str, expected: &str| -> Result<()> {
        let ended = shop.run("query", &["-e", sql])?.expect(1)?;
        assert_eq!(ended.stdout, "", "{sql}");
        assert!(ended.stderr.starts_with(&format!("error: {expected}")), "{}", ended.stderr);
        Ok(())
    };
    check("select\n  * form gold.sales", "-e:2:5: not SQL")?;
    check("select\n  revenu from gold.sales", "-e:2:3: ")?;
    check("select * from sales", "-e:1:15: table \"sales\" has no layer")?;
    check(
        "select * from gold.other",
        "-e:1:15: gold.other is not a table of the lake, there are: ",
    )?;
    check("select * from source.orders", "-e:1:15: source.orders lies outside of the lake")?;
    check("select * from _lakefront.nothing", "-e:1:15: _lakefront.nothing is not built")?;
    check("select 1; select 2", "-e: a question is one query")?;
    check("drop table gold.sales", "-e: a question is one query")?;
    check("select cast('x' as int) from gold.sales", "-e: ")?;
    check("with x as (select 1) insert into gold.sales select * from x", "-e")?;
    Ok(())
}

#[test]
fn a_watch_builds_on_schedule_until_it_is_told_to_end() -> Result<()> {
    let shop = Shop::new()?;
    let sources = FILES[0].1;
    shop.write("lakefront.yaml", &format!("{sources}schedule: \"* * * * * *\"\n"))?;
    for args in [&["--watch"][..], &["--every", "1 second"]] {
        let mut running = shop.start(args)?;
        let first = wait_for(&running, "run_finished")?;
        assert_eq!(first["outcome"], "done");
        assert!(wait_for(&running, "waiting")?["until"].is_string());
        let second = wait_for(&running, "run_finished")?;
        assert_eq!((&second["outcome"], &second["built"]), (&"done".into(), &0.into()));
        assert!(terminate(&mut running)?, "{:?}", running.said());
    }
    Ok(())
}

#[test]
fn what_runs_is_finished_when_a_build_is_told_to_end() -> Result<()> {
    let shop = Shop::new()?;
    // Long enough for a signal to come in between.
    let slow = "select count(distinct value % 1000) as n from generate_series(1, 400000000)";
    shop.write("models/silver/slow.sql", slow)?;
    shop.write("models/gold/late.sql", "select n from silver.slow")?;
    let mut running = shop.start(&["--select", "silver.slow+"])?;
    assert_eq!(wait_for(&running, "model_started")?["model"], "silver.slow");
    assert!(!terminate(&mut running)?, "the build is not whole");
    let objects: Vec<Value> =
        running.said().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(of_event(&objects, "stopping").len(), 1);
    assert_eq!(of_event(&objects, "model_finished")[0]["outcome"], "built");
    assert_eq!(of_event(&objects, "model_not_begun")[0]["model"], "gold.late");
    let last = objects.last().context("there is a line")?;
    assert_eq!((&last["outcome"], &last["not_begun"]), (&"stopped".into(), &1.into()));
    let next = shop.run("build", &["--select", "silver.slow+", "--json"])?.expect(0)?.objects()?;
    let outcomes: Vec<&Value> =
        of_event(&next, "model_finished").iter().map(|object| &object["outcome"]).collect();
    assert_eq!(outcomes, ["unchanged", "built"]);
    Ok(())
}

#[test]
fn a_failed_run_is_tried_again() -> Result<()> {
    let shop = Shop::new()?;
    let sources = FILES[0].1;
    let retries = "retries: { attempts: 8, wait: 1 second }\nsla: 1 second\n";
    shop.write("lakefront.yaml", &format!("{sources}{retries}"))?;
    std::fs::remove_file(shop.path().join("orders.csv"))?;
    let mut running = shop.start(&["--every", "1 hour"])?;
    let failed = wait_for(&running, "run_finished")?;
    assert_eq!(failed["outcome"], "failed");
    let reason = failed["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("source \"orders\": no such file"), "{reason}");
    let waits = [wait_for(&running, "retry")?, wait_for(&running, "retry")?];
    assert_eq!((&waits[0]["attempt"], &waits[0]["attempts"]), (&2.into(), &9.into()));
    assert_eq!((&waits[0]["wait_ms"], &waits[1]["wait_ms"]), (&1_000.into(), &2_000.into()));
    shop.write("orders.csv", ORDERS)?;
    let done = running.wait_for(DEADLINE, |line| {
        let object: Value = serde_json::from_str(line).ok()?;
        let is_done = object["event"] == "run_finished" && object["outcome"] == "done";
        is_done.then_some(object)
    })?;
    assert_eq!((&done["built"], &done["late"]), (&3.into(), &true.into()));
    wait_for(&running, "waiting")?;
    // Whichever attempt it was that passed the limit: it is said once.
    let n_late = running.said().iter().filter(|line| line.contains("\"event\":\"late\"")).count();
    assert_eq!(n_late, 1, "{:#?}", running.said());
    assert!(terminate(&mut running)?, "{:?}", running.said());
    Ok(())
}
