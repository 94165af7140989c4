//! HTTP by the browser's `fetch`, in a page or in a worker.

use super::transport::{Head, Request, Response, Reuse, Transport, TransportError};
use bytes::Bytes;
use futures::FutureExt;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream;
use js_sys::{Promise, Reflect, Uint8Array};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, RequestCache, RequestInit, RequestMode,
    ResponseType,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(request: &web_sys::Request) -> Promise;
}

/// The headers that an answer is judged by.
const HEADERS: [&str; 7] = [
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "retry-after",
];

/// The browser.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlatformTransport(());

impl Transport for PlatformTransport {
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, TransportError>> {
        SendWrapper::new(async move { send(&request).await }).boxed()
    }
}

/// Ends the request when the answer is dropped before its body has come; does nothing after.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn send(request: &Request) -> Result<Response, TransportError> {
    let (sent, abort) = start(request, RequestMode::Cors).map_err(|error| away(&error))?;
    let answer: web_sys::Response = match JsFuture::from(sent).await {
        Ok(answer) => answer.unchecked_into(),
        Err(error) => return Err(explain(request, &error).await),
    };
    let mut head = Head::new(answer.status()).decoded();
    for name in HEADERS {
        if let Ok(Some(value)) = answer.headers().get(name) {
            head = head.with(name, value);
        }
    }
    if answer.type_() != ResponseType::Basic {
        head = head.exposed();
    }
    let Some(body) = answer.body() else {
        return Ok(Response { head, body: stream::empty().boxed() });
    };
    let reader = body.get_reader().unchecked_into::<ReadableStreamDefaultReader>();
    let chunks = stream::unfold((reader, abort), |(reader, abort)| async move {
        match chunk(&reader).await {
            Ok(Some(bytes)) => Some((Ok(bytes), (reader, abort))),
            Ok(None) => None,
            Err(error) => Some((Err(error), (reader, abort))),
        }
    });
    Ok(Response { head, body: SendWrapper::new(chunks).boxed() })
}

fn start(request: &Request, mode: RequestMode) -> Result<(Promise, AbortOnDrop), JsValue> {
    let abort = AbortOnDrop(AbortController::new()?);
    let init = RequestInit::new();
    init.set_method("GET");
    init.set_mode(mode);
    init.set_signal(Some(&abort.0.signal()));
    init.set_cache(match request.reuse {
        Reuse::Fresh => RequestCache::Default,
        Reuse::Validated => RequestCache::NoCache,
        Reuse::Never => RequestCache::NoStore,
    });
    let sent = web_sys::Request::new_with_str_and_init(&request.url, &init)?;
    if let Some(range) = &request.range {
        let last = range.end.saturating_sub(1);
        sent.headers().set("Range", &format!("bytes={}-{last}", range.start))?;
    }
    Ok((fetch(&sent), abort))
}

async fn chunk(reader: &ReadableStreamDefaultReader) -> Result<Option<Bytes>, TransportError> {
    let broken = |error: JsValue| TransportError::Broken { reason: text_of(&error) };
    let read = JsFuture::from(reader.read()).await.map_err(broken)?;
    let done = Reflect::get(&read, &JsValue::from_str("done")).map_err(broken)?;
    if done.is_truthy() {
        return Ok(None);
    }
    let value = Reflect::get(&read, &JsValue::from_str("value")).map_err(broken)?;
    Ok(Some(Bytes::from(value.unchecked_into::<Uint8Array>().to_vec())))
}

/// Why `fetch` failed without a status, which it does not tell.
///
/// If the server answers the same request without a range, then the range is at fault: a part of an
/// encoded body cannot be decoded, or another origin does not allow the header. If it answers only
/// where nobody may look at the answer, then CORS is. No body is read to learn that.
async fn explain(request: &Request, error: &JsValue) -> TransportError {
    let Some((origin, is_elsewhere)) = origins(&request.url) else { return away(error) };
    let reason = text_of(error);
    if is_elsewhere && origin.starts_with("https:") && request.url.starts_with("http:") {
        let reason = format!("{reason}: a page over https may not read http");
        return TransportError::Blocked { origin, reason };
    }
    let probe = Request { range: None, reuse: Reuse::Never, ..request.clone() };
    if request.range.is_some()
        && let Ok((sent, _abort)) = start(&probe, RequestMode::Cors)
        && let Ok(answer) = JsFuture::from(sent).await
    {
        let answer = answer.unchecked_into::<web_sys::Response>();
        return match answer.headers().get("content-encoding") {
            Ok(Some(encoding)) => TransportError::Encoded { encoding },
            _ if is_elsewhere => {
                let reason = format!("{reason}, but only to a range");
                TransportError::Blocked { origin, reason }
            }
            _ => TransportError::Broken { reason },
        };
    }
    if !is_elsewhere {
        return away(error);
    }
    let Ok((sent, _abort)) = start(&probe, RequestMode::NoCors) else { return away(error) };
    match JsFuture::from(sent).await {
        Ok(_) => TransportError::Blocked { origin, reason },
        Err(error) => away(&error),
    }
}

/// The origin of this page, and whether `url` is of another one.
fn origins(url: &str) -> Option<(String, bool)> {
    let global: JsValue = js_sys::global().into();
    let here = Reflect::get(&global, &JsValue::from_str("location")).ok()?;
    let text = |name: &str| Reflect::get(&here, &JsValue::from_str(name)).ok()?.as_string();
    let origin = text("origin")?;
    let is_elsewhere = url.contains("://") && !url.starts_with(&format!("{origin}/"));
    Some((origin, is_elsewhere))
}

fn away(error: &JsValue) -> TransportError {
    TransportError::Away { reason: text_of(error) }
}

fn text_of(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => format!("{error:?}"),
    }
}
