//! Random rows and expectations against a judgement made row by row, in loops.
//!
//! Where no expectation that sends rows to quarantine looks at other rows, the judgement is made of the table
//! as it is after the write, which is made here.

use super::*;
use crate::plan::Precedence;
use datafusion::logical_expr::{Expr, lit};
use proptest::prelude::*;
use std::collections::BTreeSet;

type Holds = fn(&Row) -> bool;

/// The same rule in YAML and as what is false of a row that breaks it; those without look at other rows.
const RULES: [(&str, Option<Holds>); 10] = [
    ("not_null: u", Some(|row| row.1.is_some())),
    ("not_null: s", Some(|row| row.2.is_some())),
    ("accepted: { column: s, values: [a, b] }", Some(|row| row.2.is_none_or(|s| s != "c"))),
    (
        "range: { column: v, min: 1, max: 3 }",
        Some(|row| row.3.is_none_or(|v| (1..=3).contains(&v))),
    ),
    (
        "relationship: { column: u, to: silver.other, field: k }",
        Some(|row| row.1.is_none_or(|u| (0..=2).contains(&u))),
    ),
    (
        "sql: v > u or s = 'a'",
        Some(|row| {
            let greater = row.3.zip(row.1).map(|(v, u)| v > u);
            let is_a = row.2.map(|s| s == "a");
            greater == Some(true) || is_a == Some(true) || greater.is_none() || is_a.is_none()
        }),
    ),
    ("unique: u", None),
    ("unique: [u, s]", None),
    ("unique: [k, s]", None),
    ("relationship: { column: v, to: silver.own, field: u }", None),
];

/// How the rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Write {
    Whole,
    Add,
    /// Rows with a greater `v` are replaced.
    Replace,
    Merge,
    MergeNewest,
}

#[derive(Debug, Clone)]
struct Case {
    write: Write,
    rows: Vec<Row>,
    existing: Vec<Row>,
    rules: Vec<(usize, OnFailure)>,
    has_marks: bool,
}

fn a_row() -> impl Strategy<Value = Row> {
    let text = prop::option::of(prop::sample::select(vec!["a", "b", "c"]));
    let mark = prop::option::weighted(0.5, any::<bool>());
    (0_i64..9, prop::option::of(0_i64..4), text, prop::option::of(0_i64..5), mark)
}

fn a_case() -> impl Strategy<Value = Case> {
    let writes = [Write::Whole, Write::Add, Write::Replace, Write::Merge, Write::MergeNewest];
    let failures = [OnFailure::Fail, OnFailure::Warn, OnFailure::Quarantine];
    let rule = (0..RULES.len(), prop::sample::select(failures.to_vec()));
    (
        prop::sample::select(writes.to_vec()),
        prop::collection::vec(a_row(), 0..9),
        prop::collection::vec(a_row(), 0..7),
        prop::collection::btree_map(0..RULES.len(), rule.prop_map(|(_, failure)| failure), 0..5),
        any::<bool>(),
    )
        .prop_map(|(write, mut rows, mut existing, rules, has_marks)| {
            // What is there has one row a key, and so has what a merge writes.
            one_of_a_key(&mut existing);
            if matches!(write, Write::Merge | Write::MergeNewest) {
                one_of_a_key(&mut rows);
            }
            Case { write, rows, existing, rules: rules.into_iter().collect(), has_marks }
        })
}

fn one_of_a_key(rows: &mut Vec<Row>) {
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(row.0));
}

