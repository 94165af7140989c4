//! The page about tables, as a state machine: what is looked at, what is asked for it, and which
//! answer is shown.
//!
//! What is looked at lives in the URL. From it follows what is wanted, and only that is asked: the
//! table's description first, then what the view needs of the version that was described. A reply
//! belongs to whoever wants that question at present, so a stale one is never shown as if it were
//! the answer; while a new one is awaited, the last one of the same table stays in sight, marked.

mod inquiry;
mod state;
mod url;
mod view;

pub(crate) use inquiry::Inquiry;
pub use state::{TablesEvent, TablesState, View};
pub use view::{Held, Part, Standing, TablesView};

use crate::Effect;
use crate::ledger::{Ids, Ledger, Progress};
use inquiry::Kind;
use protocol::{ErrorCode, Failure, FileLayout, Files, History, RequestId, TableDescription};
use state::Travel;
use std::collections::{BTreeMap, HashMap};

/// How many questions about tables are in flight at once.
const MAX_IN_FLIGHT: usize = 4;

/// So many locations that were opened by hand are remembered.
const MAX_RECENT: usize = 6;

/// An answer about a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// What it is.
    Described(Held<TableDescription>),
    /// Some of its commits.
    History(Held<History>),
    /// Some of its files.
    Files(Held<Files>),
    /// The inside of a file.
    Layout(Held<FileLayout>),
    /// Rows, which the shell holds under that id.
    Rows(RequestId),
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    state: TablesState,
    ledger: Ledger<Inquiry>,
    told: HashMap<RequestId, Told>,
    failures: HashMap<Inquiry, Failure>,
    /// The last answer of each kind that was shown.
    last: BTreeMap<Kind, (Inquiry, RequestId)>,
    recent: Vec<String>,
    travel: Travel,
    is_shown: bool,
}

impl Tables {
    /// Reads the state from the query of a URL; the names of parameters that mean nothing.
    pub(crate) fn read_url(&mut self, query: &str) -> Vec<String> {
        let (state, ignored) = url::read(query);
        self.look_at(state);
        ignored
    }

    /// The state as the query of a URL.
    pub(crate) fn write_url(&self) -> String {
        url::write(&self.state)
    }

    /// Takes in what the viewer did; whether that changed the URL.
    pub(crate) fn note(&mut self, event: TablesEvent) -> bool {
        match &event {
            TablesEvent::TravelStarted => self.travel = Travel::Begun,
            TablesEvent::Retried => self.failures.clear(),
            TablesEvent::LocationOpened { location } => {
                self.recent.retain(|recent| recent != location);
                self.recent.insert(0, location.clone());
                self.recent.truncate(MAX_RECENT);
                self.renew(location);
            }
            TablesEvent::TableChosen { location } => self.renew(location),
            TablesEvent::VersionChosen { version: None } => {
                if let Some(location) = self.state.table.clone() {
                    self.renew(&location);
                }
            }
            _ => {}
        }
        let state = self.state.after(event);
        let is_new = state != self.state;
        self.look_at(state);
        is_new
    }

    fn look_at(&mut self, state: TablesState) {
        if state.table != self.state.table {
            self.travel = Travel::Idle;
            self.last.clear();
        }
        self.state = state;
    }

    /// Forgets what was said of the newest version of a table, so that it is asked anew.
    fn renew(&mut self, location: &str) {
        self.failures.retain(|inquiry, _| inquiry.location() != location);
        self.ledger
            .drop_answers_of(|inquiry| inquiry.location() == location && inquiry.is_newest());
    }

    /// Forgets every answer: the viewer wants to know anew.
    pub(crate) fn outdate(&mut self) {
        self.ledger.drop_answers();
        self.failures.clear();
    }

    /// Whether somebody waits for the answer to the request of that id.
    pub(crate) fn awaits(&self, id: RequestId) -> bool {
        self.ledger.awaits(id)
    }

    /// Takes an answer in; false when nobody waits for it.
    pub(crate) fn answered(&mut self, id: RequestId, told: Told) -> bool {
        let is_awaited = self.ledger.answered(id);
        if is_awaited {
            self.told.insert(id, told);
        }
        is_awaited
    }

