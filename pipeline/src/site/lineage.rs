//! Where the nodes and edges of a lineage stand: a layered drawing from left to right.
//!
//! A node stands one rank behind the last of those that it reads (the longest path). An edge over several
//! ranks takes a slot of its own in each rank between, so that it runs beside the nodes and never behind
//! one; the edges of one node share these slots. Ranks are ordered by barycentre sweeps, and heights are
//! the least squares of the edges' slopes that keep the order.
//!
//! Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System Structures".

mod height;
mod order;

use std::collections::BTreeMap;
use std::fmt::Write;

/// How high every node is.
pub(super) const NODE_HEIGHT_PX: f64 = 44.0;

/// How high the slot of a passing edge is.
const LANE_HEIGHT_PX: f64 = 6.0;

/// Between two neighbours of one rank.
const GAP_PX: f64 = 12.0;

/// Between two ranks.
const RANK_GAP_PX: f64 = 64.0;

/// Around the drawing.
const EDGE_PX: f64 = 16.0;

/// A graph without circles, by the indices of its nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    /// The width of each node.
    pub(super) widths_px: Vec<f64>,
    /// From what is read to what reads it.
    pub(super) edges: Vec<(usize, usize)>,
    /// Nodes that stand in the last rank, whatever they read.
    pub(super) ends: Vec<usize>,
}

/// Where everything stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawing {
    pub(super) width_px: f64,
    pub(super) height_px: f64,
    /// The nodes, by index.
    pub(super) boxes: Vec<NodeBox>,
    /// The edges, in the order of the graph.
    pub(super) curves: Vec<Curve>,
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NodeBox {
    pub(super) rank: usize,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
}

/// How an edge runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Pairs of ends of level stretches: out of the node, through each rank between, into the node.
    pub(super) stretches: Vec<[(f64, f64); 2]>,
}

/// Nodes and the slots of passing edges, rank by rank. The nodes come first.
#[derive(Debug, Default)]
struct Slots {
    n_nodes: usize,
    rank: Vec<usize>,
    /// The slots that each is joined with in the rank before.
    before: Vec<Vec<usize>>,
    /// The slots that each is joined with in the rank behind.
    behind: Vec<Vec<usize>>,
    /// The slots of each rank from top to bottom.
    ranks: Vec<Vec<usize>>,
}

/// Lays out `graph`. The same graph is always laid out in the same way.
pub(super) fn lay_out(graph: &Graph) -> Drawing {
    let n_nodes = graph.widths_px.len();
    let edges: Vec<(usize, usize)> =
        graph.edges.iter().copied().filter(|(from, to)| *from < n_nodes && *to < n_nodes).collect();
    let rank = ranks(n_nodes, &edges, &graph.ends);
    let (mut slots, chains) = slots(rank, &edges);
    order::untangle(&mut slots);
    let middles = height::settle(&slots);
    draw(graph, &slots, &edges, &chains, &middles)
}

/// The rank of each node: the longest path to it. A node that reads nothing moves up to its first reader.
fn ranks(n_nodes: usize, edges: &[(usize, usize)], ends: &[usize]) -> Vec<usize> {
    let mut rank = vec![0_usize; n_nodes];
    // A path has fewer edges than there are nodes, so that the ranks come to rest, or there is a circle.
    for _ in 0..n_nodes {
        let mut is_done = true;
        for (from, to) in edges {
            if rank[*to] <= rank[*from] {
                rank[*to] = rank[*from] + 1;
                is_done = false;
            }
        }
        if is_done {
            break;
        }
    }
    let last = rank.iter().copied().max().unwrap_or_default();
    for end in ends {
        if let Some(rank) = rank.get_mut(*end) {
            *rank = last;
        }
    }
    for node in 0..n_nodes {
        let first_reader =
            edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| rank[*to]).min();
        match first_reader {
            Some(reader) if !edges.iter().any(|(_, to)| *to == node) => {
                rank[node] = reader.saturating_sub(1);
            }
            _ => {}
        }
    }
    rank
}

/// The slots, and for each edge those that it runs through, both ends included.
fn slots(rank: Vec<usize>, edges: &[(usize, usize)]) -> (Slots, Vec<Vec<usize>>) {
    let n_nodes = rank.len();
    let n_ranks = rank.iter().max().map_or(0, |last| last + 1);
    let mut slots = Slots {
        n_nodes,
        before: vec![Vec::new(); n_nodes],
        behind: vec![Vec::new(); n_nodes],
        ranks: vec![Vec::new(); n_ranks],
        rank,
    };
    for node in 0..n_nodes {
        slots.ranks[slots.rank[node]].push(node);
    }
    // The lanes of one node, by rank.
    let mut lanes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut chains = Vec::with_capacity(edges.len());
    for (from, to) in edges {
        let mut chain = vec![*from];
        for rank in slots.rank[*from] + 1..slots.rank[*to] {
            let lane = *lanes.entry((*from, rank)).or_insert_with(|| slots.add_lane(rank));
            slots.join(chain[chain.len() - 1], lane);
            chain.push(lane);
        }
        slots.join(chain[chain.len() - 1], *to);
        chain.push(*to);
        chains.push(chain);
    }
    (slots, chains)
}

