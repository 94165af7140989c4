//! The engine's worker: its start, its messages, its end.

use crate::{browser, reply};
use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use protocol::{Answer, Ask, Reply, Request, RequestId};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, MessageEvent, Worker, WorkerOptions, WorkerType};

/// Where the page says which script the engine starts with.
const META: &str = "lakefront-engine";

/// The name of a worker that waits for a compiled module.
const COMPILED: &str = "compiled";

/// The engine's module as a worker has compiled it, for the workers after it.
pub(super) type Compiled = Rc<RefCell<Option<JsValue>>>;

/// A worker that runs. Dropping it leaves the worker running; see [`EngineWorker::stop`].
pub(super) struct EngineWorker {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
    _on_message_error: Closure<dyn FnMut(MessageEvent)>,
}

impl EngineWorker {
    /// Starts a worker. `on_reply` is given each message of the engine with the buffer beside it,
    /// `on_death` why nothing more will come.
    ///
    /// # Errors
    /// Why the browser starts none, as text for the viewer.
    pub(super) fn start(
        compiled: &Compiled,
        on_reply: impl Fn(Reply, Option<Vec<u8>>) + 'static,
        on_death: impl Fn(String) + 'static,
    ) -> Result<EngineWorker, String> {
        let url = browser::meta(META).ok_or_else(|| format!("the page has no meta {META:?}"))?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let held = compiled.borrow().clone();
        if held.is_some() {
            options.set_name(COMPILED);
        }
        let worker = Worker::new_with_options(&url, &options).map_err(|error| text_of(&error))?;
        if let Some(module) = held
            && let Err(error) = worker.post_message(&module)
        {
            // It waits for the module, which never comes.
            worker.terminate();
            return Err(text_of(&error));
        }
        let on_death = Rc::new(on_death);

        let died = Rc::clone(&on_death);
        let (compiled, asked) = (Rc::clone(compiled), worker.clone());
        let on_message = Closure::new(move |event: MessageEvent| match read(&event.data()) {
            Ok((Reply { answer: Answer::Module, .. }, _, module)) => {
                *compiled.borrow_mut() = Some(module);
            }
            Ok((reply, buffer, _)) => {
                if reply.answer == Answer::Ready && compiled.borrow().is_none() {
                    // Without it the next worker compiles by itself.
                    let _ = post(&asked, RequestId(0), Ask::Module);
                }
                on_reply(reply, buffer);
            }
            Err(reason) => died(reason),
        });
        let died = Rc::clone(&on_death);
        let on_error = Closure::new(move |event: Event| {
            // A script that cannot be loaded gives a plain event, which has no message.
            let message = Reflect::get(&event, &"message".into()).ok();
            let message = message.and_then(|message| message.as_string());
            died(message.unwrap_or_else(|| "the engine could not be loaded".to_owned()));
        });
        let on_message_error = Closure::new(move |_event: MessageEvent| {
            on_death("a message of the engine could not be read".to_owned());
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_message_error.as_ref().unchecked_ref()));
        Ok(EngineWorker {
            worker,
            _on_message: on_message,
            _on_error: on_error,
            _on_message_error: on_message_error,
        })
    }

    /// Posts a request.
    ///
    /// # Errors
    /// Why it was not posted, as text for the viewer.
    pub(super) fn post(&self, id: RequestId, ask: Ask) -> Result<(), String> {
        post(&self.worker, id, ask)
    }

    /// Ends the worker at once; what it still says is not heard.
    pub(super) fn stop(self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
    }
}

fn post(worker: &Worker, id: RequestId, ask: Ask) -> Result<(), String> {
    let json = serde_json::to_string(&Request { id, ask }).map_err(|error| error.to_string())?;
    worker.post_message(&json.into()).map_err(|error| text_of(&error))
}

/// A message is the JSON of a reply and, beside it, a buffer, a module or null.
///
/// # Errors
/// Why it is not, as text for the viewer.
fn read(message: &JsValue) -> Result<(Reply, Option<Vec<u8>>, JsValue), String> {
    let json = message.dyn_ref::<Array>().and_then(|parts| parts.get(0).as_string());
    let reply = reply::read(&json.unwrap_or_default())?;
    let beside = message.dyn_ref::<Array>().map_or(JsValue::NULL, |parts| parts.get(1));
    let buffer = beside.dyn_ref::<ArrayBuffer>().map(|buffer| Uint8Array::new(buffer).to_vec());
    Ok((reply, buffer, beside))
}

fn text_of(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => error.message().into(),
        None => format!("{error:?}"),
    }
}
