//! The engine as a web worker: messages in, messages out, and last words.

use crate::engine::Engine;
use crate::lake::{DEFAULT_MEMORY_BYTES, Lake};
use crate::store::clock::PlatformClock;
use crate::store::persistent::shelf::CAPACITY_BYTES;
use crate::store::persistent::{self, PersistentStore, Shelf};
use crate::store::{ByteStore, MemoryStore, PlatformStore};
use futures::future::{AbortHandle, Abortable, FutureExt, LocalBoxFuture, Shared};
use js_sys::{Array, Uint8Array};
use protocol::{Answer, Ask, ErrorCode, Failure, Reply, Request, RequestId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::{Closure, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// What lives between messages.
#[derive(Default)]
struct Desk {
    mounted: Option<Mounted>,
    /// The lake that was opened last, or is about to be: what is asked meanwhile waits for it.
    mounting: Option<Mounting>,
    engine: Option<Rc<Engine>>,
    running: HashMap<RequestId, AbortHandle>,
}

type Mounting = Shared<LocalBoxFuture<'static, Result<Arc<Lake>, Failure>>>;

/// A lake and where its bytes are kept.
struct Mounted {
    lake_url: String,
    lake: Arc<Lake>,
    kept: Option<PersistentStore>,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Takes messages from now on and says so.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        say(RequestId(0), Answer::Panicked { message: panic.to_string() }, None);
    }));
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        take(&event.data());
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    say(RequestId(0), Answer::Ready, None);
}

fn take(message: &JsValue) {
    let parsed = message
        .as_string()
        .ok_or_else(|| "a message to the engine is a JSON text".to_owned())
        .and_then(|json| {
            serde_json::from_str::<Request>(&json)
                .map_err(|error| format!("a message to the engine cannot be read: {error}"))
        });
    match parsed {
        Ok(request) => serve(request),
        Err(reason) => {
            let failure = Failure::new(ErrorCode::InvalidRequest, reason);
            say(id_of(message), Answer::Failed(failure), None);
        }
    }
}

/// Under which id a message asks that cannot be read otherwise; 0 when it has none.
fn id_of(message: &JsValue) -> RequestId {
    #[derive(serde::Deserialize)]
    struct Addressed {
        id: RequestId,
    }
    let json = message.as_string().unwrap_or_default();
    serde_json::from_str::<Addressed>(&json).map_or_else(|_| RequestId(0), |it| it.id)
}

fn serve(request: Request) {
    let id = request.id;
    match request.ask {
        Ask::Cancel(id) => {
            let handle = DESK.with_borrow_mut(|desk| desk.running.remove(&id));
            if let Some(handle) = handle {
                handle.abort();
            }
        }
        Ask::Module => post(id, Answer::Module, &wasm_bindgen::module(), &Array::new()),
        Ask::Panic => deliberate_panic(),
        Ask::Open { lake_url, catalog, memory_bytes } => {
            let memory_bytes = memory_bytes.unwrap_or(DEFAULT_MEMORY_BYTES);
            let mounting = mount(lake_url, memory_bytes).boxed_local().shared();
            DESK.with_borrow_mut(|desk| desk.mounting = Some(mounting));
            spawn(id, async move {
                let (engine, opened) = Engine::open(lake().await?, *catalog).await?;
                DESK.with_borrow_mut(|desk| desk.engine = Some(Rc::new(engine)));
                Ok((Answer::Opened { tables: opened.tables, extents: opened.extents }, None))
            });
        }
        Ask::Forget => spawn(id, async move {
            let kept = DESK.with_borrow_mut(|desk| {
                desk.engine = None;
                desk.mounting = None;
                desk.mounted.take().and_then(|mounted| mounted.kept)
            });
            // Without an open lake there may be bytes of an earlier visit all the same.
            let kept = match kept {
                Some(kept) => Some(kept),
                None => keep("", Arc::new(MemoryStore::default())).await,
            };
            if let Some(kept) = kept {
                kept.clear().await.map_err(|error| {
                    let message = format!("what the browser keeps was not removed: {error}");
                    Failure::new(ErrorCode::Internal, message)
                })?;
            }
            Ok((Answer::Forgotten, None))
        }),
        Ask::Changes { location, first, last, form } => spawn(id, async move {
            let rows = lake().await?.changes(&location, first, last, form).await?;
            let ipc = rows.to_ipc()?;
            Ok((Answer::Rows(rows.facts), Some(ipc)))
        }),
        Ask::Rows(spec) => spawn(id, async move {
            let rows = lake().await?.rows(&spec).await?;
            let ipc = rows.to_ipc()?;
            Ok((Answer::Rows(rows.facts), Some(ipc)))
        }),
        Ask::Describe(table) => spawn(id, async move {
            let described = lake().await?.describe(&table).await?;
            Ok((Answer::Described(Box::new(described)), None))
        }),
        Ask::History { location, before, limit } => spawn(id, async move {
            Ok((Answer::History(lake().await?.history(&location, before, limit).await?), None))
        }),
        Ask::Files { table, offset, limit } => spawn(id, async move {
            Ok((Answer::Files(lake().await?.files(&table, offset, limit).await?), None))
        }),
        Ask::Layout { table, path } => spawn(id, async move {
            Ok((Answer::Layout(Box::new(lake().await?.layout(&table, &path).await?)), None))
        }),
        Ask::Query(spec) => {
            let engine = DESK.with_borrow(|desk| desk.engine.clone());
            spawn(id, async move {
                let engine = engine.ok_or_else(|| {
                    Failure::new(ErrorCode::InvalidRequest, "no lake is open: open one first")
                })?;
                let rows = engine.answer(&spec).await?;
                let ipc = rows.to_ipc()?;
                Ok((Answer::Rows(rows.facts), Some(ipc)))
            });
        }
    }
}

