//! What each panel wants and shows.

use crate::{PageState, Slot, plan};
use catalog::{Catalog, Dashboard, Name};
use protocol::{ErrorCode, Failure, RequestId};
use query::{DateRange, QuerySpec};
use std::collections::BTreeMap;

/// What the viewer sees of a panel, apart from its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelView {
    /// Loading, ready, failed.
    pub phase: Phase,
    /// Whether what is shown answers what is asked.
    pub freshness: Freshness,
    /// Whether the number can be compared with that of the period before.
    pub comparison: Comparison,
}

/// Where a panel stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// It has nothing to show yet.
    Loading,
    /// It shows something and waits for more.
    Refreshing,
    /// It shows all that it asked for; the rows may be empty.
    Ready,
    /// It asked and got no answer.
    Failed(Failure),
}

/// Whether what a panel shows answers what it asks at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It does, or nothing is shown.
    Current,
    /// The rows of an earlier question are shown while the new ones are awaited.
    Outdated,
}

/// Whether the number that is shown can be compared with the one of the period before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Both are shown and belong together.
    Known,
    /// One of them is awaited: whatever is shown in their places does not belong together.
    Awaited,
    /// The lake lacks days of the period before.
    NoEarlierPeriod,
    /// The number of the period before could not be computed.
    Failed,
}

#[derive(Debug, Default)]
pub(crate) struct SlotState {
    /// What is asked at present.
    pub(crate) want: Option<QuerySpec>,
    /// Whose rows are shown.
    pub(crate) shown: Option<RequestId>,
    /// Whether those rows answer `want`.
    pub(crate) is_current: bool,
    /// Why `want` was not answered.
    pub(crate) failure: Option<Failure>,
}

/// The slots of every panel of a dashboard, in the order in which they are wanted: first what each
/// panel is about, then the comparisons, then the sparklines.
#[derive(Debug, Default)]
pub(crate) struct Panels {
    dashboard: Option<Name>,
    order: Vec<Name>,
    slots: BTreeMap<(Slot, usize), SlotState>,
    is_planned: bool,
}

impl Panels {
    /// Slots for the panels of `dashboard`, nothing wanted yet.
    pub(crate) fn new(dashboard: &Dashboard) -> Panels {
        let order: Vec<Name> = dashboard.panels.iter().map(|panel| panel.name.clone()).collect();
        let slots = Slot::EVERY
            .into_iter()
            .flat_map(|slot| (0..order.len()).map(move |idx| ((slot, idx), SlotState::default())))
            .collect();
        Panels { dashboard: Some(dashboard.name.clone()), order, slots, is_planned: false }
    }

    /// Whether these are the panels of `dashboard`.
    pub(crate) fn is_of(&self, dashboard: &Dashboard) -> bool {
        self.dashboard.as_ref() == Some(&dashboard.name)
    }

    /// Sets what each slot wants in this state of the page, in a lake that has the days of `extent`;
    /// in a lake without any day, nothing.
    pub(crate) fn plan(&mut self, catalog: &Catalog, page: &PageState, extent: Option<DateRange>) {
        let Some(dashboard) = catalog.dashboard(&page.dashboard) else { return };
        self.is_planned = true;
        for ((slot, idx), state) in &mut self.slots {
            let want = dashboard.panels.get(*idx).zip(extent).and_then(|(panel, extent)| {
                let range = page.range.days(extent);
                plan::question(panel, *slot, &dashboard.time, page, range, extent)
            });
            if state.want != want {
                state.want = want;
                state.failure = None;
                state.is_current = false;
            }
        }
    }

    /// Makes every slot ask again, also what was answered.
    pub(crate) fn outdate(&mut self) {
        for state in self.slots.values_mut() {
            state.is_current = false;
            state.failure = None;
        }
    }

    /// Takes the failures of a panel away, so that it asks again.
    pub(crate) fn retry(&mut self, panel: &Name) {
        let Some(wanted) = self.order.iter().position(|name| name == panel) else { return };
        for ((_, idx), state) in &mut self.slots {
            if *idx == wanted {
                state.failure = None;
            }
        }
    }

    /// Takes the failures away that came from the network, so that those panels ask again.
    pub(crate) fn reconnect(&mut self) {
        for state in self.slots.values_mut() {
            let is_of_network = |failure: &Failure| failure.code == ErrorCode::Network;
            state.failure = state.failure.take().filter(|failure| !is_of_network(failure));
        }
    }

    /// Notes that `spec` cannot be answered.
    pub(crate) fn fail(&mut self, spec: &QuerySpec, failure: &Failure) {
        for state in self.slots.values_mut() {
            if state.want.as_ref() == Some(spec) {
                state.failure = Some(failure.clone());
            }
        }
    }

    /// Every slot with its panel.
    pub(crate) fn slots_mut(&mut self) -> impl Iterator<Item = (&Name, Slot, &mut SlotState)> {
        let order = &self.order;
        self.slots
            .iter_mut()
            .filter_map(move |((slot, idx), state)| Some((order.get(*idx)?, *slot, state)))
    }

    /// Whether a slot still waits for the answer to `spec`.
    pub(crate) fn wants(&self, spec: &QuerySpec) -> bool {
        self.slots
            .values()
            .any(|state| state.want.as_ref() == Some(spec) && state.failure.is_none())
    }

    /// Whether a slot shows the rows of that id.
    pub(crate) fn shows(&self, id: RequestId) -> bool {
        self.slots.values().any(|state| state.shown == Some(id))
    }

    /// What the viewer sees of `panel`; `stopped` is why nothing is answered at present.
    pub(crate) fn view(&self, panel: &Name, stopped: Option<&Failure>) -> Option<PanelView> {
        let idx = self.order.iter().position(|name| name == panel)?;
        let slot = |slot: Slot| self.slots.get(&(slot, idx));
        let waits = |state: &SlotState| {
            state.want.is_some() && !state.is_current && state.failure.is_none()
        };
        let current = slot(Slot::Current)?;
        let is_waiting = Slot::EVERY.into_iter().filter_map(slot).any(waits);
        let failure = match (&current.failure, stopped) {
            (Some(failure), _) => Some(failure),
            (None, Some(failure)) if current.shown.is_none() => Some(failure),
            _ => None,
        };
        let phase = match failure {
            Some(failure) => Phase::Failed(failure.clone()),
            None if current.shown.is_none() && (is_waiting || !self.is_planned) => Phase::Loading,
            None if is_waiting => Phase::Refreshing,
            None => Phase::Ready,
        };
        let freshness = match current.shown.is_some() && !current.is_current {
            true => Freshness::Outdated,
            false => Freshness::Current,
        };
        let comparison = match slot(Slot::Previous) {
            Some(previous) if previous.want.is_some() => match &previous.failure {
                Some(_) => Comparison::Failed,
                None if previous.is_current && current.is_current => Comparison::Known,
                None => Comparison::Awaited,
            },
            _ => Comparison::NoEarlierPeriod,
        };
        Some(PanelView { phase, freshness, comparison })
    }
}
