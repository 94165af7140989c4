//! A message of the engine, read: one that is no reply fails the request that it answers, not the
//! engine.

use protocol::{Answer, ErrorCode, Failure, Reply, RequestId};
use serde::Deserialize;

/// As much of a reply as says whose it is.
#[derive(Deserialize)]
struct Addressed {
    id: RequestId,
}

/// The reply that `json` is. One whose answer cannot be read becomes the failure of its request.
///
/// # Errors
/// Why it is no reply to any request, as text for the viewer: the engine cannot be relied on.
pub fn read(json: &str) -> Result<Reply, String> {
    let reason = match serde_json::from_str::<Reply>(json) {
        Ok(reply) => return Ok(reply),
        Err(error) => error,
    };
    match serde_json::from_str::<Addressed>(json) {
        // What is said unasked has no request that could fail.
        Ok(Addressed { id }) if id != RequestId::default() => {
            let message = format!("the engine's answer cannot be read: {reason}");
            Ok(Reply { id, answer: Answer::Failed(Failure::new(ErrorCode::Internal, message)) })
        }
        _ => Err(format!("the engine said something that is no reply: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_cannot_be_read_fails_its_request_alone() {
        let check = |json: &str, expected: Result<(u32, &str), &str>| {
            let read = read(json);
            match (&read, expected) {
                (Ok(reply), Ok((id, said))) => {
                    assert_eq!(reply.id, RequestId(id), "{json}");
                    let answer = format!("{:?}", reply.answer);
                    assert!(answer.contains(said), "{answer} of {json}");
                }
                (Err(reason), Err(said)) => assert!(reason.contains(said), "{reason} of {json}"),
                _ => panic!("{read:?} of {json}"),
            }
        };
        check(r#"{"id":7,"answer":"forgotten"}"#, Ok((7, "Forgotten")));
        check(r#"{"id":0,"answer":"ready"}"#, Ok((0, "Ready")));
        check(r#"{"id":7,"answer":"sung"}"#, Ok((7, "cannot be read: unknown variant")));
        check(
            r#"{"id":7,"answer":{"opened":{"tables":[],"extents":[{}]}}}"#,
            Ok((7, "missing field")),
        );
        check(r#"{"id":7}"#, Ok((7, "missing field")));
        check(r#"{"id":0,"answer":"sung"}"#, Err("no reply"));
        check(r#"{"answer":"ready"}"#, Err("no reply"));
        check(r#"{"id":7"#, Err("no reply"));
        check("", Err("no reply"));
    }
}