/// The lake that was opened last, also if some of its tables could not be read.
async fn lake() -> Result<Arc<Lake>, Failure> {
    match DESK.with_borrow(|desk| desk.mounting.clone()) {
        Some(mounting) => mounting.await,
        None => Err(Failure::new(ErrorCode::InvalidRequest, "no lake is open: open one first")),
    }
}

/// The lake at `lake_url`. One that is mounted stays, with what it has read; its logs are compared
/// with the network anew.
async fn mount(lake_url: String, memory_bytes: u64) -> Result<Arc<Lake>, Failure> {
    let held = DESK.with_borrow(|desk| {
        let mounted = desk.mounted.as_ref().filter(|mounted| mounted.lake_url == lake_url)?;
        if let Some(kept) = &mounted.kept {
            kept.begin_visit();
        }
        Some(Arc::clone(&mounted.lake))
    });
    if let Some(lake) = held {
        lake.set_memory(memory_bytes);
        return Ok(lake);
    }
    let network = PlatformStore::new(lake_url.clone());
    let kept = keep(&lake_url, Arc::new(network.clone().without_http_cache())).await;
    let lake = Arc::new(match &kept {
        Some(kept) => {
            let lake = Lake::new(Arc::new(kept.clone()), memory_bytes)?;
            lake.with_staleness(kept.clone())
        }
        None => Lake::new(Arc::new(network), memory_bytes)?,
    });
    let mounted = Mounted { lake_url, lake: Arc::clone(&lake), kept };
    DESK.with_borrow_mut(|desk| desk.mounted = Some(mounted));
    Ok(lake)
}

/// A store that keeps what `network` answers beyond the page, if this browser can.
async fn keep(lake_url: &str, network: Arc<dyn ByteStore>) -> Option<PersistentStore> {
    let disk = persistent::browser::open().await?;
    let shelf = Shelf::new(disk, CAPACITY_BYTES);
    let clock = Arc::new(PlatformClock::default());
    Some(PersistentStore::new(network, lake_url, shelf, clock))
}

/// Runs `work` as the request `id` and says its outcome, unless it is cancelled before.
fn spawn(
    id: RequestId,
    work: impl Future<Output = Result<(Answer, Option<Vec<u8>>), Failure>> + 'static,
) {
    let (handle, registration) = AbortHandle::new_pair();
    DESK.with_borrow_mut(|desk| desk.running.insert(id, handle));
    wasm_bindgen_futures::spawn_local(async move {
        let outcome = Abortable::new(work, registration).await;
        DESK.with_borrow_mut(|desk| desk.running.remove(&id));
        match outcome {
            Ok(Ok((answer, ipc))) => say(id, answer, ipc),
            Ok(Err(failure)) => say(id, Answer::Failed(failure), None),
            Err(_cancelled) => {}
        }
    });
}

/// Posts a reply; the buffer is transferred, not copied again.
fn say(id: RequestId, answer: Answer, ipc: Option<Vec<u8>>) {
    let transfer = Array::new();
    let buffer = match ipc {
        Some(ipc) => {
            let buffer = JsValue::from(Uint8Array::from(ipc.as_slice()).buffer());
            transfer.push(&buffer);
            buffer
        }
        None => JsValue::NULL,
    };
    post(id, answer, &buffer, &transfer);
}

/// Posts a reply; where it cannot be posted, whoever waits for it is told so.
fn post(id: RequestId, answer: Answer, beside: &JsValue, transfer: &Array) {
    let Err(reason) = try_post(id, answer, beside, transfer) else { return };
    let message = format!("the answer could not be handed to the page: {reason}");
    let failed = Answer::Failed(Failure::new(ErrorCode::Internal, message));
    if let Err(reason) = try_post(id, failed, &JsValue::NULL, &Array::new()) {
        // Nobody hears it. The page gives up waiting by its own clock.
        web_sys::console::error_1(&JsValue::from_str(&reason));
    }
}

fn try_post(
    id: RequestId,
    answer: Answer,
    beside: &JsValue,
    transfer: &Array,
) -> Result<(), String> {
    let json = serde_json::to_string(&Reply { id, answer }).map_err(|error| error.to_string())?;
    let message = Array::of2(&JsValue::from_str(&json), beside);
    scope().post_message_with_transfer(&message, transfer).map_err(|error| {
        let text = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
        text.unwrap_or_else(|| format!("{error:?}"))
    })
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

#[expect(clippy::panic, reason = "tests of the page's recovery ask for it")]
fn deliberate_panic() {
    panic!("the engine was asked to panic");
}
