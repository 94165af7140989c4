//! File by file, in the order of delivery, with a build after each: the lake is the same as of all at once.

use super::project::{Project, has_binary};
use super::{duckdb, rows};

async fn check(name: &str, script: &str, deliveries: &[&[&str]]) -> anyhow::Result<()> {
    if !has_binary() {
        return Ok(());
    }
    let is_first = |file: &str| !deliveries.concat().contains(&file);
    let project = Project::copy(name, is_first)?;
    for files in deliveries {
        files.iter().try_for_each(|file| project.deliver(file))?;
        project.build(&[])?;
    }
    rows::check(&project, "").await?;
    duckdb::check(&project, script, "")
}

#[tokio::test]
async fn events() -> anyhow::Result<()> {
    let days: [&[&str]; 7] = [
        &["2019-10-01.csv"],
        &["2019-10-02.csv"],
        &["2019-10-03.csv"],
        &["2019-10-04.csv"],
        &["2019-10-05.csv"],
        &["2019-10-03_late.csv"],
        &["2019-10-06.csv.gz"],
    ];
    check("events", "events.py", &days).await
}

#[tokio::test]
async fn payments() -> anyhow::Result<()> {
    let hours: [&[&str]; 7] = [
        &["orders/2024-05-01T21.jsonl", "payments/2024-05-01T21.jsonl"],
        &["orders/2024-05-01T22.jsonl", "payments/2024-05-01T22.jsonl"],
        // Payments may come before their orders.
        &["payments/2024-05-01T23.jsonl"],
        &["orders/2024-05-01T23.jsonl"],
        &["orders/2024-05-02T00.jsonl", "payments/2024-05-02T00.jsonl"],
        &["payments/2024-05-01T22_late.jsonl"],
        &["orders/2024-05-02T01.jsonl", "payments/2024-05-02T01.jsonl"],
    ];
    check("payments", "payments.py", &hours).await
}

#[tokio::test]
async fn sessions() -> anyhow::Result<()> {
    let parts: [&[&str]; 5] = [
        &["events/part-0001.jsonl"],
        &["events/part-0002.jsonl"],
        &["events/part-0003.jsonl", "events/part-0004.jsonl"],
        &["events/part-0005.jsonl"],
        &["events/part-0006.jsonl", "events/part-0007.jsonl"],
    ];
    check("sessions", "sessions.py", &parts).await
}
