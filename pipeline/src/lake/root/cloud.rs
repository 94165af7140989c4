//! Object stores by URL.

use super::RootError;
use object_store::ObjectStore;
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use std::sync::Arc;
use url::Url;

/// The schemes of roots on object stores.
pub(super) const SCHEMES: [&str; 6] = ["s3", "s3a", "az", "abfs", "abfss", "gs"];

/// Reads `text`, whose scheme is `scheme`, into a directory URL.
///
/// # Errors
/// [`RootError::Scheme`], [`RootError::Form`]; neither shows what may be a secret.
pub(super) fn parse(scheme: &str, text: &str) -> Result<Url, RootError> {
    let form = |rule| RootError::Form { text: without_secrets(text), rule };
    if !SCHEMES.contains(&scheme) {
        let text = without_secrets(text);
        return Err(RootError::Scheme { text, scheme: format!("{scheme}://") });
    }
    let mut url = Url::parse(text).map_err(|_| form("is not a URL"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(form("has a `?` or `#`, a lake's URL ends with its path"));
    }
    // In abfss://container@account.dfs.core.windows.net/ the container stands where a user would.
    let may_have_user = matches!(scheme, "abfs" | "abfss");
    if url.password().is_some() || (!may_have_user && !url.username().is_empty()) {
        return Err(form("has a user before its host, credentials come from the environment only"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(form("names no bucket after `//`"));
    }
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push("");
    }
    Ok(url)
}

/// `text` without what stands before `@` or after `?`.
fn without_secrets(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://...@{place}"),
        _ => text.to_owned(),
    }
}

/// The whole bucket of `url`, with the environment's credentials.
///
/// # Errors
/// [`RootError::Settings`].
pub(super) fn open(url: &Url) -> Result<Arc<dyn ObjectStore>, RootError> {
    let text = url.as_str();
    let settings =
        |variables| move |source| RootError::Settings { root: text.to_owned(), variables, source };
    Ok(match url.scheme() {
        "az" | "abfs" | "abfss" => {
            let store = MicrosoftAzureBuilder::from_env().with_url(text).build();
            Arc::new(store.map_err(settings("AZURE_STORAGE_*"))?)
        }
        "gs" => {
            let store = GoogleCloudStorageBuilder::from_env().with_url(text).build();
            Arc::new(store.map_err(settings("GOOGLE_*"))?)
        }
        _ => {
            // Two commits of one version are told apart by this alone, so no variable turns it off.
            let store = AmazonS3Builder::from_env()
                .with_url(text)
                .with_conditional_put(S3ConditionalPut::ETagMatch)
                .build();
            Arc::new(store.map_err(settings("AWS_*"))?)
        }
    })
}
