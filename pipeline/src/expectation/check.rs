//! Whether expectations fit the tables that they speak of, without a row.

use super::predicate::{self, names, type_of};
use super::{Expectation, ExpectationRule, Freshness, Rule};
use crate::model::ModelName;
use crate::project::Place;
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Schema, SchemaRef};
use datafusion::prelude::SessionContext;

/// Checks what is expected of the rows of `own`, which are of `schema` as they are stored;
/// `resolve` gives the columns of other tables.
///
/// # Errors
/// The first that does not fit, with its place.
pub(crate) fn check(
    ctx: &SessionContext,
    own: &ModelName,
    expectations: &[Expectation],
    schema: &SchemaRef,
    resolve: impl Fn(&ModelName) -> Option<SchemaRef>,
) -> Result<(), (Place, ExpectationRule)> {
    let state = ctx.state();
    for Expectation { rule, place, .. } in expectations {
        let at = |rule| (*place, rule);
        match rule {
            Rule::Unique { columns } => {
                for column in columns {
                    let of = type_of(schema, column).map_err(at)?;
                    if of.is_nested() {
                        let (kind, column, of) = (rule.kind(), column.clone(), of.clone());
                        return Err(at(ExpectationRule::Type { kind, column, of }));
                    }
                }
            }
            Rule::Relationship { column, to, field } => {
                let other = match to == own {
                    true => Some(schema.clone()),
                    false => resolve(to),
                };
                let other = other.ok_or_else(|| at(ExpectationRule::NoTable { to: to.clone() }))?;
                relationship(schema, column, to, &other, field).map_err(at)?;
            }
            rule => {
                predicate::is_broken(rule, schema, &state).map_err(at)?;
            }
        }
    }
    Ok(())
}

/// Checks how old the rows of `schema` may be.
///
/// # Errors
/// What does not fit, with its place.
pub(crate) fn check_freshness(
    freshness: &Freshness,
    schema: &Schema,
) -> Result<(), (Place, ExpectationRule)> {
    let at = |rule| (freshness.place, rule);
    let Freshness { column, warn_after, fail_after, .. } = freshness;
    let of = type_of(schema, column).map_err(at)?;
    if !matches!(of, DataType::Date32 | DataType::Timestamp(..)) {
        let (kind, column) = ("freshness", column.clone());
        return Err(at(ExpectationRule::Type { kind, column, of: of.clone() }));
    }
    match (*warn_after, *fail_after) {
        (None, None) => Err(at(ExpectationRule::Ageless)),
        (Some(warn_after), Some(fail_after)) if fail_after < warn_after => {
            Err(at(ExpectationRule::Ages { warn_after, fail_after }))
        }
        _ => Ok(()),
    }
}

fn relationship(
    schema: &Schema,
    column: &str,
    to: &ModelName,
    other: &Schema,
    field: &str,
) -> Result<(), ExpectationRule> {
    let of = type_of(schema, column)?;
    let of_field = match other.field_with_name(field) {
        Ok(field) => field.data_type(),
        Err(_) => {
            let (to, field, known) = (to.clone(), field.to_owned(), names(other));
            return Err(ExpectationRule::Field { to, field, known });
        }
    };
    if common_type(of, of_field).is_none() {
        return Err(ExpectationRule::Unlike {
            column: column.to_owned(),
            of: of.clone(),
            to: to.clone(),
            field: field.to_owned(),
            of_field: of_field.clone(),
        });
    }
    Ok(())
}

/// The type in which values of two columns can be the same; `None` when they never are.
pub(super) fn common_type(a: &DataType, b: &DataType) -> Option<DataType> {
    match (a, b) {
        _ if a.is_nested() => None,
        _ if a == b => Some(a.clone()),
        _ if a.is_integer() && b.is_integer() => Some(DataType::Int64),
        _ => {
            let ((whole_a, scale_a), (whole_b, scale_b)) = digits(a).zip(digits(b))?;
            let (whole, scale) = (whole_a.max(whole_b), scale_a.max(scale_b));
            let precision = u8::try_from(whole + i16::from(scale)).ok()?;
            (precision <= DECIMAL128_MAX_PRECISION)
                .then_some(DataType::Decimal128(precision, scale))
        }
    }
}

