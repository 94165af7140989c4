//! Several events at one time, some of which meet several conditions: which can be which steps.
//!
//! Steps `i..=j` can all be taken at that time when each gets an event of its own, which is a matching
//! in the graph of steps and events. For each `j` the smallest such `i` is best, since it continues the
//! chain with the latest start; it never falls as `j` grows, so one matching is moved along the steps.
//!
//! Source: augmenting paths after Kuhn, "The Hungarian method for the assignment problem" (1955).

use super::MAX_CONDITIONS;
use super::chain::Chains;
use super::event_log::Event;

/// Extends `chains` with `events`, all of them at `ts`.
pub(super) fn extend(chains: &mut Chains, ts: i64, events: &[Event]) {
    let before = chains.clone();
    let mut matching = Matching::new(events, before.n_steps());
    // Steps first..step are matched.
    let mut first = 0;
    for step in 0..before.n_steps() {
        while first <= step && !matching.add(step) {
            matching.remove(first);
            first += 1;
        }
        if first <= step
            && let Some(start) = before.start_before(first, ts)
        {
            chains.set(step, start);
        }
    }
}

/// Steps with an event each, no two with the same one.
struct Matching {
    /// The conditions that each event meets.
    masks: Vec<u32>,
    /// The step that each event is, if any.
    step_of: Vec<Option<usize>>,
}

impl Matching {
    /// No step has an event yet. Of the events that meet a condition as many are enough as there are
    /// steps, since the other steps take one less: so the work is bounded however many there are.
    fn new(events: &[Event], n_steps: usize) -> Matching {
        let mut n_meeting = [0; MAX_CONDITIONS];
        let mut masks = Vec::new();
        for mask in events.iter().map(|event| event.mask) {
            let met = || (0..n_steps).filter(|step| mask >> step & 1 == 1);
            if met().any(|step| n_meeting[step] < n_steps) {
                met().for_each(|step| n_meeting[step] += 1);
                masks.push(mask);
            }
        }
        Matching { step_of: vec![None; masks.len()], masks }
    }

    /// Gives `step` an event, if need be by giving other steps others. If it cannot, nothing changes.
    fn add(&mut self, step: usize) -> bool {
        let mut seen = vec![false; self.masks.len()];
        self.augment(step, &mut seen)
    }

    /// Steps deep at most, since every step on the way has an event of its own.
    fn augment(&mut self, step: usize, seen: &mut [bool]) -> bool {
        for idx in 0..self.masks.len() {
            if self.masks[idx] >> step & 1 == 0 || seen[idx] {
                continue;
            }
            seen[idx] = true;
            let free = match self.step_of[idx] {
                None => true,
                Some(other) => self.augment(other, seen),
            };
            if free {
                self.step_of[idx] = Some(step);
                return true;
            }
        }
        false
    }

    /// Takes the event of `step` away, if it has one.
    fn remove(&mut self, step: usize) {
        for taken in &mut self.step_of {
            if *taken == Some(step) {
                *taken = None;
            }
        }
    }
}