impl Slots {
    fn add_lane(&mut self, rank: usize) -> usize {
        let slot = self.rank.len();
        self.rank.push(rank);
        self.before.push(Vec::new());
        self.behind.push(Vec::new());
        self.ranks[rank].push(slot);
        slot
    }

    fn join(&mut self, from: usize, to: usize) {
        if !self.behind[from].contains(&to) {
            self.behind[from].push(to);
            self.before[to].push(from);
        }
    }

    fn is_lane(&self, slot: usize) -> bool {
        slot >= self.n_nodes
    }

    fn height_px(&self, slot: usize) -> f64 {
        if self.is_lane(slot) { LANE_HEIGHT_PX } else { NODE_HEIGHT_PX }
    }
}

fn draw(
    graph: &Graph,
    slots: &Slots,
    edges: &[(usize, usize)],
    chains: &[Vec<usize>],
    middles: &[f64],
) -> Drawing {
    let top = (0..middles.len())
        .map(|slot| middles[slot] - slots.height_px(slot) / 2.0)
        .fold(f64::INFINITY, f64::min);
    let bottom = (0..middles.len())
        .map(|slot| middles[slot] + slots.height_px(slot) / 2.0)
        .fold(f64::NEG_INFINITY, f64::max);
    let middle = |slot: usize| (middles[slot] - top + EDGE_PX).round();
    // Left and right of each rank.
    let mut columns: Vec<(f64, f64)> = Vec::with_capacity(slots.ranks.len());
    let mut x = EDGE_PX;
    for rank in &slots.ranks {
        let widths = rank.iter().filter_map(|slot| graph.widths_px.get(*slot).copied());
        let width = widths.fold(0.0, f64::max).ceil();
        columns.push((x, x + width));
        x += width + RANK_GAP_PX;
    }
    let boxes: Vec<NodeBox> = (0..slots.n_nodes)
        .map(|node| {
            let rank = slots.rank[node];
            let (left, right) = columns[rank];
            let y = middle(node) - NODE_HEIGHT_PX / 2.0;
            NodeBox { rank, x: left, y, width: right - left }
        })
        .collect();
    let curves = edges.iter().zip(chains).map(|((from, to), chain)| {
        let stretch = |slot: &usize| {
            let ((left, right), y) = (columns[slots.rank[*slot]], middle(*slot));
            [(left, y), (right, y)]
        };
        Curve { from: *from, to: *to, stretches: chain.iter().map(stretch).collect() }
    });
    let is_empty = slots.ranks.is_empty();
    Drawing {
        width_px: if is_empty { 0.0 } else { x - RANK_GAP_PX + EDGE_PX },
        height_px: if is_empty { 0.0 } else { (bottom - top + 2.0 * EDGE_PX).round() },
        curves: curves.collect(),
        boxes,
    }
}

impl Curve {
    /// The way as SVG writes it: level through each rank, and an S between two.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for pair in self.stretches.windows(2) {
            let [[_, (x, y)], [(to_x, to_y), (end_x, _)]] = pair else { continue };
            if path.is_empty() {
                let _ = write!(path, "M{x} {y}");
            }
            let bend = (to_x - x) / 2.0;
            let _ = write!(path, "C{} {y} {} {to_y} {to_x} {to_y}", x + bend, to_x - bend);
            if self.stretches.last() != pair.last() {
                let _ = write!(path, "H{end_x}");
            }
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn graph(n_nodes: usize, edges: &[(usize, usize)]) -> Graph {
        Graph { widths_px: vec![120.0; n_nodes], edges: edges.to_vec(), ends: Vec::new() }
    }

    /// `n_nodes` in which each reads up to three of those shortly before it.
    fn project(seed: u64, n_nodes: usize) -> Graph {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut edges = Vec::new();
        for to in n_nodes / 4..n_nodes {
            for _ in 0..random.random_range(1..=3) {
                let from = random.random_range(to.saturating_sub(n_nodes / 2)..to);
                if !edges.contains(&(from, to)) {
                    edges.push((from, to));
                }
            }
        }
        graph(n_nodes, &edges)
    }

