//! What somebody types to open a table, made a location of one.

/// Why a text names no table that a browser can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// Nothing was typed.
    #[error("type the path of a table in the lake, or a URL")]
    Empty,
    /// A scheme that browsers do not speak.
    #[error(
        "a browser reads https:// and http:// only, not {scheme}://: use the bucket's HTTPS address"
    )]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// Plain HTTP leads to this machine and to the page's own server only.
    #[error(
        "plain http is read from this machine only, since it may be changed on its way: use an https:// address"
    )]
    Plain,
    /// A URL without a host.
    #[error("the URL names no server")]
    NoHost,
    /// A path that leads out of the lake.
    #[error("the path leads out of the lake: give it without `..`")]
    Outside,
}

/// The location that `text` means on a page of `origin` whose lake lies below `lake_prefix`: a path
/// in the lake, or a URL. A file within `_delta_log` means its table.
///
/// # Errors
/// [`TypedError`], in words for the viewer.
pub fn location(text: &str, origin: &str, lake_prefix: &str) -> Result<String, TypedError> {
    let text = text.trim();
    let in_lake = text.strip_prefix(origin).unwrap_or(text).strip_prefix(lake_prefix);
    let text = in_lake.unwrap_or(text);
    if let Some((scheme, rest)) = text.split_once("://") {
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && scheme != "http" {
            return Err(TypedError::Scheme { scheme });
        }
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() {
            return Err(TypedError::NoHost);
        }
        let is_local = ["localhost", "127.0.0.1"].contains(&host.split(':').next().unwrap_or(""));
        let is_own = text.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/'));
        if scheme == "http" && !is_local && !is_own {
            return Err(TypedError::Plain);
        }
        return Ok(table_of(text).to_owned());
    }
    let path = table_of(text.trim_start_matches('/')).trim_end_matches('/');
    if path.is_empty() {
        return Err(TypedError::Empty);
    }
    if path.split('/').any(|segment| segment == "..") {
        return Err(TypedError::Outside);
    }
    Ok(path.to_owned())
}

/// The folder of the table, of a path into its log.
fn table_of(path: &str) -> &str {
    match path.split_once("/_delta_log") {
        Some((table, rest)) if rest.is_empty() || rest.starts_with('/') => table,
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_taken_as_it_is_meant() {
        let check = |text: &str, expected: Result<&str, TypedError>| {
            let found = location(text, "https://x:8080", "/lake/");
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        };
        check(" gold/sales/ ", Ok("gold/sales"));
        check("/gold/sales", Ok("gold/sales"));
        check("/lake/gold/sales", Ok("gold/sales"));
        check("https://x:8080/lake/gold/sales", Ok("gold/sales"));
        check("gold/sales/_delta_log/", Ok("gold/sales"));
        check("gold/sales/_delta_log/00000000000000000000.json", Ok("gold/sales"));
        check("https://y/t/_delta_log", Ok("https://y/t"));
        check("https://y/a%20b.parquet?sig=1", Ok("https://y/a%20b.parquet?sig=1"));
        check("http://localhost:9000/t", Ok("http://localhost:9000/t"));
        check("https://x:8080/other/t", Ok("https://x:8080/other/t"));
        check("http://y/t", Err(TypedError::Plain));
        check("s3://bucket/t", Err(TypedError::Scheme { scheme: "s3".into() }));
        check("https:///t", Err(TypedError::NoHost));
        check("", Err(TypedError::Empty));
        check("/lake/", Err(TypedError::Empty));
        check("gold/../../etc", Err(TypedError::Outside));
        check("_delta_logs/a", Ok("_delta_logs/a"));
    }
}
