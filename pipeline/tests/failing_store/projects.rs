//! Small projects, one for each way in which a table follows what it is made of, with the files of two days.

use std::fs;
use std::path::Path;

/// A project and how it is looked at.
pub struct Trial {
    pub name: &'static str,
    models: &'static [(&'static str, &'static str)],
    /// Each table that is compared, with the query that tells what it holds in an order of its own.
    pub tables: &'static [(&'static str, &'static str)],
}

/// The days in their order: the file of clicks, and the people as they are on that day.
const DAYS: [(&str, &str); 2] = [
    (
        "id,at,kind,price,gone\n1,2024-01-01 10:00:00,view,1.50,false\n\
         2,2024-01-01 10:01:00,buy,2.25,false\n3,2024-01-01 23:58:00,buy,-10,false\n",
        "id,name,at\n1,ann,2024-01-01\n2,bob,2024-01-01\n",
    ),
    (
        // 2 goes, 3 comes again, 5 is late, 6 is refused.
        "id,at,kind,price,gone\n2,2024-01-02 00:00:10,buy,2.25,true\n3,2024-01-02 00:00:20,buy,12,false\n\
         5,2024-01-01 12:00:00,buy,5,false\n6,2024-01-02 00:00:30,view,-1,false\n\
         7,2024-01-02 08:00:00,buy,0.75,false\n",
        "id,name,at\n1,ann,2024-01-01\n2,bo,2024-01-02\n3,cyd,2024-01-02\n",
    ),
];

const CLICKS: (&str, &str) =
    ("bronze/clicks", "/*---\nmaterialized: append\n---*/\nselect * from source.clicks");
const CLICK_ROWS: (&str, &str) =
    ("bronze/clicks", "select id, at, kind, price, gone from t order by id, at");

/// One for each materialization, and for rows that go elsewhere.
pub const TRIALS: &[Trial] = &[
    Trial {
        name: "full",
        models: &[
            CLICKS,
            ("silver/kinds", "select kind, count(*) as n from bronze.clicks group by kind"),
        ],
        tables: &[CLICK_ROWS, ("silver/kinds", "select * from t order by kind")],
    },
    Trial { name: "append", models: &[CLICKS], tables: &[CLICK_ROWS] },
    Trial {
        name: "merge",
        models: &[(
            "bronze/clicks",
            "/*---\nmaterialized: merge\nkey: [id]\nnewest_by: [at]\ndeleted: gone\n---*/\n\
             select id, at, kind, price, gone from source.clicks",
        )],
        tables: &[("bronze/clicks", "select id, at, kind, price from t order by id, at")],
    },
    Trial {
        name: "incremental",
        models: &[
            CLICKS,
            (
                "silver/days",
                "/*---\nmaterialized: incremental\nby: [day]\n---*/\n\
                 select cast(at as date) as day, count(*) as n, sum(price) as revenue from bronze.clicks \
                 group by cast(at as date)",
            ),
        ],
        tables: &[CLICK_ROWS, ("silver/days", "select * from t order by day")],
    },
    Trial {
        name: "snapshot",
        models: &[(
            "bronze/people",
            "/*---\nmaterialized: snapshot\nkey: [id]\nvalid_from: at\n---*/\n\
             select cast(id as bigint) as id, name, cast(at as date) as at from source.people",
        )],
        tables: &[(
            "bronze/people",
            "select id, name, valid_from, valid_to, is_current from t order by id, valid_from",
        )],
    },
    Trial {
        name: "stream",
        models: &[
            CLICKS,
            (
                "silver/clicks",
                "/*---\nmaterialized: append\n\
                 stream: {event_time: at, watermark: 3 minutes, dedupe: id, late: silver.late_clicks}\n---*/\n\
                 select id, at, kind from bronze.clicks",
            ),
        ],
        tables: &[
            ("silver/clicks", "select id, at, kind from t order by id, at"),
            ("silver/late_clicks", "select id, at, kind from t order by id, at"),
        ],
    },
    Trial {
        name: "quarantine",
        models: &[(
            "bronze/clicks",
            "/*---\nmaterialized: append\nexpectations:\n  \
             - {range: {column: price, min: 0}, on_failure: quarantine}\n---*/\n\
             select id, at, kind, price from source.clicks",
        )],
        tables: &[
            ("bronze/clicks", "select id, at, kind, price from t order by id, at"),
            (
                "bronze/clicks__quarantine",
                "select id, at, kind, price, _reason from t order by id, at",
            ),
        ],
    },
];

impl Trial {
    /// Writes the project into `folder`, with nothing delivered.
    pub fn write(&self, folder: &Path) {
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("lakefront.yaml", "name: clicks\n");
        write(
            "sources/clicks.yaml",
            "clicks:\n  folder: in\n  files: '*.csv'\n  format: csv\n  columns: {id: bigint, at: timestamp, \
             kind: text, price: 'decimal(10, 2)', gone: boolean}\n  null_text: ''\n\
             people: {path: people.csv, format: csv, columns: [id, name, at], null_text: ''}\n",
        );
        fs::create_dir_all(folder.join("in")).unwrap();
        for (name, text) in self.models {
            write(&format!("models/{name}.sql"), text);
        }
    }

    /// Delivers the day of that index.
    pub fn deliver(&self, folder: &Path, day_idx: usize) {
        let (clicks, people) = DAYS[day_idx];
        fs::write(folder.join(format!("in/{day_idx}.csv")), clicks).unwrap();
        fs::write(folder.join("people.csv"), people).unwrap();
    }

    /// How many days there are.
    pub const N_DAYS: usize = DAYS.len();
}
