//! Commands as they come and what they mean.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::input::{Caps, RawCommand};
use super::*;
use store::flag;

/// Reads one command through `Input` and the parser.
fn read(text: &str, utf8: bool) -> Result<Command, &'static str> {
    let mut input = Input::default();
    input.space().extend_from_slice(text.as_bytes());
    input.space().extend_from_slice(b"\r\n");
    loop {
        match input.step(Caps::known(1_000_000)) {
            Step::Command(raw) => {
                return parse(&raw, Language { utf8 })
                    .map(|request| request.command)
                    .map_err(|(_, fault)| fault.0);
            }
            Step::Continue => {}
            other => panic!("{other:?} of {text:?}"),
        }
    }
}

fn fetch_items(text: &str) -> Vec<Item> {
    match read(&format!("a FETCH 1 {text}"), false) {
        Ok(Command::Fetch(fetch)) => fetch.items,
        Ok(_) => panic!("no FETCH: {text}"),
        Err(fault) => panic!("{text}: {fault}"),
    }
}

fn search_key(text: &str) -> Key {
    match read(&format!("a SEARCH {text}"), false) {
        Ok(Command::Search(search)) => search.key,
        Ok(_) => panic!("no SEARCH: {text}"),
        Err(fault) => panic!("{text}: {fault}"),
    }
}

#[test]
fn wrong_commands_are_refused_with_a_reason() {
    for (text, fault) in [
        ("a", "space expected"),
        (" NOOP", "bad tag"),
        ("a+ NOOP", "bad tag"),
        ("a  NOOP", "word expected"),
        ("a NOOP x", "too many arguments"),
        ("a NOOP ", "too many arguments"),
        ("a FROB", "unknown command"),
        ("a UID NOOP", "unknown command"),
        ("a FETCH", "space expected"),
        ("a LOGIN u", "space expected"),
        ("a LOGIN u \"p", "quoted string without end"),
        ("a LOGIN u \"p\\x\"", "bad escape in quoted string"),
        ("a SELECT", "space expected"),
        ("a SELECT &AB-", "mailbox name is not modified UTF-7"),
        ("a SELECT x (FROB)", "unknown SELECT parameter"),
        ("a FETCH 0 FLAGS", "bad sequence set"),
        ("a FETCH 1 FROB", "unknown FETCH item"),
        ("a FETCH 1 (FLAGS", "space expected"),
        ("a FETCH 1 ()", "word expected"),
        ("a FETCH 1 BODY[FROB]", "bad section"),
        ("a FETCH 1 BODY[MIME]", "bad section"),
        ("a FETCH 1 BODY[0]", "bad section"),
        ("a FETCH 1 BODY[1.]", "bad section"),
        ("a FETCH 1 BODY[]<0>", "unexpected character"),
        ("a FETCH 1 BODY[]<0.0>", "a partial needs a length"),
        (
            "a FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)",
            "VANISHED needs UID FETCH and CHANGEDSINCE",
        ),
        ("a STORE 1 FLAG (\\Seen)", "FLAGS expected"),
        ("a STORE 1 FLAGS (\\Frob)", "unknown system flag"),
        ("a SEARCH FROB x", "unknown search key"),
        ("a SEARCH", "space expected"),
        ("a SEARCH OR SEEN", "space expected"),
        ("a SEARCH ON 31-Feb-2024", "bad date"),
        ("a SEARCH RETURN (FROB) ALL", "unknown return option"),
        ("a SORT (FROB) UTF-8 ALL", "unknown sort criterion"),
        ("a SORT (DATE)", "space expected"),
        (
            "a UID SORT RETURN (FROB) (DATE) UTF-8 ALL",
            "unknown return option",
        ),
        (
            "a FETCH 1 (PREVIEW (LAZY FROB))",
            "unknown PREVIEW modifier",
        ),
        ("a FETCH 1 PREVIEW (LAZY", "space expected"),
        ("a STATUS x ()", "word expected"),
        ("a STATUS x (FROB)", "unknown STATUS item"),
        ("a LIST (FROB) \"\" *", "unknown LIST selection option"),
        (
            "a LIST (RECURSIVEMATCH) \"\" *",
            "RECURSIVEMATCH needs another option",
        ),
        ("a LIST \"\" * RETURN (FROB)", "unknown LIST return option"),
        ("a APPEND x", "message expected"),
        ("a APPEND x (\\Seen)", "space expected"),
        (
            "a APPEND x \"1-Foo-2024 00:00:00 +0000\" {1+}\r\nx",
            "bad date-time",
        ),
        ("a APPEND x y", "literal expected"),
        ("a AUTHENTICATE PLAIN !", "not base64"),
    ] {
        assert_eq!(read(text, false).err(), Some(fault), "{text}");
    }
    let deep = format!("a SEARCH {}SEEN", "NOT ".repeat(1_000));
    assert_eq!(read(&deep, false).err(), Some("search nested too deep"));
    let deep = format!("a SEARCH {}SEEN{}", "(".repeat(1_000), ")".repeat(1_000));
    assert_eq!(read(&deep, false).err(), Some("search nested too deep"));
    let many = format!("a SEARCH {}", vec!["SEEN"; 2_000].join(" "));
    assert_eq!(read(&many, false).err(), Some("too many search keys"));
}