    /// Takes a failure in; [`Blame::Session`] when it means that the viewer is no longer logged in
    /// at this server, and `None` when nobody waits for that request.
    pub(crate) fn failed(&mut self, id: RequestId, failure: Failure) -> Option<Blame> {
        let inquiry = self.ledger.take(id)?;
        // Another server's refusal says nothing of the session here.
        if failure.code == ErrorCode::Unauthorized && !inquiry.location().contains("://") {
            return Some(Blame::Session);
        }
        self.failures.insert(inquiry, failure);
        Some(Blame::Question)
    }

    /// The worker died: whatever was under way is asked again, except a question that killed it
    /// more than once.
    pub(crate) fn died(&mut self, message: &str) {
        if let Some(culprit) = self.ledger.died() {
            let text = format!("the engine stopped on this question: {message}");
            self.failures.insert(culprit, Failure::new(ErrorCode::Internal, text));
        }
    }

    /// Takes back what is under way, to be asked again; the ids to cancel.
    pub(crate) fn requeue(&mut self) -> Vec<RequestId> {
        self.ledger.requeue()
    }

    /// Drops everything: another viewer must not see it.
    pub(crate) fn forget(&mut self, effects: &mut Vec<Effect>) {
        for (id, told) in std::mem::take(self).told {
            if matches!(told, Told::Rows(_)) {
                effects.push(Effect::Forget { id });
            }
        }
    }

    /// Whether nothing is queued or under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.ledger.is_idle()
    }

    /// What the viewer sees.
    pub(crate) fn view(&self) -> TablesView {
        view::of(self)
    }

    /// Derives what is to be asked, cancelled and forgotten. `limit` is how many questions may be
    /// in flight, 0 while nothing can be asked.
    pub(crate) fn settle(
        &mut self,
        is_shown: Shown,
        limit: usize,
        ids: &mut Ids,
        effects: &mut Vec<Effect>,
    ) {
        self.is_shown = is_shown == Shown::Yes;
        let wanted = self.wanted();
        for inquiry in &wanted {
            if !self.failures.contains_key(inquiry) {
                self.ledger.want(inquiry);
            }
            if let Some((id, Progress::Answered)) = self.ledger.get(inquiry) {
                self.last.insert(inquiry.kind(), (inquiry.clone(), id));
            }
        }
        let cancelled = self.ledger.drop_unwanted(|inquiry| wanted.contains(inquiry));
        effects.extend(cancelled.into_iter().map(|id| Effect::Cancel { id }));
        for (id, inquiry) in self.ledger.send(limit.min(MAX_IN_FLIGHT), ids) {
            effects.push(Effect::Send { id, ask: inquiry.ask() });
        }
        self.failures.retain(|inquiry, _| wanted.contains(inquiry));
        self.ledger.drop_old(|inquiry| wanted.contains(inquiry));
        let (ledger, last) = (&self.ledger, &self.last);
        self.told.retain(|id, told| {
            let stays = ledger.keeps(*id) || last.values().any(|(_, shown)| shown == id);
            if !stays && matches!(told, Told::Rows(_)) {
                effects.push(Effect::Forget { id: *id });
            }
            stays
        });
    }

    /// Everything that the viewer looks at, as questions.
    fn wanted(&self) -> Vec<Inquiry> {
        if !self.is_shown {
            return Vec::new();
        }
        let Some(describe) = self.state.describe() else { return Vec::new() };
        let described = self.description(&describe);
        let mut wanted = vec![describe];
        if let Some(described) = described {
            wanted.extend(self.state.details(&described, self.travel));
        }
        wanted
    }

    /// The answer to that very question, if it is there.
    fn description(&self, describe: &Inquiry) -> Option<Held<TableDescription>> {
        match self.answer(describe)? {
            Told::Described(described) => Some(described.clone()),
            _ => None,
        }
    }

    /// Every question that is answered, with its answer.
    fn answers(&self) -> impl Iterator<Item = (&Inquiry, &Told)> {
        self.ledger.answers().filter_map(|(inquiry, id)| Some((inquiry, self.told.get(&id)?)))
    }

    fn answer(&self, inquiry: &Inquiry) -> Option<&Told> {
        match self.ledger.get(inquiry)? {
            (id, Progress::Answered) => self.told.get(&id),
            _ => None,
        }
    }
}

/// Whether the page about tables is the one that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    Yes,
    No,
}

/// What a failure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The question cannot be answered.
    Question,
    /// The session has ended.
    Session,
}

#[cfg(test)]
mod tests;
