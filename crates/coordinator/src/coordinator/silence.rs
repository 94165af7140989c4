//! An engine that neither answers nor dies: each thing that is asked of it is watched, and when an
//! answer is long overdue the viewer is told, who may restart it. Nothing is restarted by itself: a
//! question over a large lake and a slow network may take its time.

use super::Coordinator;
use crate::{Effect, Engine, Notice, Watched};
use protocol::Ask;

/// How long an answer may take before the viewer is told, in milliseconds.
const ANSWER_MS: u32 = 60_000;

/// How long a worker may load and compile before the viewer is told, in milliseconds.
const START_MS: u32 = 180_000;

impl Coordinator {
    /// Has the shell start a worker.
    pub(super) fn start_worker(&mut self, delay_ms: u32, effects: &mut Vec<Effect>) {
        self.n_starts = self.n_starts.saturating_add(1);
        self.engine = Engine::Starting;
        effects.push(Effect::StartWorker { delay_ms });
        let watched = Watched::Start(self.n_starts);
        effects.push(Effect::Watch { watched, after_ms: START_MS.saturating_add(delay_ms) });
    }

    /// Watches each request of `effects` that somebody will wait for.
    pub(super) fn watch(&self, effects: &mut Vec<Effect>) {
        let watches: Vec<Effect> = effects
            .iter()
            .filter_map(|effect| match effect {
                // What is forgotten is forgotten whether or not the engine says so.
                Effect::Send { ask: Ask::Forget, .. } => None,
                Effect::Send { id, .. } => {
                    let watched = Watched::Request(*id);
                    Some(Effect::Watch { watched, after_ms: ANSWER_MS })
                }
                _ => None,
            })
            .collect();
        effects.extend(watches);
    }

    /// The time of `watched` is up. What is answered, cancelled or dead by then is silent to nobody.
    pub(super) fn note_overdue(&mut self, watched: Watched) {
        if self.is_waited_for(watched) {
            if self.overdue.is_empty() {
                self.tell(Notice::EngineSilent);
            }
            self.overdue.insert(watched);
        }
    }

    /// Takes the notice back once everything has come that was overdue.
    pub(super) fn hear(&mut self) {
        let overdue = std::mem::take(&mut self.overdue);
        self.overdue = overdue.into_iter().filter(|watched| self.is_waited_for(*watched)).collect();
        if self.overdue.is_empty() {
            self.notices.retain(|notice| *notice != Notice::EngineSilent);
        }
    }

    /// The viewer has read that the engine is silent, and waits on.
    pub(super) fn wait_on(&mut self) {
        self.overdue.clear();
    }

    /// The viewer wants another engine. What was under way is asked again, except a question that
    /// was alone under way twice.
    pub(super) fn restart(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.engine, Engine::GivenUp { .. }) {
            self.retry(effects);
        } else {
            self.suspect("it did not answer and was restarted");
            self.start_worker(0, effects);
        }
    }

    fn is_waited_for(&self, watched: Watched) -> bool {
        match watched {
            Watched::Start(n) => self.engine == Engine::Starting && self.n_starts == n,
            Watched::Request(id) => self.awaits(id) || self.engine == (Engine::Opening { id }),
        }
    }
}
