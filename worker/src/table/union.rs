//! The columns of files together: by name, in types that hold every file's values without loss.

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use std::sync::Arc;

/// Why the columns of a file do not go with those of the files before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnionError {
    /// Its values have no type together with those of the files before.
    #[error("column {column} is {found}, and {before} in the files before it: no type holds both")]
    Types {
        /// The column, with dots.
        column: String,
        /// Its type in this file.
        found: DataType,
        /// Its type in the files before.
        before: DataType,
    },
    /// Case aside it could be either.
    #[error("column {column} is {first} or {second}: their names differ in case only")]
    Ambiguous {
        /// The column.
        column: String,
        /// A column with that name, case aside.
        first: String,
        /// Another one.
        second: String,
    },
}

/// `before` with the columns of one more file. A column is found by its name, else by its name
/// without case, and is nullable: another file may lack it.
///
/// # Errors
/// [`UnionError`] names the column.
pub fn with_file(before: &Fields, file: &Fields) -> Result<Fields, UnionError> {
    within("", before, file)
}

fn within(outer: &str, before: &Fields, file: &Fields) -> Result<Fields, UnionError> {
    let mut fields: Vec<FieldRef> = before.iter().map(Arc::clone).collect();
    let is_exact = |name: &str| file.iter().any(|field| field.name() == name);
    for found in file {
        let path = format!("{outer}{}", found.name());
        let place = match fields.iter().position(|field| field.name() == found.name()) {
            Some(place) => Some(place),
            None => {
                let name = found.name().to_lowercase();
                let mut alike = fields.iter().enumerate().filter(|(_, field)| {
                    field.name().to_lowercase() == name && !is_exact(field.name())
                });
                match (alike.next(), alike.next()) {
                    (Some((_, first)), Some((_, second))) => {
                        return Err(UnionError::Ambiguous {
                            column: path,
                            first: first.name().clone(),
                            second: second.name().clone(),
                        });
                    }
                    (first, _) => first.map(|(place, _)| place),
                }
            }
        };
        match place.and_then(|place| fields.get_mut(place)) {
            Some(field) => {
                let data_type = of_both(&path, field.data_type(), found.data_type())?;
                if field.data_type() != &data_type {
                    *field = Arc::new(field.as_ref().clone().with_data_type(data_type));
                }
            }
            None => fields.push(Arc::new(found.as_ref().clone().with_nullable(true))),
        }
    }
    Ok(fields.into_iter().collect())
}

/// The type that holds values of both without loss.
fn of_both(path: &str, before: &DataType, found: &DataType) -> Result<DataType, UnionError> {
    use DataType::{
        Binary, BinaryView, Date32, Decimal128, Decimal256, Dictionary, FixedSizeBinary, Float16,
        Float32, Float64, LargeBinary, LargeList, LargeUtf8, List, Map, Null, Struct, Timestamp,
        Utf8, Utf8View,
    };
    let refused = || UnionError::Types {
        column: path.to_owned(),
        found: found.clone(),
        before: before.clone(),
    };
    Ok(match (before, found) {
        (a, b) if a == b => a.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (Dictionary(_, values), other) => of_both(path, values, other)?,
        (other, Dictionary(_, values)) => of_both(path, other, values)?,
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => Utf8,
        (
            Binary | LargeBinary | BinaryView | FixedSizeBinary(_),
            Binary | LargeBinary | BinaryView | FixedSizeBinary(_),
        ) => Binary,
        (Float16, Float32) | (Float32, Float16) => Float32,
        (Float16 | Float32 | Float64, Float16 | Float32 | Float64) => Float64,
        // Whole numbers with nulls, which some writers make doubles of. Each of 64 bits is looked at.
        (whole, Float16 | Float32 | Float64) | (Float16 | Float32 | Float64, whole)
            if whole.is_integer() =>
        {
            Float64
        }
        (a, b) if a.is_integer() && b.is_integer() => whole(a, b).ok_or_else(refused)?,
        (a @ (Decimal128(..) | Decimal256(..)), b) | (b, a @ (Decimal128(..) | Decimal256(..))) => {
            decimal(a, b).ok_or_else(refused)?
        }
        (Date32, Timestamp(unit, None)) | (Timestamp(unit, None), Date32) => {
            Timestamp(finer(*unit, TimeUnit::Microsecond), None)
        }
        (Timestamp(a, from), Timestamp(b, to)) if from.is_some() == to.is_some() => {
            Timestamp(finer(*a, *b), from.as_ref().map(|_| Arc::from("UTC")))
        }
        (Struct(a), Struct(b)) => Struct(within(&format!("{path}."), a, b)?),
        (List(a) | LargeList(a), List(b) | LargeList(b)) => List(item(path, a, b)?),
        (Map(a, is_sorted), Map(b, _)) => match (a.data_type(), b.data_type()) {
            (Struct(parts), Struct(others)) if parts.len() == 2 && others.len() == 2 => {
                let parts = parts.iter().zip(others).map(|(a, b)| item(path, a, b));
                let parts = parts.collect::<Result<Vec<FieldRef>, UnionError>>()?;
                let entry = Field::new(a.name(), Struct(parts.into()), false);
                Map(Arc::new(entry), *is_sorted)
            }
            _ => return Err(refused()),
        },
        _ => return Err(refused()),
    })
}

