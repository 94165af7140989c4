//! Chance that is the same on every machine: ChaCha8 streams and integer arithmetic, no floats.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a stream is for. Each topic draws from streams of its own, so that a change in one table
/// leaves the others as they are.
#[derive(Clone, Copy)]
pub(super) enum Topic {
    Season = 1,
    Users = 2,
    Sellers = 3,
    Products = 4,
    Inventory = 5,
    Promotions = 6,
    OrderDays = 7,
    Orders = 8,
    Clicks = 9,
}

/// A stream of choices.
pub(super) struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of `topic` with that index (a day, say) under `seed`.
    pub(super) fn new(seed: u64, topic: Topic, idx: u64) -> Stream {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(topic as u64).to_le_bytes());
        key[16..24].copy_from_slice(&idx.to_le_bytes());
        Stream(ChaCha8Rng::from_seed(key))
    }

    /// A number within `0..n`; 0 when `n` is 0.
    ///
    /// Source: Lemire, "Fast random integer generation in an interval", without the rejection,
    /// whose effect at these sizes is below one in 2^40.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.0.next_u64()) * u128::from(n)) >> 64) as u64
    }

    /// A position within `0..n`; 0 when `n` is 0.
    pub(super) fn position(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    /// A number within `low..=high`.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).unsigned_abs()) as i64
    }

    /// True `permille` times of a thousand.
    pub(super) fn permille(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of `choices`, which are not empty.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.position(choices.len())]
    }

    /// A position in `weights`, each as likely as its weight.
    pub(super) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (idx, weight) in weights.iter().enumerate() {
            if left < *weight {
                return idx;
            }
            left -= weight;
        }
        0
    }

    /// Puts `items` into a random order.
    ///
    /// Source: Fisher and Yates, in Durstenfeld's form.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for idx in (1..items.len()).rev() {
            items.swap(idx, self.position(idx + 1));
        }
    }
}

/// Many weights, prepared for drawing.
pub(super) struct Odds {
    cumulative: Vec<u64>,
}

impl Odds {
    /// Positions as likely as their `weights`, whose sum stays below 2^64.
    pub(super) fn new(weights: impl IntoIterator<Item = u64>) -> Odds {
        let cumulative = weights
            .into_iter()
            .scan(0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        Odds { cumulative }
    }

    /// `n` ranks of which the first are the most likely: rank r weighs 1 / (r + 1 + `offset`).
    ///
    /// Source: the law of Zipf and Mandelbrot with exponent 1.
    pub(super) fn zipf(n: u64, offset: u64) -> Odds {
        Odds::new((0..n).map(|rank| (1 << 40) / (rank + 1 + offset)))
    }

    /// A position.
    pub(super) fn draw(&self, stream: &mut Stream) -> usize {
        let at = stream.below(self.cumulative.last().copied().unwrap_or(0));
        self.cumulative.partition_point(|&sum| sum <= at)
    }

    /// Shares `n` among the positions in proportion to their weights; the shares add up to `n`.
    pub(super) fn share(&self, n: u64) -> Vec<u64> {
        let total = u128::from(self.cumulative.last().copied().unwrap_or(0)).max(1);
        let upto = |sum: u64| (u128::from(n) * u128::from(sum) / total) as u64;
        let mut before = 0;
        self.cumulative
            .iter()
            .map(|&sum| upto(sum) - std::mem::replace(&mut before, upto(sum)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_by_seed_topic_and_index() {
        let first = |seed, topic, idx| Stream::new(seed, topic, idx).below(1 << 32);
        assert_eq!(first(42, Topic::Orders, 7), 2_236_339_151);
        assert_ne!(first(42, Topic::Orders, 7), first(43, Topic::Orders, 7));
        assert_ne!(first(42, Topic::Orders, 7), first(42, Topic::Clicks, 7));
        assert_ne!(first(42, Topic::Orders, 7), first(42, Topic::Orders, 8));
    }

    #[test]
    fn draws_follow_the_weights() {
        let mut stream = Stream::new(1, Topic::Orders, 0);
        let odds = Odds::new([1, 0, 3]);
        let mut counts = [0; 3];
        (0..4000).for_each(|_| counts[odds.draw(&mut stream)] += 1);
        assert!(counts[1] == 0 && (900..1100).contains(&counts[0]), "{counts:?}");
        (0..100).for_each(|_| assert!((-3..=3).contains(&stream.between(-3, 3))));
    }

    #[test]
    fn shares_add_up() {
        for n in [0, 1, 10, 999] {
            assert_eq!(Odds::zipf(7, 2).share(n).iter().sum::<u64>(), n);
        }
        assert_eq!(Odds::new([1, 1, 2]).share(8), [2, 2, 4]);
    }
}
