//! How high the slots of every rank stand: edges are short and even, and the order is kept.

use super::{GAP_PX, Slots};

/// Passes over all ranks, to and fro.
const N_SWEEPS: usize = 20;

/// The middle of each slot, from an arbitrary zero.
///
/// What is not joined pulls at nothing, so that every joined part is settled by itself, and then stands right
/// below those before it, rank by rank.
pub(super) fn settle(slots: &Slots) -> Vec<f64> {
    let mut middles = vec![0.0; slots.rank.len()];
    let mut bottoms = vec![0.0; slots.ranks.len()];
    for ranks in parts(slots) {
        settle_part(slots, &ranks, &mut middles);
        let edge = |slot: &usize, middles: &[f64], side: f64| {
            middles[*slot] + side * slots.height_px(*slot) / 2.0
        };
        let push = ranks
            .iter()
            .zip(&bottoms)
            .filter_map(|(rank, bottom)| Some(bottom - edge(rank.first()?, &middles, -1.0)))
            .fold(f64::NEG_INFINITY, f64::max);
        for (rank, bottom) in ranks.iter().zip(&mut bottoms) {
            for slot in rank {
                middles[*slot] += push;
                *bottom = edge(slot, &middles, 1.0) + GAP_PX;
            }
        }
    }
    middles
}

/// The joined parts, the largest first, each as its slots by rank in their order.
fn parts(slots: &Slots) -> Vec<Vec<Vec<usize>>> {
    let mut part_of = vec![None; slots.rank.len()];
    let mut sizes = Vec::new();
    for start in slots.ranks.iter().flatten() {
        if part_of[*start].is_some() {
            continue;
        }
        let part = sizes.len();
        let mut n_slots = 0;
        let mut waiting = vec![*start];
        part_of[*start] = Some(part);
        while let Some(slot) = waiting.pop() {
            n_slots += 1;
            for other in slots.before[slot].iter().chain(&slots.behind[slot]) {
                if part_of[*other].is_none() {
                    part_of[*other] = Some(part);
                    waiting.push(*other);
                }
            }
        }
        sizes.push(n_slots);
    }
    let mut by_size: Vec<usize> = (0..sizes.len()).collect();
    by_size.sort_by_key(|part| std::cmp::Reverse(sizes[*part]));
    let of = |part: usize| {
        let ranks = slots.ranks.iter();
        let own = |slot: &&usize| part_of[**slot] == Some(part);
        ranks.map(|rank| rank.iter().filter(own).copied().collect()).collect()
    };
    by_size.into_iter().map(of).collect()
}

fn settle_part(slots: &Slots, ranks: &[Vec<usize>], middles: &mut [f64]) {
    for rank in ranks {
        let wanted: Vec<Wish> = rank.iter().map(|_| Wish { middle: 0.0, weight: 1.0 }).collect();
        place(slots, rank, &wanted, middles);
    }
    for sweep in 0..N_SWEEPS {
        for step in 0..ranks.len() {
            let is_onward = sweep % 2 == 0;
            let rank = &ranks[if is_onward { step } else { ranks.len() - 1 - step }];
            // Both sides in the last sweeps, so that no side has it all.
            let sides: &[&Vec<Vec<usize>>] = match (sweep + 4 >= N_SWEEPS, is_onward) {
                (true, _) => &[&slots.before, &slots.behind],
                (false, true) => &[&slots.before],
                (false, false) => &[&slots.behind],
            };
            let wanted: Vec<Wish> =
                rank.iter().map(|slot| wish(slots, *slot, sides, middles)).collect();
            place(slots, rank, &wanted, middles);
        }
    }
}

/// Where a slot would like to stand, and how much.
struct Wish {
    middle: f64,
    weight: f64,
}

fn wish(slots: &Slots, slot: usize, sides: &[&Vec<Vec<usize>>], middles: &[f64]) -> Wish {
    let (mut sum, mut weight) = (0.0, 0.0);
    for other in sides.iter().flat_map(|joined| &joined[slot]) {
        // A bend within a long edge looks worse than a slope at its end.
        let stiffness = match (slots.is_lane(slot), slots.is_lane(*other)) {
            (true, true) => 8.0,
            (true, false) | (false, true) => 2.0,
            (false, false) => 1.0,
        };
        sum += stiffness * middles[*other];
        weight += stiffness;
    }
    if weight > 0.0 {
        Wish { middle: sum / weight, weight }
    } else {
        Wish { middle: middles[slot], weight: 0.01 }
    }
}

/// Places the slots of one rank as near to their wishes as the distances between them allow: the
/// weighted least squares, by pooling neighbours that would come too close.
///
/// Source: Ayer et al., "An Empirical Distribution Function for Sampling with Incomplete Information".
fn place(slots: &Slots, rank: &[usize], wanted: &[Wish], middles: &mut [f64]) {
    // Heights less the least distance to the first slot may not fall.
    let mut offsets = Vec::with_capacity(rank.len());
    let mut offset = 0.0;
    for (idx, slot) in rank.iter().enumerate() {
        if idx > 0 {
            offset += slots.height_px(rank[idx - 1]) / 2.0 + GAP_PX + slots.height_px(*slot) / 2.0;
        }
        offsets.push(offset);
    }
    struct Pool {
        sum: f64,
        weight: f64,
        n_slots: usize,
    }
    let mut pools: Vec<Pool> = Vec::new();
    for (wish, offset) in wanted.iter().zip(&offsets) {
        let mut pool =
            Pool { sum: wish.weight * (wish.middle - offset), weight: wish.weight, n_slots: 1 };
        while let Some(last) = pools.pop_if(|last| last.sum / last.weight > pool.sum / pool.weight)
        {
            pool.sum += last.sum;
            pool.weight += last.weight;
            pool.n_slots += last.n_slots;
        }
        pools.push(pool);
    }
    let levels =
        pools.iter().flat_map(|pool| std::iter::repeat_n(pool.sum / pool.weight, pool.n_slots));
    for ((slot, level), offset) in rank.iter().zip(levels).zip(&offsets) {
        middles[*slot] = level + offset;
    }
}
