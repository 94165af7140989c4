//! Stores that refuse, and checksums.

use super::*;
use crate::path::checksum_path;

/// A store that refuses what is not there, and everything after so many answers.
fn refuse(
    mut walk: LogWalk,
    files: &Files,
    n_answers: usize,
) -> Result<(u64, Vec<(String, Purpose)>), LogError> {
    let (mut in_flight, mut log): (VecDeque<String>, Vec<_>) = (VecDeque::new(), Vec::new());
    let mut n_answered = 0;
    loop {
        match walk.step() {
            Step::Fetch { path, purpose } => {
                log.push((path.clone(), purpose));
                in_flight.push_back(path);
            }
            Step::Cancel { path } => in_flight.retain(|it| *it != path),
            Step::Wait => {
                let path = in_flight.pop_front().unwrap();
                let fetched = match files.answer(&path) {
                    Fetched::Bytes(bytes) if n_answered < n_answers => Fetched::Bytes(bytes),
                    _ => Fetched::Forbidden,
                };
                n_answered += 1;
                walk.answer(&path, fetched)?;
            }
            Step::Done(snapshot) => return Ok((snapshot.version, log)),
        }
    }
}

#[test]
fn what_is_refused_is_absent_while_the_store_gives_other_files() {
    for files in [
        Files::of_versions(2),
        Files::of_versions(9),
        Files::of_versions(4).checkpoint(4, &checkpoint_lines(4)).hint("{\"version\":4}"),
    ] {
        let expected = read(&files).unwrap().version;
        let (version, log) = refuse(LogWalk::new(), &files, usize::MAX).unwrap();
        assert_eq!(version, expected);
        let proofs = log.iter().filter(|(_, purpose)| *purpose == Purpose::Proof);
        assert_eq!(proofs.count(), 1, "{log:?}");
    }
}

#[test]
fn access_that_ends_is_no_end_of_the_log() {
    let files = Files::of_versions(9);
    let n_whole = refuse(LogWalk::new(), &files, usize::MAX).unwrap().1.len();
    for n_answers in 0..n_whole {
        let error = refuse(LogWalk::new(), &files, n_answers).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{n_answers}: {error}");
    }
    let text = refuse(LogWalk::new(), &files, 0).unwrap_err().to_string();
    let expected = "`_delta_log/_last_checkpoint` is refused, and no file of the log is known to be \
                    readable";
    assert_eq!(text, expected);
    let text = refuse(LogWalk::new(), &files, 4).unwrap_err().to_string();
    assert!(text.starts_with("access has ended: `_delta_log/0000"), "{text}");
    // A walk that goes on knows a file that was there.
    let known = Arc::new(read(&files).unwrap());
    let error = refuse(LogWalk::resume(Arc::clone(&known)), &files, 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("access has ended: `{}` was readable and is refused", commit_path(9))
    );
    assert_eq!(refuse(LogWalk::resume(known), &files, usize::MAX).unwrap().0, 9);
    // A wanted version that is here needs no proof.
    let (version, log) = refuse(LogWalk::at_version(3), &files, usize::MAX).unwrap();
    assert!(version == 3 && log.iter().all(|(_, purpose)| *purpose != Purpose::Proof), "{log:?}");
}

#[test]
fn a_checksum_that_differs_is_named() {
    let checksum = |n_files: u64, size_bytes: u64| {
        format!(
            r#"{{"tableSizeBytes":{size_bytes},"numFiles":{n_files},"numMetadata":1,"numProtocol":1,"protocol":{}}}"#,
            &PROTOCOL[12..PROTOCOL.len() - 1]
        )
    };
    let check = |files: &Files, expected: Result<u64, &str>| {
        for last in [false, true] {
            let choose = |n: usize| if last { n - 1 } else { 0 };
            let found = drive(LogWalk::new().verified(), files, choose);
            let found = found.map(|(snapshot, _)| snapshot.version).map_err(|it| it.to_string());
            assert_eq!(found, expected.map_err(str::to_owned));
        }
        assert!(read(files).is_ok());
    };
    let at = |files: Files, version, text: &str| files.put(&checksum_path(version), text);
    let tip = || Files::of_versions(2);
    check(&tip(), Ok(2));
    check(&at(tip(), 2, &checksum(3, 6)), Ok(2));
    check(&at(tip(), 2, "malformed"), Ok(2));
    check(&at(tip(), 1, &checksum(9, 9)), Ok(2));
    let wrong =
        "`_delta_log/00000000000000000002.crc`: `numFiles` is 4 in the checksum, 3 in the log";
    check(&at(tip(), 2, &checksum(4, 6)), Err(wrong));
    // The checkpoint is verified where there is one.
    let files =
        || Files::of_versions(6).checkpoint(4, &checkpoint_lines(4)).hint("{\"version\":4}");
    check(&at(files(), 4, &checksum(5, 10)), Ok(6));
    let wrong = "`_delta_log/00000000000000000004.crc`: `tableSizeBytes` is 11 in the checksum, 10 in the log";
    check(&at(files(), 4, &checksum(5, 11)), Err(wrong));
}
