//! Vectors as writers make them, and as they must not be.

use super::*;
use proptest::prelude::*;

/// The example of the protocol: an inline vector of six rows.
const INLINE: &str = "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";

fn raw(storage_type: &str, text: &str, offset: Option<i64>) -> RawDeletionVector {
    RawDeletionVector {
        storage_type: storage_type.to_owned(),
        path_or_inline_dv: text.to_owned(),
        offset,
        size_in_bytes: Some(40),
        cardinality: Some(6),
    }
}

/// The file and the range of the vector, or the error.
#[track_caller]
fn check(raw: &RawDeletionVector, expected: Result<Option<(&str, Range<u64>)>, &str>) {
    let found = DeletionVector::read(raw).map(|vector| {
        let range = vector.byte_range();
        range.map(|(path, range)| (path.as_str().to_owned(), range))
    });
    let expected = expected
        .map(|range| range.map(|(path, range)| (path.to_owned(), range)))
        .map_err(|text| format!("deletion vector: {text}"));
    assert_eq!(found.map_err(|error| error.to_string()), expected, "{raw:?}");
}

#[test]
fn fields_of_the_log() {
    let uuid = "d2c639aa-8816-431a-aaf6-d3fe2512ff61";
    let file = format!("deletion_vector_{uuid}.bin");
    check(&raw("u", "^-aqEH.-t@S}K{vb[*k^", Some(4)), Ok(Some((&file, 4..52))));
    check(&raw("u", "^-aqEH.-t@S}K{vb[*k^", None), Ok(Some((&file, 1..49))));
    let prefixed = format!("ab/{file}");
    check(&raw("u", "ab^-aqEH.-t@S}K{vb[*k^", Some(4)), Ok(Some((&prefixed, 4..52))));
    let url = "s3://lake/t/deletion_vector_a.bin";
    check(&raw("p", url, Some(4)), Ok(Some((url, 4..52))));
    check(&raw("i", INLINE, None), Ok(None));
}

#[test]
fn broken_fields_are_named() {
    check(&raw("x", "", None), Err("storage type `x` is none of `u`, `p`, `i`"));
    check(
        &raw("u", "aqEH.-t@S}K{vb[*k^", None),
        Err("`aqEH.-t@S}K{vb[*k^` is not base85 of 16 bytes"),
    );
    check(
        &raw("u", "é-aqEH.-t@S}K{vb[*k^", None),
        Err("`é-aqEH.-t@S}K{vb[*k^` is not base85 of 16 bytes"),
    );
    check(
        &raw("u", "é-aqEH.-t@S}K{vb[*k", None),
        Err("`é-aqEH.-t@S}K{vb[*k` is not base85 of 16 bytes"),
    );
    check(
        &raw("u", "a/../..^-aqEH.-t@S}K{vb[*k^", None),
        Err("path `a/../..^-aqEH.-t@S}K{vb[*k^` leads out of the table"),
    );
    check(&raw("p", "a.bin", None), Err("path `a.bin` is not absolute"));
    check(&raw("p", "", None), Err("the path is empty"));
    check(&raw("i", INLINE, Some(1)), Err("an inline one has `offset` 1, and should have none"));
    check(&raw("i", "wi5b=", None), Err("`wi5b=` is not base85 of 40 bytes"));
    let text = format!("{INLINE}00000");
    check(&raw("i", &text, None), Err(&format!("`{}` is not base85 of 40 bytes", &text[..40])));
    let offset = |found| raw("u", "^-aqEH.-t@S}K{vb[*k^", Some(found));
    check(&offset(0), Err("`offset` is 0, not 1 to 2^31 - 1"));
    check(&offset(1 << 31), Err("`offset` is 2147483648, not 1 to 2^31 - 1"));
    let number = |change: fn(&mut RawDeletionVector)| {
        let mut raw = raw("i", INLINE, None);
        change(&mut raw);
        raw
    };
    check(&number(|raw| raw.size_in_bytes = None), Err("`sizeInBytes` is missing"));
    check(
        &number(|raw| raw.size_in_bytes = Some(-1)),
        Err("`sizeInBytes` is -1, not 0 to 2^31 - 1"),
    );
    check(&number(|raw| raw.cardinality = None), Err("`cardinality` is missing"));
    check(&number(|raw| raw.cardinality = Some(-1)), Err("`cardinality` is -1, not 0 to 2^63 - 1"));
}