#[test]
fn names_of_mailboxes() {
    for (text, utf8, expected) in [
        ("INBOX", false, "INBOX"),
        ("\"a b\"", false, "a b"),
        ("{3+}\r\na b", false, "a b"),
        ("&AREA4Q-n", false, "đán"),
        ("\"&AREA4Q-n\"", true, "&AREA4Q-n"),
        ("\"Thư đến\"", true, "Thư đến"),
        ("\"Thư đến\"", false, "Thư đến"),
        ("a]b", false, "a]b"),
    ] {
        match read(&format!("a EXAMINE {text}"), utf8) {
            Ok(Command::Select(select)) => assert_eq!(select.mailbox, expected),
            _ => panic!("{text}"),
        }
    }
}

#[test]
fn selecting() {
    let Ok(Command::Select(select)) = read(
        "a SELECT x (CONDSTORE QRESYNC (7 99 1:5,9 (1:3 2:4)))",
        false,
    ) else {
        panic!("no SELECT")
    };
    assert!(select.condstore && !select.read_only);
    let qresync = select.qresync.unwrap();
    assert_eq!((qresync.uid_validity, qresync.modseq), (7, 99));
    assert_eq!(qresync.known, SequenceSet::parse(b"1:5,9"));
    for good in [
        "(QRESYNC (7 99))",
        "(QRESYNC (7 99 1:5))",
        "(QRESYNC (7 99 (1 2)))",
    ] {
        assert!(read(&format!("a SELECT x {good}"), false).is_ok(), "{good}");
    }
}

#[test]
fn fetching() {
    use Item::*;
    assert_eq!(fetch_items("ALL"), [Flags, InternalDate, Size, Envelope]);
    assert_eq!(fetch_items("fast"), [Flags, InternalDate, Size]);
    assert_eq!(
        fetch_items("FULL"),
        [Flags, InternalDate, Size, Envelope, Body]
    );
    assert_eq!(
        fetch_items("(UID BODY BODYSTRUCTURE)"),
        [Uid, Body, BodyStructure]
    );
    let section = |path: &[u32], piece, peek| command::Section {
        path: path.to_vec(),
        piece,
        fields: None,
        partial: None,
        peek,
        alias: None,
    };
    assert_eq!(
        fetch_items("BODY[]"),
        [Section(section(&[], Piece::Whole, false))]
    );
    assert_eq!(
        fetch_items("BODY.PEEK[1.2.MIME]"),
        [Section(section(&[1, 2], Piece::Mime, true))]
    );
    assert_eq!(
        fetch_items("BODY.PEEK[2.HEADER]"),
        [Section(section(&[2], Piece::Header, true))]
    );
    assert_eq!(
        fetch_items("BODY[3]"),
        [Section(section(&[3], Piece::Whole, false))]
    );
    let mut partial = section(&[], Piece::Text, false);
    partial.partial = Some((10, 20));
    assert_eq!(fetch_items("BODY[TEXT]<10.20>"), [Section(partial)]);
    let mut fields = section(&[], Piece::Header, true);
    fields.fields = Some(Fields {
        not: true,
        names: vec!["From".into(), "To".into()],
    });
    assert_eq!(
        fetch_items("BODY.PEEK[HEADER.FIELDS.NOT (From \"To\")]"),
        [Section(fields)]
    );
    let binary = command::Binary {
        path: vec![1],
        partial: None,
        peek: true,
    };
    assert_eq!(
        fetch_items("(BINARY.PEEK[1] BINARY.SIZE[1])"),
        [Binary(binary), BinarySize(vec![1])]
    );
    let Ok(Command::Fetch(fetch)) = read("a UID FETCH 1:* FLAGS (CHANGEDSINCE 5 VANISHED)", false)
    else {
        panic!("no FETCH")
    };
    assert_eq!(fetch.items, [Uid, Flags, ModSeq]);
    assert_eq!((fetch.changed_since, fetch.vanished), (Some(5), true));
}

