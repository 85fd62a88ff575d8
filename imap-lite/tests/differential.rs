//! Our parser beside imap-codec: what both read, both understand alike. A command is generated as text, read by imap-codec,
//! written again in its canonical form, and both texts must be the same command to us.
#![allow(clippy::unwrap_used, clippy::panic)]

use imap_codec::CommandCodec;
use imap_codec::decode::Decoder;
use imap_codec::encode::Encoder;
use imap_lite::proto::input::Caps;
use imap_lite::proto::{Command, Input, Language, Step, parse};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// Reads with our parser; None where it refuses.
fn ours(bytes: &[u8]) -> Option<Command> {
    let mut input = Input::default();
    input.space().extend_from_slice(bytes);
    loop {
        match input.step(Caps::known(1_000_000)) {
            Step::Command(raw) => {
                return parse(&raw, Language::default())
                    .ok()
                    .map(|request| request.command);
            }
            Step::Continue => {}
            _ => return None,
        }
    }
}

/// imap-codec's own wording of a command; None where it refuses.
fn theirs(bytes: &[u8]) -> Option<Vec<u8>> {
    let codec = CommandCodec::default();
    let (rest, command) = codec.decode(bytes).ok()?;
    rest.is_empty().then(|| codec.encode(&command).dump())
}

fn words(words: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(words).prop_map(str::to_owned).boxed()
}

/// A string in any of its forms: atom, quoted, literal of both kinds.
fn astring() -> BoxedStrategy<String> {
    let text = words(&["a", "Sent", "inbox", "INBOX", "x.y", "ab/cd", "a]b", "12"]);
    let odd = words(&["", "a b", "a\\\"b", "(x)", "%", "a*", "{3}", "NIL", "&-"]);
    prop_oneof![
        text.clone(),
        text.prop_map(|text| format!("\"{text}\"")),
        odd.clone().prop_map(|text| format!("\"{text}\"")),
        odd.prop_map(|text| format!("{{{}}}\r\n{text}", text.len())),
        words(&["a b", "c"]).prop_map(|text| format!("{{{}+}}\r\n{text}", text.len())),
    ]
    .boxed()
}

fn mailbox() -> BoxedStrategy<String> {
    words(&[
        "INBOX",
        "inbox",
        "Sent",
        "\"Sent Items\"",
        "{5}\r\na (b)",
        "&AREA4Q-n",
        "a/b",
        "\"a\\\\b\"",
    ])
}

/// imap-codec sorts and joins what stands between commas: only sets that are sorted and apart stay as they are.
fn set() -> BoxedStrategy<String> {
    let number = prop_oneof![
        (1_u32..200).prop_map(|number| number.to_string()),
        Just("*".to_owned())
    ];
    prop_oneof![
        number.clone(),
        (number.clone(), number).prop_map(|(a, b)| format!("{a}:{b}")),
        (1_u32..50, 60_u32..80, 90_u32..99).prop_map(|(a, b, c)| format!("{a},{b}:80,{c}")),
    ]
    .boxed()
}

fn flags() -> BoxedStrategy<String> {
    let flag = words(&[
        "\\Seen",
        "\\seen",
        "\\Deleted",
        "\\FLAGGED",
        "\\Answered",
        "\\Draft",
        "$Forwarded",
        "x",
    ]);
    prop::collection::vec(flag, 0..4)
        .prop_map(|flags| format!("({})", flags.join(" ")))
        .boxed()
}

fn item() -> BoxedStrategy<String> {
    let section = words(&[
        "",
        "TEXT",
        "HEADER",
        "header",
        "1",
        "1.2.3",
        "1.MIME",
        "2.HEADER",
        "2.text",
        "HEADER.FIELDS (From \"To\")",
        "3.HEADER.FIELDS.NOT (Subject {4}\r\nDate)",
    ]);
    let partial = words(&["", "<0.1>", "<10.2048>"]);
    let body = (words(&["BODY", "body", "BODY.PEEK"]), section, partial)
        .prop_map(|(name, section, partial)| format!("{name}[{section}]{partial}"));
    prop_oneof![
        words(&[
            "UID",
            "FLAGS",
            "flags",
            "INTERNALDATE",
            "RFC822",
            "RFC822.HEADER",
            "RFC822.SIZE",
            "RFC822.TEXT",
            "ENVELOPE",
            "BODY",
            "BODYSTRUCTURE",
            "MODSEQ",
            "BINARY[1.2]",
            "BINARY.PEEK[1]<0.5>",
            "BINARY.SIZE[2]",
        ]),
        body,
    ]
    .boxed()
}

