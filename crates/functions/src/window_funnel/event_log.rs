//! The events of all groups: the rows that meet a condition, with their times. They go between
//! partial and final aggregation as one list of (ts, mask) a group.

use super::chain;
use super::event_time::times;
use super::{FunnelError, MAX_CONDITIONS};
use crate::filter::kept;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, LargeListArray, StructArray};
use arrow::array::{Int64Array, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int64Type, UInt32Type};
use datafusion::error::{DataFusionError, Result};
use std::sync::Arc;

/// Fewer events than these are not worth a search for superfluous ones,
const MIN_EVENTS_TO_COMPACT: usize = 1 << 16;

/// and neither are fewer than these a group.
const MIN_EVENTS_A_GROUP_TO_COMPACT: usize = 64;

/// What is counted: the number of conditions, and the width of the window in units of the time column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) n: usize,
    pub(super) window: u64,
}

/// A row that meets a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    /// Its group.
    pub(super) group: u32,
    /// Its time, in units of the column.
    pub(super) ts: i64,
    /// Bit k is condition k + 1; never 0.
    pub(super) mask: u32,
}

/// The events of groups `0..n_groups`, in any order.
#[derive(Debug)]
pub(super) struct EventLog {
    steps: Steps,
    n_groups: usize,
    events: Vec<Event>,
    /// Reused: the mask of each row of a batch.
    masks: Vec<u32>,
    /// Superfluous events are looked for when there are so many.
    compact_at: usize,
}

impl EventLog {
    /// Nothing yet.
    pub(super) fn new(steps: Steps) -> EventLog {
        let compact_at = MIN_EVENTS_TO_COMPACT;
        EventLog { steps, n_groups: 0, events: Vec::new(), masks: Vec::new(), compact_at }
    }

    /// Makes room for groups `0..n_groups`.
    ///
    /// # Errors
    /// When there are more groups than a `u32` counts.
    pub(super) fn set_groups(&mut self, n_groups: usize) -> Result<()> {
        if u32::try_from(n_groups).is_err() {
            let reason = format!("window_funnel over {n_groups} groups, which is more than 2^32");
            return Err(DataFusionError::ResourcesExhausted(reason));
        }
        self.n_groups = n_groups;
        Ok(())
    }

    /// Adds the rows of `arguments` (window, ts, conditions) that meet a condition and that `filter`
    /// does not leave out. `group_of` says which group a row is of.
    ///
    /// # Errors
    /// When a column is of another type than was planned.
    pub(super) fn add_rows(
        &mut self,
        arguments: &[ArrayRef],
        filter: Option<&BooleanArray>,
        group_of: impl Fn(usize) -> usize,
    ) -> Result<()> {
        let [_, ts, conditions @ ..] = arguments else {
            return Err(FunnelError::NoCondition { n_arguments: arguments.len() }.into());
        };
        let ts_values = times(ts)?;
        set_masks(&mut self.masks, conditions, kept(ts, filter).as_ref())?;
        let rows = self.masks.iter().zip(ts_values.iter()).enumerate();
        let met = rows.filter(|(_, (mask, _))| **mask != 0);
        self.events.extend(met.map(|(row_idx, (mask, ts))| Event {
            group: group_of(row_idx) as u32,
            ts: *ts,
            mask: *mask,
        }));
        self.compact()
    }

    /// Adds the events of lists that [`EventLog::take_state`] or [`state_of_rows`] made.
    ///
    /// # Errors
    /// When the column is not such lists.
    pub(super) fn add_state(
        &mut self,
        state: &ArrayRef,
        group_of: impl Fn(usize) -> usize,
    ) -> Result<()> {
        let lists = state.as_list_opt::<i64>().ok_or_else(|| not_state(state))?;
        let pairs = lists.values().as_struct_opt().ok_or_else(|| not_state(state))?;
        let [ts, mask] = pairs.columns() else { return Err(not_state(state)) };
        let ts = ts.as_primitive_opt::<Int64Type>().ok_or_else(|| not_state(state))?.values();
        let mask = mask.as_primitive_opt::<UInt32Type>().ok_or_else(|| not_state(state))?.values();
        for row_idx in (0..lists.len()).filter(|row_idx| lists.is_valid(*row_idx)) {
            let group = group_of(row_idx) as u32;
            let offsets = lists.value_offsets();
            let range = offsets[row_idx] as usize..offsets[row_idx + 1] as usize;
            let pairs = ts[range.clone()].iter().zip(&mask[range]);
            self.events.extend(pairs.map(|(ts, mask)| Event { group, ts: *ts, mask: *mask }));
        }
        self.compact()
    }

