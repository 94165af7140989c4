//! A panic of what a build is made of, as an error with a place.

use super::BuildError;
use crate::lake::panic_message;
use crate::source::{FileRule, SourceError};
use std::any::Any;
use std::path::Path;
use tokio::task::JoinError;

/// The panic with this `payload` while `place` was made.
pub(super) fn caught(place: impl Into<String>, payload: &(dyn Any + Send)) -> BuildError {
    BuildError::Panicked { place: place.into(), message: panic_message(payload) }
}

/// The end of the task that made `place` and gave no result.
pub(super) fn ended(place: impl Into<String>, error: JoinError) -> BuildError {
    match error.try_into_panic() {
        Ok(payload) => caught(place, payload.as_ref()),
        Err(error) => BuildError::Panicked { place: place.into(), message: error.to_string() },
    }
}

/// What `work` gives, which reads the files at `path` whole: a thread of its own does it, so that no worker is kept
/// from what others wait for.
pub(super) async fn apart<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(ended) => match ended.try_into_panic() {
            // It is told with the model's place.
            Ok(payload) => std::panic::resume_unwind(payload),
            Err(ended) => {
                let rule = FileRule::Unreadable(std::io::Error::other(ended));
                Err(SourceError::File { path: path.to_owned(), rule })
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::panic::AssertUnwindSafe;

    #[tokio::test]
    async fn a_panic_says_where_and_why() {
        let check = |error: BuildError, expected: &str| {
            assert!(error.to_string().starts_with(expected), "{error}");
        };
        let expected = "models/silver/a.sql: the engine panicked: no URL; ";
        let place = "models/silver/a.sql";
        let payload = AssertUnwindSafe(async { panic!("no {}", "URL") }).catch_unwind().await;
        check(caught(place, payload.unwrap_err().as_ref()), expected);
        let ended_early = tokio::spawn(async { panic!("no URL") }).await;
        check(ended(place, ended_early.unwrap_err()), expected);
        check(
            caught(place, &7_u8),
            "models/silver/a.sql: the engine panicked: it does not say why; ",
        );
    }
}
