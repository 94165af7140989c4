//! What follows from the state: questions to send and cancel, rows to show and forget.

use super::Coordinator;
use crate::ledger::Progress;
use crate::panels::Panels;
use crate::tables::Shown;
use crate::{Effect, Engine, Place, Session};
use catalog::Memory;
use protocol::Ask;
use query::{Date, DateRange};

/// How many questions are in flight at once: enough that one computes while others wait for bytes,
/// few enough that the first panel does not wait for the last.
const MAX_IN_FLIGHT: usize = 6;

impl Coordinator {
    /// Derives from the state what is to be sent, shown, cancelled and forgotten.
    pub(super) fn settle(&mut self, effects: &mut Vec<Effect>) {
        self.forget_kept(effects);
        self.open_lake(effects);
        self.ask(effects);
        self.show(effects);
        // Panels that are out of sight wait for nothing.
        let (wanted, is_seen) = (self.panels.wanted(), self.place == Place::Dashboard);
        let cancelled = self.ledger.drop_unwanted(|spec| is_seen && wanted.contains(spec));
        effects.extend(cancelled.into_iter().map(|id| Effect::Cancel { id }));
        self.send(effects);
        self.ask_of_tables(effects);
        self.forget(effects);
        self.keep_page(effects);
        self.hear();
    }

    /// Once all that is shown is there, so that nobody waits for it.
    fn keep_page(&mut self, effects: &mut Vec<Effect>) {
        let is_at_rest = self.engine == Engine::Open && self.ledger.is_idle();
        if is_at_rest && self.tables.is_idle() && !self.is_page_kept {
            self.is_page_kept = true;
            effects.push(Effect::KeepPage);
        }
    }

    /// Has the engine remove what it keeps beyond the page, before it opens a lake for another.
    fn forget_kept(&mut self, effects: &mut Vec<Effect>) {
        let takes_requests = !matches!(self.engine, Engine::Starting | Engine::GivenUp { .. });
        if self.owes_forgetting && takes_requests {
            self.owes_forgetting = false;
            effects.push(Effect::Send { id: self.ids.next(), ask: Ask::Forget });
        }
    }

    fn open_lake(&mut self, effects: &mut Vec<Effect>) {
        let is_logged_in = matches!(self.session, Session::LoggedIn(_));
        if self.engine != Engine::Ready || !is_logged_in {
            return;
        }
        let Some(catalog) = self.loaded().cloned() else { return };
        let memory = self.page.as_ref().and_then(|page| page.memory).or(catalog.memory);
        let id = self.ids.next();
        self.engine = Engine::Opening { id };
        let ask = Ask::Open {
            lake_url: self.lake_url.clone(),
            catalog: Box::new((*catalog).clone()),
            memory_bytes: memory.map(Memory::bytes),
        };
        effects.push(Effect::Send { id, ask });
    }

    fn ask(&mut self, effects: &mut Vec<Effect>) {
        let Some(catalog) = self.loaded().cloned() else { return };
        let Some(page) = self.page.clone() else { return };
        let Some(dashboard) = catalog.dashboard(&page.dashboard) else { return };
        if !self.panels.is_of(dashboard) {
            self.blank(effects);
            self.panels = Panels::new(dashboard);
        }
        let days = self.days().or_else(|| self.days_of_nothing());
        let Some(lake) = self.lake.as_ref().filter(|_| self.place == Place::Dashboard) else {
            return;
        };
        self.panels.plan(&catalog, &page, lake, days);
        for (_, _, state) in self.panels.slots_mut() {
            if let (Some(spec), None) = (&state.want, &state.failure) {
                self.ledger.want(spec);
            }
        }
    }

    /// Where a table of the dashboard could not be opened and no other has a day, any day will do: the
    /// answer to each question is why the table could not be opened, which its panel then says.
    fn days_of_nothing(&self) -> Option<DateRange> {
        let (lake, time, mut tables) = self.shown_tables()?;
        let day = Date::from_days(0);
        let is_closed = tables.any(|table| !lake.knows(table, time));
        is_closed.then_some(DateRange { first: day, last: day })
    }

    fn show(&mut self, effects: &mut Vec<Effect>) {
        for (panel, slot, state) in self.panels.slots_mut() {
            let answer = state.want.as_ref().and_then(|spec| self.ledger.get(spec));
            match answer {
                Some((id, Progress::Answered)) => {
                    if state.shown != Some(id) {
                        effects.push(Effect::Show { panel: panel.clone(), slot, id });
                    }
                    state.shown = Some(id);
                    state.is_current = true;
                }
                _ if state.want.is_none() && state.shown.take().is_some() => {
                    effects.push(Effect::Blank { panel: panel.clone(), slot });
                }
                _ => {}
            }
        }
    }

    fn send(&mut self, effects: &mut Vec<Effect>) {
        let is_logged_in = matches!(self.session, Session::LoggedIn(_));
        if self.engine != Engine::Open || !is_logged_in {
            return;
        }
        if self.ledger.is_idle() && self.tables.is_idle() {
            self.is_cautious = false;
        }
        let limit = if self.is_cautious { 1 } else { MAX_IN_FLIGHT };
        for (id, spec) in self.ledger.send(limit, &mut self.ids) {
            effects.push(Effect::Send { id, ask: Ask::Query(spec) });
        }
    }

    /// A table can be looked at as soon as the engine knows where the lake is, also if some other
    /// table of the lake cannot be opened.
    fn ask_of_tables(&mut self, effects: &mut Vec<Effect>) {
        let is_logged_in = matches!(self.session, Session::LoggedIn(_));
        let knows_lake =
            matches!(self.engine, Engine::Opening { .. } | Engine::Open | Engine::OpenFailed(_));
        let limit = match (is_logged_in && knows_lake, self.is_cautious) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => MAX_IN_FLIGHT,
        };
        let shown = if self.place == Place::Tables { Shown::Yes } else { Shown::No };
        self.tables.settle(shown, limit, &mut self.ids, effects);
    }

    fn forget(&mut self, effects: &mut Vec<Effect>) {
        let (panels, wanted) = (&self.panels, self.panels.wanted());
        self.ledger.drop_old(|spec| wanted.contains(spec));
        let ledger = &self.ledger;
        self.held.retain(|id| {
            let stays = ledger.keeps(*id) || panels.shows(*id);
            if !stays {
                effects.push(Effect::Forget { id: *id });
            }
            stays
        });
    }
}