    /// The length of the longest chain of each of the first `n_groups` groups, 0 for one without
    /// events.
    pub(super) fn longest_chains(&mut self, n_groups: usize) -> Vec<i32> {
        let steps = self.steps;
        let mut longest = vec![0; n_groups];
        self.each_group(n_groups, |group, events| {
            longest[group] = chain::longest(events, steps) as i32;
        });
        longest
    }

    /// The events of each of the first `n_groups` groups, as one list a group.
    pub(super) fn state(&mut self, n_groups: usize) -> Result<ArrayRef> {
        let mut lengths = vec![0; n_groups];
        let mut ts = Vec::with_capacity(self.events.len());
        let mut masks = Vec::with_capacity(self.events.len());
        self.each_group(n_groups, |group, events| {
            let mut repeats = Repeats::default();
            for event in events.iter().filter(|event| repeats.is_needed(event)) {
                ts.push(event.ts);
                masks.push(event.mask);
                lengths[group] += 1;
            }
        });
        lists(OffsetBuffer::from_lengths(lengths), ts, masks)
    }

    /// Forgets the first `n_groups` groups; the others are counted from 0 then.
    pub(super) fn forget(&mut self, n_groups: usize) {
        self.n_groups = self.n_groups.saturating_sub(n_groups);
        if self.n_groups == 0 {
            self.events = Vec::new();
            self.compact_at = MIN_EVENTS_TO_COMPACT;
            return;
        }
        let n_groups = n_groups as u32;
        self.events.retain_mut(|event| {
            let stays = event.group >= n_groups;
            event.group = event.group.wrapping_sub(n_groups);
            stays
        });
    }

    /// How many groups there are.
    pub(super) fn n_groups(&self) -> usize {
        self.n_groups
    }

    /// Bytes on the heap, with those that an answer takes.
    pub(super) fn size_bytes(&self) -> usize {
        self.events.capacity() * size_of::<Event>()
            + (self.events.len() + self.masks.capacity() + self.n_groups) * size_of::<u32>()
    }

    /// Calls `take` with each of the first `n_groups` groups that has events, in the order of the
    /// groups, and with its events in order of time and mask.
    fn each_group(&mut self, n_groups: usize, mut take: impl FnMut(usize, &[Event])) {
        let mut take_one = |events: &mut [Event]| {
            if let Some(group) = events.first().map(|event| event.group as usize)
                && group < n_groups
            {
                events.sort_unstable();
                take(group, events);
            }
        };
        if self.events.is_sorted_by_key(|event| event.group) {
            self.events.chunk_by_mut(|a, b| a.group == b.group).for_each(take_one);
            return;
        }
        let (ends, order) = self.order_by_group();
        let mut of_group = Vec::new();
        let mut start = 0;
        for end in ends {
            of_group.clear();
            let idxs = order[start as usize..end as usize].iter();
            of_group.extend(idxs.map(|idx| self.events[*idx as usize]));
            take_one(&mut of_group);
            start = end;
        }
    }

    /// The indexes of all events in the order of the groups, and where each group ends.
    ///
    /// To count is several times faster than to sort, and takes a quarter of the room that the events
    /// have.
    fn order_by_group(&self) -> (Vec<u32>, Vec<u32>) {
        let mut nexts = vec![0; self.n_groups];
        for event in &self.events {
            nexts[event.group as usize] += 1;
        }
        let mut n_before = 0;
        for next in &mut nexts {
            n_before += std::mem::replace(next, n_before);
        }
        let mut order = vec![0; self.events.len()];
        for (idx, event) in self.events.iter().enumerate() {
            let next = &mut nexts[event.group as usize];
            order[*next as usize] = idx as u32;
            *next += 1;
        }
        // What comes next after the last event of a group is its end.
        (nexts, order)
    }

