//! Which files of a partition are written anew together. Only plans; what is planned twice in a row is
//! nothing the second time.

use super::file::{Bound, File, Range};
use std::cmp::Ordering;
use std::num::NonZeroU64;

/// Tables written along a curve are written anew as a whole when so much of them is not, as a part of
/// one in.
const ZORDER_WHOLE: u64 = 4;

/// The order of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Order {
    /// As they came.
    #[default]
    Plain,
    /// Ascending by these columns within each file, nulls last.
    Sorted(Vec<String>),
    /// Ascending by these columns through all files of a partition, nulls last, and files are cut along
    /// it at the target size. So a filter on the first column leaves most files out, while small days
    /// share a file, which partitions of days do not.
    Clustered(Vec<String>),
    /// Along a Z-order curve through these columns, so that a filter on any of them leaves files out.
    ZOrdered(Vec<String>),
}

impl Order {
    /// The order that a model asks for: `cluster_by` goes before `zorder_by`, and that before `sort_by`.
    /// Rows that are equal in `cluster_by` are in the order of `sort_by`.
    pub fn of(cluster_by: Option<&str>, zorder_by: &[String], sort_by: &[String]) -> Order {
        match cluster_by {
            Some(first) => {
                let rest = sort_by.iter().filter(|column| *column != first).cloned();
                Order::Clustered([first.to_owned()].into_iter().chain(rest).collect())
            }
            None if !zorder_by.is_empty() => Order::ZOrdered(zorder_by.to_vec()),
            None if !sort_by.is_empty() => Order::Sorted(sort_by.to_vec()),
            None => Order::Plain,
        }
    }

    /// The columns that it is made of.
    pub fn columns(&self) -> &[String] {
        match self {
            Order::Plain => &[],
            Order::Sorted(columns) | Order::Clustered(columns) | Order::ZOrdered(columns) => {
                columns
            }
        }
    }

    /// The key of a model's configuration that asks for it.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Order::Plain | Order::Sorted(_) => "sort_by",
            Order::Clustered(_) => "cluster_by",
            Order::ZOrdered(_) => "zorder_by",
        }
    }

    /// What a file that was written in it is tagged with.
    pub(super) fn tag(&self) -> String {
        match self {
            Order::Plain => "plain".to_owned(),
            _ => format!("{} {}", self.key(), self.columns().join(", ")),
        }
    }
}

/// What is asked of the files of a table.
#[derive(Debug, Clone)]
pub(super) struct Goal<'g> {
    pub(super) order: &'g Order,
    /// Columns that need a range in the log.
    pub(super) filtered: &'g [String],
    pub(super) target_size_bytes: NonZeroU64,
}

