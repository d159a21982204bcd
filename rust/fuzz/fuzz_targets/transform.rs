#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| logloom_fuzz::transform(data));
