//! Letters composed on the page: sent, or kept as drafts. The page says what; everything that must be right in bytes is
//! made here.

use bytes::Bytes;
use store::*;

use super::{Handed, Unsendable};
use crate::compose::{self, Composed, File};
use crate::receive::{Peer, RcptTo};
use crate::{Access, Denied, Error, Right, address, derive, letter};

/// A letter composed on the page.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// "" for the account's own address.
    pub from: String,
    /// Each "Name <address>" or "address".
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: String,
    pub text: String,
    pub in_reply_to: Option<EmailId>,
    /// Marked as passed on; its text and those of its files that go along are in `text` and `files`.
    pub forward_of: Option<EmailId>,
    pub files: Vec<DraftFile>,
    /// The stored draft this one came from; it is removed when the letter is sent or saved again.
    pub replaces: Option<EmailId>,
    /// 0 ordinary … 3 immediate (hỏa tốc).
    pub urgency: u8,
}

#[derive(Clone, Debug)]
pub struct DraftFile {
    pub name: String,
    pub media_type: String,
    pub content: Bytes,
}

/// The draft's people as (name, address), and the words that are none.
struct People {
    to: Vec<(String, String)>,
    cc: Vec<(String, String)>,
    bcc: Vec<(String, String)>,
    malformed: Vec<String>,
}

/// What the draft refers to, read from the account.
#[derive(Default)]
struct Referred {
    answered: Option<EmailRow>,
    forwarded: Option<EmailRow>,
    in_reply_to: Option<String>,
    references: Vec<String>,
}

impl Access {
    /// Sends a composed letter: Sent copy, local copies, outbox rows, draft removed in one transaction; then the letter it
    /// answers is marked.
    pub async fn send(&self, draft: Draft) -> Result<Result<TraceId, Unsendable>, Error> {
        self.need(Right::SendAs).await?;
        self.need(Right::Write).await?;
        let people = people(&draft);
        if !people.malformed.is_empty() {
            return Ok(Err(Unsendable::Malformed(people.malformed)));
        }
        let from = match self.sender_of(&draft).await? {
            Some(from) => from,
            None => return Ok(Err(Unsendable::MayNotSendAs)),
        };
        let recipients = match self.recipients(&people).await? {
            Ok(recipients) => recipients,
            Err(fault) => return Ok(Err(fault)),
        };
        let referred = self.referred(&draft).await?;
        let raw = self
            .compose(&draft, &from, &people, &referred, false)
            .await?;
        self.room_for(raw.len()).await?;
        let now = self.room.now();
        let handed = Handed {
            trace: self.room.new_trace(),
            peer: Peer {
                ip: self.actor.peer_ip.clone(),
                helo: String::new(),
                tls: String::new(),
            },
            mail_from: from.1.clone(),
            recipients,
            raw,
            smtputf8: false,
            envid: None,
            ret: None,
            priority: i8::try_from(draft.urgency.min(3)).unwrap_or(0),
            onward: crate::receive::Onward::AnyWay,
            account: self.account,
            own_copy: Some(LocalCopy {
                account: self.account,
                target: Target::Role(Role::Sent),
                flags: flag::SEEN,
                keywords: Vec::new(),
                received_at: now,
                recipient: String::new(),
            }),
            replaces: self.place_of(draft.replaces).await?,
            release: None,
        };
        let sent = self.room.hand_in(&self.actor, handed).await?;
        if sent.is_ok() {
            self.mark(&referred).await;
        }
        Ok(sent.map(|(trace, _)| trace))
    }

    /// Saves to Drafts, replacing the earlier one.
    pub async fn save_draft(&self, draft: Draft) -> Result<EmailId, Error> {
        self.need(Right::Write).await?;
        let people = people(&draft);
        let from = self
            .sender_of(&draft)
            .await?
            .unwrap_or_else(|| (self.actor.name.clone(), self.actor.address.clone()));
        let referred = self.referred(&draft).await?;
        let raw = self
            .compose(&draft, &from, &people, &referred, true)
            .await?;
        self.room_for(raw.len()).await?;
        let now = self.room.now();
        let delivery = Delivery {
            trace: None,
            body: derive::body(self.room.store(), now, raw).await?,
            copies: vec![LocalCopy {
                account: self.account,
                target: Target::Role(Role::Drafts),
                flags: flag::SEEN | flag::DRAFT,
                keywords: Vec::new(),
                received_at: now,
                recipient: String::new(),
            }],
            submission: None,
            replaces: self.place_of(draft.replaces).await?,
        };
        let placed = self.room.placed(delivery).await?;
        placed
            .first()
            .map(|one| one.email)
            .ok_or_else(|| Error::Broken("nothing was placed".into()))
    }

