//! Letting others run: in a worker, messages such as a cancellation come in only between tasks.

use futures::future::BoxFuture;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

/// Ends this task of the event loop and goes on in a later one.
pub async fn give_up() {
    SendWrapper::new(async {
        let promise = js_sys::Promise::new(&mut |resolve, _| {
            let global: web_sys::DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
            if global.set_timeout_with_callback(&resolve).is_err() {
                let _ = resolve.call0(&wasm_bindgen::JsValue::NULL);
            }
        });
        let _ = JsFuture::from(promise).await;
    })
    .await;
}

/// Runs `work` beside this task.
pub fn spawn(work: BoxFuture<'static, ()>) {
    wasm_bindgen_futures::spawn_local(work);
}
