//! What is expected of a table's rows, through builds: who stays, who goes where, and that a table that
//! follows its input piece by piece judges like one that is made at once.

use crate::pipeline_build::lake;
use datafusion::prelude::SessionContext;
use pipeline::{Event, Options, Project, Refresh};
use std::fs;

/// A project in a folder of its own whose one source is a folder of CSV files.
struct Shop {
    folder: tempfile::TempDir,
    delivered: std::cell::Cell<u32>,
}

const HEAD: &str = "id,parent,email,price,gone,at\n";

impl Shop {
    /// The project whose table `silver.items` is as `header` says.
    fn new(header: &str) -> Shop {
        let shop = Shop { folder: tempfile::tempdir().unwrap(), delivered: Default::default() };
        shop.write("lakefront.yaml", "name: shop\n");
        shop.write(
            "sources/items.yaml",
            "items:\n  folder: in\n  files: '*.csv'\n  format: csv\n  null_text: ''\n  \
             columns: {id: bigint, parent: bigint, email: text, price: 'decimal(10, 2)', gone: boolean, at: bigint}\n",
        );
        let bronze = "/*---\nmaterialized: append\n---*/\nselect * from source.items";
        shop.write("models/bronze/items.sql", bronze);
        let silver = format!(
            "/*---\n{header}\n---*/\nselect id, parent, email, price, gone, at from bronze.items"
        );
        shop.write("models/silver/items.sql", &silver);
        shop
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Delivers a file of rows.
    fn deliver(&self, rows: &[&str]) {
        let number = self.delivered.get() + 1;
        self.delivered.set(number);
        self.write(&format!("in/{number:03}.csv"), &format!("{HEAD}{}\n", rows.join("\n")));
    }

    /// Builds, and returns what was warned of.
    async fn build(&self, refresh: Refresh) -> Result<Vec<String>, String> {
        let project = Project::open(self.folder.path()).unwrap();
        let options = Options { refresh, ..Options::default() };
        let mut warnings = Vec::new();
        let built = pipeline::build(&project, &options, |event| {
            if let Event::Warned { reason, .. } = event {
                warnings.push(reason);
            }
        });
        built.await.map_err(|error| error.to_string())?;
        Ok(warnings)
    }

    async fn rows(&self, sql: &str) -> Vec<String> {
        lake::query(&self.folder.path().join("lake"), sql).await
    }

    /// What the table of runs says of `silver.items`.
    async fn outcomes(&self) -> Vec<String> {
        let path = self.folder.path().join("lake").join(pipeline::RUNS_LOCATION);
        let url = url::Url::from_directory_path(fs::canonicalize(path).unwrap()).unwrap();
        let ctx = SessionContext::new();
        let table = deltalake::open_table(url).await.unwrap();
        table.update_datafusion_session(&ctx.state()).unwrap();
        ctx.register_table("runs", table.table_provider().await.unwrap()).unwrap();
        let sql = "select kind, name, outcome, n_rows, n_failed, example from runs \
            where model = 'silver.items' order by started_at, kind, name";
        lake::rows_of(&ctx, sql).await
    }

    /// The rows of the table and those in quarantine, each in the order of their keys.
    async fn items(&self) -> (Vec<String>, Vec<String>) {
        let taken = "select id, parent, email, price, at from silver.items order by id, at, email";
        let refused =
            "select id, email, at, _reason from silver.items__quarantine order by id, at, email";
        (self.rows(taken).await, self.rows(refused).await)
    }
}

/// What is in the tables when `days` are delivered one by one, which is what is in them when they come
/// at once, and when everything is made anew.
async fn check(header: &str, days: &[&[&str]], taken: &[&str], refused: &[&str]) {
    let daily = Shop::new(header);
    for day in days {
        daily.deliver(day);
        daily.build(Refresh::Changed).await.unwrap();
    }
    let expected = (owned(taken), owned(refused));
    assert_eq!(daily.items().await, expected, "day by day\n{header}");

    let at_once = Shop::new(header);
    for day in days {
        at_once.deliver(day);
    }
    at_once.build(Refresh::Changed).await.unwrap();
    assert_eq!(at_once.items().await, expected, "at once\n{header}");

    daily.build(Refresh::Full).await.unwrap();
    assert_eq!(daily.items().await, expected, "anew\n{header}");
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn the_first_of_a_key_stays_whenever_the_others_come() {
    let unique = "expectations:\n  - { unique: email, on_failure: quarantine }\nsort_by: [at]";
    let days: [&[&str]; 2] = [
        &["1,,a,1,,1", "2,,b,1,,2", "3,,a,1,,3", "4,,,1,,4", "5,,,1,,5"],
        &["6,,b,1,,6", "7,,c,1,,7"],
    ];
    let taken = ["1||a|1.00|1", "2||b|1.00|2", "4|||1.00|4", "5|||1.00|5", "7||c|1.00|7"];
    let refused = ["3|a|3|unique(email)", "6|b|6|unique(email)"];
    check(&format!("materialized: append\n{unique}"), &days, &taken, &refused).await;
    check(&format!("materialized: full\n{unique}"), &days, &taken, &refused).await;
}

#[tokio::test]
async fn a_refused_state_leaves_the_one_before_it_and_a_removal_is_never_refused() {
    let header = "materialized: merge\nkey: [id]\nnewest_by: [at]\ndeleted: gone\nexpectations:\n  \
        - { not_null: email, on_failure: quarantine }\n  - { range: { column: price, min: 0 }, on_failure: quarantine }\n  \
        - { unique: id }";
    let days: [&[&str]; 3] = [
        &["1,,a,1,,1", "2,,b,1,,1", "3,,c,1,,1"],
        // 1 is refused, 2 goes without its values, 3 is replaced.
        &["1,,,-1,,2", "2,,,,true,2", "3,,c,5,,2"],
        &["4,,d,1,,3", "2,,,1,,1"],
    ];
    let taken = ["1||a|1.00|1", "3||c|5.00|2", "4||d|1.00|3"];
    let refused = ["1||2|not_null(email); range(price)", "2||1|not_null(email)"];
    check(header, &days, &taken, &refused).await;
}

#[tokio::test]
async fn a_parent_may_be_older_than_its_child() {
    let rule = "expectations:\n  - { relationship: { column: parent, to: silver.items, field: id }, on_failure: quarantine }";
    let days: [&[&str]; 2] =
        [&["1,,a,1,,1", "2,1,b,1,,1"], &["3,1,c,1,,2", "4,9,d,1,,2", "5,3,e,1,,2"]];
    let taken = ["1||a|1.00|1", "2|1|b|1.00|1", "3|1|c|1.00|2", "5|3|e|1.00|2"];
    let refused = ["4|d|2|relationship(parent, silver.items)"];
    for kept in ["append", "merge\nkey: [id]", "full"] {
        check(&format!("materialized: {kept}\n{rule}"), &days, &taken, &refused).await;
    }
}

#[tokio::test]
async fn a_broken_expectation_commits_nothing_and_says_how_many() {
    let shop = Shop::new(
        "materialized: append\nexpectations:\n  - { unique: email }\n  - { not_null: price, on_failure: warn }",
    );
    shop.deliver(&["1,,a,1,,1", "2,,b,,,1"]);
    let warnings = shop.build(Refresh::Changed).await.unwrap();
    assert_eq!(warnings, ["1 of 2 rows break not_null(price), such as email = b, price = null"]);
    shop.deliver(&["3,,c,1,,2", "4,,a,1,,2"]);
    let error = shop.build(Refresh::Changed).await.unwrap_err();
    assert!(error.contains("models/silver/items.sql"), "{error}");
    assert!(error.contains("1 of 2 rows break unique(email), such as email = a"), "{error}");
    assert_eq!(shop.rows("select count(*) from silver.items").await, ["2"]);
    assert_eq!(
        shop.outcomes().await,
        [
            "expectation|not_null(price)|warned|2|1|email = b, price = null",
            "expectation|unique(email)|passed|2|0|",
            "model|silver.items|built|2||",
            "expectation|not_null(price)|passed|2|0|",
            "expectation|unique(email)|failed|2|1|email = a",
            "model|silver.items|failed|||",
        ]
    );
}
