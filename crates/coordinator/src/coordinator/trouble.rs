//! What fails, dies, ends and is tried again.

use super::{Coordinator, MAX_DEATHS_IN_A_ROW};
use crate::ledger::Ledger;
use crate::panels::Panels;
use crate::tables::Blame;
use crate::{CatalogState, Effect, Engine, Login, Network, Notice, Session};
use protocol::{ErrorCode, Failure, RequestId};

impl Coordinator {
    pub(super) fn note_failure(
        &mut self,
        id: RequestId,
        failure: Failure,
        effects: &mut Vec<Effect>,
    ) {
        let failure = self.explained(failure);
        match self.tables.failed(id, failure.clone()) {
            Some(Blame::Session) => return self.end_session(effects),
            Some(Blame::Question) => {
                self.n_deaths = 0;
                return;
            }
            None => {}
        }
        let is_opening = self.engine == (Engine::Opening { id });
        if !is_opening && !self.ledger.awaits(id) {
            return;
        }
        if failure.code == ErrorCode::Unauthorized {
            if is_opening {
                self.engine = Engine::Ready;
            }
            // It is still wanted, so it joins the queue again.
            self.ledger.take(id);
            self.end_session(effects);
        } else if self.is_behind(failure.code) && !is_opening {
            // The lake moved on: it is opened anew, and every question asked of its new state.
            self.is_after_change = failure.code == ErrorCode::Changed;
            self.ledger.take(id);
            self.tell(Notice::VersionGone { message: failure.message });
            self.close(effects);
        } else if is_opening {
            self.is_refresh = false;
            self.engine = Engine::OpenFailed(failure);
        } else if let Some(spec) = self.ledger.take(id) {
            self.n_deaths = 0;
            self.panels.fail(&spec, &failure);
        }
    }

    /// Whether the lake that is open is no longer the one that is there. A file that changes at every
    /// look, as where each replica of a server has a tag of its own, is not looked at for ever.
    fn is_behind(&self, code: ErrorCode) -> bool {
        match code {
            ErrorCode::VersionGone => true,
            ErrorCode::Changed => !self.is_after_change,
            _ => false,
        }
    }

    /// `failure` as the viewer is told of it: without a network, bytes that do not come are bytes
    /// that were never read before.
    fn explained(&self, failure: Failure) -> Failure {
        if failure.code != ErrorCode::Network || self.offline().is_none() {
            return failure;
        }
        let message =
            format!("not kept in this browser: connect and try again ({})", failure.message);
        Failure { message, ..failure }
    }

    /// With a network, what failed for the want of one is tried again, and the lake opened anew.
    pub(super) fn note_network(&mut self, network: Network, effects: &mut Vec<Effect>) {
        self.network = network;
        if network == Network::Present {
            self.retry(effects);
            self.tables.outdate();
            self.close(effects);
        }
    }

    /// The engine that runs is over: what it had under way is asked again, one by one, except a
    /// question that has ended two engines.
    pub(super) fn suspect(&mut self, message: &str) {
        if let Some(culprit) = self.ledger.died() {
            let text = format!("the engine stopped on this question: {message}");
            self.panels.fail(&culprit, &Failure::new(ErrorCode::Internal, text));
        }
        self.tables.died(message);
        self.is_cautious = true;
    }

    pub(super) fn note_death(&mut self, message: String, effects: &mut Vec<Effect>) {
        self.suspect(&message);
        self.n_deaths += 1;
        self.notices.retain(|notice| !matches!(notice, Notice::EngineRestarted { .. }));
        if self.n_deaths >= MAX_DEATHS_IN_A_ROW {
            self.engine = Engine::GivenUp { message };
            effects.push(Effect::StopWorker);
        } else {
            self.tell(Notice::EngineRestarted { message });
            let delay_ms = if self.n_deaths == 1 { 0 } else { 500 << self.n_deaths };
            self.start_worker(delay_ms, effects);
        }
    }

    /// The server no longer knows the viewer. What he has chosen and what is shown stays for his
    /// return.
    pub(super) fn end_session(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.session, Session::LoggedIn(_)) {
            self.tell(Notice::SessionEnded);
        }
        self.session = Session::LoggedOut(Login::Idle);
        self.close(effects);
    }

    /// Takes back what is under way, so that nothing is answered for a lake or session that is over.
    pub(super) fn close(&mut self, effects: &mut Vec<Effect>) {
        let mut cancelled = self.ledger.requeue();
        cancelled.extend(self.tables.requeue());
        effects.extend(cancelled.into_iter().map(|id| Effect::Cancel { id }));
        match self.engine {
            Engine::Opening { id } => {
                effects.push(Effect::Cancel { id });
                self.engine = Engine::Ready;
            }
            Engine::Open | Engine::OpenFailed(_) => self.engine = Engine::Ready,
            Engine::Starting | Engine::Ready | Engine::GivenUp { .. } => {}
        }
    }

    /// The viewer has logged out: the page forgets him, and so does what the engine keeps.
    pub(super) fn leave(&mut self, effects: &mut Vec<Effect>) {
        self.session = Session::LoggedOut(Login::Idle);
        self.forget_all(effects);
        self.owes_forgetting = true;
    }

    /// Drops everything that one viewer has seen and another may not.
    pub(super) fn forget_all(&mut self, effects: &mut Vec<Effect>) {
        self.close(effects);
        self.blank(effects);
        self.ledger = Ledger::default();
        self.lake = None;
        self.catalog = CatalogState::Awaited;
        self.page = None;
        self.panels = Panels::default();
        self.tables.forget(effects);
        self.user = None;
        self.notices.clear();
    }

    /// Takes away what the panels show.
    pub(super) fn blank(&mut self, effects: &mut Vec<Effect>) {
        for (panel, slot, state) in self.panels.slots_mut() {
            if state.shown.take().is_some() {
                effects.push(Effect::Blank { panel: panel.clone(), slot });
            }
        }
    }

    pub(super) fn retry(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.session, Session::Unreachable(_)) {
            self.session = Session::Asking;
            effects.push(Effect::AskSession);
        }
        if matches!(self.catalog, CatalogState::Failed(_)) {
            self.catalog = CatalogState::Awaited;
            effects.push(Effect::FetchCatalog);
        }
        match self.engine {
            Engine::OpenFailed(_) => self.engine = Engine::Ready,
            Engine::GivenUp { .. } => {
                self.n_deaths = 0;
                self.start_worker(0, effects);
            }
            Engine::Starting | Engine::Ready | Engine::Opening { .. } | Engine::Open => {}
        }
    }
}
