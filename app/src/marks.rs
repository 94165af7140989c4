//! An answer over a dimension as marks: bars or slices.

use crate::answer::Answer;
use crate::decimal::{Decimal, Number};
use catalog::{Additivity, Measure};

/// How many slices a donut has at most; what is beyond is one slice "other".
pub const MAX_SLICES: usize = 8;

/// One bar or slice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What it stands for.
    pub key: MarkKey,
    /// The measure; `None` is null.
    pub value: Option<Number>,
}

/// What a mark stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MarkKey {
    /// A value of the dimension; `None` is null.
    Value(Option<String>),
    /// All that have no mark of their own.
    Others {
        /// How many values.
        n_values: usize,
    },
}

impl Mark {
    /// What the page calls it.
    pub fn label(&self) -> String {
        match &self.key {
            MarkKey::Value(value) => label(value.as_deref()),
            MarkKey::Others { n_values } => format!("Other ({n_values})"),
        }
    }
}

/// What the page calls a value of a dimension; `None` is null. A value that reads like a word of the
/// page's own stands in quotation marks, so that no two values have one name.
pub fn label(value: Option<&str>) -> String {
    const OWN: [&str; 3] = ["(none)", "(empty)", "(blank)"];
    match value {
        None => OWN[0].to_owned(),
        Some("") => OWN[1].to_owned(),
        Some(blank) if blank.trim().is_empty() => OWN[2].to_owned(),
        Some(text) if OWN.contains(&text) || text.starts_with("Other (") => format!("“{text}”"),
        Some(text) => text.to_owned(),
    }
}

/// Every row of `answer` as a mark, in its order.
pub fn marks(answer: &Answer) -> Vec<Mark> {
    let values = answer.numbers().iter().copied();
    answer
        .texts()
        .iter()
        .zip(values)
        .map(|(text, value)| Mark { key: MarkKey::Value(text.clone()), value })
        .collect()
}

/// What a donut shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// The largest values; where they add up, the others as one.
    pub marks: Vec<Mark>,
    /// The measure over all values together.
    pub whole: Option<Decimal>,
    /// Whether `whole` is the sum of the parts, so that each has a share of it.
    pub do_add_up: bool,
    /// How many values have no mark and are in none.
    pub n_left_out: usize,
}

/// The parts of a whole.
///
/// Of a measure that adds up the whole is their exact sum. Of another one it is what the engine says
/// of all rows together, in `whole`, which answers the question of `answer` without its groups: only
/// where that happens to be the sum, as for orders that have one status each, do the parts add up.
/// What does not add up, or not within 128 bits, is neither folded nor given a share.
pub fn parts(answer: &Answer, measure: &Measure, whole: Option<&Answer>) -> Parts {
    let mut marks = marks(answer);
    let sum = sum(&marks);
    let asked = whole
        .filter(|whole| whole.spec.selection == answer.spec.selection)
        .and_then(|whole| whole.number()?.exact());
    let (whole, do_add_up) = match measure.adds_up() {
        Additivity::Sum | Additivity::Semi => (sum, sum.is_some()),
        Additivity::None => {
            let is_sum = asked.zip(sum).is_some_and(|(a, b)| a.trimmed() == b.trimmed());
            (asked, is_sum)
        }
    };
    let mut n_left_out = 0;
    if marks.len() > MAX_SLICES {
        let n_values = marks.len() - (MAX_SLICES - 1);
        match marks.get(MAX_SLICES - 1..).and_then(self::sum).filter(|_| do_add_up) {
            Some(sum) => {
                marks.truncate(MAX_SLICES - 1);
                let value = Some(Number::Exact(sum));
                marks.push(Mark { key: MarkKey::Others { n_values }, value });
            }
            None => {
                n_left_out = marks.len() - MAX_SLICES;
                marks.truncate(MAX_SLICES);
            }
        }
    }
    Parts { marks, whole, do_add_up, n_left_out }
}