fn item(path: &str, a: &FieldRef, b: &FieldRef) -> Result<FieldRef, UnionError> {
    let data_type = of_both(path, a.data_type(), b.data_type())?;
    let is_nullable = a.is_nullable() || b.is_nullable();
    Ok(Arc::new(a.as_ref().clone().with_data_type(data_type).with_nullable(is_nullable)))
}

/// Bits and whether there is a sign.
fn integer(data_type: &DataType) -> Option<(u8, Sign)> {
    Some(match data_type {
        DataType::Int8 => (8, Sign::Signed),
        DataType::Int16 => (16, Sign::Signed),
        DataType::Int32 => (32, Sign::Signed),
        DataType::Int64 => (64, Sign::Signed),
        DataType::UInt8 => (8, Sign::Unsigned),
        DataType::UInt16 => (16, Sign::Unsigned),
        DataType::UInt32 => (32, Sign::Unsigned),
        DataType::UInt64 => (64, Sign::Unsigned),
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Signed,
    Unsigned,
}

fn whole(a: &DataType, b: &DataType) -> Option<DataType> {
    let ((bits_a, sign_a), (bits_b, sign_b)) = (integer(a)?, integer(b)?);
    if sign_a == sign_b {
        return Some(if bits_a >= bits_b { a.clone() } else { b.clone() });
    }
    // A sign takes a bit.
    let signed = |bits: u8, sign: Sign| if sign == Sign::Unsigned { bits * 2 } else { bits };
    match signed(bits_a, sign_a).max(signed(bits_b, sign_b)) {
        16 => Some(DataType::Int16),
        32 => Some(DataType::Int32),
        64 => Some(DataType::Int64),
        // All of both has 20 digits.
        _ => Some(DataType::Decimal128(20, 0)),
    }
}

/// Digits before and after the point.
fn digits(data_type: &DataType) -> Option<(u8, u8)> {
    match data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            Some((precision.checked_sub(scale)?, scale))
        }
        other => Some(match integer(other)? {
            (8, _) => (3, 0),
            (16, _) => (5, 0),
            (32, _) => (10, 0),
            (_, Sign::Signed) => (19, 0),
            (_, Sign::Unsigned) => (20, 0),
        }),
    }
}

