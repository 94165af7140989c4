//! The longest chain in the events of one group.
//!
//! For every step, the latest start of a chain that has come so far is kept. A later start is never
//! worse, since it leaves more of the window; and a chain of k steps holds one of k - 1 steps with the
//! same start, so the starts never grow from step to step. One pass over the events in order of time
//! is enough.

use super::MAX_CONDITIONS;
use super::event_log::{Event, Steps};
use super::matching;

/// How far the chains have come, and when each of them began.
#[derive(Debug, Clone)]
pub(super) struct Chains {
    /// At `k`: the latest start of a chain of `k + 1` steps. Those below `reached` are set.
    starts: [i64; MAX_CONDITIONS],
    /// The length of the longest chain.
    reached: usize,
    steps: Steps,
}

/// The number of steps of the longest chain in `events`, which are those of one group in order of
/// time.
pub(super) fn longest(events: &[Event], steps: Steps) -> usize {
    let mut chains = Chains { starts: [0; MAX_CONDITIONS], reached: 0, steps };
    let mut rest = events;
    while let Some(first) = rest.first() {
        let n_equal = rest.iter().take_while(|event| event.ts == first.ts).count();
        let (at_once, later) = rest.split_at(n_equal);
        // Rows of one condition each, which stand in the order of their steps, follow one another.
        if n_equal > 1 && at_once.iter().any(|event| event.mask.count_ones() > 1) {
            matching::extend(&mut chains, first.ts, at_once);
        } else {
            at_once.iter().for_each(|event| chains.extend(event.ts, event.mask));
        }
        if chains.reached == steps.n {
            break;
        }
        rest = later;
    }
    chains.reached
}

impl Chains {
    /// Adds one event to every chain that it can end, to each once. Downwards, so that no chain takes
    /// it for two steps.
    fn extend(&mut self, ts: i64, mask: u32) {
        let mut left = mask;
        while left != 0 {
            let step = MAX_CONDITIONS - 1 - left.leading_zeros() as usize;
            left &= !(1 << step);
            if let Some(start) = self.start_before(step, ts) {
                self.set(step, start);
            }
        }
    }

    /// The start of the chain that `step` (from 0) at `ts` continues, if one is within the window.
    pub(super) fn start_before(&self, step: usize, ts: i64) -> Option<i64> {
        if step == 0 {
            return Some(ts);
        }
        if step > self.reached {
            return None;
        }
        let start = self.starts[step - 1];
        // Never negative, since events come in order of time; the width of i64 is not enough.
        (ts.wrapping_sub(start) as u64 <= self.steps.window).then_some(start)
    }

    /// A chain that has come to `step` (from 0) began at `start`, which is no earlier than what was
    /// known.
    pub(super) fn set(&mut self, step: usize, start: i64) {
        self.starts[step] = start;
        self.reached = self.reached.max(step + 1);
    }

    /// How many steps there are.
    pub(super) fn n_steps(&self) -> usize {
        self.steps.n
    }
}