fn fetch() -> BoxedStrategy<String> {
    let items = prop_oneof![
        words(&["ALL", "FAST", "FULL"]),
        item(),
        prop::collection::vec(item(), 1..5).prop_map(|items| format!("({})", items.join(" "))),
    ];
    let modifier = words(&["", "", " (CHANGEDSINCE 12)"]);
    (
        words(&["FETCH", "UID FETCH", "uid fetch"]),
        set(),
        items,
        modifier,
    )
        .prop_map(|(name, set, items, modifier)| format!("{name} {set} {items}{modifier}"))
        .boxed()
}

fn key() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        words(&[
            "ALL",
            "answered",
            "DELETED",
            "DRAFT",
            "FLAGGED",
            "NEW",
            "OLD",
            "RECENT",
            "SEEN",
            "UNANSWERED",
            "UNDELETED",
            "UNDRAFT",
            "UNFLAGGED",
            "UNSEEN",
            "KEYWORD x",
            "UNKEYWORD $y",
            "LARGER 5",
            "SMALLER 99",
            "BEFORE 1-Feb-2024",
            "ON \"29-Feb-2024\"",
            "SINCE 01-jan-1999",
            "SENTBEFORE 1-Feb-2024",
            "SENTON 1-Feb-2024",
            "SENTSINCE 1-Feb-2024",
            "MODSEQ 7",
            "MODSEQ \"/flags/\\\\draft\" all 620162338",
        ]),
        set(),
        set().prop_map(|set| format!("UID {set}")),
        (
            words(&["BCC", "BODY", "CC", "FROM", "SUBJECT", "TEXT", "to"]),
            astring()
        )
            .prop_map(|(name, text)| format!("{name} {text}")),
        (astring(), astring()).prop_map(|(name, text)| format!("HEADER {name} {text}")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|key| format!("NOT {key}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("OR {a} {b}")),
            prop::collection::vec(inner, 1..4).prop_map(|keys| format!("({})", keys.join(" "))),
        ]
    })
    .boxed()
}

fn search() -> BoxedStrategy<String> {
    let keys = prop::collection::vec(key(), 1..4).prop_map(|keys| keys.join(" "));
    (
        words(&["SEARCH", "UID SEARCH"]),
        words(&["", "CHARSET UTF-8 "]),
        keys,
    )
        .prop_map(|(name, charset, keys)| format!("{name} {charset}{keys}"))
        .boxed()
}

fn sort() -> BoxedStrategy<String> {
    let criterion = words(&[
        "ARRIVAL",
        "CC",
        "DATE",
        "REVERSE date",
        "FROM",
        "SIZE",
        "reverse SUBJECT",
        "TO",
        "DISPLAYFROM",
        "REVERSE DISPLAYTO",
    ]);
    let criteria = prop::collection::vec(criterion, 1..4).prop_map(|all| all.join(" "));
    let keys = prop::collection::vec(key(), 1..3).prop_map(|keys| keys.join(" "));
    (
        words(&["SORT", "UID SORT"]),
        criteria,
        words(&["UTF-8", "us-ascii", "\"UTF-8\"", "viscii"]),
        keys,
    )
        .prop_map(|(name, criteria, charset, keys)| format!("{name} ({criteria}) {charset} {keys}"))
        .boxed()
}

fn store() -> BoxedStrategy<String> {
    (
        words(&["STORE", "UID STORE"]),
        set(),
        words(&["", "(UNCHANGEDSINCE 5) "]),
        words(&[
            "FLAGS",
            "+FLAGS",
            "-flags",
            "FLAGS.SILENT",
            "+FLAGS.SILENT",
            "-FLAGS.SILENT",
        ]),
        prop_oneof![flags(), words(&["\\Seen", "\\Seen $x"])],
    )
        .prop_map(|(name, set, modifier, how, flags)| {
            format!("{name} {set} {modifier}{how} {flags}")
        })
        .boxed()
}

