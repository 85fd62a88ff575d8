//! What is computed from a letter once, when it comes, and again when the rules improve: never the original (promise 3).
//! Pure, apart from leaving the async executor for large letters.

use aws_lc_rs::digest;
use bytes::Bytes;
use store::*;
use viet::Coding;

use crate::letter::{self, Letter, Mailbox};
use crate::{Error, attached, header, letter_imap, quarantine};

/// Rises with every change that makes old letters worth deriving again.
pub(crate) const VERSION: i64 = 2;
/// Letters beyond this many bytes are read off the async executor: a 50 MB one would hold it for a second.
const INLINE_BYTES_MAX: usize = 256 * 1024;
/// Characters of one text column; a list shows a hundred.
const COLUMN_CHARS_MAX: usize = 500;
/// Characters of all recipients as shown in lists.
const TO_CHARS_MAX: usize = 1_000;
/// Our own field with the four degrees of urgency (Decree 30/2020).
const URGENCY_FIELD: &str = "X-Congthu-Urgency";

/// A body to be stored, with everything derived from it.
pub(crate) async fn body(store: &Store, now: i64, raw: Bytes) -> Result<NewBody, Error> {
    let derived = derive(&raw).await?;
    Ok(NewBody {
        id: BodyId(store.next_id(now)),
        raw,
        derived,
    })
}

/// The same for a body that is stored already.
pub(crate) async fn derive(raw: &Bytes) -> Result<Derived, Error> {
    if raw.len() <= INLINE_BYTES_MAX {
        return Ok(of(raw));
    }
    let raw = raw.clone();
    tokio::task::spawn_blocking(move || of(&raw))
        .await
        .map_err(|cause| Error::Broken(cause.to_string()))
}

/// Everything at once.
pub(crate) fn of(raw: &[u8]) -> Derived {
    from_letter(&letter::read(raw), raw)
}

/// What a mailbox reads of a letter in a coding of its choice.
pub(crate) fn reread(raw: &[u8], choice: Coding) -> Reread {
    let derived = from_letter(&letter::read_with(raw, Some(choice)), raw);
    Reread {
        coding: choice.to_string(),
        subject: derived.subject,
        from_name: derived.from_name,
        to_text: derived.to_text,
        preview: derived.preview,
        search_text: derived.search_text,
    }
}

fn from_letter(letter: &Letter, raw: &[u8]) -> Derived {
    let from = letter
        .from
        .first()
        .or(letter.sender.first())
        .cloned()
        .unwrap_or_default();
    Derived {
        version: VERSION,
        subject: cut(&letter.subject, COLUMN_CHARS_MAX),
        from_name: cut(&from.name, COLUMN_CHARS_MAX),
        from_address: cut(&from.address, COLUMN_CHARS_MAX),
        to_text: to_text(letter),
        date_at: letter.date,
        message_id: letter.message_id.clone().filter(|id| id.len() <= 998),
        thread_key: thread_key(letter, raw),
        preview: letter::preview(letter),
        attachments: u32::try_from(
            letter
                .attachments
                .iter()
                .filter(|file| !file.inline || file.named)
                .count(),
        )
        .unwrap_or(u32::MAX),
        urgency: urgency(raw, letter),
        coding: letter.coding.to_string(),
        confidence: f64::from(letter.confidence),
        envelope: letter_imap::envelope(raw),
        structure: letter_imap::structure(raw),
        // The sign that begins the text of attached files is nobody else's.
        search_text: letter::search_text(letter).replace(store::FILE_MARK, " "),
        readable_files: attached::files(letter).next().is_some(),
        program: quarantine::program(letter),
    }
}

/// Names where given, else addresses.
fn to_text(letter: &Letter) -> String {
    let mut text = String::new();
    for one in letter.to.iter().chain(&letter.cc) {
        let shown = shown(one);
        if text.chars().count() + shown.chars().count() > TO_CHARS_MAX {
            text.push('…');
            break;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(shown);
    }
    text
}

fn shown(one: &Mailbox) -> &str {
    if one.name.is_empty() {
        &one.address
    } else {
        &one.name
    }
}

/// Letters of one conversation share it: a hash of the first reference, else of what is answered, else of the own id.
fn thread_key(letter: &Letter, raw: &[u8]) -> i64 {
    let root = letter
        .references
        .first()
        .or(letter.in_reply_to.first())
        .or(letter.message_id.as_ref());
    let hash = match root {
        Some(id) => digest::digest(&digest::SHA256, id.as_bytes()),
        None => digest::digest(
            &digest::SHA256,
            raw.get(..raw.len().min(4096)).unwrap_or_default(),
        ),
    };
    let mut first = [0u8; 8];
    first
        .iter_mut()
        .zip(hash.as_ref())
        .for_each(|(to, from)| *to = *from);
    // Positive: ids are.
    i64::from_be_bytes(first) & i64::MAX
}

fn urgency(raw: &[u8], letter: &Letter) -> u8 {
    let own = header::first(raw, URGENCY_FIELD).and_then(|text| text.parse::<u8>().ok());
    own.map_or(u8::from(letter.urgent), |degree| degree.min(3))
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_described() {
        let raw = "From: =?UTF-8?B?TmfDom4=?= <ngan@a.b>\r\nTo: binh@a.b, Lan <lan@a.b>\r\nSubject: Họp khẩn\r\n\
                   Message-ID: <2@a.b>\r\nReferences: <1@a.b>\r\nX-Congthu-Urgency: 9\r\n\r\nMời họp lúc 8 giờ.\r\n";
        let derived = of(raw.as_bytes());
        assert_eq!(
            (derived.from_name.as_str(), derived.from_address.as_str()),
            ("Ngân", "ngan@a.b")
        );
        assert_eq!(derived.to_text, "binh@a.b, Lan");
        assert_eq!((derived.subject.as_str(), derived.urgency), ("Họp khẩn", 3));
        assert_eq!(derived.preview, "Mời họp lúc 8 giờ.");
        assert!(
            derived.search_text.contains("Mời họp")
                && !derived.envelope.is_empty()
                && !derived.structure.is_empty()
        );
    }

    #[test]
    fn answers_share_the_thread_of_the_first_letter() {
        let key = |fields: &str| of(format!("{fields}\r\n\r\nx").as_bytes()).thread_key;
        let first = key("Message-ID: <1@a.b>");
        for answer in [
            "Message-ID: <2@a.b>\r\nIn-Reply-To: <1@a.b>",
            "Message-ID: <3@a.b>\r\nIn-Reply-To: <2@a.b>\r\nReferences: <1@a.b> <2@a.b>",
        ] {
            assert_eq!(key(answer), first, "{answer}");
        }
        assert_ne!(key("Message-ID: <4@a.b>"), first);
        assert_ne!(key("Subject: a"), key("Subject: b"));
        assert!(first >= 0);
    }

    #[test]
    fn garbage_is_described_too() {
        for raw in [&b""[..], b"\0\xff\xfe", b"Subject: x", &[b'a'; 10_000]] {
            let derived = of(raw);
            assert!(derived.subject.chars().count() <= COLUMN_CHARS_MAX);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(64))]
        #[test]
        fn any_bytes_are_described(raw in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2_000)) {
            let derived = of(&raw);
            proptest::prop_assert!(derived.thread_key >= 0);
            proptest::prop_assert!(derived.envelope.starts_with(b"(") && derived.structure.starts_with(b"("));
        }
    }
}