impl Goal<'_> {
    fn is_small(&self, file: &File) -> bool {
        file.size_bytes() < self.target_size_bytes.get() / 2
    }

    fn is_unmeasured(&self, file: &File) -> bool {
        file.lacks_statistics(self.filtered)
    }

    /// Whether it has to be written anew for its own sake.
    fn is_wrong(&self, file: &File) -> bool {
        !file.is_ordered(&self.order.tag()) || self.is_unmeasured(file)
    }

    /// The groups of `files`, those of one partition, that are written anew, each as one.
    pub(super) fn groups(&self, files: Vec<File>) -> Vec<Vec<File>> {
        match self.order {
            Order::Plain | Order::Sorted(_) => self.small_ones(files),
            Order::ZOrdered(_) => self.beside_the_curve(files),
            Order::Clustered(columns) => match columns.first() {
                Some(column) => self.out_of_line(files, column),
                None => self.small_ones(files),
            },
        }
    }

    /// All that are small, as one group: it leaves at most one small file behind.
    fn small_ones(&self, files: Vec<File>) -> Vec<Vec<File>> {
        let chosen: Vec<File> = files
            .into_iter()
            .filter(|file| self.is_small(file) || self.is_unmeasured(file))
            .collect();
        let is_worth_it = chosen.len() > 1 || chosen.iter().any(|file| self.is_unmeasured(file));
        if is_worth_it { vec![chosen] } else { Vec::new() }
    }

    /// Those that are not along the curve, with those that are and are small; all, when these are a good
    /// part of the whole, since a curve through fewer rows keeps them less together.
    fn beside_the_curve(&self, files: Vec<File>) -> Vec<Vec<File>> {
        let is_chosen = |file: &File| self.is_wrong(file) || self.is_small(file);
        let (mut chosen, rest): (Vec<File>, Vec<File>) = files.into_iter().partition(is_chosen);
        if chosen.len() < 2 && !chosen.iter().any(|file| self.is_wrong(file)) {
            return Vec::new();
        }
        let size = |files: &[File]| files.iter().map(File::size_bytes).sum::<u64>();
        if size(&chosen).saturating_mul(ZORDER_WHOLE) >= size(&rest) {
            chosen.extend(rest);
        }
        vec![chosen]
    }

    /// Files whose ranges of `column` overlap, or that are not sorted, or small: those that lie beside
    /// each other in one group, so that no two small ones stay beside each other.
    fn out_of_line(&self, files: Vec<File>, column: &str) -> Vec<Vec<File>> {
        let is_lost = |file: &File| file.range(column).is_none() && self.is_wrong(file);
        if files.iter().any(is_lost) {
            return vec![files];
        }
        let mut groups: Vec<Vec<File>> = Vec::new();
        let mut is_open = false;
        for cluster in clusters(files, column) {
            let is_settled = match cluster.as_slice() {
                [file] => !self.is_wrong(file) && !self.is_small(file),
                _ => false,
            };
            match groups.last_mut() {
                _ if is_settled => is_open = false,
                Some(group) if is_open => group.extend(cluster),
                _ => {
                    groups.push(cluster);
                    is_open = true;
                }
            }
        }
        groups.retain(|group| group.len() > 1 || group.iter().any(|file| self.is_wrong(file)));
        groups
    }
}

/// `files` in the order of their ranges of `column`, those that overlap together. Two that meet in one
/// value, as the halves of a large day do, do not overlap.
fn clusters(files: Vec<File>, column: &str) -> Vec<Vec<File>> {
    let unknown = || Range { min: Bound::Null, max: Bound::Null };
    let mut ranged: Vec<(Range, File)> =
        files.into_iter().map(|file| (file.range(column).unwrap_or_else(unknown), file)).collect();
    ranged.sort_by(|(a, _), (b, _)| a.min.compare(&b.min).then_with(|| a.max.compare(&b.max)));
    let mut clusters: Vec<(Bound, Vec<File>)> = Vec::new();
    for (range, file) in ranged {
        match clusters.last_mut() {
            Some((max, cluster)) if range.min.compare(max) == Ordering::Less => {
                if range.max.compare(max) == Ordering::Greater {
                    *max = range.max;
                }
                cluster.push(file);
            }
            _ => clusters.push((range.max, vec![file])),
        }
    }
    clusters.into_iter().map(|(_, cluster)| cluster).collect()
}

#[cfg(test)]
mod tests {
    use super::super::file::tags;
    use super::*;
    use deltalake::kernel::Add;

    const TARGET: u64 = 100;

