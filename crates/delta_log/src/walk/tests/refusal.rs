//! What cannot be read is refused, by name and place.

use super::*;

#[test]
fn what_is_not_a_table() {
    let text = "not a Delta table: neither `_delta_log/_last_checkpoint` nor \
                `_delta_log/00000000000000000000.json` is there";
    check(&Files::default(), Err((ErrorKind::NotATable, text)));
    check(
        &Files::default().hint("{"),
        Err((
            ErrorKind::Malformed,
            "`_delta_log/00000000000000000000.json` is not there, and the hint to a checkpoint is \
             broken: `_delta_log/_last_checkpoint` line 1 column 1: EOF while parsing an object at \
             line 1 column 1",
        )),
    );
    check(
        &Files::default().hint("{\"version\":7}"),
        Err((
            ErrorKind::Gone,
            "`_delta_log/00000000000000000007.checkpoint.parquet`, named by `_last_checkpoint`, is \
             not there, nor `_delta_log/00000000000000000000.json`",
        )),
    );
}

#[test]
fn gaps_are_refused() {
    let gap = "`_delta_log/00000000000000000001.json` is not there, though \
               `_delta_log/00000000000000000002.json` is";
    check(&Files::of_versions(2).without(&commit_path(1)), Err((ErrorKind::Gone, gap)));
    // The last version the hint names was committed, so what lies before it cannot be the end.
    let gap = "`_delta_log/00000000000000000001.json` is not there, though \
               `_delta_log/00000000000000000020.json` is";
    let files = Files::of_versions(0).commit(20, &[add("x")]).hint("{\"version\":20}");
    check(&files, Err((ErrorKind::Gone, gap)));
}

#[test]
fn a_log_compaction_file_is_named_where_it_is_the_only_way() {
    let path = |first, last| crate::path::compacted_path(first, last);
    let check = |files: &Files, path: &str| {
        let text = format!(
            "only the log compaction file `{path}` has commits that the table needs, and such files \
             are not supported"
        );
        check(files, Err((ErrorKind::Unsupported, &text)));
    };
    let gap = Files::of_versions(4).without(&commit_path(1)).without(&commit_path(2));
    check(&gap.put(&path(1, 2), "{}"), &path(1, 2));
    let cleaned = Files::of_versions(2).without(&commit_path(0));
    check(&cleaned.put(&path(0, 0), "{}"), &path(0, 0));
    // Beside the commits it is of no interest.
    let whole = Files::of_versions(2).put(&path(0, 1), "{}");
    assert_eq!(read(&whole).unwrap().version, 2);
}

