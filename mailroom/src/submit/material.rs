//! What a page needs to begin an answer, to pass a letter on, or to go on with a draft.

use store::*;

use super::Draft;
use super::draft::person;
use crate::{Access, Error, Right, address, letter, time};

impl Access {
    /// An answer to a letter, to its sender or to all; the own addresses are left out.
    pub async fn reply_draft(&self, email: EmailId, to_all: bool) -> Result<Draft, Error> {
        self.need(Right::Read).await?;
        let (row, read) = self.read(email).await?;
        let own: Vec<String> = self
            .room
            .store()
            .addresses_of(self.account.into())
            .await?
            .into_iter()
            .map(|one| one.address)
            .collect();
        let mine = |one: &letter::Mailbox| {
            address::normal(&one.address).is_some_and(|address| own.contains(&address))
        };
        let senders = if read.reply_to.is_empty() {
            &read.from
        } else {
            &read.reply_to
        };
        // Answering one's own letter means its recipients.
        let senders = if senders.iter().all(mine) {
            &read.to
        } else {
            senders
        };
        let to: Vec<String> = senders.iter().map(shown).collect();
        let others = read
            .to
            .iter()
            .chain(&read.cc)
            .filter(|one| !mine(one))
            .map(shown);
        let cc: Vec<String> = if to_all {
            others.filter(|one| !to.contains(one)).collect()
        } else {
            Vec::new()
        };
        Ok(Draft {
            to,
            cc,
            subject: prefixed("Re: ", &row.subject),
            text: format!("\n\n{}", quoted(&read, row.received_at)),
            in_reply_to: Some(email),
            ..Draft::default()
        })
    }

    /// A letter passed on: its text below, its files along.
    pub async fn forward_draft(&self, email: EmailId) -> Result<Draft, Error> {
        self.need(Right::Read).await?;
        let (row, read) = self.read(email).await?;
        let people = |all: &[letter::Mailbox]| all.iter().map(shown).collect::<Vec<_>>().join(", ");
        let text = format!(
            "\n\n---------- Thư chuyển tiếp ----------\nTừ: {}\nNgày: {}\nTiêu đề: {}\nĐến: {}\n\n{}",
            people(&read.from),
            time::spoken(read.date.unwrap_or(row.received_at)),
            row.subject,
            people(&read.to),
            read.text,
        );
        Ok(Draft {
            subject: prefixed("Fwd: ", &row.subject),
            text,
            files: self.files_of(&row).await?,
            forward_of: Some(email),
            ..Draft::default()
        })
    }

    /// A stored draft as it was composed, files included.
    pub async fn open_draft(&self, email: EmailId) -> Result<Draft, Error> {
        self.need(Right::Write).await?;
        let (row, read) = self.read(email).await?;
        let answered = match read.in_reply_to.first() {
            Some(id) => self
                .room
                .store()
                .emails_by_message_id(self.account, id)
                .await?
                .first()
                .map(|one| one.email),
            None => None,
        };
        let all = |people: &[letter::Mailbox]| people.iter().map(shown).collect();
        Ok(Draft {
            from: read
                .from
                .first()
                .map(|one| one.address.clone())
                .unwrap_or_default(),
            to: all(&read.to),
            cc: all(&read.cc),
            bcc: all(&read.bcc),
            subject: row.subject.clone(),
            text: read
                .text
                .trim_end_matches(['\r', '\n'])
                .replace("\r\n", "\n"),
            in_reply_to: answered,
            forward_of: None,
            files: self.files_of(&row).await?,
            replaces: (row.flags & flag::DRAFT != 0).then_some(email),
            urgency: row.urgency,
        })
    }

    async fn read(&self, email: EmailId) -> Result<(EmailRow, letter::Letter), Error> {
        let row = self.email(email).await?;
        let raw = self.room.store().body(row.body).await?;
        let read = tokio::task::spawn_blocking(move || letter::read(&raw)).await;
        Ok((row, read.map_err(|cause| Error::Broken(cause.to_string()))?))
    }
}

fn shown(one: &letter::Mailbox) -> String {
    let both = format!(
        "{} <{}>",
        one.name.replace(['<', '>', '\r', '\n'], " "),
        one.address
    );
    if one.name.is_empty() || person(&both).is_none() {
        one.address.clone()
    } else {
        both
    }
}

/// "Re: Re: …" never grows, whatever other programs call it.
fn prefixed(prefix: &str, subject: &str) -> String {
    let mut rest = subject.trim();
    loop {
        let lower = rest.to_lowercase();
        let known = [
            "re:",
            "fw:",
            "fwd:",
            "tl:",
            "trả lời:",
            "chuyển tiếp:",
            "ct:",
        ];
        let Some(found) = known.into_iter().find(|known| lower.starts_with(known)) else {
            break;
        };
        let Some(stripped) = rest.get(found.len()..) else {
            break;
        };
        rest = stripped.trim_start();
    }
    format!("{prefix}{rest}")
}

fn quoted(read: &letter::Letter, received_at: i64) -> String {
    let who = read.from.first().map(|one| {
        if one.name.is_empty() {
            one.address.clone()
        } else {
            one.name.clone()
        }
    });
    let when = time::spoken(read.date.unwrap_or(received_at));
    let lines: Vec<String> = read
        .text
        .trim_end()
        .lines()
        .map(|line| {
            if line.starts_with('>') {
                format!(">{line}")
            } else {
                format!("> {line}")
            }
        })
        .collect();
    format!(
        "Ngày {when}, {} viết:\n{}\n",
        who.unwrap_or_default(),
        lines.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_get_one_prefix() {
        for (subject, answered) in [
            ("Họp", "Re: Họp"),
            ("Re: Họp", "Re: Họp"),
            ("RE: Fwd: TRẢ LỜI: Họp", "Re: Họp"),
            ("Rework", "Re: Rework"),
            ("", "Re: "),
        ] {
            assert_eq!(prefixed("Re: ", subject), answered);
        }
    }

    #[test]
    fn quotes_are_marked() {
        let read = letter::read(
            "From: An <an@a.b>\r\nDate: Thu, 1 Jan 1970 07:00:00 +0700\r\n\r\nMột\r\n> Hai\r\n"
                .as_bytes(),
        );
        assert_eq!(
            quoted(&read, 5),
            "Ngày 01/01/1970 07:00, An viết:\n> Một\n>> Hai\n"
        );
    }
}