#[test]
fn searching() {
    use Key::*;
    let text = |place, words: &str| Text(place, words.to_owned());
    assert_eq!(search_key("ALL"), All);
    assert_eq!(search_key("unseen"), Flag(flag::SEEN, false));
    assert_eq!(search_key("NEW"), Never);
    assert_eq!(
        search_key("1:3"),
        Numbers(SequenceSet::parse(b"1:3").unwrap())
    );
    assert_eq!(search_key("$"), Numbers(SequenceSet::Saved));
    assert_eq!(search_key("UID *"), Uids(SequenceSet::parse(b"*").unwrap()));
    assert_eq!(
        search_key("OR SUBJECT \"a b\" NOT (SEEN FROM x)"),
        Or(
            Box::new(text(Where::Subject, "a b")),
            Box::new(Not(Box::new(And(vec![
                Flag(flag::SEEN, true),
                text(Where::From, "x")
            ]))))
        )
    );
    assert_eq!(
        search_key("CHARSET utf-8 TEXT {7+}\r\nhỏa t"),
        text(Where::Text, "hỏa t")
    );
    assert_eq!(
        search_key("HEADER Message-ID <x@y>"),
        Header("Message-ID".into(), "<x@y>".into())
    );
    assert_eq!(
        search_key("SENTSINCE \"1-Jan-1970\" LARGER 5"),
        And(vec![Sent(When::Since, 0), Larger(5)])
    );
    assert_eq!(search_key("MODSEQ \"/flags/\\\\draft\" all 7"), ModSeq(7));
    assert_eq!(
        search_key("UNKEYWORD $Forwarded"),
        Keyword("$Forwarded".into(), false)
    );
    let Ok(Command::Search(search)) = read(
        "a UID SEARCH RETURN (MIN COUNT SAVE) CHARSET VISCII TEXT x",
        false,
    ) else {
        panic!("no SEARCH")
    };
    assert!(search.bad_charset && search.uid);
    let returns = search.returns.unwrap();
    assert!(returns.min && returns.count && returns.save && !returns.all && !returns.max);
}

#[test]
fn storing_and_appending() {
    let Ok(Command::Store(store)) = read(
        "a UID STORE 1 (UNCHANGEDSINCE 9) -FLAGS.SILENT \\Seen $x",
        false,
    ) else {
        panic!("no STORE")
    };
    assert_eq!(
        (store.how, store.silent, store.unchanged_since),
        (StoreHow::Remove, true, Some(9))
    );
    assert_eq!(
        (store.flags.system, store.flags.keywords),
        (flag::SEEN, vec!["$x".to_owned()])
    );
    let Ok(Command::Append { mailbox, messages }) = read(
        "a APPEND Sent (\\Draft \\Recent) \" 1-Jan-1970 07:00:01 +0700\" {2+}\r\nhi (x) UTF8 (~{1+}\r\n!)",
        true,
    ) else {
        panic!("no APPEND")
    };
    assert_eq!(mailbox, "Sent");
    assert_eq!(messages[0].received_at, Some(1_000));
    assert_eq!(messages[0].flags.system, flag::DRAFT);
    assert_eq!(
        (&messages[0].raw[..], &messages[1].raw[..]),
        (&b"hi"[..], &b"!"[..])
    );
}

#[test]
fn listing() {
    let Ok(Command::List(list)) = read(
        "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"*\" x%) RETURN (CHILDREN STATUS (MESSAGES UNSEEN) SPECIAL-USE)",
        false,
    ) else {
        panic!("no LIST")
    };
    assert!(
        list.extended && list.select_subscribed && list.select_recursive && list.return_children
    );
    assert_eq!(list.patterns, ["*", "x%"]);
    assert_eq!(
        list.return_status,
        [StatusItem::Messages, StatusItem::Unseen]
    );
}

proptest::proptest! {
    /// No bytes make the parser fall, and what it reads as a command it reads the same again.
    #[test]
    fn any_bytes(text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let raw = RawCommand { text, literals: Vec::new() };
        let _ = parse(&raw, Language::default());
    }

    #[test]
    fn any_words(words in proptest::collection::vec(proptest::sample::select(vec![
        "a", "FETCH", "SEARCH", "UID", "STORE", "LIST", "APPEND", "(", ")", "1:*", "BODY[", "]", "<0.1>", "OR", "NOT", "{1}\r\n", "\"", "\\Seen",
        "RETURN", "HEADER.FIELDS", "*", "%", "$", "SELECT", "INBOX", "QRESYNC", "CHANGEDSINCE", "+FLAGS", "SINCE", "1-Jan-2020", "1.2", ".MIME",
    ]), 0..12)) {
        for separator in ["", " "] {
            let text = words.join(separator).into_bytes();
            let raw = RawCommand { text, literals: vec![bytes::Bytes::from_static(b"x")] };
            let _ = parse(&raw, Language::default());
        }
    }
}
