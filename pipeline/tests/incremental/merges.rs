//! Merges: which row of a key stays, however the rows are delivered.

use super::small::Small;

fn project(header: &str, query: &str) -> Small {
    let model = format!("/*---\n{header}\n---*/\n{query}\n");
    Small::new(&[
        (
            "sources/s.yaml",
            "s: { folder: in, files: '*', format: csv, columns: { id: int, name: text, at: timestamp, op: text }, null_text: '' }\n",
        ),
        ("models/bronze/s.sql", "/*---\nmaterialized: append\n---*/\nselect * from source.s"),
        ("models/silver/c.sql", &model),
    ])
}

const ROWS: &str = "select id, name from silver.c order by id";

#[tokio::test]
async fn a_removal_is_remembered_against_an_older_row() {
    let small = project(
        "materialized: merge\nkey: [id]\nnewest_by: [at]\ndeleted: is_deleted",
        "select id, name, at, op = 'd' as is_deleted from bronze.s",
    );
    small.write(
        "in/1.csv",
        "id,name,at,op\n1,ann,2024-01-01 10:00:00,c\n2,bob,2024-01-01 10:00:00,c\n",
    );
    small.build().await;
    small.write("in/2.csv", "id,name,at,op\n1,ann,2024-01-01 12:00:00,d\n");
    small.build().await;
    small.write("in/3.csv", "id,name,at,op\n1,anna,2024-01-01 11:00:00,u\n");
    small.build().await;
    assert_eq!(small.rows(ROWS).await, ["2|bob"]);
    // A row that is newer than the removal is a new one.
    small.write("in/4.csv", "id,name,at,op\n1,anne,2024-01-01 13:00:00,u\n");
    small.build().await;
    assert_eq!(small.rows(ROWS).await, ["1|anne", "2|bob"]);
    small.refresh().await;
    assert_eq!(small.rows(ROWS).await, ["1|anne", "2|bob"]);
    // What was removed in a whole load is remembered, too.
    small.write("in/5.csv", "id,name,at,op\n2,bob,2024-01-01 14:00:00,d\n");
    small.refresh().await;
    small.write("in/6.csv", "id,name,at,op\n2,bobby,2024-01-01 11:00:00,u\n");
    small.build().await;
    assert_eq!(small.rows(ROWS).await, ["1|anne"]);
}

#[tokio::test]
async fn rows_that_are_equally_new_have_one_winner() {
    for names in [["a", "q"], ["q", "a"]] {
        let small = project(
            "materialized: merge\nkey: [id]\nnewest_by: [at]",
            "select id, name, at from bronze.s",
        );
        for (idx, name) in names.iter().enumerate() {
            let text = format!("id,name,at,op\n1,{name},2024-01-01 10:00:00,c\n");
            small.write(&format!("in/{idx}.csv"), &text);
            small.build().await;
        }
        assert_eq!(small.rows(ROWS).await, ["1|q"], "{names:?}");
        small.refresh().await;
        assert_eq!(small.rows(ROWS).await, ["1|q"], "{names:?}");
    }
}
