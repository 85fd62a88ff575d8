//! What letters of an opened account say, as it reads them, for many letters at once: the words a sort compares, and
//! previews. Repaired text, where ENVELOPE stays as received. Compares nothing. (RFC 5256, RFC 5957, RFC 8970)

use store::*;
use viet::{Coding, Context};

use crate::letter::words::decode;
use crate::letter_imap::{Address, EnvelopeField, first_address};
use crate::{Access, Error, Right};

/// The words of one letter; those not asked for are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterWords {
    pub uid: u32,
    /// Unix milliseconds, as the letter says.
    pub sent_at: Option<i64>,
    pub subject: String,
    pub from: Person,
    pub to: Person,
    pub cc: Person,
}

/// The first of those a field names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What stands before the "@" (addr-mailbox).
    pub mailbox: String,
    /// The name, or the address where there is none (RFC 5957 §3).
    pub shown: String,
}

impl Access {
    /// The words of letters, UIDs in ascending order; those that are gone are left out.
    pub async fn words(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
        what: Worded,
    ) -> Result<Vec<LetterWords>, Error> {
        self.need(Right::Read).await?;
        self.own(mailbox).await?;
        let rows = self.room.store().worded(mailbox, uids, what).await?;
        Ok(rows.into_iter().map(words).collect())
    }

    /// (UID, preview of at most 200 characters) of letters, UIDs in ascending order; those that are gone are left out.
    pub async fn previews(
        &self,
        mailbox: MailboxId,
        uids: &[u32],
    ) -> Result<Vec<(u32, String)>, Error> {
        self.need(Right::Read).await?;
        self.own(mailbox).await?;
        Ok(self.room.store().previews(mailbox, uids).await?)
    }
}

fn words(row: WordedRow) -> LetterWords {
    let first = |field| first_address(&row.envelope, field);
    let cx = Context {
        body_coding: row
            .coding
            .parse()
            .ok()
            .filter(|coding: &Coding| coding.is_legacy()),
    };
    LetterWords {
        uid: row.uid,
        sent_at: row.date_at,
        from: first(EnvelopeField::From).map_or_else(Person::default, |from| {
            person(&from, |_| row.from_name.clone())
        }),
        to: first(EnvelopeField::To).map_or_else(Person::default, |to| {
            person(&to, |name| {
                // Only encoded words hide commas; whatever else it is in, lists have the name repaired.
                let name = match name.windows(2).any(|pair| pair == b"=?") {
                    true => decode(name, &cx).text,
                    false => String::from_utf8_lossy(name),
                };
                as_listed(&name, &row.to_text).to_owned()
            })
        }),
        cc: first(EnvelopeField::Cc)
            .map_or_else(Person::default, |cc| person(&cc, |_| String::new())),
        subject: row.subject,
    }
}

fn person(address: &Address, name: impl Fn(&[u8]) -> String) -> Person {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mailbox = text(address.mailbox.as_deref().unwrap_or_default());
    let mut shown = address.name.as_deref().map(name).unwrap_or_default();
    if shown.is_empty() {
        shown = match &address.host {
            Some(host) => format!("{mailbox}@{}", text(host)),
            None => mailbox.clone(),
        };
    }
    Person { mailbox, shown }
}

/// The first name as lists show it, repaired with all that is known of the letter: cut behind as many commas as the name
/// itself has. The name read by itself where lists do not begin with a name.
fn as_listed<'n>(name: &'n str, listed: &'n str) -> &'n str {
    let commas = name.matches(", ").count();
    let end = listed.match_indices(", ").nth(commas).map(|(at, _)| at);
    let first = listed
        .get(..end.unwrap_or(listed.len()))
        .unwrap_or_default();
    match first.is_empty() || first.contains('@') {
        true => name,
        false => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::derive;

    /// What a sort compares of a letter with these fields.
    fn read(fields: &[u8]) -> LetterWords {
        let raw = [fields, b"\r\n\r\nx\r\n"].concat();
        let derived = derive::of(&raw);
        words(WordedRow {
            uid: 7,
            date_at: derived.date_at,
            subject: derived.subject,
            from_name: derived.from_name,
            to_text: derived.to_text,
            coding: derived.coding,
            envelope: derived.envelope,
        })
    }

    #[test]
    fn people_are_those_of_the_envelope_with_repaired_names() {
        let tcvn3 = |text: &str| viet::encode_as(text, Coding::Tcvn3).unwrap_or_default();
        let legacy = [
            b"From: \"".as_slice(),
            &tcvn3("Nguyễn Thị Hương"),
            b"\" <huong@a.b>\r\nTo: \"",
            &tcvn3("Trần Văn Đức, Sở Nội vụ"),
            b"\" <duc@c.d>, An <an@c.d>",
        ]
        .concat();
        for (fields, from, to, cc) in [
            (
                &b"From: An <an@a.b>\r\nTo: binh@c.d, Lan <lan@c.d>\r\nCc: Chi <Chi@e.f>"[..],
                ("an", "An"),
                ("binh", "binh@c.d"),
                ("Chi", "Chi@e.f"),
            ),
            (
                b"From: =?utf-8?B?TmfDom4=?= <ngan@a.b>\r\nTo: =?utf-8?Q?L=C3=AA_Na?= <na@a.b>",
                ("ngan", "Ng\u{e2}n"),
                ("na", "L\u{ea} Na"),
                ("", ""),
            ),
            (
                &legacy,
                ("huong", "Nguyễn Thị Hương"),
                ("duc", "Trần Văn Đức, Sở Nội vụ"),
                ("", ""),
            ),
            // A group stands for itself; without From there is nobody, whatever Sender says.
            (
                b"Sender: s@a.b\r\nTo: Phong: a@b.c;",
                ("", ""),
                ("Phong", "Phong"),
                ("", ""),
            ),
        ] {
            let read = read(fields);
            let person = |person: &Person| (person.mailbox.clone(), person.shown.clone());
            let pair = |(mailbox, shown): (&str, &str)| (mailbox.to_owned(), shown.to_owned());
            assert_eq!(person(&read.from), pair(from));
            assert_eq!(person(&read.to), pair(to));
            assert_eq!(person(&read.cc), pair(cc));
        }
    }
}
