//! IMAP commands: the reader in pieces gives what it gives at once, keeps to its bounds, and nothing makes the parser fall.
//! And any text as a subject: its base subject is shorter and its own base subject.
#![no_main]

use imap_lite::proto::input::Caps;
use imap_lite::proto::{Input, Language, Step, parse, subject, utf7};
use libfuzzer_sys::fuzz_target;

const CAPS: Caps = Caps { line_bytes: 2_000, literal_bytes: 300, message_bytes: 2_000 };

fuzz_target!(|bytes: &[u8]| {
    let at_once = steps(bytes, bytes.len().max(1));
    assert_eq!(at_once, steps(bytes, 3), "pieces must not matter");
    for step in at_once {
        if let Step::Command(raw) = step {
            for utf8 in [false, true] {
                // Twice the same: a command has one meaning.
                let first = parse(&raw, Language { utf8 });
                assert!(first.is_ok() == parse(&raw, Language { utf8 }).is_ok());
            }
        }
    }
    if let Ok(name) = std::str::from_utf8(bytes) {
        assert_eq!(utf7::decode(&utf7::encode(name)).as_deref(), Some(name));
        let _ = utf7::decode(name);
        let base = subject::base(name);
        assert!(base.len() <= name.len());
        assert_eq!(subject::base(&base), base);
    }
});

fn steps(bytes: &[u8], piece: usize) -> Vec<Step> {
    let mut input = Input::default();
    let mut found = Vec::new();
    for bytes in bytes.chunks(piece) {
        input.space().extend_from_slice(bytes);
        loop {
            match input.step(CAPS) {
                Step::More => break,
                Step::LiteralRefused { fatal: true, .. } => return found,
                step => found.push(step),
            }
        }
    }
    found
}
