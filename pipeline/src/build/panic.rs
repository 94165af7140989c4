//! A panic of what a build is made of, as an error with a place.

use super::BuildError;
use std::any::Any;
use tokio::task::JoinError;

/// The panic with this `payload` while `place` was made.
pub(super) fn caught(place: impl Into<String>, payload: &(dyn Any + Send)) -> BuildError {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    let message = text.unwrap_or("it does not say why").to_owned();
    BuildError::Panicked { place: place.into(), message }
}

/// The end of the task that made `place` and gave no result.
pub(super) fn ended(place: impl Into<String>, error: JoinError) -> BuildError {
    match error.try_into_panic() {
        Ok(payload) => caught(place, payload.as_ref()),
        Err(error) => BuildError::Panicked { place: place.into(), message: error.to_string() },
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
