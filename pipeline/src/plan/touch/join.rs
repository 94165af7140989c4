//! A join of which one side has changed.

use super::narrow::{Narrowed, Narrowing, Stop, is_trusted};
use datafusion::common::JoinType::{self, *};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Join, LogicalPlan};
use std::sync::Arc;

/// Which side of a join has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// What becomes of a join.
enum Becomes {
    /// A join of this type.
    Join(JoinType),
    /// The changed side alone, if a condition had to be dropped.
    JoinOrSide(JoinType),
    /// Nothing that can be said.
    Unknown,
}

/// `join` over the changed rows of the place that `narrowing` goes up from; `None` when the place is not in it.
pub(super) fn narrow(narrowing: &mut Narrowing<'_>, join: &Join) -> Result<Option<Narrowed>, Stop> {
    if let Some(left) = narrowing.narrow(&join.left)? {
        return above(join, Side::Left, left).map(Some);
    }
    match narrowing.narrow(&join.right)? {
        Some(right) => above(join, Side::Right, right).map(Some),
        None => Ok(None),
    }
}

fn above(join: &Join, side: Side, input: Narrowed) -> Result<Narrowed, Stop> {
    let becomes = becomes(join, side);
    let other = match side {
        Side::Left => &join.right,
        Side::Right => &join.left,
    };
    let on: Vec<(Expr, Expr)> = join
        .on
        .iter()
        .filter(|(left, right)| input.trusts(if side == Side::Left { left } else { right }))
        .cloned()
        .collect();
    let is_kept = |condition: &Expr| {
        // Columns of the side that did not change are as they are.
        let mut schema = input.plan.schema().as_ref().clone();
        schema.merge(other.schema());
        let mut trusted = input.trusted.clone();
        trusted.resize(schema.fields().len(), true);
        is_trusted(condition, &schema, &trusted)
    };
    let conditions: Vec<Expr> =
        join.filter.iter().flat_map(|filter| split_conjunction(filter)).cloned().collect();
    let filters: Vec<Expr> =
        conditions.iter().filter(|condition| is_kept(condition)).cloned().collect();
    let all_kept = on.len() == join.on.len() && filters.len() == conditions.len();
    let join_type = match becomes {
        Becomes::JoinOrSide(_) if !all_kept => return Ok(input),
        Becomes::JoinOrSide(join_type) | Becomes::Join(join_type) => join_type,
        Becomes::Unknown => {
            return Err(Stop::Unknown(format!("it has a {} join", join.join_type)));
        }
    };
    if on.is_empty() && !join.on.is_empty() {
        // Every row with every row would be right, and without end.
        return Err(Stop::Unknown("it joins by values that follow from several rows".to_owned()));
    }
    let n_other = other.schema().fields().len();
    // The other side's columns are those of the real rows when an outer join finds what it really finds.
    let others = vec![!matches!(join_type, Left | Right) || all_kept; n_other];
    // Where a row of the changed side may come or go, its columns may be null as well.
    let is_nullable = matches!((join.join_type, side), (Left, Side::Right) | (Right, Side::Left));
    let own = match is_nullable {
        true => vec![false; input.trusted.len()],
        false => input.trusted.clone(),
    };
    let trusted = match (join_type, side) {
        (LeftSemi | RightSemi | LeftAnti | RightAnti, _) => {
            if keeps_own(join_type, side) {
                own
            } else {
                others
            }
        }
        (LeftMark | RightMark, _) => [own, vec![all_kept]].concat(),
        (_, Side::Left) => [own, others].concat(),
        (_, Side::Right) => [others, own].concat(),
    };
    let changed = Arc::new(input.plan);
    let (left, right) = match side {
        Side::Left => (changed, Arc::clone(&join.right)),
        Side::Right => (Arc::clone(&join.left), changed),
    };
    let joined = Join::try_new(
        left,
        right,
        on,
        conjunction(filters),
        join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware && join_type == join.join_type,
    )?;
    Ok(Narrowed { plan: LogicalPlan::Join(joined), trusted })
}

/// Whether the rows of a join that gives one side alone are those of `side`.
fn keeps_own(join_type: JoinType, side: Side) -> bool {
    matches!(join_type, LeftSemi | LeftAnti | LeftMark) == (side == Side::Left)
}

fn becomes(join: &Join, side: Side) -> Becomes {
    match (join.join_type, side) {
        (Inner, _) => Becomes::Join(Inner),
        (Left, Side::Left) => Becomes::Join(Left),
        (Right, Side::Right) => Becomes::Join(Right),
        // Rows that meet none of the changed ones stay as they are.
        (Left, Side::Right) | (Right, Side::Left) => Becomes::Join(Inner),
        (LeftSemi | LeftAnti, Side::Left) | (RightSemi | RightAnti, Side::Right) => {
            Becomes::JoinOrSide(join.join_type)
        }
        // One null among the values of `not in` leaves no row at all.
        (LeftAnti | RightAnti, _) if join.null_aware => Becomes::Unknown,
        (LeftSemi | LeftAnti, Side::Right) => Becomes::Join(LeftSemi),
        (RightSemi | RightAnti, Side::Left) => Becomes::Join(RightSemi),
        (LeftMark, Side::Left) | (RightMark, Side::Right) => Becomes::Join(join.join_type),
        (LeftMark, Side::Right) | (RightMark, Side::Left) | (Full, _) => Becomes::Unknown,
    }
}