    /// (name, address) to write into From: the account's own, or one the actor may use. `None`: may not.
    async fn sender_of(&self, draft: &Draft) -> Result<Option<(String, String)>, Error> {
        let owner = self
            .room
            .store()
            .principal(self.account.into())
            .await?
            .ok_or(Error::Missing)?;
        let wanted = match person(&draft.from) {
            None => (owner.name.clone(), owner.address.clone()),
            Some((_, address)) if address == owner.address => {
                (owner.name.clone(), owner.address.clone())
            }
            Some((name, address)) => {
                let named = self
                    .room
                    .principal_at(&address)
                    .await?
                    .map_or(name, |one| one.name);
                (named, address)
            }
        };
        Ok(self
            .room
            .may_send_as(&self.actor, &wanted.1)
            .await?
            .then_some(wanted))
    }

    async fn recipients(&self, people: &People) -> Result<Result<Vec<RcptTo>, Unsendable>, Error> {
        let all: Vec<&(String, String)> = people
            .to
            .iter()
            .chain(&people.cc)
            .chain(&people.bcc)
            .collect();
        if all.len() > self.room.policy().recipients_max {
            return Ok(Err(Unsendable::TooMany));
        }
        let mut recipients: Vec<RcptTo> = Vec::with_capacity(all.len());
        for (_, to) in all {
            if recipients.iter().any(|known| known.address == *to) {
                continue;
            }
            let resolved = self.room.resolve(to).await?;
            recipients.push(RcptTo {
                address: to.clone(),
                notify: None,
                orcpt: None,
                resolved,
            });
        }
        Ok(Ok(recipients))
    }

    async fn referred(&self, draft: &Draft) -> Result<Referred, Error> {
        let mut referred = Referred::default();
        if let Some(email) = draft.in_reply_to {
            let row = self.referred_letter(email).await?;
            let read = letter::read(&header_of(&self.room.store().body(row.body).await?));
            referred.in_reply_to = read.message_id.clone();
            referred.references = if read.references.is_empty() {
                read.in_reply_to
            } else {
                read.references
            };
            referred.references.extend(read.message_id);
            referred.answered = Some(row);
        }
        if let Some(email) = draft.forward_of {
            referred.forwarded = Some(self.referred_letter(email).await?);
        }
        Ok(referred)
    }

    /// The letter answered or passed on: of this account, or of another that the actor may read (a letter to the person,
    /// answered in the unit's name).
    async fn referred_letter(&self, email: EmailId) -> Result<EmailRow, Error> {
        if let Some(row) = self.room.store().email(self.account, email).await? {
            return Ok(row);
        }
        for (account, ..) in self.room.accounts_of(&self.actor).await? {
            if let Some(row) = self.room.store().email(account, email).await? {
                return Ok(row);
            }
        }
        Err(Error::Missing)
    }

    /// The attached files of a letter, decoded.
    pub(super) async fn files_of(&self, row: &EmailRow) -> Result<Vec<DraftFile>, Error> {
        let raw = self.room.store().body(row.body).await?;
        let read = move || {
            let letter = letter::read(&raw);
            let file = |one: letter::Attachment| DraftFile {
                content: letter::attachment(&raw, &one.part)
                    .unwrap_or_default()
                    .into(),
                name: one.name,
                media_type: one.media_type,
            };
            letter.attachments.into_iter().map(file).collect()
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|cause| Error::Broken(cause.to_string()))
    }