fn decimal(a: &DataType, b: &DataType) -> Option<DataType> {
    let ((before_a, after_a), (before_b, after_b)) = (digits(a)?, digits(b)?);
    let scale = after_a.max(after_b);
    let precision = before_a.max(before_b).checked_add(scale)?;
    match precision {
        0..=38 => Some(DataType::Decimal128(precision, i8::try_from(scale).ok()?)),
        39..=76 => Some(DataType::Decimal256(precision, i8::try_from(scale).ok()?)),
        _ => None,
    }
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    let order = |unit: TimeUnit| match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 1,
        TimeUnit::Microsecond => 2,
        TimeUnit::Nanosecond => 3,
    };
    if order(a) >= order(b) { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[&[(&str, DataType)]], expected: &str) {
        let fields = |file: &&[(&str, DataType)]| -> Fields {
            let file = file.iter();
            file.map(|(name, data_type)| Field::new(*name, data_type.clone(), false)).collect()
        };
        let union =
            files.iter().try_fold(Fields::empty(), |union, file| with_file(&union, &fields(file)));
        let said = match union {
            Ok(union) => {
                let columns = union.iter().map(|it| format!("{} {}", it.name(), it.data_type()));
                columns.collect::<Vec<_>>().join(", ")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn columns_are_found_by_name_and_then_without_case() {
        use DataType::Int64;
        check(&[&[("Amount", Int64)], &[("amount", Int64), ("b", Int64)]], "Amount Int64, b Int64");
        check(&[&[("a", Int64)], &[]], "a Int64");
        check(&[&[("a", Int64)], &[("A", Int64), ("a", Int64)]], "a Int64, A Int64");
        check(
            &[&[("a", Int64), ("A", Int64)], &[("A", Int64)], &[("a", Int64)]],
            "a Int64, A Int64",
        );
        check(
            &[&[("ab", Int64), ("AB", Int64)], &[("Ab", Int64)]],
            "column Ab is ab or AB: their names differ in case only",
        );
    }

    #[test]
    fn types_widen_without_loss_or_are_refused() {
        use DataType::*;
        let types = |a: DataType, b: DataType, expected: &str| {
            let is_refused = expected.is_empty();
            for (a, b) in [(a.clone(), b.clone()), (b, a)] {
                let said = match is_refused {
                    true => format!(
                        "column x is {b}, and {a} in the files before it: no type holds both"
                    ),
                    false => format!("x {expected}"),
                };
                check(&[&[("x", a)], &[("x", b)]], &said);
            }
        };
        let us = |zone: Option<&str>| Timestamp(TimeUnit::Microsecond, zone.map(Arc::from));
        types(Null, Utf8, "Utf8");
        types(Int32, Int64, "Int64");
        types(UInt8, Int8, "Int16");
        types(UInt32, Int32, "Int64");
        types(UInt64, Int8, "Decimal128(20, 0)");
        types(Float32, Float64, "Float64");
        types(Int64, Float64, "Float64");
        types(Decimal128(10, 2), Decimal128(12, 4), "Decimal128(12, 4)");
        types(Decimal128(38, 0), Decimal128(38, 18), "Decimal256(56, 18)");
        types(Decimal128(5, 2), Int64, "Decimal128(21, 2)");
        types(Decimal128(5, 2), Float64, "");
        types(Utf8, LargeUtf8, "Utf8");
        types(Dictionary(Box::new(Int8), Box::new(Utf8)), Utf8, "Utf8");
        types(Date32, us(None), "Timestamp(µs)");
        types(Date32, us(Some("UTC")), "");
        types(us(None), us(Some("UTC")), "");
        types(us(Some("Europe/Berlin")), us(Some("UTC")), "Timestamp(µs, \"UTC\")");
        types(Utf8, Int64, "");
        types(Boolean, Int64, "");
        let object = |data_type| Struct(vec![Field::new("y", data_type, true)].into());
        types(object(Int32), object(Int64), "Struct(\"y\": Int64)");
        check(
            &[&[("x", object(Int32))], &[("x", object(Utf8))]],
            "column x.y is Utf8, and Int32 in the files before it: no type holds both",
        );
    }
}
