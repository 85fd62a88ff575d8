//! Report letters of any bytes: what is read of them is bounded, one line each, and text a database takes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some((_, seen)) = smtp::report::read(bytes, false, 0) {
        assert!(seen.good >= 0 && seen.bad >= 0);
        assert!(seen.detail.lines().count() <= 50);
        for words in [&seen.submitter, &seen.domain, &seen.detail] {
            assert!(!words.contains('\0') && words.len() < 100_000);
        }
    }
});
