//! Numbers and texts that are encoded by how they differ from the one before.
//!
//! Source: Apache Parquet format, "Delta Encoding", "Delta-length byte array", "Delta Strings".

use bytes::{Bytes, BytesMut};

/// The most that the texts of one page may unpack to, in bytes.
const MAX_TEXT_BYTES: usize = 128 << 20;

/// The most miniblocks in a block; writers make 4.
const MAX_MINIBLOCKS: usize = 512;

/// Takes `n_values` numbers from the start of `bytes`; `None` when they end before, or do not make
/// sense.
pub(super) fn integers(bytes: &mut Bytes, n_values: usize) -> Option<Vec<i64>> {
    let whole = bytes.clone();
    let mut rest: &[u8] = &whole;
    let block_size = usize::try_from(varint(&mut rest)?).ok()?;
    let n_miniblocks = usize::try_from(varint(&mut rest)?).ok()?;
    let n_found = usize::try_from(varint(&mut rest)?).ok()?;
    let first = zigzag(&mut rest)?;
    if n_found < n_values || !(1..=MAX_MINIBLOCKS).contains(&n_miniblocks) {
        return None;
    }
    let miniblock_size = block_size / n_miniblocks;
    if miniblock_size == 0 || miniblock_size % 8 != 0 {
        return None;
    }
    let mut values = Vec::with_capacity(n_values);
    let mut value = first;
    values.extend((n_values > 0).then_some(first));
    // All numbers that are there, also beyond `n_values`: what follows them begins at their end.
    let mut n_left = n_found.saturating_sub(1);
    while n_left > 0 {
        let smallest = zigzag(&mut rest)?;
        let widths = rest.split_off(..n_miniblocks)?;
        for width in widths {
            if n_left == 0 {
                break;
            }
            let width = usize::from(*width);
            let n_bytes = miniblock_size.checked_mul(width)? / 8;
            if width > 64 || n_bytes > rest.len() {
                return None;
            }
            let packed = rest.split_off(..n_bytes)?;
            let n_here = miniblock_size.min(n_left);
            // Numbers of no bits take no bytes: only those that somebody wants are made.
            let n_wanted = n_here.min(n_values - values.len());
            for idx in 0..n_wanted {
                value =
                    value.wrapping_add(smallest).wrapping_add(number(packed, width, idx) as i64);
                values.push(value);
            }
            n_left -= n_here;
        }
    }
    *bytes = whole.slice(whole.len() - rest.len()..);
    (values.len() == n_values).then_some(values)
}

/// Takes `n_values` texts: all lengths come first, then all bytes.
pub(super) fn slices(bytes: &mut Bytes, n_values: usize) -> Option<Vec<Bytes>> {
    let lengths = integers(bytes, n_values)?;
    let slice = |length: i64| {
        let length = usize::try_from(length).ok()?;
        (length <= bytes.len()).then(|| bytes.split_to(length))
    };
    lengths.into_iter().map(slice).collect()
}

/// Takes `n_values` texts, each of which starts with a part of the one before.
pub(super) fn texts(bytes: &mut Bytes, n_values: usize) -> Option<Vec<Bytes>> {
    let prefixes = integers(bytes, n_values)?;
    let suffixes = slices(bytes, n_values)?;
    let mut texts: Vec<Bytes> = Vec::with_capacity(n_values);
    let mut n_bytes = 0_usize;
    for (prefix, suffix) in prefixes.into_iter().zip(suffixes) {
        let prefix = usize::try_from(prefix).ok()?;
        if prefix == 0 {
            texts.push(suffix);
            continue;
        }
        let before = texts.last()?.get(..prefix)?;
        n_bytes = n_bytes.checked_add(prefix + suffix.len())?;
        if n_bytes > MAX_TEXT_BYTES {
            return None;
        }
        let mut text = BytesMut::with_capacity(prefix + suffix.len());
        text.extend_from_slice(before);
        text.extend_from_slice(&suffix);
        texts.push(text.freeze());
    }
    Some(texts)
}

/// The number of `width` bits at that place of `packed`, lowest bits first.
fn number(packed: &[u8], width: usize, idx: usize) -> u64 {
    if width == 0 {
        return 0;
    }
    let first_bit = idx * width;
    let bytes = packed.get(first_bit / 8..(first_bit + width).div_ceil(8)).unwrap_or_default();
    // A number of 64 bits may lie in nine bytes.
    let bits = bytes.iter().rev().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let mask = u128::from(u64::MAX >> (64 - width));
    (bits >> (first_bit % 8) & mask) as u64
}

fn zigzag(rest: &mut &[u8]) -> Option<i64> {
    let value = varint(rest)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

/// An unsigned LEB128 number of at most 64 bits.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_specification() {
        // 1 to 5: a block of 128 in 4 miniblocks, the smallest difference 1, no bits.
        let mut bytes = Bytes::from_static(&[0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0, 99]);
        assert_eq!(integers(&mut bytes, 5), Some(vec![1, 2, 3, 4, 5]));
        assert_eq!(bytes.as_ref(), [99]);
        // 7 5 3 1 2 3 4 5: the smallest difference -2, two bits each.
        let packed = [0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0];
        let head = [0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0];
        let mut bytes = Bytes::from([head.as_slice(), packed.as_slice()].concat());
        assert_eq!(integers(&mut bytes, 8), Some(vec![7, 5, 3, 1, 2, 3, 4, 5]));
    }

    #[test]
    fn nonsense_is_nothing() {
        let check = |bytes: &'static [u8], n_values| {
            assert_eq!(integers(&mut Bytes::from_static(bytes), n_values), None, "{bytes:?}");
        };
        check(&[], 0);
        check(&[0x80, 1, 0, 5, 2], 5);
        check(&[0x80, 1, 4, 5, 2, 2, 0, 0, 0], 5);
        check(&[0x80, 1, 4, 5, 2, 2, 1, 0, 0, 0, 0], 5);
        check(&[0x80, 1, 4, 5, 2, 2, 65, 0, 0, 0], 5);
        check(&[0x80, 1, 4, 4, 2, 2, 0, 0, 0, 0], 5);
    }

    proptest! {
        #[test]
        fn any_bytes_are_texts_or_nothing(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            n_values in 0_usize..100,
        ) {
            if let Some(texts) = texts(&mut Bytes::from(bytes), n_values) {
                prop_assert_eq!(texts.len(), n_values);
            }
        }
    }
}