/// The rows of a vector in the log, or the error.
#[track_caller]
fn check_rows(vector: &[u8], cardinality: u64, expected: Result<&[u64], &str>) {
    let vector = DeletionVector {
        storage: DvStorage::Inline(Bytes::copy_from_slice(vector)),
        size_bytes: vector.len() as u64,
        cardinality,
    };
    let found = vector.decode(None).map(|rows| rows.iter().collect::<Vec<_>>());
    let expected = expected.map(<[u64]>::to_vec).map_err(|text| format!("deletion vector: {text}"));
    assert_eq!(found.map_err(|error| error.to_string()), expected, "{vector:?}");
}

fn bitmap_bytes(rows: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    rows.iter().copied().collect::<RoaringBitmap>().serialize_into(&mut bytes).unwrap();
    bytes
}

/// A vector of bitmaps under their keys.
fn portable_bytes(bitmaps: &[(u32, &[u32])]) -> Vec<u8> {
    let mut bytes = PORTABLE_MAGIC.to_le_bytes().to_vec();
    bytes.extend((bitmaps.len() as u64).to_le_bytes());
    for (key, rows) in bitmaps {
        bytes.extend(key.to_le_bytes());
        bytes.extend(bitmap_bytes(rows));
    }
    bytes
}

/// A vector of bitmaps under the keys from 0 on.
fn native_bytes(bitmaps: &[&[u32]]) -> Vec<u8> {
    let mut bytes = NATIVE_MAGIC.to_le_bytes().to_vec();
    bytes.extend((bitmaps.len() as u32).to_le_bytes());
    for rows in bitmaps {
        let bitmap = bitmap_bytes(rows);
        bytes.extend((bitmap.len() as u32).to_le_bytes());
        bytes.extend(bitmap);
    }
    bytes
}

/// A vector in its frame.
fn framed(vector: &[u8]) -> Vec<u8> {
    let size = u32::try_from(vector.len()).unwrap().to_be_bytes();
    [&size, vector, &crc32fast::hash(vector).to_be_bytes()].concat()
}

#[test]
fn rows_of_the_log() {
    let vector = DeletionVector::read(&raw("i", INLINE, None)).unwrap();
    let rows = vector.decode(None).unwrap();
    assert_eq!(rows.iter().collect::<Vec<_>>(), [3, 4, 7, 11, 18, 29]);

    check_rows(&portable_bytes(&[]), 0, Ok(&[]));
    check_rows(&portable_bytes(&[(0, &[0, 5])]), 2, Ok(&[0, 5]));
    check_rows(&portable_bytes(&[(1, &[0]), (7, &[2])]), 2, Ok(&[1 << 32, (7 << 32) + 2]));
    check_rows(&native_bytes(&[]), 0, Ok(&[]));
    check_rows(&native_bytes(&[&[1], &[], &[9]]), 2, Ok(&[1, (2 << 32) + 9]));
    // Runs, as a writer has them that packs its bitmaps.
    let mut runs: RoaringBitmap = (10..100).collect();
    assert!(runs.optimize());
    let mut bytes = portable_bytes(&[])[..4].to_vec();
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    runs.serialize_into(&mut bytes).unwrap();
    check_rows(&bytes, 90, Ok(&Vec::from_iter(10..100)));
}