type Values = Option<(i64, Option<i64>, Option<&'static str>)>;

/// The values that the rule `idx` wants only once; `None` when one is null.
fn values(idx: usize, row: &Row) -> Values {
    match idx {
        6 => row.1.map(|u| (u, None, None)),
        7 => row.1.zip(row.2).map(|(u, s)| (u, None, Some(s))),
        _ => row.2.map(|s| (row.0, None, Some(s))),
    }
}

/// The newest value, whether the key is removed, the other columns.
type Rank = (Option<i64>, bool, Option<i64>, Option<&'static str>, Option<bool>);

/// The judgement so far: for each row, which rules it breaks.
struct Verdict<'c> {
    case: &'c Case,
    broken: Vec<BTreeSet<usize>>,
}

impl Verdict<'_> {
    fn is_exempt(&self, row: &Row) -> bool {
        self.case.has_marks && row.4 == Some(true)
    }

    /// Whether a row loses against the row of its key.
    fn is_stale(&self, row: &Row) -> bool {
        self.case.write == Write::MergeNewest
            && self.case.existing.iter().any(|old| {
                old.0 == row.0 && self.rank(old, false) > self.rank(row, self.is_exempt(row))
            })
    }

    /// By which of two rows with one key the greater stays.
    fn rank(&self, row: &Row, is_removal: bool) -> Rank {
        let gone = if self.case.has_marks { None } else { row.4 };
        (row.3, is_removal, row.1, row.2, gone)
    }

    fn is_refused(&self, row_idx: usize) -> bool {
        let quarantine = |rule: &&(usize, OnFailure)| rule.1 == OnFailure::Quarantine;
        self.case.rules.iter().filter(quarantine).any(|rule| self.broken[row_idx].contains(&rule.0))
    }

    /// The rows that are written, by number.
    fn stored(&self) -> Vec<usize> {
        let is_stored = |idx: &usize| {
            let row = &self.case.rows[*idx];
            !self.is_exempt(row) && !self.is_stale(row) && !self.is_refused(*idx)
        };
        (0..self.case.rows.len()).filter(is_stored).collect()
    }

    /// The rows that stay.
    fn kept(&self) -> Vec<&Row> {
        let replaced: BTreeSet<i64> = (0..self.case.rows.len())
            .filter(|idx| !self.is_stale(&self.case.rows[*idx]) && !self.is_refused(*idx))
            .map(|idx| self.case.rows[idx].0)
            .collect();
        let is_kept = |old: &&Row| match self.case.write {
            Write::Whole => false,
            Write::Add => true,
            Write::Replace => old.3.is_none_or(|v| v <= 2),
            Write::Merge | Write::MergeNewest => !replaced.contains(&old.0),
        };
        self.case.existing.iter().filter(is_kept).collect()
    }

    /// The rows that may stay though a row of their key is written, which may yet be refused.
    fn may_stay(&self) -> Vec<&Row> {
        if !matches!(self.case.write, Write::Merge | Write::MergeNewest) {
            return self.kept();
        }
        let is_removed = |old: &Row| {
            self.case
                .rows
                .iter()
                .any(|row| row.0 == old.0 && self.is_exempt(row) && !self.is_stale(row))
        };
        self.case.existing.iter().filter(|old| !is_removed(old)).collect()
    }

    fn judge(mut self) -> Vec<BTreeSet<usize>> {
        let rules = &self.case.rules;
        for (rule, _) in rules {
            let Some(holds) = RULES[*rule].1 else { continue };
            for (idx, row) in self.case.rows.iter().enumerate() {
                if !holds(row) && !self.is_exempt(row) {
                    self.broken[idx].insert(*rule);
                }
            }
        }
        for (rule, _) in rules.iter().filter(|rule| rule.0 == 9) {
            let mut known: BTreeSet<i64> = self.kept().iter().filter_map(|old| old.1).collect();
            known.extend(self.stored().iter().filter_map(|idx| self.case.rows[*idx].1));
            for (idx, row) in self.case.rows.iter().enumerate() {
                if row.3.is_some_and(|v| !known.contains(&v)) && !self.is_exempt(row) {
                    self.broken[idx].insert(*rule);
                }
            }
        }
        let unique = |rule: &&(usize, OnFailure)| (6..9).contains(&rule.0);
        let is_merge = matches!(self.case.write, Write::Merge | Write::MergeNewest);
        for (rule, failure) in rules.iter().filter(unique) {
            // A merge writes one row a key.
            if *failure == OnFailure::Quarantine && !(is_merge && *rule == 8) {
                self.keep_first(*rule);
            }
        }
        for (rule, failure) in rules.iter().filter(unique) {
            if *failure == OnFailure::Quarantine {
                continue;
            }
            let stored = self.stored();
            let mut all: Vec<Values> =
                stored.iter().map(|idx| values(*rule, &self.case.rows[*idx])).collect();
            all.extend(self.kept().iter().map(|old| values(*rule, old)));
            for idx in stored {
                let own = values(*rule, &self.case.rows[idx]);
                if own.is_some() && all.iter().filter(|other| **other == own).count() > 1 {
                    self.broken[idx].insert(*rule);
                }
            }
        }
        // A row that goes to quarantine is none of the table's, and breaks nothing else.
        for idx in 0..self.broken.len() {
            if self.is_refused(idx) {
                let quarantine = |rule: &usize| {
                    rules
                        .iter()
                        .any(|(other, failure)| other == rule && *failure == OnFailure::Quarantine)
                };
                self.broken[idx].retain(quarantine);
            }
        }
        self.broken
    }

    fn keep_first(&mut self, rule: usize) {
        let is_merge = matches!(self.case.write, Write::Merge | Write::MergeNewest);
        let mut stored = self.stored();
        let may_stay: Vec<Row> = self.may_stay().into_iter().copied().collect();
        let is_taken = |row: &Row| {
            let own = values(rule, row);
            let clashes = |old: &Row| values(rule, old) == own && !(is_merge && old.0 == row.0);
            own.is_some() && may_stay.iter().any(clashes)
        };
        // The order of the table is by `v`, then by the other columns; null is last.
        let last = |value: Option<i64>| value.unwrap_or(i64::MAX);
        stored.sort_by_key(|idx| {
            let (k, u, s, v, gone) = self.case.rows[*idx];
            (last(v), k, last(u), s.unwrap_or("z"), gone.is_none(), gone)
        });
        let mut seen = BTreeSet::new();
        for idx in stored {
            let row = self.case.rows[idx];
            let Some(own) = values(rule, &row) else { continue };
            if is_taken(&row) || !seen.insert(own) {
                self.broken[idx].insert(rule);
            }
        }
    }
}

