//! libFuzzer's entry to [`fuzz::deletion_vector`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::deletion_vector(bytes));
