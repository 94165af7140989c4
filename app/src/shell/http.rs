//! The page's few requests to the server. Each failure carries the server's own words if it said
//! any.

use catalog::Catalog;
use gloo_net::http::{Request, RequestBuilder, Response};
use protocol::{
    CATALOG_PATH, ErrorCode, Failure, LAKE_PREFIX, LoginRequest, LogoutReply, SessionReply,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Who is logged in.
pub(super) async fn session() -> Result<SessionReply, Failure> {
    json::<Option<SessionReply>>(ask(Request::get("/api/session")).await?)
        .await?
        .ok_or_else(|| Failure::new(ErrorCode::Unauthorized, "nobody is logged in"))
}

/// Logs in; the cookie that the server sets is out of the page's sight.
pub(super) async fn log_in(request: &LoginRequest) -> Result<SessionReply, Failure> {
    json(post("/api/login", request).await?).await
}

/// Ends the session.
pub(super) async fn log_out() -> Result<(), Failure> {
    json::<LogoutReply>(post("/api/logout", &serde_json::json!({})).await?).await.map(|_ended| ())
}

/// The compiled catalog.
pub(super) async fn catalog() -> Result<Arc<Catalog>, Failure> {
    let url = format!("{LAKE_PREFIX}{CATALOG_PATH}");
    let text = ask(Request::get(&url)).await?.text().await.map_err(|error| unreachable(&error))?;
    Catalog::from_json(&text)
        .map(Arc::new)
        .map_err(|error| Failure::new(ErrorCode::InvalidCatalog, format!("the catalog: {error}")))
}

async fn ask(request: RequestBuilder) -> Result<Response, Failure> {
    check(request.send().await.map_err(|error| unreachable(&error))?).await
}

async fn post(url: &str, body: &impl Serialize) -> Result<Response, Failure> {
    let request = Request::post(url).json(body).map_err(|error| unreachable(&error))?;
    check(request.send().await.map_err(|error| unreachable(&error))?).await
}

/// The answer, or the failure that it is.
async fn check(response: Response) -> Result<Response, Failure> {
    if response.ok() {
        return Ok(response);
    }
    let said = response.text().await.unwrap_or_default();
    let code = match response.status() {
        401 => ErrorCode::Unauthorized,
        403 => ErrorCode::Forbidden,
        404 => ErrorCode::NotFound,
        429 => ErrorCode::TooManyAttempts,
        _ => ErrorCode::Network,
    };
    let path = response.url().rsplit('/').next().unwrap_or_default().to_owned();
    let by_status =
        || Failure::new(code, format!("the server answered {} for {path}", response.status()));
    Err(serde_json::from_str(&said).unwrap_or_else(|_| by_status()))
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    response.json().await.map_err(|error| {
        Failure::new(ErrorCode::Network, format!("the server's answer cannot be read: {error}"))
    })
}

fn unreachable(error: &gloo_net::Error) -> Failure {
    Failure::new(ErrorCode::Network, format!("the server cannot be reached: {error}"))
}
