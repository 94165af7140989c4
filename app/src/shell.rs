//! The thin shell around the coordinator: the only place that posts messages, sets timers, fetches
//! and spawns.

mod engine;
mod http;
mod keeper;

use crate::answer::{Answer, Grid};
use crate::browser;
use crate::state::Desk;
use coordinator::{Coordinator, Effect, Event, Held, Network, Place, Told};
use engine::{Compiled, EngineWorker};
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::{Ask, ErrorCode, Failure, LAKE_PREFIX, ReadFacts, Reply, RequestId};
use query::QuerySpec;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

/// Carries events to the coordinator and its effects into the world.
pub(crate) struct Shell {
    page: RefCell<Coordinator>,
    desk: Desk,
    worker: RefCell<Option<EngineWorker>>,
    compiled: Compiled,
    /// Counts workers, so that a start that was delayed finds out that it is no longer wanted.
    n_workers: Cell<u32>,
    /// Questions under way whose rows a panel shows; all other rows are those of a preview.
    specs: RefCell<HashMap<RequestId, QuerySpec>>,
    answers: RefCell<HashMap<RequestId, Arc<Answer>>>,
    queue: RefCell<VecDeque<Event>>,
    is_busy: Cell<bool>,
}

impl Shell {
    /// Makes the shell and the desk that it writes, and starts the page.
    pub(crate) fn start() -> Desk {
        let slot: StoredValue<Option<Rc<Shell>>, LocalStorage> = StoredValue::new_local(None);
        let emit = Callback::new(move |event: Event| {
            let shell = slot.with_value(Option::clone);
            if let Some(shell) = shell {
                shell.emit(event);
            }
        });
        let desk = Desk::new(emit);
        let shell = Rc::new(Shell {
            page: RefCell::default(),
            desk,
            worker: RefCell::default(),
            compiled: Compiled::default(),
            n_workers: Cell::new(0),
            specs: RefCell::default(),
            answers: RefCell::default(),
            queue: RefCell::default(),
            is_busy: Cell::new(false),
        });
        slot.set_value(Some(Rc::clone(&shell)));
        shell.listen();
        let lake_url = format!("{}{LAKE_PREFIX}", browser::origin());
        let (place, query) = (Place::of_path(&browser::url_path()), browser::url_query());
        shell.emit(Event::Started { place, query, lake_url });
        if !browser::has_network() {
            shell.emit(Event::NetworkChanged { network: Network::Away });
        }
        desk
    }

    /// Takes an event in. One that arises while another is handled waits for its turn.
    pub(crate) fn emit(self: &Rc<Shell>, event: Event) {
        self.queue.borrow_mut().push_back(event);
        if self.is_busy.replace(true) {
            return;
        }
        loop {
            let Some(event) = self.queue.borrow_mut().pop_front() else { break };
            let effects = self.page.borrow_mut().handle(event);
            for effect in effects {
                self.obey(effect);
            }
            self.desk.follow(&self.page.borrow());
        }
        self.is_busy.set(false);
    }

    fn obey(self: &Rc<Shell>, effect: Effect) {
        match effect {
            Effect::AskSession => {
                self.spawn(async { Event::SessionAnswered(http::session().await) })
            }
            Effect::LogIn(request) => {
                self.spawn(async move {
                    let answer = http::log_in(&request).await;
                    if answer.is_ok() {
                        keeper::forget_viewer().await;
                    }
                    Event::LoginAnswered(answer)
                });
            }
            Effect::LogOut => self.spawn(async {
                let answer = http::log_out().await;
                if answer.is_ok() {
                    keeper::forget_viewer().await;
                }
                Event::LogoutAnswered(answer)
            }),
            Effect::FetchCatalog => {
                self.spawn(async { Event::CatalogAnswered(http::catalog().await) });
            }
            Effect::KeepPage => keeper::register(),
            Effect::StartWorker { delay_ms: 0 } => self.start_worker(),
            Effect::StartWorker { delay_ms } => {
                self.stop_worker();
                let (shell, n_workers) = (Rc::clone(self), self.n_workers.get());
                let start = move || {
                    if shell.n_workers.get() == n_workers {
                        shell.start_worker();
                    }
                };
                set_timeout(start, Duration::from_millis(delay_ms.into()));
            }
            Effect::StopWorker => self.stop_worker(),
            Effect::Watch { watched, after_ms } => {
                let shell = Rc::clone(self);
                let is_up = move || shell.emit(Event::Overdue { watched });
                set_timeout(is_up, Duration::from_millis(after_ms.into()));
            }
            Effect::Send { id, ask } => self.send(id, ask),
            Effect::Cancel { id } => {
                self.specs.borrow_mut().remove(&id);
                self.send(RequestId::default(), Ask::Cancel(id));
            }
            Effect::Show { panel, slot, id } => {
                if let Some(answer) = self.answers.borrow().get(&id) {
                    let answer = Arc::clone(answer);
                    self.desk.answers.update(|answers| {
                        answers.insert((panel, slot), answer);
                    });
                }
            }
            Effect::Blank { panel, slot } => self.desk.answers.update(|answers| {
                answers.remove(&(panel, slot));
            }),
            Effect::Forget { id } => {
                self.answers.borrow_mut().remove(&id);
                self.desk.forget_grid(id);
            }
            Effect::WriteUrl { place, query } => browser::push_url(place, &query),
        }
    }