fn others() -> BoxedStrategy<String> {
    let one = (
        words(&[
            "SELECT",
            "EXAMINE",
            "CREATE",
            "DELETE",
            "SUBSCRIBE",
            "UNSUBSCRIBE",
            "GETQUOTAROOT",
        ]),
        mailbox(),
    )
        .prop_map(|(name, mailbox)| format!("{name} {mailbox}"));
    let two = (words(&["RENAME"]), mailbox(), mailbox())
        .prop_map(|(name, from, to)| format!("{name} {from} {to}"));
    let list = (
        words(&["LIST", "lsub"]),
        words(&["\"\"", "a/", "\"x\""]),
        words(&["*", "%", "\"a*\"", "INBOX", "{2}\r\nx%", "\"\""]),
    )
        .prop_map(|(name, reference, pattern)| format!("{name} {reference} {pattern}"));
    let status = (
        mailbox(),
        words(&[
            "MESSAGES",
            "MESSAGES UIDNEXT RECENT",
            "unseen UIDVALIDITY",
            "HIGHESTMODSEQ",
        ]),
    )
        .prop_map(|(mailbox, items)| format!("STATUS {mailbox} ({items})"));
    let transfer = (
        words(&["COPY", "MOVE", "UID COPY", "UID MOVE"]),
        set(),
        mailbox(),
    )
        .prop_map(|(name, set, mailbox)| format!("{name} {set} {mailbox}"));
    let append = (
        mailbox(),
        flags(),
        words(&[
            "",
            "\" 7-Feb-1994 22:43:04 -0800\" ",
            "\"17-Jul-1996 02:44:25 +0700\" ",
        ]),
        words(&["{5}\r\nhello", "{2+}\r\nhi"]),
    )
        .prop_map(|(mailbox, flags, date, message)| {
            format!("APPEND {mailbox} {flags} {date}{message}")
        });
    prop_oneof![
        words(&[
            "CAPABILITY",
            "noop",
            "LOGOUT",
            "STARTTLS",
            "CHECK",
            "CLOSE",
            "EXPUNGE",
            "UNSELECT",
            "IDLE",
            "NAMESPACE",
            "UID EXPUNGE 1:5",
            "ENABLE CONDSTORE",
            "ENABLE UTF8=ACCEPT",
            "ID NIL",
            "ID (\"name\" \"x\" \"version\" NIL)",
            "AUTHENTICATE PLAIN",
            "AUTHENTICATE PLAIN AGEAYg==",
            "SELECT x (CONDSTORE)",
            "SELECT x (QRESYNC (67890007 20050715194045000 41,43:211,214:541))",
            "GETQUOTA \"\"",
        ]),
        one,
        two,
        list,
        status,
        transfer,
        append,
        (astring(), astring()).prop_map(|(user, password)| format!("LOGIN {user} {password}")),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_understand_alike(command in prop_oneof![fetch(), search(), sort(), store(), others()]) {
        let text = format!("a1 {command}\r\n").into_bytes();
        if let Some(canonical) = theirs(&text) {
            let Some(first) = ours(&text) else {
                return Err(TestCaseError::fail(format!("only imap-codec reads {command:?}")));
            };
            let Some(second) = ours(&canonical) else {
                return Err(TestCaseError::fail(format!("we do not read {:?}", String::from_utf8_lossy(&canonical))));
            };
            prop_assert!(first == second, "{command:?} is not {:?}", String::from_utf8_lossy(&canonical));
        }
    }
}

/// The generator would prove nothing if imap-codec refused what it makes.
#[test]
fn most_generated_commands_are_read_by_both() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop_oneof![fetch(), search(), sort(), store(), others()];
    let read = (0..500).filter(|_| {
        let command = strategy.new_tree(&mut runner).unwrap().current();
        theirs(format!("a1 {command}\r\n").as_bytes()).is_some()
    });
    assert!(read.count() > 300);
}