/// The exact sum of all marks; `None` when there is none, one is no exact number, or it does not fit.
fn sum(marks: &[Mark]) -> Option<Decimal> {
    let mut numbers = marks.iter().filter_map(|mark| mark.value).peekable();
    numbers.peek()?;
    numbers.try_fold(Decimal::new(0, 0), |sum, number| sum.plus(number.exact()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Column, Values};
    use catalog::Name;
    use protocol::ReadFacts;
    use query::{GroupBy, Order, QuerySpec, Selection};

    fn measure(additivity: Additivity) -> Measure {
        Measure {
            name: Name::new("m").unwrap(),
            label: "M".into(),
            expr: "m(x)".into(),
            format: catalog::NumberFormat::Count,
            description: String::new(),
            better: catalog::Better::Up,
            additivity: Some(additivity),
            over_no_rows: catalog::OverNoRows::Nothing,
        }
    }

    fn exact(units: i128, scale: u8) -> Option<Number> {
        Some(Number::Exact(Decimal::new(units, scale)))
    }

    /// The answer over all rows together.
    fn of_all(number: Option<Number>) -> Answer {
        let grouped = answer(&[]);
        let spec = QuerySpec { group_by: Vec::new(), ..grouped.spec };
        let columns = vec![Column { name: "m".into(), values: Values::Number(vec![number]) }];
        Answer { spec, columns, n_rows: 1, facts: ReadFacts::default() }
    }

    fn answer(values: &[(Option<&str>, i128)]) -> Answer {
        let name = |text: &str| Name::new(text).unwrap();
        let spec = QuerySpec {
            measures: vec![name("m")],
            group_by: vec![GroupBy { dimension: name("status"), grain: None }],
            selection: Selection::default(),
            order: Order::LargestFirst,
            limit: None,
        };
        let texts = values.iter().map(|(text, _)| text.map(str::to_owned)).collect();
        let numbers = values.iter().map(|(_, units)| exact(*units, 2)).collect();
        let columns = vec![
            Column { name: "status".into(), values: Values::Text(texts) },
            Column { name: "m".into(), values: Values::Number(numbers) },
        ];
        Answer { spec, columns, n_rows: values.len(), facts: ReadFacts::default() }
    }

    fn written(parts: &Parts) -> String {
        let mark = |mark: &Mark| {
            format!(
                "{}={}",
                mark.label(),
                mark.value.map_or("null".to_owned(), |it| it.to_string())
            )
        };
        parts.marks.iter().map(mark).collect::<Vec<String>>().join(" ")
    }

    /// `n` values of one cent less each, the largest first.
    fn falling(n: i128) -> Answer {
        let names: Vec<String> = (0..n).map(|i| format!("v{i}")).collect();
        let values: Vec<(Option<&str>, i128)> = names
            .iter()
            .zip((1..=n).rev())
            .map(|(name, units)| (Some(name.as_str()), units))
            .collect();
        answer(&values)
    }

    const FOLDED: &str = "v0=0.10 v1=0.09 v2=0.08 v3=0.07 v4=0.06 v5=0.05 v6=0.04 Other (3)=0.06";
    const CUT: &str = "v0=0.10 v1=0.09 v2=0.08 v3=0.07 v4=0.06 v5=0.05 v6=0.04 v7=0.03";

    #[test]
    fn every_value_has_a_name_of_its_own() {
        let values = [
            None,
            Some(""),
            Some(" "),
            Some("a"),
            Some("(none)"),
            Some("(empty)"),
            Some("(blank)"),
            Some("Other (3)"),
            Some("“a”"),
        ];
        let labels: std::collections::HashSet<String> =
            values.iter().map(|value| label(*value)).collect();
        assert_eq!(labels.len(), values.len());
        assert!(!labels.contains("Other (3)"));
        let few = [(Some("a"), 250), (None, 100), (Some(""), 5)];
        let parts = parts(&answer(&few), &measure(Additivity::Sum), None);
        assert_eq!(written(&parts), "a=2.50 (none)=1.00 (empty)=0.05");
    }

    #[test]
    fn parts_are_added_up_only_where_they_make_the_whole() {
        use Additivity::{None as Overlapping, Semi, Sum};
        let check = |additivity,
                     whole: Option<Option<Number>>,
                     marks: &str,
                     is_known: Option<&str>,
                     do_add_up: bool| {
            let whole = whole.map(of_all);
            let parts = parts(&falling(10), &measure(additivity), whole.as_ref());
            assert_eq!(written(&parts), marks);
            assert_eq!(parts.whole.map(|whole| whole.to_string()).as_deref(), is_known);
            assert_eq!(parts.do_add_up, do_add_up);
            assert_eq!(parts.n_left_out, if do_add_up { 0 } else { 2 });
        };
        check(Sum, None, FOLDED, Some("0.55"), true);
        check(Semi, None, FOLDED, Some("0.55"), true);
        // Customers of several products, counted once in the whole.
        check(Overlapping, Some(exact(40, 2)), CUT, Some("0.40"), false);
        // Orders of one status each.
        check(Overlapping, Some(exact(550_000, 6)), FOLDED, Some("0.550000"), true);
        check(Overlapping, Some(None), CUT, None, false);
        check(Overlapping, None, CUT, None, false);
    }

    #[test]
    fn the_whole_of_another_question_is_not_believed() {
        let mut whole = of_all(exact(55, 2));
        let status = Name::new("status").unwrap();
        whole.spec.selection.toggle(&status, Some("paid".into()));
        let parts = parts(&falling(10), &measure(Additivity::None), Some(&whole));
        assert_eq!((parts.whole, parts.do_add_up), (None, false));
    }

    #[test]
    fn what_is_no_exact_number_or_too_large_is_not_added_up() {
        let check = |numbers: Vec<Option<Number>>, whole: Option<&str>| {
            let mut answer = falling(numbers.len() as i128);
            answer.columns[1].values = Values::Number(numbers);
            let parts = parts(&answer, &measure(Additivity::Sum), None);
            assert_eq!(parts.whole.map(|whole| whole.to_string()).as_deref(), whole);
            assert_eq!(parts.do_add_up, whole.is_some());
        };
        check(vec![exact(1, 0), None, exact(2, 0)], Some("3"));
        check(vec![exact(1, 0), Some(Number::of_float(f64::NAN, 6))], None);
        check(vec![exact(i128::MAX, 0), exact(1, 0)], None);
        check(vec![None], None);
        check(vec![], None);
    }
}