#[test]
fn an_incomplete_checkpoint_is_named_where_the_commits_do_not_reach() {
    let check = |files: Files, kind, text: &str| {
        check(&files, Err((kind, text)));
        // Commits after the checkpoint do not help.
        check(&files.commit(4, &[add("x")]), Err((kind, text)));
    };
    let files = || Files::of_versions(3).without(&commit_path(0));
    let gone = "`_delta_log/00000000000000000003.checkpoint.parquet`, named by `_last_checkpoint`, \
                is not there, nor `_delta_log/00000000000000000000.json`";
    check(files().hint("{\"version\":3,\"parts\":2}"), ErrorKind::Gone, gone);
    check(files().hint("{\"version\":3,\"v2Checkpoint\":{}}"), ErrorKind::Gone, gone);
    let lines = [PROTOCOL, METADATA, r#"{"sidecar":{"path":"s","sizeInBytes":1}}"#];
    let lines = lines.map(str::to_owned);
    let text = "`_delta_log/_sidecars/s`: the file is not there";
    check(files().checkpoint(3, &lines).hint("{\"version\":3}"), ErrorKind::Gone, text);
    let path = "_delta_log/00000000000000000003.checkpoint.0000000002.0000000002.parquet";
    let text = format!("`{path}`: the file is not there");
    let one_part = files()
        .put(
            &path.replace("2.0000000002.p", "1.0000000002.p"),
            checkpoint(&lines[..2], Compression::SNAPPY).to_vec(),
        )
        .hint("{\"version\":3,\"parts\":2}");
    check(one_part, ErrorKind::Gone, &text);
    let at_3 = "`_delta_log/00000000000000000003.checkpoint.parquet`";
    let check = |lines: &[&str], text: &str| {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let files = files().checkpoint(3, &lines).hint("{\"version\":3}");
        check(files, ErrorKind::Malformed, &format!("{at_3}: {text}"));
    };
    check(&[PROTOCOL], "the checkpoint has no metaData action");
    check(&[METADATA], "the checkpoint has no protocol action");
    check(
        &[r#"{"checkpointMetadata":{"version":2}}"#],
        "the checkpoint says that it is of version 2, not 3",
    );
    check(
        &[r#"{"sidecar":{"path":"a/..","sizeInBytes":1}}"#],
        "the sidecar's path `a/..` does not end with the name of a file",
    );
    check(
        &[&add("a"), &add("a").replace("\"size\":1", "\"size\":2")],
        "file `a` is there twice, each time otherwise",
    );
}

#[test]
fn what_changes_rows_is_refused_by_name() {
    let refused = |feature: &str| format!("reader feature `{feature}` is not supported");
    let features = r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}"#;
    let files = Files::of_versions(0).commit(1, &[features]);
    check(&files, Ok((1, None, &["f0"])));
    let unknown = features.replace("deletionVectors", "quantum");
    check(&files.commit(2, &[unknown]), Err((ErrorKind::Unsupported, &refused("quantum"))));
    let orc = METADATA.replace("parquet", "orc");
    let text = "data files in format `orc` are not supported, only `parquet`";
    check(&Files::of_versions(0).commit(1, &[orc]), Err((ErrorKind::Unsupported, text)));
    let geometry = METADATA.replace("long", "geometry");
    let text = "schema of version 1: column `a`: type `geometry` is not supported";
    check(&Files::of_versions(0).commit(1, &[geometry]), Err((ErrorKind::Unsupported, text)));
}

#[test]
fn a_broken_log_is_named() {
    let check = |files: Files, text: &str| check(&files, Err((ErrorKind::Malformed, text)));
    check(Files::default().commit(0, &[METADATA]), "no protocol action up to version 0");
    check(Files::default().commit(0, &[PROTOCOL]), "no metaData action up to version 0");
    check(
        Files::of_versions(0).commit(1, &[add("x"), remove("x")]),
        "`_delta_log/00000000000000000001.json` line 2: file `x` is both added and removed by this \
         commit",
    );
    check(
        Files::of_versions(0).commit(1, &[remove("x"), add("x")]),
        "`_delta_log/00000000000000000001.json` line 2: file `x` is both added and removed by this \
         commit",
    );
    check(
        Files::of_versions(1).put(&commit_path(1), ""),
        "`_delta_log/00000000000000000001.json` line 1: the commit is empty",
    );
    check(
        Files::default().put(&checkpoint_path(0), "PAR1PAR1").hint("{\"version\":0}"),
        "`_delta_log/00000000000000000000.checkpoint.parquet`: EOF: Parquet file too small. \
         Size is 8 but need 827474264",
    );
    check(
        Files::of_versions(0).commit(1, &[add("x"), add("x").replace("\"size\":1", "\"size\":2")]),
        "`_delta_log/00000000000000000001.json` line 2: file `x` is added twice by this commit, each \
         time otherwise",
    );
    check(
        Files::of_versions(0).commit(1, &[METADATA, &METADATA.replace("\"t\"", "\"u\"")]),
        "`_delta_log/00000000000000000001.json` line 2: this commit has two `metaData` actions that \
         differ",
    );
    let no_column = METADATA.replace("[\"p\"]", "[\"q\"]");
    check(
        Files::default().commit(0, &[PROTOCOL, &no_column]),
        "schema of version 0: column `q`: a partition column is a column of the schema with a \
         primitive type",
    );
}