    fn check(graph: &Graph) -> Drawing {
        let drawing = lay_out(graph);
        assert_eq!(drawing.boxes.len(), graph.widths_px.len());
        assert_eq!(drawing.curves.len(), graph.edges.len());
        for (idx, a) in drawing.boxes.iter().enumerate() {
            assert!(a.x >= 0.0 && a.x + a.width <= drawing.width_px, "{a:?}");
            assert!(a.y >= 0.0 && a.y + NODE_HEIGHT_PX <= drawing.height_px, "{a:?}");
            assert!(a.width >= graph.widths_px[idx]);
            for b in &drawing.boxes[idx + 1..] {
                let beside = a.x + a.width <= b.x || b.x + b.width <= a.x;
                let apart = (a.y - b.y).abs() >= NODE_HEIGHT_PX;
                assert!(beside || apart, "{a:?} lies over {b:?}");
            }
        }
        for curve in &drawing.curves {
            let (from, to) = (drawing.boxes[curve.from], drawing.boxes[curve.to]);
            assert!(from.rank < to.rank, "{curve:?}");
            assert_eq!(curve.stretches.len(), to.rank - from.rank + 1);
            for stretch in &curve.stretches[1..curve.stretches.len() - 1] {
                let [(left, y), (right, _)] = *stretch;
                let hit = drawing.boxes.iter().find(|node| {
                    node.x < right
                        && left < node.x + node.width
                        && node.y < y
                        && y < node.y + NODE_HEIGHT_PX
                });
                assert_eq!(hit, None, "{curve:?} runs behind a node");
            }
        }
        drawing
    }

    #[test]
    fn nodes_stand_apart_and_edges_run_onward() {
        check(&graph(0, &[]));
        check(&graph(1, &[]));
        check(&graph(3, &[(0, 2)]));
        check(&graph(4, &[(0, 1), (1, 2), (2, 3), (0, 3), (1, 3)]));
        for seed in 0..40 {
            check(&project(seed, 60));
        }
    }

    #[test]
    fn a_rank_is_the_longest_path() {
        let ranks = |graph: &Graph| -> Vec<usize> {
            lay_out(graph).boxes.iter().map(|node| node.rank).collect()
        };
        // Node 3 is read by the last one only, and stands right before it.
        assert_eq!(ranks(&graph(5, &[(0, 1), (1, 2), (0, 4), (2, 4), (3, 4)])), [0, 1, 2, 2, 3]);
        let mut ending = graph(4, &[(0, 1), (1, 2), (0, 3)]);
        assert_eq!(ranks(&ending), [0, 1, 2, 1]);
        ending.ends = vec![3];
        assert_eq!(ranks(&ending), [0, 1, 2, 2]);
    }

    #[test]
    fn a_chain_is_a_straight_line() {
        let drawing = lay_out(&graph(4, &[(0, 1), (1, 2), (2, 3)]));
        assert!(drawing.boxes.iter().all(|node| node.y == drawing.boxes[0].y));
        assert_eq!(drawing.curves[0].path(), "M136 38C168 38 168 38 200 38");
    }

    #[test]
    fn a_ladder_is_untangled() {
        // Twelve pairs whose partners are shuffled can be drawn without a crossing.
        let edges: Vec<(usize, usize)> = (0..12).map(|n| (n, 12 + (n * 5) % 12)).collect();
        let drawing = check(&graph(24, &edges));
        for (idx, a) in drawing.curves.iter().enumerate() {
            for b in &drawing.curves[idx + 1..] {
                let rise = |from: usize, to: usize| drawing.boxes[from].y - drawing.boxes[to].y;
                assert!(rise(a.from, b.from) * rise(a.to, b.to) > 0.0, "{a:?} crosses {b:?}");
            }
        }
    }

    #[test]
    fn what_is_not_joined_stands_close() {
        // A tree of twelve leaves, and ten pairs that are joined with nothing else.
        let leaves = (1..=12).map(|leaf| (0, leaf));
        let pairs = (0..10).map(|pair| (13 + 2 * pair, 14 + 2 * pair));
        let drawing = check(&graph(33, &leaves.chain(pairs).collect::<Vec<_>>()));
        let n_rows = 12.0 + 10.0;
        let stacked = n_rows * (NODE_HEIGHT_PX + GAP_PX) - GAP_PX + 2.0 * EDGE_PX;
        assert_eq!(drawing.height_px, stacked);
    }

    #[test]
    fn sixty_models_are_readable() {
        for seed in 0..10 {
            let graph = project(seed, 60);
            let drawing = check(&graph);
            // No higher than its fullest rank with its lanes, within reason: nothing wanders off.
            let ranks = drawing.boxes.iter().map(|node| node.rank).max().unwrap() + 1;
            let fullest = (0..ranks)
                .map(|rank| drawing.boxes.iter().filter(|node| node.rank == rank).count())
                .max()
                .unwrap();
            let stacked = fullest as f64 * (NODE_HEIGHT_PX + GAP_PX) + 2.0 * EDGE_PX;
            assert!(drawing.height_px < 2.5 * stacked, "{} of {stacked}", drawing.height_px);
        }
    }

    #[test]
    fn the_same_graph_is_drawn_in_the_same_way() {
        let graph = project(7, 60);
        assert_eq!(lay_out(&graph), lay_out(&graph));
    }
}
