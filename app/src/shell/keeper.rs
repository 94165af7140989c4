//! The service worker `app/service-worker.js`, which keeps the page's own files and opens them without
//! a network. Where a browser has none, as in some private windows, the page goes on without.

use crate::browser;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::MessageEvent;

/// Where the server has the script; it may answer for every path below.
const SCRIPT: &str = "/service-worker.js";

/// Where the script keeps what it knows of the viewer.
const VIEWER_CACHE: &str = "lakefront-viewer";

/// What the script says to the other pages of the browser when somebody logs out in one.
const LOGGED_OUT: &str = "logged-out";

// Declared here, since three functions of the browser are not worth compiling web-sys anew.
#[wasm_bindgen]
extern "C" {
    type Container;
    #[wasm_bindgen(method, catch)]
    fn register(this: &Container, url: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, setter, js_name = onmessage)]
    fn set_on_message(this: &Container, listener: &Function);
    #[wasm_bindgen(method, getter)]
    fn controller(this: &Container) -> JsValue;

    type Caches;
    #[wasm_bindgen(method, catch)]
    fn delete(this: &Caches, name: &str) -> Result<Promise, JsValue>;
}

/// Has the browser keep the page's files, or those of a new version.
pub(super) fn register() {
    let Some(container) = container() else { return };
    if let Ok(registered) = container.register(SCRIPT) {
        wasm_bindgen_futures::spawn_local(async move {
            // Refused or not there: nothing is kept, and nothing else changes.
            let _outcome = wasm_bindgen_futures::JsFuture::from(registered).await;
        });
    }
}

/// Another viewer is there, or none: drops what is kept of the one before. The script does so by
/// itself for the pages that it answers, and a page that was loaded past it has to.
pub(super) async fn forget_viewer() {
    let is_answered = container().is_some_and(|container| container.controller().is_object());
    let caches = || {
        let caches = Reflect::get(&browser::window()?.into(), &"caches".into()).ok()?;
        caches.is_object().then(|| caches.unchecked_into::<Caches>())
    };
    if !is_answered && let Some(Ok(deleted)) = caches().map(|caches| caches.delete(VIEWER_CACHE)) {
        let _outcome = wasm_bindgen_futures::JsFuture::from(deleted).await;
    }
}

/// Calls `left` whenever the viewer logs out in another tab, for as long as the page lives.
pub(super) fn on_log_out(left: impl Fn() + 'static) {
    let Some(container) = container() else { return };
    let listener = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if event.data().as_string().as_deref() == Some(LOGGED_OUT) {
            left();
        }
    });
    container.set_on_message(listener.as_ref().unchecked_ref());
    listener.forget();
}

/// Missing without a secure context and in some private windows.
fn container() -> Option<Container> {
    let navigator = Reflect::get(&browser::window()?.into(), &"navigator".into()).ok()?;
    let container = Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    container.is_object().then(|| container.unchecked_into())
}