    /// Removes superfluous events once in a while: seldom enough to cost little, often enough that
    /// where groups are large no more than four times the necessary ones are kept.
    ///
    /// # Errors
    /// When there are more events than a `u32` counts.
    fn compact(&mut self) -> Result<()> {
        let n_events = self.events.len();
        let worth = self.n_groups.saturating_mul(MIN_EVENTS_A_GROUP_TO_COMPACT);
        if n_events >= self.compact_at.max(worth) {
            self.events.sort_unstable();
            let mut repeats = Repeats::default();
            self.events.retain(|event| repeats.is_needed(event));
            self.compact_at = MIN_EVENTS_TO_COMPACT.max(self.events.len().saturating_mul(4));
        }
        if u32::try_from(self.events.len()).is_err() {
            let reason = format!("window_funnel over {n_events} rows at once, more than 2^32");
            return Err(DataFusionError::ResourcesExhausted(reason));
        }
        Ok(())
    }
}

/// Counts equal events that follow each other.
#[derive(Debug, Default)]
struct Repeats {
    last: Option<Event>,
    n_equal: u32,
}

impl Repeats {
    /// Of equal events as many are needed as they have conditions: more cannot be steps of one chain.
    fn is_needed(&mut self, event: &Event) -> bool {
        self.n_equal = if self.last == Some(*event) { self.n_equal + 1 } else { 1 };
        self.last = Some(*event);
        self.n_equal <= event.mask.count_ones()
    }
}

/// The state of each row of `arguments` by itself.
///
/// # Errors
/// When a column is of another type than was planned.
pub(super) fn state_of_rows(
    arguments: &[ArrayRef],
    filter: Option<&BooleanArray>,
) -> Result<ArrayRef> {
    let [_, ts, conditions @ ..] = arguments else {
        return Err(FunnelError::NoCondition { n_arguments: arguments.len() }.into());
    };
    let ts_values = times(ts)?;
    let mut masks = Vec::new();
    set_masks(&mut masks, conditions, kept(ts, filter).as_ref())?;
    let is_event = || masks.iter().map(|mask| *mask != 0);
    let offsets = OffsetBuffer::<i64>::from_lengths(is_event().map(usize::from));
    let ts = ts_values.iter().zip(is_event()).filter(|(_, event)| *event).map(|(ts, _)| *ts);
    let ts = ts.collect();
    masks.retain(|mask| *mask != 0);
    lists(offsets, ts, masks)
}

/// The type of the lists.
pub(super) fn state_type() -> DataType {
    DataType::LargeList(Arc::new(item_field()))
}

fn item_field() -> Field {
    Field::new("item", DataType::Struct(pair_fields()), false)
}

fn pair_fields() -> Fields {
    Fields::from(vec![
        Field::new("ts", DataType::Int64, false),
        Field::new("mask", DataType::UInt32, false),
    ])
}

fn lists(offsets: OffsetBuffer<i64>, ts: Vec<i64>, masks: Vec<u32>) -> Result<ArrayRef> {
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(ts)), Arc::new(UInt32Array::from(masks))];
    let pairs = StructArray::try_new(pair_fields(), columns, None)?;
    let lists = LargeListArray::try_new(Arc::new(item_field()), offsets, Arc::new(pairs), None)?;
    Ok(Arc::new(lists))
}

fn not_state(found: &ArrayRef) -> DataFusionError {
    let found = found.data_type();
    DataFusionError::Internal(format!("the state of window_funnel is {found}, not lists of events"))
}

/// Sets `masks` to the conditions that each row meets: none for a row that is not `kept`.
fn set_masks(
    masks: &mut Vec<u32>,
    conditions: &[ArrayRef],
    kept: Option<&NullBuffer>,
) -> Result<()> {
    masks.clear();
    masks.resize(conditions.first().map_or(0, |condition| condition.len()), 0);
    for (idx, condition) in conditions.iter().enumerate().take(MAX_CONDITIONS) {
        let Some(condition) = condition.as_boolean_opt() else {
            let (number, found) = (idx + 1, condition.data_type().clone());
            return Err(FunnelError::ConditionType { number, found }.into());
        };
        let valid = NullBuffer::union(condition.nulls(), kept);
        let met = match valid {
            Some(valid) => condition.values() & valid.inner(),
            None => condition.values().clone(),
        };
        for row_idx in met.set_indices() {
            masks[row_idx] |= 1 << idx;
        }
    }
    Ok(())
}
