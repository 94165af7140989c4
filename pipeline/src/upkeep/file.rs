//! A data file as the log describes it.

use deltalake::DeltaTableError;
use deltalake::kernel::{Add, EagerSnapshot};
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

/// The tag that names the order in which upkeep wrote a file.
const ORDER_TAG: &str = "lakefront.order";

/// The tag that lists the columns whose statistics upkeep asked for.
const STATISTICS_TAG: &str = "lakefront.statistics";

/// A live file of a table.
#[derive(Debug, Clone)]
pub(super) struct File {
    add: Add,
    statistics: Map<String, Value>,
}

/// The least and the greatest value of a column in one file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Range {
    pub(super) min: Bound,
    pub(super) max: Bound,
}

/// A value as the statistics have it, ordered as the column is, nulls last. Dates and times are text that
/// sorts as they do.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    Number(f64),
    Text(String),
    Null,
}

impl Bound {
    fn of(value: &Value) -> Option<Bound> {
        match value {
            Value::Number(number) => number.as_f64().map(Bound::Number),
            Value::String(text) => Some(Bound::Text(text.clone())),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Bound::Number(_) => 0,
            Bound::Text(_) => 1,
            Bound::Null => 2,
        }
    }

    pub(super) fn compare(&self, other: &Bound) -> Ordering {
        match (self, other) {
            (Bound::Number(a), Bound::Number(b)) => a.total_cmp(b),
            (Bound::Text(a), Bound::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// The live files of a table, by the values of its partition columns.
pub(super) type Partitions = BTreeMap<Vec<(String, Option<String>)>, Vec<File>>;

/// The live files of `snapshot`.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn partitions(snapshot: &EagerSnapshot) -> Result<Partitions, DeltaTableError> {
    let mut partitions = Partitions::new();
    for view in snapshot.try_log_data()?.iter() {
        // The action as it is in the log, tags included, is what a file is taken over with.
        #[allow(deprecated)]
        let file = File::new(view.add_action());
        let mut values: Vec<_> = file.add.partition_values.clone().into_iter().collect();
        values.sort();
        partitions.entry(values).or_default().push(file);
    }
    for files in partitions.values_mut() {
        files.sort_by(|a, b| a.age().cmp(&b.age()));
    }
    Ok(partitions)
}

impl File {
    pub(super) fn new(add: Add) -> File {
        let statistics = add.stats.as_deref().and_then(|text| serde_json::from_str(text).ok());
        File { add, statistics: statistics.unwrap_or_default() }
    }

    pub(super) fn add(&self) -> &Add {
        &self.add
    }

    pub(super) fn size_bytes(&self) -> u64 {
        u64::try_from(self.add.size).unwrap_or_default()
    }

    /// Oldest first; files of one commit by name.
    fn age(&self) -> (i64, &str) {
        (self.add.modification_time, &self.add.path)
    }

    /// Its rows less those that its deletion vector takes away.
    pub(super) fn n_rows(&self) -> Option<u64> {
        let n_rows = self.statistics.get("numRecords")?.as_u64()?;
        let vector = self.add.deletion_vector.as_ref();
        let n_deleted = vector.map_or(0, |vector| u64::try_from(vector.cardinality).unwrap_or(0));
        n_rows.checked_sub(n_deleted)
    }

    fn value(&self, of: &str, column: &str) -> Option<&Value> {
        self.statistics.get(of)?.get(column)
    }

    /// The range of `column`; `None` when the log does not have it.
    pub(super) fn range(&self, column: &str) -> Option<Range> {
        let bound = |of| self.value(of, column).and_then(Bound::of);
        match (bound("minValues"), bound("maxValues")) {
            (Some(min), Some(max)) => Some(Range { min, max }),
            _ if self.is_null(column) => Some(Range { min: Bound::Null, max: Bound::Null }),
            _ => None,
        }
    }

    fn is_null(&self, column: &str) -> bool {
        let n_null = self.value("nullCount", column).and_then(Value::as_u64);
        n_null.is_some() && n_null == self.statistics.get("numRecords").and_then(Value::as_u64)
    }

    fn tag(&self, name: &str) -> Option<&str> {
        self.add.tags.as_ref()?.get(name)?.as_deref()
    }

    /// Whether upkeep wrote it in the order `order`.
    pub(super) fn is_ordered(&self, order: &str) -> bool {
        self.tag(ORDER_TAG) == Some(order)
    }

    /// Whether it lacks the range of one of `columns`, and was never written to have it.
    pub(super) fn lacks_statistics(&self, columns: &[String]) -> bool {
        let asked = self.tag(STATISTICS_TAG).unwrap_or_default();
        columns.iter().any(|column| {
            self.range(column).is_none() && !asked.split('\n').any(|asked| asked == column)
        })
    }
}

/// The tags of a file that is written in the order `order` and measured for `filtered`.
pub(super) fn tags(order: &str, filtered: &[String]) -> HashMap<String, Option<String>> {
    let mut tags = HashMap::from([(ORDER_TAG.to_owned(), Some(order.to_owned()))]);
    if !filtered.is_empty() {
        tags.insert(STATISTICS_TAG.to_owned(), Some(filtered.join("\n")));
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_from_the_statistics() {
        let check = |stats: &str, expected: Option<(Bound, Bound)>| {
            let file = File::new(Add { stats: Some(stats.to_owned()), ..Add::default() });
            let expected = expected.map(|(min, max)| Range { min, max });
            assert_eq!(file.range("d"), expected, "{stats}");
            assert_eq!(file.lacks_statistics(&["d".to_owned()]), expected.is_none(), "{stats}");
        };
        let text = |text: &str| Bound::Text(text.to_owned());
        check(
            r#"{"minValues":{"d":"2024-01-01"},"maxValues":{"d":"2024-02-01"}}"#,
            Some((text("2024-01-01"), text("2024-02-01"))),
        );
        check(
            r#"{"minValues":{"d":-1},"maxValues":{"d":2.5}}"#,
            Some((Bound::Number(-1.0), Bound::Number(2.5))),
        );
        check(
            r#"{"numRecords":3,"nullCount":{"d":3},"minValues":{"e":1}}"#,
            Some((Bound::Null, Bound::Null)),
        );
        check(r#"{"numRecords":3,"nullCount":{"d":2}}"#, None);
        check(r#"{"minValues":{"d":1}}"#, None);
        check("{", None);
    }

    #[test]
    fn bounds_are_ordered_as_the_column_is() {
        let less = |a: Bound, b: Bound| assert_eq!(a.compare(&b), Ordering::Less, "{a:?} {b:?}");
        less(Bound::Number(-2.0), Bound::Number(10.0));
        less(Bound::Text("2023-12-31".into()), Bound::Text("2024-01-01".into()));
        less(Bound::Number(9.0), Bound::Null);
        less(Bound::Text("z".into()), Bound::Null);
    }

    #[test]
    fn a_file_that_was_measured_once_is_not_measured_again() {
        let filtered = ["d".to_owned(), "e".to_owned()];
        let add = Add { tags: Some(tags("d", &filtered)), ..Add::default() };
        let file = File::new(add);
        assert!(file.is_ordered("d") && !file.is_ordered("e"));
        assert!(!file.lacks_statistics(&filtered));
        assert!(file.lacks_statistics(&["f".to_owned()]));
    }
}