    /// `name size min-max`, with `!` behind a name that upkeep has not written.
    fn files(text: &str, order: &Order) -> Vec<File> {
        let file = |word: &str| {
            let mut parts = word.split(':');
            let name = parts.next().unwrap();
            let size = parts.next().unwrap().parse().unwrap();
            let stats = parts.next().map(|range| {
                let (min, max) = range.split_once('-').unwrap();
                format!(r#"{{"minValues":{{"d":{min}}},"maxValues":{{"d":{max}}}}}"#)
            });
            let tags = (!name.ends_with('!')).then(|| tags(&order.tag(), &[]));
            File::new(Add { path: name.to_owned(), size, stats, tags, ..Add::default() })
        };
        text.split_whitespace().map(file).collect()
    }

    fn check(order: &Order, given: &str, expected: &[&str]) {
        let goal =
            Goal { order, filtered: &[], target_size_bytes: NonZeroU64::new(TARGET).unwrap() };
        let groups = goal.groups(files(given, order));
        let names = |group: &Vec<File>| {
            group.iter().map(|file| file.add().path.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(groups.iter().map(names).collect::<Vec<_>>(), expected, "{given}");
    }

    #[test]
    fn small_files_become_one() {
        for order in [Order::Plain, Order::Sorted(vec!["d".to_owned()])] {
            check(&order, "", &[]);
            check(&order, "a!:10", &[]);
            check(&order, "a!:10 b!:100", &[]);
            check(&order, "a!:10 b!:100 c!:49 d!:50", &["a! c!"]);
        }
    }

    #[test]
    fn what_lacks_a_range_is_written_anew_alone() {
        let goal = Goal {
            order: &Order::Plain,
            filtered: &["d".to_owned()],
            target_size_bytes: NonZeroU64::new(TARGET).unwrap(),
        };
        let groups = goal.groups(files("a!:100 b!:100:1-2", &Order::Plain));
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0][0].add().path, "a!");
        assert_eq!(goal.groups(files("b!:100:1-2", &Order::Plain)).len(), 0);
    }

    #[test]
    fn files_beside_the_curve_are_put_along_it() {
        let order = Order::ZOrdered(vec!["d".to_owned()]);
        check(&order, "a:100 b:100 c:20", &[]);
        check(&order, "a!:10", &["a!"]);
        check(&order, "a:100 b:20 c:20", &["b c a"]);
        check(&order, "a:100 b:100 c:100 d:100 e!:10", &["e!"]);
        check(&order, "a:100 b:100 c:100 d:100 e!:10 f:40", &["e! f"]);
        check(&order, "a:100 b:100 c:100 d:100 e!:100", &["e! a b c d"]);
    }

    #[test]
    fn clusters_that_overlap_or_are_small_are_put_in_line() {
        let order = Order::Clustered(vec!["d".to_owned()]);
        check(&order, "a:100:1-5 b:100:5-9 c:100:9-9 e:100:9-12", &[]);
        // One small file between large ones has nothing to go with.
        check(&order, "a:100:1-5 b:10:5-9 c:100:9-12", &[]);
        check(&order, "a:100:1-5 b:10:5-9 c:10:9-12 e:100:12-13", &["b c"]);
        // A late row of day 6 touches only the file that has that day.
        check(&order, "a:100:1-5 b:100:5-9 c:100:9-12 e!:1:6-6", &["b e!"]);
        check(&order, "a:100:1-5 b:100:5-9 c:100:9-12 e!:1:4-6", &["a e! b"]);
        check(&order, "a:100:1-5 b:100:5-9 e!:1:9-9", &["e!"]);
        // Two groups with a file between them that stays.
        check(&order, "a:100:1-3 b!:9:2-2 c:100:5-6 e:100:7-9 f!:9:8-9", &["a b!", "e f!"]);
        // Unsorted files are sorted, and beside each other at once.
        check(&order, "a!:100:1-5 b!:100:5-9 c:100:9-12", &["a! b!"]);
        // Without a range nobody knows what it overlaps with.
        check(&order, "a:100:1-5 b!:100 c:100:9-12", &["a b! c"]);
        check(&order, "a:100:1-5 b:100", &[]);
    }

    #[test]
    fn the_order_comes_from_what_a_model_says() {
        let columns =
            |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let (sort, curve) = (columns(&["id", "day"]), columns(&["x"]));
        let check = |order: Order, tag: &str| assert_eq!(order.tag(), tag);
        check(Order::of(Some("day"), &curve, &sort), "cluster_by day, id");
        check(Order::of(None, &curve, &sort), "zorder_by x");
        check(Order::of(None, &[], &sort), "sort_by id, day");
        check(Order::of(None, &[], &[]), "plain");
    }
}
