//! A failure in a human sentence, and what to do about it.

use protocol::{ErrorCode, Failure};

/// What a viewer is told of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What has happened, in a few words.
    pub title: &'static str,
    /// What to do about it.
    pub way_on: String,
    /// Lines to copy into the configuration of the server that holds the table.
    pub recipe: Option<String>,
}

/// Advice for `failure`, met when looking at `location` from a page of `origin`.
pub fn advice(failure: &Failure, location: &str, origin: &str) -> Advice {
    let is_elsewhere = location.contains("://");
    let plain = |title, way_on: &str| Advice { title, way_on: way_on.to_owned(), recipe: None };
    match failure.code {
        ErrorCode::Blocked => Advice {
            title: "The server does not let this page read the table",
            way_on: "The server has to say that pages of this origin may read its files (CORS). \
                     Add these headers to its answers, then try again. A single range needs no \
                     preflight."
                .to_owned(),
            recipe: Some(recipe(origin)),
        },
        ErrorCode::Network if is_elsewhere => Advice {
            title: "The server could not be reached",
            way_on: "Check the address and the network. If the address opens in a tab of its own, \
                     the server does not let this page read it: add these headers to its answers."
                .to_owned(),
            recipe: Some(recipe(origin)),
        },
        ErrorCode::Network => plain("The bytes did not come", "Check the network, then try again."),
        ErrorCode::NoRanges => plain(
            "The server does not serve parts of files",
            "Lakefront reads a few kilobytes of large files and never downloads them whole. Let \
             the server answer `Range: bytes=a-b` with status 206 and without compression, as \
             object storage, CDNs and most web servers do.",
        ),
        ErrorCode::Unauthorized => plain(
            "The server asks who you are",
            "This page sends no credentials to other servers. Use a public address or a signed \
             URL, or let Lakefront serve the folder.",
        ),
        ErrorCode::Forbidden => plain(
            "Access is refused",
            "The server knows the file and refuses it. Check the bucket's policy; a signed URL may \
             have expired.",
        ),
        ErrorCode::NotFound if failure.message.contains("the newest one is") => plain(
            "There is no such version",
            "Choose a version between the oldest and the newest one, or go to the newest.",
        ),
        ErrorCode::NotFound if failure.message.contains("not a Delta table") => plain(
            "There is no table here",
            "A Delta table is the folder that holds `_delta_log`. Check the path; a Parquet file \
             ends in .parquet and a manifest in .json.",
        ),
        ErrorCode::NotFound => plain(
            "Nothing is there",
            "Check the path: it is relative to the lake, or a whole URL. Case matters.",
        ),
        ErrorCode::VersionGone => plain(
            "This version is gone",
            "Its files were removed, as VACUUM does. Go to the newest version.",
        ),
        ErrorCode::Changed => plain(
            "A file was changed while it was read",
            "Somebody replaced it meanwhile. Try again to read the new one.",
        ),
        ErrorCode::UnsupportedFeature => plain(
            "The table needs what Lakefront cannot read yet",
            "Nothing is shown rather than something wrong. The feature is named below; a writer \
             can drop it, or write another table without it.",
        ),
        ErrorCode::MalformedLog => plain(
            "The table's log is not right",
            "The place and the rule are named below. Compare the file with what the writer wrote; \
             a copy may be incomplete.",
        ),
        ErrorCode::MalformedFile => plain(
            "This is not a Parquet file that can be read",
            "The file may be cut off, encrypted or of another format. Check what the writer wrote.",
        ),
        ErrorCode::InvalidRequest => plain(
            "This cannot be asked of the table",
            "Change the filter, the columns or the view.",
        ),
        ErrorCode::InvalidCatalog => plain(
            "The question does not fit the table",
            "A column has another name or type than was asked for.",
        ),
        ErrorCode::Uncomputable => plain(
            "The number cannot be computed",
            "The rows have values that its expression does not fit: change it in the catalog.",
        ),
        ErrorCode::OverBudget => plain(
            "That is more than the engine may hold",
            "Ask for fewer columns or rows, or filter by a partition.",
        ),
        ErrorCode::TooManyAttempts => plain("Too many attempts", "Wait a moment, then try again."),
        ErrorCode::Internal => plain(
            "Something is wrong in Lakefront",
            "Try again. If it stays, report the text below with the table's protocol.",
        ),
    }
}

/// The headers that let a page of `origin` read files of another server.
fn recipe(origin: &str) -> String {
    format!(
        "Access-Control-Allow-Origin: {origin}\n\
         Access-Control-Allow-Methods: GET\n\
         Access-Control-Allow-Headers: Range\n\
         Access-Control-Expose-Headers: Content-Range, Content-Length, ETag, Accept-Ranges"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: [ErrorCode; 17] = [
        ErrorCode::Unauthorized,
        ErrorCode::TooManyAttempts,
        ErrorCode::Forbidden,
        ErrorCode::NotFound,
        ErrorCode::NoRanges,
        ErrorCode::VersionGone,
        ErrorCode::Network,
        ErrorCode::Blocked,
        ErrorCode::Changed,
        ErrorCode::UnsupportedFeature,
        ErrorCode::MalformedLog,
        ErrorCode::MalformedFile,
        ErrorCode::InvalidCatalog,
        ErrorCode::InvalidRequest,
        ErrorCode::Uncomputable,
        ErrorCode::OverBudget,
        ErrorCode::Internal,
    ];

    #[test]
    fn every_failure_has_a_sentence_of_its_own_and_a_way_on() {
        let mut titles = std::collections::HashSet::new();
        for code in EVERY {
            let advice = advice(&Failure::new(code, "no"), "gold/sales", "https://x");
            assert!(titles.insert(advice.title), "{code:?} says {:?} again", advice.title);
            assert!(advice.way_on.ends_with('.'), "{code:?}");
        }
    }

    #[test]
    fn the_recipe_is_given_where_it_may_help() {
        let check = |code: ErrorCode, location: &str, expected: bool| {
            let advice = advice(&Failure::new(code, "no"), location, "https://x:8080");
            let has = advice.recipe.is_some_and(|it| it.contains("Allow-Origin: https://x:8080\n"));
            assert_eq!(has, expected, "{code:?} {location}");
        };
        check(ErrorCode::Blocked, "https://y/t", true);
        check(ErrorCode::Network, "https://y/t", true);
        check(ErrorCode::Network, "gold/sales", false);
        check(ErrorCode::NotFound, "https://y/t", false);
    }
}
