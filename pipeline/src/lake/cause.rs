//! Why a file of the lake cannot be read or written, and what to do: told from what the store says.

use std::any::Any;
use std::error::Error;
use std::fmt::Write;
use std::io;

/// The reason of `error` in one line, with a remedy where there is one.
pub(crate) fn cause(error: &(dyn Error + 'static)) -> String {
    let text = plain(&error.to_string());
    if let Some(text) = panicked(&text) {
        return text;
    }
    let Some(system) = system_error(&text) else { return text };
    match remedy(system.kind()) {
        Some(remedy) => format!("{system}; {remedy}"),
        None => text,
    }
}

/// `text` without the number of the task that panicked; `None` when it tells of none. A panic is a fault of the program
/// or of what it is made of, whatever it was given.
pub(crate) fn panicked(text: &str) -> Option<String> {
    let (before, rest) = text.split_once("task ")?;
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix(" panicked")?;
    let message = rest.strip_prefix(" with message ").unwrap_or(rest).trim_matches('"');
    Some(format!("{before}the engine panicked: {message}"))
}

/// What a panic with this `payload` says.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("it does not say why").to_owned()
}

/// What the system said, which stores and formats wrap in texts of their own.
pub(crate) fn system_error(text: &str) -> Option<io::Error> {
    let (_, rest) = text.rsplit_once("(os error ")?;
    let (code, _) = rest.split_once(')')?;
    Some(io::Error::from_raw_os_error(code.parse().ok()?))
}

/// Whether a disk has no room, or a quota none for this user.
pub(crate) fn is_full(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(kind, StorageFull | QuotaExceeded | FileTooLarge)
}

fn remedy(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        full if is_full(full) => "what was committed stays as it is; make room and build again",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "whoever builds has to be allowed to write here: change the owner, or `lake` of the project"
        }
        _ => return None,
    })
}

/// `text` in one line, without the frames of a backtrace and with control characters written out.
fn plain(text: &str) -> String {
    let is_frame = |line: &&str| line.trim_start().starts_with("0: ");
    let mut plain = String::new();
    for line in text.lines().take_while(|line| !is_frame(line)) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        for c in line.chars() {
            match c.is_control() {
                true => drop(write!(plain, "{}", c.escape_default())),
                false => plain.push(c),
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_one_line_and_says_what_to_do() {
        let check = |text: &str, expected: &str| {
            assert_eq!(cause(&io::Error::other(text.to_owned())), expected);
        };
        check("a\n  b", "a b");
        check("a '\0'\n   0: f\n   1: g", "a '\\u{0}'");
        check("a (os error x)", "a (os error x)");
        let room = "; what was committed stays as it is; make room and build again";
        for code in [27, 28, 122] {
            let system = io::Error::from_raw_os_error(code);
            check(&format!("Failed to parse parquet: {system}"), &format!("{system}{room}"));
        }
        let denied = cause(&io::Error::other("x: Permission denied (os error 13)"));
        assert!(denied.starts_with("Permission denied (os error 13); whoever builds"), "{denied}");
        check("gone (os error 2)", "gone (os error 2)");
        check("task 3 panicked with message \"no URL\"", "the engine panicked: no URL");
        check("Join: task 12 panicked", "Join: the engine panicked: ");
        check("the task is done", "the task is done");
    }
}
