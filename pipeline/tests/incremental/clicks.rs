//! A small project of every way in which a table follows its inputs, delivered day by day.

use crate::pipeline_build::lake;
use pipeline::{BuildError, Options, Project, Report};
use std::fs;
use std::path::PathBuf;

/// What each table holds, in an order of its own.
#[allow(dead_code, reason = "one of the tests has a list of its own")]
pub const TABLES: &[&str] = &[
    "select id, kind, price, _rescued, _file, _row from bronze.clicks order by _file, _row",
    "select id, day, kind, price from silver.clicks order by id, day, kind, price",
    "select id, kind, _watermark from silver.late_clicks order by id, kind, _watermark",
    "select day, n, revenue from gold.days order by day",
    "select id, name, city, at from silver.people order by id",
    "select id, city, valid_from, valid_to, is_current from gold.cities order by id, valid_from",
];

/// A project in a folder of its own.
pub struct Clicks {
    folder: tempfile::TempDir,
}

/// What a day brings: its file of clicks, and the people as they are on that day.
#[derive(Clone, Copy)]
pub struct Day {
    pub name: &'static str,
    pub clicks: &'static str,
    pub people: &'static str,
}

/// Three days. Click 3 comes twice, 5 comes too late, 6 has a price that is none, 8 a field too many.
pub const DAYS: &[Day] = &[
    Day {
        name: "1.csv",
        clicks: "id,at,kind,price\n1,2024-01-01 10:00:00,view,1.50\n2,2024-01-01 10:01:00,buy,2.25\n3,2024-01-01 23:58:00,buy,10\n",
        people: "id,name,city,at\n1,ann,Oslo,2024-01-01\n2,bob,Bonn,2024-01-01\n",
    },
    Day {
        name: "2.csv",
        clicks: "id,at,kind,price\n3,2024-01-01 23:58:00,buy,10\n4,2024-01-01 23:59:00,buy,4\n6,2024-01-02 00:00:30,view,free\n5,2024-01-01 12:00:00,buy,5\n7,2024-01-02 08:00:00,buy,0.75\n",
        people: "id,name,city,at\n1,ann,Oslo,2024-01-01\n2,bob,Kiel,2024-01-02\n3,cyd,Lima,2024-01-02\n",
    },
    Day {
        name: "3.csv",
        clicks: "id,at,kind,price\n8,2024-01-03 08:00:00,view,1,more\n9,2024-01-02 08:00:00,buy,2\n10,2024-01-03 09:00:00,buy,3\n",
        people: "id,name,city,at\n1,ann,Rome,2024-01-03\n2,bob,Kiel,2024-01-02\n3,cyd,Lima,2024-01-02\n",
    },
];

const FILES: &[(&str, &str)] = &[
    ("lakefront.yaml", "name: clicks\n"),
    (
        "sources/clicks.yaml",
        "clicks:\n  folder: in/clicks\n  files: '*.csv'\n  format: csv\n  \
         columns: {id: bigint, at: timestamp, kind: text, price: 'decimal(10, 2)'}\n  \
         null_text: ''\n  rescue: _rescued\n\
         people: {path: in/people.csv, format: csv, columns: [id, name], null_text: ''}\n",
    ),
    ("models/bronze/clicks.sql", "/*---\nmaterialized: append\n---*/\nselect * from source.clicks"),
    (
        "models/silver/clicks.sql",
        "/*---\nmaterialized: append\nstream: {event_time: at, watermark: 3 minutes, dedupe: id, late: silver.late_clicks}\n---*/\n\
         select id, cast(at as date) as day, kind, price from bronze.clicks where id is not null",
    ),
    (
        "models/silver/priced.sql",
        "/*---\nmaterialized: view\n---*/\nselect * from silver.clicks where price is not null",
    ),
    (
        "models/gold/days.sql",
        "/*---\nmaterialized: incremental\nby: [day]\n---*/\n\
         select day, count(*) as n, sum(case when kind = 'buy' then price end) as revenue\nfrom silver.clicks group by day",
    ),
    // A day enters when the day after brings enough.
    (
        "models/gold/good_days.sql",
        "/*---\nmaterialized: incremental\nby: [day]\n---*/\n\
         select day, sum(price) as revenue\nfrom silver.clicks group by day having sum(price) > 14",
    ),
    // A click leaves when a newer one of its day comes.
    (
        "models/gold/last_clicks.sql",
        "/*---\nmaterialized: incremental\nby: [day]\n---*/\n\
         select day, id from silver.clicks c\n\
         where not exists (select 1 from silver.clicks n where n.day = c.day and n.id > c.id)",
    ),
    ("models/gold/wide.sql", "select * from silver.priced"),
    ("models/bronze/people.sql", "select * from source.people"),
    (
        "models/silver/people.sql",
        "/*---\nmaterialized: merge\nkey: [id]\nwatermark: {column: at}\n---*/\n\
         select cast(id as bigint) as id, name, city, cast(at as date) as at from bronze.people",
    ),
    (
        "models/gold/cities.sql",
        "/*---\nmaterialized: snapshot\nkey: [id]\nvalid_from: at\n---*/\nselect * from silver.people",
    ),
];

impl Clicks {
    /// The project, with nothing delivered.
    pub fn new() -> Clicks {
        let clicks = Clicks { folder: tempfile::tempdir().unwrap() };
        for (path, text) in FILES {
            clicks.write(path, text);
        }
        clicks
    }

    /// Delivers a day.
    pub fn deliver(&self, day: Day) {
        self.write(&format!("in/clicks/{}", day.name), day.clicks);
        self.write("in/people.csv", day.people);
    }

    /// A path in the project.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Puts a file into the project.
    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    /// Replaces the first `from` in a file.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// Builds the project.
    pub async fn build(&self) -> Result<Report, String> {
        self.build_with(&Options::default()).await
    }

    /// Builds the project as `options` say.
    pub async fn build_with(&self, options: &Options) -> Result<Report, String> {
        let project = Project::open(self.folder.path()).map_err(|error| error.to_string())?;
        let built = pipeline::build(&project, options, |_| ()).await;
        built.map_err(|error: BuildError| error.to_string())
    }

    /// The rows of `sql` over the lake.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        lake::query(&self.path("lake"), sql).await
    }

    /// The rows of each of these queries over the lake.
    pub async fn contents(&self, queries: &[&str]) -> Vec<Vec<String>> {
        let mut contents = Vec::new();
        for sql in queries {
            contents.push(self.rows(sql).await);
        }
        contents
    }
}