    /// The bytes. Only a draft names Bcc.
    async fn compose(
        &self,
        draft: &Draft,
        from: &(String, String),
        people: &People,
        referred: &Referred,
        is_draft: bool,
    ) -> Result<Bytes, Error> {
        let bytes: usize = draft.files.iter().map(|file| file.content.len()).sum();
        if bytes + draft.text.len() > self.room.policy().message_bytes_max {
            return Err(Denied::OverLimit.into());
        }
        let now = self.room.now();
        let composed = Composed {
            from: from.clone(),
            // Sent in the unit's name by a person: the person is named too (RFC 5322 §3.6.2).
            sender: (self.actor.address != from.1
                && AccountId::from(self.actor.principal) != self.account)
                .then(|| (self.actor.name.clone(), self.actor.address.clone())),
            to: people.to.clone(),
            cc: people.cc.clone(),
            bcc: if is_draft {
                people.bcc.clone()
            } else {
                Vec::new()
            },
            subject: &draft.subject,
            text: &draft.text,
            message_id: self.room.new_message_id(&from.1, now),
            in_reply_to: referred.in_reply_to.clone(),
            references: referred.references.clone(),
            at: now,
            urgency: draft.urgency.min(3),
            files: draft.files.iter().map(as_file).collect(),
        };
        Ok(compose::letter(&composed)?.into())
    }

    /// Where the draft to be replaced stands; it must be a draft of this account.
    async fn place_of(&self, draft: Option<EmailId>) -> Result<Vec<(MailboxId, u32)>, Error> {
        let Some(draft) = draft else {
            return Ok(Vec::new());
        };
        match self.room.store().email(self.account, draft).await? {
            Some(row) if row.flags & flag::DRAFT != 0 => Ok(vec![(row.mailbox, row.uid)]),
            Some(_) => Err(Denied::NotAllowed.into()),
            // Sent or replaced by another device a moment ago: nothing to remove.
            None => Ok(Vec::new()),
        }
    }

    /// Marks what was answered or passed on, where the actor may. The letter is sent already: a failure is only logged.
    async fn mark(&self, referred: &Referred) {
        let answered = FlagChange::Add {
            flags: flag::ANSWERED,
            keywords: Vec::new(),
        };
        let forwarded = FlagChange::Add {
            flags: 0,
            keywords: vec!["$Forwarded".into()],
        };
        for (row, change) in [
            (&referred.answered, answered),
            (&referred.forwarded, forwarded),
        ] {
            let Some(row) = row else { continue };
            let marked = match self.room.open(&self.actor, row.account).await {
                Ok(there) if there.rights().write => there
                    .flags(row.mailbox, &[row.uid], change, None)
                    .await
                    .map(drop),
                Ok(_) => Ok(()),
                Err(cause) => Err(cause),
            };
            if let Err(cause) = marked {
                tracing::warn!(%cause, email = %row.email, "the answered letter was not marked");
            }
        }
    }
}

fn as_file(file: &DraftFile) -> File<'_> {
    File {
        name: &file.name,
        media_type: &file.media_type,
        content: &file.content,
    }
}

pub(super) fn header_of(raw: &Bytes) -> Bytes {
    raw.slice(..crate::header::body_start(raw))
}

fn people(draft: &Draft) -> People {
    let mut malformed = Vec::new();
    let mut read = |typed: &[String]| -> Vec<(String, String)> {
        let mut found = Vec::new();
        for word in typed.iter().filter(|word| !word.trim().is_empty()) {
            match person(word) {
                Some(one) => found.push(one),
                None => malformed.push(word.trim().to_owned()),
            }
        }
        found
    };
    let (to, cc, bcc) = (read(&draft.to), read(&draft.cc), read(&draft.bcc));
    People {
        to,
        cc,
        bcc,
        malformed,
    }
}

/// "Name <address>" or "address" as (name, address).
pub(super) fn person(typed: &str) -> Option<(String, String)> {
    let typed = typed.trim().trim_end_matches([',', ';']);
    match typed.rsplit_once('<') {
        Some((name, rest)) => {
            let address = address::normal(rest.trim_end().strip_suffix('>')?)?;
            Some((name.trim().trim_matches('"').trim().to_owned(), address))
        }
        None => Some((String::new(), address::normal(typed)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_read_as_typed() {
        for (typed, read) in [
            ("an@a.b", Some(("", "an@a.b"))),
            ("Nguyễn An <An@a.b>", Some(("Nguyễn An", "an@a.b"))),
            ("\"Lê, Lan\" <lan@a.b>,", Some(("Lê, Lan", "lan@a.b"))),
            ("<lan@a.b>", Some(("", "lan@a.b"))),
            ("lan", None),
            ("lan@", None),
            ("Lan <lan@a.b", None),
            ("a@b.c\r\nBcc: x@y.z", None),
        ] {
            assert_eq!(
                person(typed),
                read.map(|(name, address)| (name.to_owned(), address.to_owned())),
                "{typed}"
            );
        }
    }
}
