//! A push reaches a push service on loopback and is decrypted there by an independent implementation: the right words, and no
//! more than a count.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::Demo;
use congthu_tests::tool::client;

#[test]
fn a_push_is_decrypted_by_somebody_else() {
    let demo = Demo::with(&["--push-allow-private"]);
    let said = client("push.py", &[&demo.told_file()]);
    print!("{said}");
    assert!(said.contains("done"), "{said}");
}
