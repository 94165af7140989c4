//! Lakes that earlier versions built: they are opened and built on, and nothing is made anew.

use crate::pipeline_build::lake;
use pipeline::{Options, Outcome, Project, Report};
use std::fs;
use std::path::{Path, PathBuf};

/// What the tables hold before another day, and after it.
const TABLES: &[(&str, &[&str], &[&str])] = &[
    (
        "select id, kind, price, _rescued from bronze.clicks order by id, at",
        &[
            "1|view|1.50|",
            "2|buy|2.25|",
            "2|buy|2.25|",
            "3|buy|-10.00|",
            "4|buy|4.00|",
            "5|buy|5.00|",
            "6|view||{\"price\":\"free\"}",
        ],
        &[
            "1|view|1.50|",
            "2|buy|2.25|",
            "2|buy|2.25|",
            "3|buy|-10.00|",
            "4|buy|4.00|",
            "5|buy|5.00|",
            "6|view||{\"price\":\"free\"}",
            "7|buy|1.00|",
            "8|buy|-1.00|",
            "9|buy|9.00|",
        ],
    ),
    (
        "select id, day, price from silver.clicks order by id, day",
        &[
            "1|2024-01-01|1.50",
            "2|2024-01-01|2.25",
            "2|2024-01-02|2.25",
            "4|2024-01-02|4.00",
            "6|2024-01-02|",
        ],
        &[
            "1|2024-01-01|1.50",
            "2|2024-01-01|2.25",
            "2|2024-01-02|2.25",
            "4|2024-01-02|4.00",
            "6|2024-01-02|",
            "7|2024-01-03|1.00",
        ],
    ),
    ("select id from silver.late_clicks order by id", &["5"], &["5", "9"]),
    ("select id from silver.clicks__quarantine order by id", &["3"], &["3", "8"]),
    (
        "select id, kind from silver.last_clicks order by id",
        &["1|view", "3|buy", "4|buy", "5|buy", "6|view"],
        &["1|view", "3|buy", "4|buy", "5|buy", "6|view", "7|buy", "8|buy", "9|buy"],
    ),
    ("select kind, n from silver.kinds order by kind", &["buy|3", "view|2"], &["buy|4", "view|2"]),
    (
        "select day, n, revenue from gold.days order by day",
        &["2024-01-01|2|3.75", "2024-01-02|3|6.25"],
        &["2024-01-01|2|3.75", "2024-01-02|3|6.25", "2024-01-03|1|1.00"],
    ),
    (
        "select id, name, cast(valid_from as date) as since, is_current from gold.people order by id, since",
        &[
            "1|ann|2024-01-01|true",
            "2|bob|2024-01-01|false",
            "2|bo|2024-01-02|true",
            "3|cyd|2024-01-02|true",
        ],
        &[
            "1|ann|2024-01-01|false",
            "1|anne|2024-01-03|true",
            "2|bob|2024-01-01|false",
            "2|bo|2024-01-02|true",
            "3|cyd|2024-01-02|true",
        ],
    ),
];

/// Tables that follow a change by being computed whole.
const WHOLE: [&str; 2] = ["bronze.people", "silver.kinds"];

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

async fn build(folder: &Path) -> Report {
    pipeline::build(&Project::open(folder).unwrap(), &Options::default(), |_| ()).await.unwrap()
}

async fn check(folder: &Path, rows: impl Fn(&(&str, &[&str], &[&str])) -> Vec<String>) {
    for table in TABLES {
        let found = lake::query(&folder.join("lake"), table.0).await;
        assert_eq!(found, rows(table), "{} in {}", table.0, folder.display());
    }
}

fn owned(rows: &[&str]) -> Vec<String> {
    rows.iter().map(|row| (*row).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_of_an_earlier_version_is_built_on() {
    let lakes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/lakes");
    let versions: Vec<PathBuf> =
        fs::read_dir(lakes).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut n_versions = 0;
    for version in versions.iter().filter(|path| path.is_dir()) {
        n_versions += 1;
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        copy(version, folder);
        check(folder, |table| owned(table.1)).await;
        let before = lake::versions(&folder.join("lake"));
        let report = build(folder).await;
        for model in &report.models {
            assert_eq!(model.outcome, Outcome::Unchanged, "{version:?}: {model:?}");
        }
        assert_eq!(lake::versions(&folder.join("lake")), before, "{version:?}");
        fs::write(
            folder.join("in/clicks/3.csv"),
            "id,at,kind,price,gone\n7,2024-01-03 10:00:00,buy,1,false\n\
             8,2024-01-03 10:00:01,buy,-1,false\n9,2024-01-01 10:00:00,buy,9,false\n",
        )
        .unwrap();
        let people = "id,name,at\n1,anne,2024-01-03\n2,bo,2024-01-02\n3,cyd,2024-01-02\n";
        fs::write(folder.join("in/people.csv"), people).unwrap();
        let report = build(folder).await;
        for model in &report.models {
            assert_eq!(model.outcome, Outcome::Built, "{version:?}: {model:?}");
            let is_anew = model.reason.is_some();
            assert_eq!(is_anew, WHOLE.contains(&model.model.to_string().as_str()), "{model:?}");
        }
        check(folder, |table| owned(table.2)).await;
        let report = build(folder).await;
        assert!(report.models.iter().all(|model| model.outcome != Outcome::Built), "{report:?}");
    }
    assert!(n_versions > 0);
}
