//! What each panel wants and shows.

use crate::{Lake, PageState, Slot, plan};
use catalog::{Catalog, Dashboard, Name, Panel};
use protocol::{ErrorCode, Failure, RequestId};
use query::{Date, DateRange, QuerySpec};
use std::collections::{BTreeMap, HashSet};

/// What the viewer sees of a panel, apart from its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelView {
    /// Loading, ready, failed.
    pub phase: Phase,
    /// Whether what is shown answers what is asked.
    pub freshness: Freshness,
    /// Whether the number can be compared with that of the period before.
    pub comparison: Comparison,
    /// The days of the dashboard's time that the panel's table has rows of.
    pub extent: Option<DateRange>,
    /// The last of them that is not in the future of the table's commit.
    pub last_day: Option<Date>,
    /// The dimensions of the clauses that cannot filter the panel's table: it shows what it would
    /// show without them.
    pub not_filtered_by: Vec<Name>,
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
    /// The panel's table lacks days of the period before.
    NoEarlierPeriod,
    /// The panel's table ends before the period does.
    PartOfPeriod,
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

/// What is known of a panel beside its slots.
#[derive(Debug, Clone, Default)]
struct Standing {
    extent: Option<DateRange>,
    last_day: Option<Date>,
    /// Whether the panel's table ends before the period that is shown does.
    is_part: bool,
    not_filtered_by: Vec<Name>,
}

/// The slots of every panel of a dashboard, in the order in which they are wanted: first what each
/// panel is about, then the comparisons, then the sparklines.
#[derive(Debug, Default)]
pub(crate) struct Panels {
    dashboard: Option<Name>,
    order: Vec<Name>,
    standings: Vec<Standing>,
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
        let standings = vec![Standing::default(); order.len()];
        let dashboard = Some(dashboard.name.clone());
        Panels { dashboard, order, standings, slots, is_planned: false }
    }

    /// Whether these are the panels of `dashboard`.
    pub(crate) fn is_of(&self, dashboard: &Dashboard) -> bool {
        self.dashboard.as_ref() == Some(&dashboard.name)
    }

    /// Sets what each slot wants in this state of the page, with the days of `range` shown; without
    /// any day, nothing.
    pub(crate) fn plan(
        &mut self,
        catalog: &Catalog,
        page: &PageState,
        lake: &Lake,
        range: Option<DateRange>,
    ) {
        let Some(dashboard) = catalog.dashboard(&page.dashboard) else { return };
        self.is_planned = true;
        for (idx, panel) in dashboard.panels.iter().enumerate() {
            self.plan_panel(idx, panel, (catalog, page, lake), &dashboard.time, range);
        }
    }

    fn plan_panel(
        &mut self,
        idx: usize,
        panel: &Panel,
        (catalog, page, lake): (&Catalog, &PageState, &Lake),
        time: &Name,
        range: Option<DateRange>,
    ) {
        let Some((table, measure)) = catalog.measure(&panel.measure) else { return };
        let reached = plan::reached(catalog, table, &page.selection);
        let known = lake.known_days(&table.name, time);
        if let Some(standing) = self.standings.get_mut(idx) {
            let ends = |(range, known): (DateRange, DateRange)| known.last < range.last;
            *standing = Standing {
                extent: lake.days_of(&table.name, time),
                last_day: lake.last_day(std::iter::once(&table.name), time),
                is_part: range.zip(known).is_some_and(ends),
                not_filtered_by: reached.not_filtered_by,
            };
        }
        for slot in Slot::EVERY {
            let Some(state) = self.slots.get_mut(&(slot, idx)) else { continue };
            let want = range.and_then(|range| {
                let (selection, additivity) = (&reached.selection, measure.adds_up());
                let scope = plan::Scope { time, selection, range, additivity, known };
                plan::question(panel, slot, scope)
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

    /// The questions to whose answers a slot still waits or that one shows.
    pub(crate) fn wanted(&self) -> HashSet<&QuerySpec> {
        let asks = self.slots.values().filter(|state| state.failure.is_none());
        asks.filter_map(|state| state.want.as_ref()).collect()
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
        let (current, standing) = (slot(Slot::Current)?, self.standings.get(idx)?);
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
            _ if standing.is_part => Comparison::PartOfPeriod,
            _ => Comparison::NoEarlierPeriod,
        };
        let Standing { extent, last_day, not_filtered_by, .. } = standing.clone();
        Some(PanelView { phase, freshness, comparison, extent, last_day, not_filtered_by })
    }
}
