//! The order of the slots in their ranks: few edges cross.

use super::Slots;

/// Passes over all ranks, to and fro.
const N_SWEEPS: usize = 24;

/// Rounds in which neighbours change places.
const N_ROUNDS: usize = 12;

/// The way in which a sweep runs.
#[derive(Clone, Copy)]
enum Way {
    Onward,
    Back,
}

/// Orders the slots of every rank.
pub(super) fn untangle(slots: &mut Slots) {
    let mut places = vec![0; slots.rank.len()];
    number(slots, &mut places);
    let mut best = (crossings(slots, &places), slots.ranks.clone());
    for sweep in 0..N_SWEEPS {
        let way = if sweep % 2 == 0 { Way::Onward } else { Way::Back };
        let n_ranks = slots.ranks.len();
        for step in 0..n_ranks {
            let rank = match way {
                Way::Onward => step,
                Way::Back => n_ranks - 1 - step,
            };
            order_rank(slots, &mut places, rank, way);
        }
        let found = crossings(slots, &places);
        if found < best.0 {
            best = (found, slots.ranks.clone());
        }
    }
    slots.ranks = best.1;
    number(slots, &mut places);
    for _ in 0..N_ROUNDS {
        if !swap_neighbours(slots, &mut places) {
            break;
        }
    }
}

fn number(slots: &Slots, places: &mut [usize]) {
    for rank in &slots.ranks {
        for (place, slot) in rank.iter().enumerate() {
            places[*slot] = place;
        }
    }
}

/// Orders one rank by the mean place of what its slots are joined with; one that is joined with nothing
/// keeps its place.
fn order_rank(slots: &mut Slots, places: &mut [usize], rank: usize, way: Way) {
    let mut keyed: Vec<(f64, usize)> = slots.ranks[rank]
        .iter()
        .map(|slot| {
            let joined = match way {
                Way::Onward => &slots.before[*slot],
                Way::Back => &slots.behind[*slot],
            };
            let sum: usize = joined.iter().map(|other| places[*other]).sum();
            let key = match joined.len() {
                0 => places[*slot] as f64,
                n => sum as f64 / n as f64,
            };
            (key, *slot)
        })
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    slots.ranks[rank] = keyed.into_iter().map(|(_, slot)| slot).collect();
    for (place, slot) in slots.ranks[rank].iter().enumerate() {
        places[*slot] = place;
    }
}

/// How many pairs of edges cross.
fn crossings(slots: &Slots, places: &[usize]) -> usize {
    let mut n_crossings = 0;
    for (idx, rank) in slots.ranks.iter().enumerate() {
        let n_behind = slots.ranks.get(idx + 1).map_or(0, Vec::len);
        // Places in the next rank in the order of the edges: each that is passed by a lesser one crosses it.
        let mut tree = vec![0_usize; n_behind + 1];
        let mut n_seen = 0;
        for slot in rank {
            let mut targets: Vec<usize> =
                slots.behind[*slot].iter().map(|other| places[*other]).collect();
            targets.sort_unstable();
            for target in &targets {
                n_crossings += n_seen - sum_to(&tree, target + 1);
            }
            for target in &targets {
                add_at(&mut tree, target + 1);
                n_seen += 1;
            }
        }
    }
    n_crossings
}

fn sum_to(tree: &[usize], mut at: usize) -> usize {
    let mut sum = 0;
    while at > 0 {
        sum += tree[at];
        at &= at - 1;
    }
    sum
}

fn add_at(tree: &mut [usize], mut at: usize) {
    while at < tree.len() {
        tree[at] += 1;
        at += at & at.wrapping_neg();
    }
}

/// Lets neighbours change places where fewer edges cross then; whether any did.
fn swap_neighbours(slots: &mut Slots, places: &mut [usize]) -> bool {
    let mut has_swapped = false;
    for rank in 0..slots.ranks.len() {
        for place in 1..slots.ranks[rank].len() {
            let (upper, lower) = (slots.ranks[rank][place - 1], slots.ranks[rank][place]);
            let (as_is, swapped) = [&slots.before, &slots.behind]
                .into_iter()
                .map(|joined| pair_crossings(&joined[upper], &joined[lower], places))
                .fold((0, 0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
            if swapped < as_is {
                slots.ranks[rank].swap(place - 1, place);
                places[upper] = place;
                places[lower] = place - 1;
                has_swapped = true;
            }
        }
    }
    has_swapped
}

/// How many edges of two neighbours cross as they stand, and how many if they changed places.
fn pair_crossings(upper: &[usize], lower: &[usize], places: &[usize]) -> (usize, usize) {
    let mut counts = (0, 0);
    for a in upper {
        for b in lower {
            match places[*a].cmp(&places[*b]) {
                std::cmp::Ordering::Greater => counts.0 += 1,
                std::cmp::Ordering::Less => counts.1 += 1,
                std::cmp::Ordering::Equal => {}
            }
        }
    }
    counts
}