#[test]
fn broken_vectors_are_named() {
    check_rows(&[], 0, Err("it ends within its magic number"));
    check_rows(&[0; 12], 0, Err("magic number 0 is neither 1681511377 nor 1681511376"));
    let one = portable_bytes(&[(0, &[7])]);
    check_rows(&one, 2, Err("1 rows, 2 by the log"));
    check_rows(&one[..11], 1, Err("it ends within its number of bitmaps"));
    check_rows(&one[..14], 1, Err("it ends within its keys"));
    check_rows(&one[..20], 1, Err("bitmap 0: failed to fill whole buffer"));
    check_rows(&[&one[..], &[0]].concat(), 1, Err("1 bytes are left after its last bitmap"));
    let twice = portable_bytes(&[(3, &[7]), (3, &[8])]);
    check_rows(&twice, 2, Err("bitmap 3 follows bitmap 3"));
    check_rows(&portable_bytes(&[(3, &[7]), (1, &[8])]), 2, Err("bitmap 1 follows bitmap 3"));
    // So many bitmaps that only their number could fill the memory.
    let many = [&one[..4], &u64::MAX.to_le_bytes()].concat();
    check_rows(&many, 1, Err("it ends within its keys"));
    let native = native_bytes(&[&[7]]);
    check_rows(&native[..10], 1, Err("it ends within its sizes"));
    check_rows(&native[..14], 1, Err("it ends within its bitmaps"));
    let many = [&native[..4], &u32::MAX.to_le_bytes()].concat();
    check_rows(&many, 1, Err("it ends within its sizes"));
}

#[test]
fn a_vector_in_a_file_is_checked_against_its_frame() {
    let vector = portable_bytes(&[(0, &[7, 9])]);
    let size_bytes = vector.len() as u64;
    let stored = DeletionVector {
        storage: DvStorage::File { path: FilePath::Relative("a".to_owned()), offset: 1 },
        size_bytes,
        cardinality: 2,
    };
    let check = |bytes: Option<&[u8]>, expected: Result<&[u64], &str>| {
        let found = stored.decode(bytes).map(|rows| rows.iter().collect::<Vec<_>>());
        let expected =
            expected.map(<[u64]>::to_vec).map_err(|text| format!("deletion vector: {text}"));
        assert_eq!(found.map_err(|error| error.to_string()), expected);
    };
    let bytes = framed(&vector);
    check(Some(&bytes), Ok(&[7, 9]));
    check(None, Err("the bytes of `a` are needed"));
    let rest = format!("{} bytes were read of {}", bytes.len() - 1, bytes.len());
    check(bytes.get(1..), Err(&rest));
    let mut other = bytes.clone();
    other[3] += 1;
    check(
        Some(&other),
        Err(&format!("{} bytes by its file, {size_bytes} by the log", size_bytes + 1)),
    );
    let mut other = bytes.clone();
    other[10] ^= 1;
    let text = stored.decode(Some(&other)).unwrap_err().to_string();
    assert!(text.starts_with("deletion vector: CRC-32 of its bytes is "), "{text}");
}

proptest! {
    #[test]
    fn flipped_and_cut_bytes_end_in_rows_or_an_error(
        rows in prop::collection::btree_set(0_u32..200_000, 0..50),
        run in 0_u32..9000,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        is_native in any::<bool>(),
    ) {
        let rows: Vec<u32> = rows.into_iter().chain(300_000..300_000 + run).collect();
        let mut bytes = match is_native {
            true => native_bytes(&[&rows, &rows]),
            false => portable_bytes(&[(0, &rows), (9, &rows)]),
        };
        let vector = |bytes: &[u8]| DeletionVector {
            storage: DvStorage::Inline(Bytes::copy_from_slice(bytes)),
            size_bytes: bytes.len() as u64,
            cardinality: 2 * rows.len() as u64,
        };
        prop_assert_eq!(vector(&bytes).decode(None).unwrap().len(), 2 * rows.len() as u64);
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(rows) = vector(&bytes).decode(None) {
            prop_assert_eq!(rows.iter().count() as u64, rows.len());
        }
    }
}
