//! How long a run will still take, as far as that can be known.

use pipeline::ModelName;
use std::collections::BTreeMap;
use std::time::Duration;

/// Nothing is said of the rest before so much time has passed.
const EARLIEST: Duration = Duration::from_secs(2);

/// What models cost in the run before, and which of them are done in this one.
#[derive(Debug, Default)]
pub struct Outlook {
    /// Milliseconds of each model in the run before, if there was one.
    before: BTreeMap<ModelName, u64>,
    /// Milliseconds of each model in this run.
    done: BTreeMap<ModelName, u64>,
    n_models: usize,
}

impl Outlook {
    /// What models are known to have cost.
    pub fn know(&mut self, times: &BTreeMap<ModelName, u64>) {
        self.before.extend(times.iter().map(|(model, ms)| (model.clone(), *ms)));
    }

    /// A run of `n_models` begins; what was done becomes what is known.
    pub fn begin(&mut self, n_models: usize) {
        self.before.append(&mut self.done);
        self.n_models = n_models;
    }

    /// A model is done, or never will be.
    pub fn done(&mut self, model: &ModelName, elapsed_ms: u64) {
        self.done.insert(model.clone(), elapsed_ms);
    }

    /// The share of the work that is done, from 0 to 1. A model weighs what it cost in the run before; one that is not
    /// known weighs what the known ones do on average, and all weigh the same when none is known.
    fn share(&self) -> f64 {
        let n_known = self.before.len().max(1) as f64;
        let mean = (self.before.values().sum::<u64>() as f64 / n_known).max(1.0);
        let weight = |model: &ModelName| self.before.get(model).map_or(mean, |ms| *ms as f64);
        let done: f64 = self.done.keys().map(weight).sum();
        let known_left: f64 = self
            .before
            .iter()
            .filter(|(model, _)| !self.done.contains_key(*model))
            .map(|(_, ms)| *ms as f64)
            .sum();
        let n_known_left =
            self.before.keys().filter(|model| !self.done.contains_key(*model)).count();
        let n_left = self.n_models.saturating_sub(self.done.len());
        // A selection of few leaves out models that the run before had.
        let left = if n_known_left > n_left {
            n_left as f64 * mean
        } else {
            known_left + (n_left - n_known_left) as f64 * mean
        };
        if done + left > 0.0 { done / (done + left) } else { 0.0 }
    }

    /// The time that is left after `elapsed`; `None` as long as too little is done to tell.
    pub fn left(&self, elapsed: Duration) -> Option<Duration> {
        let share = self.share();
        if elapsed < EARLIEST || share < 0.1 {
            return None;
        }
        Some(elapsed.mul_f64((1.0 - share) / share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::Layer;

    fn name(name: &str) -> ModelName {
        ModelName { layer: Layer::Gold, name: catalog::Name::new(name).unwrap() }
    }

    #[test]
    fn the_rest_follows_from_what_is_done() {
        let mut outlook = Outlook::default();
        outlook.begin(4);
        assert_eq!(outlook.left(Duration::from_secs(10)), None, "nothing is done");
        outlook.done(&name("a"), 3_000);
        assert_eq!(outlook.left(Duration::from_secs(1)), None, "too early");
        assert_eq!(outlook.left(Duration::from_secs(10)), Some(Duration::from_secs(30)));
        outlook.done(&name("b"), 7_000);
        assert_eq!(outlook.left(Duration::from_secs(10)), Some(Duration::from_secs(10)));
    }

    #[test]
    fn what_is_known_of_builds_before_counts_at_once() {
        let mut outlook = Outlook::default();
        outlook.know(&BTreeMap::from([(name("small"), 1_000), (name("large"), 3_000)]));
        outlook.begin(2);
        outlook.done(&name("small"), 900);
        assert_eq!(outlook.left(Duration::from_secs(2)), Some(Duration::from_secs(6)));
    }

    #[test]
    fn the_run_before_tells_what_models_weigh() {
        let mut outlook = Outlook::default();
        outlook.begin(2);
        outlook.done(&name("small"), 1_000);
        outlook.done(&name("large"), 3_000);
        outlook.begin(2);
        outlook.done(&name("small"), 1_000);
        assert_eq!(outlook.left(Duration::from_secs(2)), Some(Duration::from_secs(6)));
        outlook.begin(3);
        outlook.done(&name("large"), 3_000);
        outlook.done(&name("small"), 1_000);
        assert_eq!(outlook.left(Duration::from_secs(6)), Some(Duration::from_secs(3)));
    }
}
