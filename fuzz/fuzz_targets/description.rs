#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relkit_fuzz::parse("description", bytes));
