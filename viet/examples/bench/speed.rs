//! How fast text is read: large clean texts in bytes per second, one letter in a legacy coding in milliseconds.

use std::borrow::Cow;
use std::hint::black_box;
use std::time::Instant;

use viet::{Coding, Context, encode_as, read_bytes, repair};

const CLEAN_BYTES: usize = 4 << 20;
const LETTER_BYTES: usize = 20_000;

fn best_secs(rounds: usize, mut work: impl FnMut()) -> f64 {
    (0..rounds).fold(f64::MAX, |best, _| {
        let start = Instant::now();
        work();
        best.min(start.elapsed().as_secs_f64())
    })
}

fn repeated(text: &str, bytes: usize) -> String {
    text.repeat(bytes / text.len().max(1) + 1)
}

/// Best of ten for large texts, best of a hundred for the letter.
pub fn rates() {
    let cx = Context::default();
    let clean = |name: &str, text: &str| {
        let big = repeated(text, CLEAN_BYTES);
        let borrowed = matches!(repair(&big, &cx).text, Cow::Borrowed(_));
        let repair_secs = best_secs(10, || {
            black_box(repair(black_box(&big), &cx));
        });
        let read_secs = best_secs(10, || {
            black_box(read_bytes(black_box(big.as_bytes()), Some("utf-8"), &cx));
        });
        let gigabytes = big.len() as f64 / 1e9;
        println!(
            "{name:10} repair {:5.2} GB/s   read_bytes {:5.2} GB/s   borrowed {borrowed}",
            gigabytes / repair_secs,
            gigabytes / read_secs
        );
    };
    clean("vi", crate::DEVELOPMENT);
    clean("vi (other)", crate::HELD_OUT);
    for (name, _, source) in crate::foreign::TEXTS {
        clean(name, source);
    }
    for coding in [
        Coding::Tcvn3,
        Coding::Vni,
        Coding::Windows1258,
        Coding::Viscii,
    ] {
        let Some(mut raw) = encode_as(&repeated(crate::DEVELOPMENT, 2 * LETTER_BYTES), coding)
        else {
            continue;
        };
        raw.truncate(LETTER_BYTES);
        let secs = best_secs(100, || {
            black_box(read_bytes(black_box(&raw), None, &cx));
        });
        println!(
            "letter of {LETTER_BYTES} bytes in {coding}: {:.3} ms",
            secs * 1e3
        );
    }
}
