//! A measure: a number over the rows of a table.

use crate::Name;
use serde::{Deserialize, Serialize};

/// A number over the rows of a table, such as revenue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Unique in the catalog.
    pub name: Name,
    /// What the page calls it.
    pub label: String,
    /// An aggregate expression in SQL over the columns of the table, such as `sum(price)`.
    pub expr: String,
    /// How the page writes it.
    #[serde(default)]
    pub format: NumberFormat,
    /// One sentence on what is counted and what is not.
    #[serde(default)]
    pub description: String,
    /// Which change is a good one.
    #[serde(default, skip_serializing_if = "Better::is_default")]
    pub better: Better,
    /// Whether the values of parts add up to the value of the whole. Where the author does not say,
    /// a build writes what follows from the expression; see [`Measure::adds_up`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additivity: Option<Additivity>,
    /// What it is where there is no row. Written by a build, which evaluates the expression.
    #[serde(default, skip_serializing_if = "OverNoRows::is_default")]
    pub over_no_rows: OverNoRows,
}

impl Measure {
    /// Over which dimensions values add up: none, where nobody said.
    pub fn adds_up(&self) -> Additivity {
        self.additivity.unwrap_or(Additivity::None)
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFormat {
    /// Grouped digits, as many decimals as the value has.
    #[default]
    Count,
    /// The catalog's currency with as many decimals as it has, see
    /// [`Catalog::currency_digits`](crate::Catalog::currency_digits).
    Money,
    /// A ratio, written as a percentage with one decimal.
    Percent,
}

/// Which change of a measure is a good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better, such as revenue.
    #[default]
    Up,
    /// Less is better, such as cancelled orders.
    Down,
}

impl Better {
    fn is_default(&self) -> bool {
        *self == Better::default()
    }
}

/// Over which dimensions the values of the parts add up to the value of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Additivity {
    /// Over each: a `sum` or a `count`, or sums and differences of them.
    Sum,
    /// Over each but time, such as a stock: only the author knows.
    Semi,
    /// Over none: an average, a ratio, a count of distinct values.
    None,
}

/// What a measure is where there is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverNoRows {
    /// Zero, such as a `count` or a `sum`.
    Zero,
    /// No value, such as an average.
    #[default]
    Nothing,
}

impl OverNoRows {
    fn is_default(&self) -> bool {
        *self == OverNoRows::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_of_a_measure_is_not_written() {
        let check = |json: &str| {
            let measure: Measure = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&measure).unwrap(), json);
        };
        let plain =
            r#"{"name":"m","label":"M","expr":"count(*)","format":"count","description":"""#;
        check(&format!("{plain}}}"));
        check(&format!(r#"{plain},"better":"down","additivity":"semi","over_no_rows":"zero"}}"#));
    }

    #[test]
    fn a_measure_of_which_nobody_says_that_it_adds_up_does_not() {
        let json = r#"{"name":"m","label":"M","expr":"sum(x)"}"#;
        let measure: Measure = serde_json::from_str(json).unwrap();
        assert_eq!(measure.adds_up(), Additivity::None);
    }
}
