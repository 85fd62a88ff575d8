//! The pages in a real browser (headless Chromium on a phone's screen): sign in, a letter appears without reload, read, answer,
//! acknowledge a document, recover an account, and a letter full of script that does nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::Demo;
use congthu_tests::tool::client;

/// CONGTHU_PICTURES=FOLDER keeps screenshots of every step.
fn flow(name: &str) {
    let demo = Demo::start();
    let told = demo.told_file();
    let pictures = std::env::var("CONGTHU_PICTURES").ok();
    let mut arguments = vec![name, &told];
    arguments.extend(pictures.as_deref());
    let said = client("web.py", &arguments);
    assert!(said.contains("done"), "{said}");
}

#[test]
fn a_new_letter_appears_is_read_and_answered() {
    flow("letter");
}

#[test]
fn a_document_is_assigned_and_acknowledged() {
    flow("document");
}

#[test]
fn a_forgotten_account_is_given_back() {
    flow("recover");
}

#[test]
fn a_letter_full_of_script_does_nothing() {
    flow("script");
}