    fn spawn(self: &Rc<Shell>, event: impl Future<Output = Event> + 'static) {
        let shell = Rc::clone(self);
        spawn_local(async move {
            let event = event.await;
            shell.emit(event);
        });
    }

    fn start_worker(self: &Rc<Shell>) {
        self.stop_worker();
        let (on_message, on_death) = (Rc::clone(self), Rc::clone(self));
        let worker = EngineWorker::start(
            &self.compiled,
            move |reply, buffer| on_message.receive(reply, buffer),
            move |message| on_death.emit(Event::WorkerDied { message }),
        );
        match worker {
            Ok(worker) => *self.worker.borrow_mut() = Some(worker),
            // By `emit`, since a start that was delayed has nobody else who looks into the queue.
            Err(message) => self.emit(Event::WorkerDied { message }),
        }
    }

    fn stop_worker(&self) {
        self.n_workers.set(self.n_workers.get().wrapping_add(1));
        self.specs.borrow_mut().clear();
        if let Some(worker) = self.worker.borrow_mut().take() {
            worker.stop();
        }
    }

    fn send(self: &Rc<Shell>, id: RequestId, ask: Ask) {
        if let Ask::Query(spec) = &ask {
            self.specs.borrow_mut().insert(id, spec.clone());
        }
        let posted = self.worker.borrow().as_ref().map(|worker| worker.post(id, ask));
        if let Some(Err(message)) = posted {
            self.emit(Event::WorkerDied { message });
        }
    }

    fn receive(self: &Rc<Shell>, reply: Reply, buffer: Option<Vec<u8>>) {
        use protocol::Answer as Said;
        let id = reply.id;
        let event = match reply.answer {
            Said::Ready => Event::WorkerReady,
            Said::Opened { tables, extents } => Event::Opened { id, tables, extents },
            Said::Rows(facts) => match self.keep(id, facts, buffer) {
                Some(event) => event,
                None => return,
            },
            Said::Described(described) => {
                Event::TableAnswered { id, told: Told::Described(Held::new(*described)) }
            }
            Said::History(history) => {
                Event::TableAnswered { id, told: Told::History(Held::new(history)) }
            }
            Said::Files(files) => Event::TableAnswered { id, told: Told::Files(Held::new(files)) },
            Said::Layout(layout) => {
                Event::TableAnswered { id, told: Told::Layout(Held::new(*layout)) }
            }
            Said::Forgotten | Said::Module => return,
            Said::Failed(failure) => Event::Failed { id, failure },
            Said::Panicked { message } => Event::WorkerDied { message },
        };
        self.emit(event);
    }

    /// Decodes rows that somebody waits for.
    fn keep(&self, id: RequestId, facts: ReadFacts, buffer: Option<Vec<u8>>) -> Option<Event> {
        let spec = self.specs.borrow_mut().remove(&id);
        if !self.page.borrow().awaits(id) {
            return None;
        }
        let ipc = buffer.unwrap_or_default();
        let kept = match spec {
            Some(spec) => Answer::decode(spec, facts, &ipc).map(|answer| {
                self.answers.borrow_mut().insert(id, Arc::new(answer));
            }),
            None => Grid::decode(facts, &ipc).map(|grid| self.desk.keep_grid(id, grid)),
        };
        match kept {
            Ok(()) => Some(Event::Replied { id }),
            Err(error) => {
                let failure = Failure::new(ErrorCode::Internal, error.to_string());
                Some(Event::Failed { id, failure })
            }
        }
    }

    /// Follows what happens outside of the page's elements, for as long as the page lives.
    fn listen(self: &Rc<Shell>) {
        let shell = Rc::clone(self);
        window_event_listener_untyped("popstate", move |_| {
            let (place, query) = (Place::of_path(&browser::url_path()), browser::url_query());
            shell.emit(Event::UrlChanged { place, query });
        });
        for (event, network) in [("online", Network::Present), ("offline", Network::Away)] {
            let shell = Rc::clone(self);
            window_event_listener_untyped(event, move |_| {
                shell.emit(Event::NetworkChanged { network });
            });
        }
        let shell = Rc::clone(self);
        keeper::on_log_out(move || shell.emit(Event::LoggedOutElsewhere));
        let desk = self.desk;
        if let Some(query) = browser::dark_query() {
            let watched = query.clone();
            let follow = Closure::<dyn FnMut()>::new(move || {
                desk.is_system_dark.set(watched.matches());
            });
            query.set_onchange(Some(follow.as_ref().unchecked_ref()));
            follow.forget();
        }
        spawn_local(async move {
            let fonts = browser::window()
                .and_then(|window| window.document())
                .and_then(|document| document.fonts().ready().ok());
            if let Some(fonts) = fonts {
                let _loaded = wasm_bindgen_futures::JsFuture::from(fonts).await;
                desk.n_fonts.update(|n_fonts| *n_fonts += 1);
            }
        });
    }
}