/// The digits before the point and behind it of an exact number that the lake stores.
fn digits(of: &DataType) -> Option<(i16, i8)> {
    Some(match of {
        DataType::Int8 => (3, 0),
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        DataType::Int64 => (19, 0),
        DataType::Decimal128(precision, scale) => {
            (i16::from(*precision) - i16::from(*scale), *scale)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expectation::{ColumnForms, ExpectationForms, FreshnessForm, read};
    use crate::model::Layer;
    use arrow::datatypes::{Field, TimeUnit};
    use catalog::Name;
    use serde::Deserialize;
    use std::sync::Arc;

    #[derive(Deserialize)]
    struct Header {
        #[serde(default)]
        expectations: ExpectationForms,
        #[serde(default)]
        freshness: Option<FreshnessForm>,
    }

    fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
        let fields = columns.iter().map(|(name, of)| Field::new(*name, of.clone(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    fn orders() -> SchemaRef {
        schema(&[
            ("id", DataType::Int64),
            ("part", DataType::Int32),
            ("status", DataType::Utf8),
            ("price", DataType::Decimal128(10, 2)),
            ("share", DataType::Float64),
            ("paid", DataType::Boolean),
            ("day", DataType::Date32),
            ("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))),
            ("tags", DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))),
            ("blob", DataType::Binary),
        ])
    }

    fn checked(form: &str) -> Result<(), String> {
        let text = |(place, rule): (Place, ExpectationRule)| format!("{place}: {rule}");
        let header: Header = serde_saphyr::from_str(form).unwrap();
        let (_, expectations) = read(ColumnForms::default(), header.expectations).unwrap();
        let own = ModelName { layer: Layer::Silver, name: Name::new("orders").unwrap() };
        let products = schema(&[("id", DataType::Int32), ("name", DataType::Utf8)]);
        let resolve = |name: &ModelName| {
            (name.to_string() == "silver.products").then(|| Arc::clone(&products))
        };
        check(&SessionContext::new(), &own, &expectations, &orders(), resolve).map_err(text)?;
        match header.freshness {
            Some(form) => check_freshness(&form.into(), &orders()).map_err(text),
            None => Ok(()),
        }
    }

    #[test]
    fn exact_numbers_have_a_type_in_common() {
        let check = |a: DataType, b: DataType, expected: Option<DataType>| {
            assert_eq!(common_type(&a, &b), expected, "{a} and {b}");
            assert_eq!(common_type(&b, &a), expected, "{b} and {a}");
        };
        let decimal = DataType::Decimal128;
        check(DataType::Int64, decimal(20, 0), Some(decimal(20, 0)));
        check(DataType::Int32, decimal(4, 2), Some(decimal(12, 2)));
        check(DataType::Int64, decimal(38, 19), Some(decimal(38, 19)));
        check(DataType::Int64, decimal(38, 20), None);
        check(decimal(10, 2), decimal(8, 4), Some(decimal(12, 4)));
        check(decimal(38, 0), decimal(38, 18), None);
        check(DataType::Int8, DataType::Int64, Some(DataType::Int64));
        check(DataType::Int64, DataType::Float64, None);
        check(decimal(10, 0), DataType::Utf8, None);
    }

    #[test]
    fn what_fits_passes() {
        for form in [
            "not_null: tags",
            "unique: [id, part]",
            "accepted: { column: status, values: [new, 1, no, ''] }",
            "accepted: { column: price, values: [1, 2.50] }",
            "accepted: { column: paid, values: [true] }",
            "range: { column: share, min: 0, max: 1 }",
            "range: { column: price, min: 1, max: 1.00 }",
            "range: { column: day, min: 2020-01-01 }",
            "range: { column: at, max: 2030-01-01T00:00:00Z }",
            "range: { column: status, max: z }",
            "relationship: { column: id, to: silver.products, field: id }",
            "relationship: { column: part, to: silver.orders, field: id }",
            "relationship: { column: price, to: silver.products, field: id }",
            "sql: price > 0 or status = 'free' and day < now()",
            "sql: paid",
            "sql: \"Price is null or PRICE * share < 5\"",
        ] {
            assert_eq!(checked(&format!("expectations: [{{ {form} }}]")), Ok(()), "{form}");
        }
        for form in ["column: at, warn_after: 1 day", "column: day, fail_after: 3 days"] {
            assert_eq!(checked(&format!("freshness: {{ {form} }}")), Ok(()), "{form}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_line() {
        let check = |form: &str, expected: &str| {
            let error = checked(&format!("expectations:\n  - {{ {form} }}")).unwrap_err();
            assert!(error.starts_with(":2:5: "), "{error}");
            assert!(error.contains(expected), "{error:?} should contain {expected:?}");
        };
        check("not_null: ids", "column \"ids\" is not one of the table's, which are id, part,");
        check("unique: [id, prat]", "column \"prat\" is not");
        check("unique: tags", "`unique` is not for column \"tags\", which is of type List");
        check("accepted: { column: state, values: [a] }", "column \"state\" is not");
        check(
            "accepted: { column: price, values: [1, 1.005] }",
            "\"1.005\" is no value of column \"price\", which is of type Decimal128(10, 2)",
        );
        check("accepted: { column: paid, values: [yes] }", "\"yes\" is no value");
        check("accepted: { column: blob, values: [x] }", "`accepted` is not for column \"blob\"");
        check("range: { column: id, min: 0.5 }", "\"0.5\" is no value of column \"id\"");
        check("range: { column: paid, min: true }", "`range` is not for column \"paid\"");
        check(
            "range: { column: id, min: 10, max: 9 }",
            "the range of column \"id\" has `min` 10 above `max` 9",
        );
        check("range: { column: day, max: 2020-13-01 }", "\"2020-13-01\" is no value");
        check(
            "relationship: { column: id, to: gold.products, field: id }",
            "table gold.products is made by no model",
        );
        check(
            "relationship: { column: id, to: silver.products, field: product_id }",
            "field \"product_id\" is not one of silver.products, whose columns are id, name",
        );
        check(
            "relationship: { column: id, to: silver.products, field: name }",
            "column \"id\" is of type Int64, \"name\" of silver.products is of type Utf8",
        );
        check("relationship: { column: ids, to: silver.products, field: id }", "\"ids\" is not");
        check("sql: prise > 0", "prise");
        check("sql: price + 1", "is of type Decimal128");
        check("sql: 'null'", "is of type Null and should be true or false");
        check("sql: status + tags > 1", "does not fit the table");
        check("sql: max(price) > 0", "has an aggregate");
        check("sql: row_number() over () = 1", "has a window function");
        check("sql: \"id in (select 1)\"", "has a subquery");
        check("sql: random() < 0.5", "has a function without a fixed result");
        check("sql: nothing(price)", "does not fit the table");
    }

    #[test]
    fn freshness_fits() {
        let check = |form: &str, expected: &str| {
            let error = checked(&format!("freshness: {{ {form} }}")).unwrap_err();
            assert!(error.starts_with(":1:22: "), "{error}");
            assert!(error.contains(expected), "{error:?} should contain {expected:?}");
        };
        check("column: then, warn_after: 1 day", "column \"then\" is not");
        check("column: id, warn_after: 1 day", "`freshness` is not for column \"id\"");
        check("column: at", "`freshness` has `warn_after`, `fail_after` or both");
        check(
            "column: at, warn_after: 2 days, fail_after: 1 day",
            "warns after 2 days and fails before that, after 1 day",
        );
    }
}
