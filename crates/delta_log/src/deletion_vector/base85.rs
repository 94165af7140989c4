//! Bytes from base85 text, five characters for four bytes.

/// The alphabet. Source: ZeroMQ RFC 32, "Z85".
const ALPHABET: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/// The value of each byte as a digit; 85 where it is none.
const DIGITS: [u8; 256] = {
    let mut digits = [85; 256];
    let mut digit = 0;
    while digit < 85 {
        digits[ALPHABET[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};

/// The bytes of `text`; `None` when it is not base85.
///
/// Text whose bytes do not fill the last group either has bytes more than it should, or starts that
/// group with one `#` for each byte that is missing, which no whole group starts with.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let (groups, rest) = text.as_bytes().as_chunks::<5>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(groups.len() * 4);
    for (group_idx, group) in groups.iter().enumerate() {
        let is_last = group_idx + 1 == groups.len();
        let n_missing = match is_last {
            true => group.iter().take_while(|byte| **byte == b'#').count(),
            false => 0,
        };
        let number = word(group.get(n_missing..)?)?.to_be_bytes();
        let (missing, there) = number.split_at_checked(n_missing)?;
        if there.is_empty() || missing.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend(there);
    }
    Some(bytes)
}

/// The number of which these are the digits.
fn word(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |word, byte| {
        let digit = DIGITS.get(usize::from(*byte)).copied().filter(|digit| *digit < 85)?;
        word.checked_mul(85)?.checked_add(u32::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&[u8]>) {
        assert_eq!(decode(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn text_is_bytes() {
        check("", Some(&[]));
        check("HelloWorld", Some(&[0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b]));
        check("00000", Some(&[0; 4]));
        check("%nSc0", Some(&[0xff; 4]));
        check("00000##093", Some(&[0, 0, 0, 0, 3, 0]));
        check("###30", Some(&[0xff]));
        check("###31", None);
        check("##09300000", None);
        for text in ["%nSc1", "#####", "Hello ", "Hell", "Hell~", "Hello\u{e9}\u{e9}x"] {
            check(text, None);
        }
    }
}
