//! The client's program played by a script: what it says, and what becomes of it.

use super::*;
use crate::cluster::request::FORM;
use arrow::datatypes::{DataType, Field, Schema};
use std::sync::Arc;
use tempfile::TempDir;

/// A client that runs `script`.
fn client(script: &str) -> (TempDir, Cluster) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("client");
    let text = folder.path().join("text");
    std::fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
    // Another process writes the program: were it open for writing here, a fork of another test would keep it so for
    // a moment, and a program that is being written is not run.
    let made =
        std::process::Command::new("install").args(["-m", "755"]).args([&text, &program]).status();
    assert!(made.unwrap().success());
    let cluster = Cluster::with("ballista://there:1".parse().unwrap(), program).unwrap();
    (folder, cluster)
}

async fn failure(script: &str) -> String {
    let (_folder, cluster) = client(script);
    let request = Request {
        form: FORM,
        scheduler: cluster.scheduler(),
        job: "gold.sales".to_owned(),
        tables: Vec::new(),
        views: Vec::new(),
        sql: "select 1 as a".to_owned(),
    };
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]));
    match cluster.run(&request, &schema).await {
        Ok(rows) => panic!("{} rows", rows.n_rows()),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn the_words_of_the_cluster_come_through() {
    let said = |stage: &str| {
        let line = format!(r#"{{"stage":"{stage}","reason":"no \"a\""}}"#);
        format!("read line; echo noise >&2; echo '{line}' >&2; exit 1")
    };
    assert_eq!(failure(&said("plan")).await, "on ballista://there:1: no \"a\"");
    assert_eq!(failure(&said("run")).await, "on ballista://there:1: no \"a\"");
    let away = "--engine ballista://there:1: the scheduler does not answer: no \"a\"";
    assert_eq!(failure(&said("connect")).await, away);
}

#[tokio::test]
async fn a_client_that_breaks_is_named() {
    let check = async |script: &str, expected: &str| {
        let said = failure(script).await;
        assert!(said.contains("/client ") && said.contains(expected), "{script}: {said}");
    };
    check("exit 3", "ended with exit status: 3: without a word").await;
    check("echo oh >&2; exit 3", "ended with exit status: 3: oh").await;
    // All is well, it says, and gives nothing, or what is no stream.
    check("read line", "did not say all it had to").await;
    check("read line; printf abcdefgh", "did not say all it had to").await;
    let message = r"printf '\377\377\377\377\010\000\000\000abcdefgh'";
    check(&format!("read line; {message}"), "no Arrow stream").await;
}

#[tokio::test]
async fn nobody_answers_where_nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none");
    let address: Address = "ballista://127.0.0.1:1".parse().unwrap();
    let error = Cluster::with(address.clone(), missing).unwrap_err().to_string();
    assert!(error.contains("none is not there; `cargo install --path cluster`"), "{error}");
    let cluster = Cluster { address, program: folder.path().to_owned() };
    let error = cluster.knock().await.unwrap_err().to_string();
    assert!(
        error.starts_with("--engine ballista://127.0.0.1:1: the scheduler does not"),
        "{error}"
    );
}
