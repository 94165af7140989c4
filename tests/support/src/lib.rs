//! What tests need and a machine may lack: a corpus, a server, a browser, a program.
//!
//! A test that lacks something calls [`skip`] and returns. It then counts as skipped in the closing line of
//! `cargo xtask test`; where `LAKEFRONT_REQUIRE=all` is set, as CI does, it fails instead, so that a green run
//! cannot be an empty one.

pub mod hostile;

use std::io::Write;
use std::path::{Path, PathBuf};

/// Set to `all`, everything that a test needs has to be there.
pub const REQUIRE: &str = "LAKEFRONT_REQUIRE";

/// What a line about a skipped test begins with; behind it come the test's name and the reason.
pub const SKIPPED: &str = "skipped: ";

/// Says that the running test is skipped, since `lack`. The line goes past the capture of the test's output.
///
/// # Panics
/// When [`REQUIRE`] is set.
#[expect(clippy::panic, reason = "a test that may not be skipped fails")]
pub fn skip(lack: &str) {
    if let Err(refusal) = may_skip(std::env::var(REQUIRE).ok().as_deref(), lack) {
        panic!("{refusal}");
    }
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // Nobody reads stderr only when nobody counts.
    let _ = writeln!(std::io::stderr(), "{SKIPPED}{test}: {lack}");
}

/// Whether a test may be skipped since `lack`, where [`REQUIRE`] has the value `required`; else what to say.
fn may_skip(required: Option<&str>, lack: &str) -> Result<(), String> {
    match required {
        None | Some("") => Ok(()),
        Some("all") => Err(format!("{lack}, and {REQUIRE}=all says that nothing may be lacking")),
        Some(other) => Err(format!("{REQUIRE} is {other:?}, and only `all` has a meaning")),
    }
}

/// The file that the environment variable `variable` names; without it the running test is to be skipped.
pub fn program(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        skip(&format!("{variable} is not set; `cargo xtask test` sets it"));
    }
    path
}

/// The folder `part` of the corpus of real tables and files, which lies where `LAKEFRONT_CORPUS` says or beside
/// the checkout; without it the running test is to be skipped.
pub fn corpus(part: &str) -> Option<PathBuf> {
    let folder = corpus_root().join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    skip(&format!("there is no corpus at {} (LAKEFRONT_CORPUS names it)", folder.display()));
    None
}

/// Where the corpus lies, if it is there.
pub fn corpus_root() -> PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var_os("LAKEFRONT_CORPUS").filter(|text| !text.is_empty());
    checkout.join(named.unwrap_or_else(|| "../shared/corpus".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_may_be_skipped_where_everything_is_required() {
        let check = |required: Option<&str>, refusal: Option<&str>| {
            let found = may_skip(required, "there is no browser").err();
            match refusal {
                None => assert_eq!(found, None, "{required:?}"),
                Some(part) => assert!(found.unwrap_or_default().contains(part), "{required:?}"),
            }
        };
        check(None, None);
        check(Some(""), None);
        check(Some("all"), Some("there is no browser"));
        check(Some("some"), Some("\"some\""));
    }
}