fn yaml(rules: &[(usize, OnFailure)]) -> String {
    if rules.is_empty() {
        return "[]".to_owned();
    }
    let rules = rules.iter().map(|(idx, failure)| {
        format!("- {{ {}, on_failure: {failure}, name: r{idx} }}\n", RULES[*idx].0)
    });
    rules.collect()
}

async fn compare(case: &Case) {
    let verdict = Verdict { case, broken: vec![BTreeSet::new(); case.rows.len()] };
    let broken = verdict.judge();

    let (own, schema, expectations) = (own(), schema(), expectations(&yaml(&case.rules)));
    let existing = table(&case.existing);
    let key = ["k".to_owned()];
    let newest_by = ["v".to_owned()];
    let deleted = case.has_marks.then_some("gone");
    let by_arrival = Precedence::new(&schema, &key, &[], deleted);
    let newest = Precedence::new(&schema, &key, &newest_by, deleted);
    let replaced: Expr = predicate::column("v").gt(lit(2_i64));
    let target = match case.write {
        Write::Whole => Target::Whole,
        Write::Add => Target::Added(existing),
        Write::Replace => Target::Replaced { table: existing, replaced },
        Write::Merge => Target::Merged { table: Some(existing), key: &key, order: &by_arrival },
        Write::MergeNewest => Target::Merged { table: Some(existing), key: &key, order: &newest },
    };
    let subject =
        Subject { sort_by: &newest_by, deleted, target, ..subject(&own, &schema, &expectations) };
    let fate = fate(&engine(), &case.rows, &subject).await;

    let mut counted = Vec::new();
    let mut is_fatal = false;
    for (rule, failure) in &case.rules {
        let n_failed = broken.iter().filter(|broken| broken.contains(rule)).count() as u64;
        is_fatal |= n_failed > 0 && *failure == OnFailure::Fail;
        counted.push((format!("r{rule}"), n_failed));
    }
    let found: Vec<(String, u64)> =
        fate.outcomes.iter().map(|(name, n_failed, _)| (name.clone(), *n_failed)).collect();
    assert_eq!(found, counted);
    for (_, n_failed, examples) in &fate.outcomes {
        assert_eq!(examples.len() as u64, (*n_failed).min(5));
    }
    assert_eq!(fate.broken.is_some(), is_fatal);
    if is_fatal {
        return;
    }
    let (mut passed, mut kept_back) = (Vec::new(), Vec::new());
    for (row, broken) in case.rows.iter().zip(&broken) {
        let text = show(row);
        let reasons: Vec<String> = case
            .rules
            .iter()
            .filter(|(rule, failure)| *failure == OnFailure::Quarantine && broken.contains(rule))
            .map(|(rule, _)| format!("r{rule}"))
            .collect();
        match reasons.is_empty() {
            true => passed.push(text),
            false => kept_back.push(format!("{text} {} run", reasons.join("; "))),
        }
    }
    passed.sort();
    kept_back.sort();
    assert_eq!((fate.passed, fate.kept_back), (passed, kept_back));
}

fn show(row: &Row) -> String {
    let (k, u, s, v, gone) = row;
    let number = |value: &Option<i64>| value.map_or("-".to_owned(), |value| value.to_string());
    let gone = gone.map_or("-".to_owned(), |gone| gone.to_string());
    format!("{k} {} {} {} {gone}", number(u), s.unwrap_or("-"), number(v))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_judged_as_one_by_one(case in a_case()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(compare(&case));
    }

    /// A table without twins has none after a write that sends them to quarantine.
    #[test]
    fn quarantine_keeps_a_key_unique(mut case in a_case(), rule in 6_usize..9) {
        case.rules.retain(|(other, _)| *other != rule);
        case.rules.push((rule, OnFailure::Quarantine));
        let mut seen = BTreeSet::new();
        case.existing.retain(|row| values(rule, row).is_none_or(|own| seen.insert(own)));
        let verdict = Verdict { case: &case, broken: vec![BTreeSet::new(); case.rows.len()] };
        let broken = verdict.judge();
        let after = Verdict { case: &case, broken };
        let mut all: Vec<Row> = after.kept().into_iter().copied().collect();
        all.extend(after.stored().iter().map(|idx| case.rows[*idx]));
        let mut seen = BTreeSet::new();
        for row in all {
            prop_assert!(values(rule, &row).is_none_or(|own| seen.insert(own)), "{row:?}");
        }
    }
}
