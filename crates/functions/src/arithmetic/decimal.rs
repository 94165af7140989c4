//! Arithmetic of decimals: the type of the result, and the result to its last digit.

use super::{MAX_DIGITS, Op};
use arrow::array::{Array, Decimal128Array, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Decimal128Type, i256};

/// Digits behind the point that a product keeps, though 38 digits do not hold all of it.
const KEPT_SCALE: i8 = 12;

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is beyond the type.
    Beyond,
    /// The divisor is zero.
    Zero,
}

/// How an operator makes a decimal of two.
///
/// Sums and differences have the longer fraction; a product has the digits of both behind the point; a quotient has four
/// more than what is divided, and further ones are cut off. Where 38 digits do not hold a product, it keeps as many
/// behind the point as the longer operand has, and at least [`KEPT_SCALE`] if it has them; it is rounded half away from
/// zero there.
pub(super) struct Scaling {
    op: Op,
    precision: u8,
    scale: i8,
    /// What the operands are multiplied with.
    left: i256,
    right: i256,
    /// What a product is divided by.
    divisor: i256,
    /// The least integer that the result may not reach.
    limit: i128,
}

fn power(exponent: i16) -> i256 {
    let ten = i256::from_i128(10);
    // More than 76 digits are beyond any operand, and beyond the limit.
    ten.checked_pow(u32::try_from(exponent).unwrap_or_default()).unwrap_or(i256::MAX)
}

impl Scaling {
    /// For operands of these precisions and scales.
    pub(super) fn new(op: Op, left: (u8, i8), right: (u8, i8)) -> Scaling {
        let ((p1, s1), (p2, s2)) = (left, right);
        let wide = |n: u8| i16::from(n);
        let digits = |n: i8| i16::from(n);
        let (precision, scale) = match op {
            Op::Add | Op::Subtract | Op::Negate => {
                let scale = s1.max(s2);
                let whole = (wide(p1) - digits(s1)).max(wide(p2) - digits(s2));
                (whole + digits(scale) + 1, scale)
            }
            Op::Multiply => {
                let precision = wide(p1) + wide(p2) + 1;
                let exact = digits(s1) + digits(s2);
                let kept = digits(s1.max(s2).max(KEPT_SCALE));
                let scale = if precision > wide(MAX_DIGITS) { exact.min(kept) } else { exact };
                (precision, i8::try_from(scale).unwrap_or(s1.max(s2)))
            }
            Op::Divide => {
                let scale = s1.saturating_add(4).min(MAX_DIGITS.cast_signed());
                (wide(p1) + digits(scale) - digits(s1) + digits(s2), scale)
            }
        };
        let precision = u8::try_from(precision).unwrap_or(MAX_DIGITS).clamp(1, MAX_DIGITS);
        let scale_of = |exponent: i16| power(exponent.max(0));
        let (left, right, divisor) = match op {
            Op::Add | Op::Subtract | Op::Negate => {
                (digits(scale) - digits(s1), digits(scale) - digits(s2), 0)
            }
            Op::Multiply => (0, 0, digits(s1) + digits(s2) - digits(scale)),
            Op::Divide => {
                let more = digits(scale) - digits(s1) + digits(s2);
                (more, -more, 0)
            }
        };
        Scaling {
            op,
            precision,
            scale,
            left: scale_of(left),
            right: scale_of(right),
            divisor: scale_of(divisor),
            limit: 10_i128.pow(u32::from(precision)),
        }
    }

    /// The type of the result.
    pub(super) fn of(&self) -> DataType {
        DataType::Decimal128(self.precision, self.scale)
    }

    /// The results of `n_rows` rows, whose operands lie where `at` says; null where one is.
    ///
    /// # Errors
    /// The first row without a result.
    pub(super) fn apply(
        &self,
        left: &Decimal128Array,
        right: &Decimal128Array,
        n_rows: usize,
        at: impl Fn(usize) -> (usize, usize),
    ) -> Result<Decimal128Array, (usize, Refused)> {
        let narrow = |factor: i256| factor.to_i128();
        let factors = narrow(self.left).zip(narrow(self.right)).zip(narrow(self.divisor));
        let has_nulls = left.null_count() + right.null_count() > 0;
        let mut values = Vec::with_capacity(n_rows);
        let mut is_valid = has_nulls.then(|| Vec::with_capacity(n_rows));
        for row_idx in 0..n_rows {
            let (left_idx, right_idx) = at(row_idx);
            if let Some(is_valid) = &mut is_valid {
                let both = left.is_valid(left_idx) && right.is_valid(right_idx);
                is_valid.push(both);
                if !both {
                    values.push(0);
                    continue;
                }
            }
            let (a, b) = (left.value(left_idx), right.value(right_idx));
            let narrow = factors
                .and_then(|((left, right), divisor)| self.narrow(a, b, left, right, divisor));
            let value = match narrow {
                Some(value) => Ok(value),
                None => self.wide(a, b),
            };
            let value = value.map_err(|why| (row_idx, why))?;
            if value >= self.limit || value <= -self.limit {
                return Err((row_idx, Refused::Beyond));
            }
            values.push(value);
        }
        let values =
            PrimitiveArray::<Decimal128Type>::new(values.into(), is_valid.map(NullBuffer::from));
        Ok(values.with_data_type(self.of()))
    }

    /// One result, as long as 128 bits hold all that it goes through.
    fn narrow(&self, a: i128, b: i128, left: i128, right: i128, divisor: i128) -> Option<i128> {
        let (a, b) = match self.op {
            Op::Multiply => (a, b),
            _ => (a.checked_mul(left)?, b.checked_mul(right)?),
        };
        match self.op {
            Op::Add | Op::Negate => a.checked_add(b),
            Op::Subtract => a.checked_sub(b),
            Op::Multiply if divisor == 1 => a.checked_mul(b),
            Op::Multiply => {
                let product = a.checked_mul(b)?;
                let (quotient, rest) = (product / divisor, product % divisor);
                let is_up = rest.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2);
                Some(if is_up { quotient + product.signum() } else { quotient })
            }
            Op::Divide => a.checked_div(b),
        }
    }

    /// One result by 256 bits, which hold the product of any two decimals.
    fn wide(&self, a: i128, b: i128) -> Result<i128, Refused> {
        let (a, b) = (i256::from_i128(a), i256::from_i128(b));
        if self.op == Op::Divide && b == i256::ZERO {
            return Err(Refused::Zero);
        }
        let found = match self.op {
            Op::Multiply => a.checked_mul(b).and_then(|product| {
                let quotient = product.checked_div(self.divisor)?;
                let rest = product.checked_rem(self.divisor)?.checked_abs()?;
                let is_up = rest.checked_add(rest)? >= self.divisor;
                let one = i256::from_i128(if product < i256::ZERO { -1 } else { 1 });
                if is_up { quotient.checked_add(one) } else { Some(quotient) }
            }),
            op => a.checked_mul(self.left).zip(b.checked_mul(self.right)).and_then(
                |(a, b)| match op {
                    Op::Subtract => a.checked_sub(b),
                    Op::Divide => a.checked_div(b),
                    _ => a.checked_add(b),
                },
            ),
        };
        found.and_then(i256::to_i128).ok_or(Refused::Beyond)
    }
}
