//! Files of a project that are not right: each is named with its line and what would be right, before anything is
//! written.

use super::shop::{self, Shop};
use anyhow::Result;

/// A file, what stands in it, and what is said of it.
type Case<'c> = (&'c str, &'c [u8], &'c [&'c str]);

/// `check` and `build` refuse each of `cases` in the same words, and the lake stays as it is.
fn check(cases: &[Case<'_>]) -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let before = shop.commits()?;
    let mut unnamed = Vec::new();
    for (path, bytes, expected) in cases {
        let whole = std::fs::read(shop.path().join(path)).ok();
        shop.write_bytes(path, bytes)?;
        for command in ["build", "check"] {
            let ended = shop.run(command, &[])?.expect(1)?;
            let said = format!("{}{}", ended.stdout, ended.stderr);
            let said = said.replace(&format!("{}/", shop.path().display()), "");
            let lacks: Vec<_> = expected.iter().filter(|part| !said.contains(**part)).collect();
            if !lacks.is_empty() {
                let text = String::from_utf8_lossy(bytes);
                unnamed.push(format!("{command}, {path} {text:?}: {lacks:?} in\n{said}"));
            }
        }
        match whole {
            Some(whole) => shop.write_bytes(path, &whole)?,
            None => std::fs::remove_file(shop.path().join(path))?,
        }
        assert_eq!(shop.commits()?, before, "{path}");
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
    let said = shop.run("build", &[])?.expect(0)?.stdout;
    assert!(said.contains("shop: 7 unchanged"), "{said}");
    Ok(())
}

#[test]
fn a_project_file_that_is_not_right_is_named_with_its_line() -> Result<()> {
    const FILE: &str = "lakefront.yaml";
    let own = shop::PROJECT;
    let with = |more: &str| format!("{own}{more}").into_bytes();
    let check_text = |cases: &[(Vec<u8>, &[&str])]| {
        let cases: Vec<Case<'_>> =
            cases.iter().map(|(bytes, expected)| (FILE, bytes.as_slice(), *expected)).collect();
        check(&cases)
    };
    check_text(&[
        (Vec::new(), &["lakefront.yaml:1:1: is empty, expected a map"]),
        (b"[]".to_vec(), &["lakefront.yaml:1:1: expected a map such as `key: value`"]),
        (b"name: sh\xffop".to_vec(), &["lakefront.yaml:1:9: ", "save the file as UTF-8"]),
        (b"lake: x".to_vec(), &["lakefront.yaml", "missing field `name`"]),
        (
            with("laek: x\n"),
            &["lakefront.yaml:4:1: unknown field `laek`, expected one of name, lake"],
        ),
        (with("lake: [x]\n"), &["lakefront.yaml:4:7: expected one text"]),
        (
            with("lake: ftp://x\n"),
            &["lakefront.yaml:4:7: ", "a lake is a folder, s3://bucket/prefix"],
        ),
        (
            with("lake: ${LAKEFRONT_UNSET}/x\n"),
            &["lakefront.yaml:4:7: ", "LAKEFRONT_UNSET", "is not set"],
        ),
        (
            with("name: x\n"),
            &["lakefront.yaml:4:1: key `name` stands here twice, one of them goes"],
        ),
        (
            with("retries: { attempts: 99999999999999999999, wait: 1 second }\n"),
            &["lakefront.yaml:4:22: expected a whole number from 0 to 4294967295"],
        ),
        (
            with("retries: { attempts: 1, wait: 99999999999999999999 days }\n"),
            &["lakefront.yaml:4:31: \"99999999999999999999 days\" is no length of time such as"],
        ),
        (
            with("sla: 5\n"),
            &["lakefront.yaml:4:6: \"5\" is no length of time such as `90 seconds`"],
        ),
        (with("\tsla: 5\n"), &["lakefront.yaml:4:2: has a tab where spaces indent"]),
        (
            with("variables: { SHOP_PASSWORD: hunter2 }\n"),
            &["lakefront.yaml:4:", "SHOP_PASSWORD sounds like a secret", "leave it out here"],
        ),
        (
            with("  more: { path: ${HOME}/x.csv, format: csv }\n"),
            &["lakefront.yaml:4:", "between { and } a text with a variable stands in quotes"],
        ),
        (
            with(
                "  more: { path: '${LAKEFRONT_UNSET}/x.csv', format: csv }\n  events: { path: x, format: csv }\n",
            ),
            &["sources/landing.yaml:2:11: source \"events\" is in lakefront.yaml, too"],
        ),
        (
            with("environments: { prod: { laek: x } }\n"),
            &["lakefront.yaml:4:25: unknown field `laek`"],
        ),
    ])
}

#[test]
fn a_source_that_is_not_right_is_named_with_its_line() -> Result<()> {
    const FILE: &str = "sources/more.yaml";
    let check_text = |cases: &[(&str, &[&str])]| {
        let cases: Vec<Case<'_>> =
            cases.iter().map(|(text, expected)| (FILE, text.as_bytes(), *expected)).collect();
        check(&cases)
    };
    check_text(&[
        ("[]", &["sources/more.yaml:1:1: expected a map"]),
        ("x: 5\n", &["sources/more.yaml:1:4: expected a map"]),
        ("x: {}\n", &["sources/more.yaml: source \"x\" has either `path`"]),
        ("x: { path: a, format: xls }\n", &["sources/more.yaml:1:23: unknown variant `xls`"]),
        (
            "x: { path: a, format: csv, colums: [a] }\n",
            &["sources/more.yaml:1:28: unknown field `colums`"],
        ),
        (
            "x: { folder: a, format: csv, columns: { a: bigitn } }\n",
            &[
                "sources/more.yaml:1:",
                "columns have \"a\": \"bigitn\" is no column type; there are text, ",
            ],
        ),
        (
            "x: { folder: a, format: csv, columns: { a: 'decimal(99, 2)' } }\n",
            &["sources/more.yaml:1:", "\"decimal(99, 2)\" is no column type"],
        ),
        ("x: { generator: nothing }\n", &["sources/more.yaml:1:17: ", "is not `marketplace`"]),
        (
            "x: { generator: marketplace, scale: 99999999999999999999999 }\n",
            &["sources/more.yaml:1:37: source \"x\": scale ", "is no whole number"],
        ),
        (
            "db: { mysql: 'mysql://u:hunter2@h/d', tables: { t: {} } }\n",
            &[
                "sources/more.yaml:1:14: ",
                "secrets come from the environment only: write ${VARIABLE}",
            ],
        ),
        (
            "db: { mysql: '${URL}', tables: { t: { mode: watermark } } }\n",
            &["sources/more.yaml:1:14: ", "mode: watermark needs `column` and `key`"],
        ),
        (
            "db: { mysql: '${URL}', tables: { t: {} }, on_schema_change: ignore }\n",
            &["sources/more.yaml:1:61: unknown variant `ignore`, expected one of evolve, "],
        ),
    ])?;
    check(&[("sources/more.yaml", b"x:\n  path: \xff", &["sources/more.yaml:2:9: ", "UTF-8"])])
}

#[test]
fn a_configuration_that_is_not_right_is_named_with_its_line() -> Result<()> {
    const FILE: &str = "models/silver/orders.sql";
    let query = "select cast(id as bigint) as id, cast(amount as double) as amount, cast(day as date) as day\n\
        from bronze.orders";
    let check_header = |cases: &[(&str, &[&str])]| {
        let texts: Vec<Vec<u8>> = cases
            .iter()
            .map(|(yaml, _)| format!("/*---\n{yaml}\n---*/\n{query}").into_bytes())
            .collect();
        let cases: Vec<Case<'_>> = texts
            .iter()
            .zip(cases)
            .map(|(text, (_, expected))| (FILE, text.as_slice(), *expected))
            .collect();
        check(&cases)
    };
    check_header(&[
        (
            "descriptio: x",
            &["orders.sql:2:1: unknown field `descriptio`, expected one of description"],
        ),
        ("owner: [x]", &["orders.sql:2:8: expected one text"]),
        (
            "materialized: tabel",
            &["orders.sql:2:15: unknown variant `tabel`, expected one of full, view"],
        ),
        ("materialized: merge", &["orders.sql:2:15: merge needs `key`"]),
        ("materialized: merge\nkey: id", &["orders.sql:3:6: expected a list such as `[a, b]`"]),
        (
            "materialized: merge\nkey: [id, idd]",
            &["orders.sql:3:11: key names column \"idd\", the query gives: id"],
        ),
        (
            "materialized: merge\nkey: [id]\ndeleted: amount",
            &["orders.sql:4:10: deleted names column \"amount\""],
        ),
        (
            "materialized: merge\nkey: [id]\nwatermark:\n  column: nothing",
            &["orders.sql:5:11: watermark names column \"nothing\", the input has: "],
        ),
        (
            "sort_by: [id]\npartition_by:\n  - dya",
            &["orders.sql:4:5: partition_by names column \"dya\""],
        ),
        (
            "columns: { idd: { description: x } }",
            &["orders.sql:2:12: columns names column \"idd\", the table has: "],
        ),
        ("expectations:\n  - not_nul: id", &["orders.sql:3:5: unknown field `not_nul`"]),
        (
            "expectations:\n  - { range: { column: id, min: 99999999999999999999999 } }",
            &["orders.sql:3:5: \"99999999999999999999999\" is no value of column \"id\""],
        ),
        (
            "freshness: { column: id, warn_after: 1 day }",
            &["orders.sql:2:22: `freshness` is not for column \"id\""],
        ),
    ])?;
    check(&[
        (FILE, b"", &["models/silver/orders.sql: a model is one query"]),
        (
            FILE,
            b"/*---\nowner: x\n---*/\n\xff",
            &["orders.sql:4:1: cannot be read: ", "save the file as UTF-8"],
        ),
        (FILE, b"-- \n/*---\nowner: x\n*/\nselect 1", &["orders.sql:"]),
        (
            "models/silver/orders.yaml",
            b"owner: x",
            &["orders.sql: has a configuration of its own and one in"],
        ),
        (
            "models/gold/events.yaml",
            b"ownr: x",
            &["models/gold/events.yaml:1:1: unknown field `ownr`"],
        ),
        (
            "models/gold/none.yaml",
            b"owner: x",
            &["models/gold/none.yaml: configures no model: there is no none.sql"],
        ),
        (
            "models/sliver/x.sql",
            b"select 1 as x",
            &["models/sliver/x.sql: is in none of the folders models/bronze"],
        ),
    ])
}

#[test]
fn a_query_that_is_not_right_is_named_with_its_line() -> Result<()> {
    const FILE: &str = "models/gold/sales.sql";
    let query = |select: &str, from: &str| {
        format!("/*---\ndescription: Sales.\n---*/\nselect day,\n  {select} as n\nfrom {from} group by day").into_bytes()
    };
    let check_query = |select: &str, from: &str, expected: &[&str]| {
        check(&[(FILE, &query(select, from), expected)])
    };
    check_query(
        "sum(amont)",
        "silver.orders",
        &["models/gold/sales.sql:5:7: no field named amont. Did you mean 'silver.orders.amount'?"],
    )?;
    check_query(
        "summ(amount)",
        "silver.orders",
        &["sales.sql:5:3: invalid function 'summ', did you mean 'sum'?"],
    )?;
    check_query(
        "sum(day)",
        "silver.orders",
        &["sales.sql:5:3: there is no function sum(Date32), there are: sum("],
    )?;
    check_query(
        "sum(amount)",
        "silver.ordrs",
        &[
            "sales.sql:6:6: silver.ordrs is not defined, there are: silver.events, silver.history, silver.orders",
        ],
    )?;
    check_query(
        "sum(amount)",
        "bronze.orders",
        &["sales.sql:6:6: gold reads silver and gold only, not bronze.orders"],
    )?;
    check_query(
        "sum(amount)",
        "silver.orders where dya > day",
        &["sales.sql:6:26: no field named dya"],
    )?;
    check_query(
        "sum(amount",
        "silver.orders",
        &["sales.sql:5:14: not SQL: Expected: ), found: as"],
    )?;
    // A table whose columns have changed, and who reads it.
    let orders = "models/silver/orders.sql";
    let gone = b"select cast(id as bigint) as id, cast(day as date) as day from bronze.orders";
    check(&[(orders, gone, &["models/gold/sales.sql:", "no field named amount"])])?;
    let other =
        b"select cast(id as bigint) as id, cast(day as date) as day, amount from bronze.orders";
    check(&[(orders, other, &["models/gold/sales.sql:4:13: there is no function sum(Utf8)"])])
}

#[test]
fn a_circle_of_models_is_named_where_it_begins() -> Result<()> {
    let shop = Shop::landing()?;
    shop.run("build", &[])?.expect(0)?;
    let before = shop.commits()?;
    shop.write("models/silver/a.sql", "/*---\nowner: x\n---*/\nselect *\nfrom silver.b")?;
    shop.write("models/silver/b.sql", "select * from silver.c")?;
    shop.write("models/silver/c.sql", "select * from silver.a")?;
    let said = shop.run("build", &[])?.expect(1)?.stdout;
    let circle = "models/silver/a.sql:5:6: models read each other in a circle: silver.a -> silver.b -> silver.c -> silver.a";
    assert!(said.contains(circle), "{said}");
    assert_eq!(shop.commits()?, before);
    Ok(())
}
