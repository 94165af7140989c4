//! libFuzzer's entry to [`fuzz::log`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::log(bytes));
