//! Fills an empty store with the made-up province, through the mailroom's own doors: letters from outside are received,
//! officials' letters are sent, documents are assigned by a document system. The clock is held at each letter's moment.

use super::letters::{self, Letter, Timed};
use super::{Province, bench, mime};
use crate::fault::{self, Fault};
use crate::office::Office;
use crate::progress::Progress;
use crate::write_new;
use bytes::Bytes;
use mailroom::assign::{AssigneePut, AssignmentPut, Document, Issuer, Link, Put, Signer};
use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::receive::{Incoming, Peer, RcptTo, Verdict};
use mailroom::signin::Door;
use mailroom::submit::{Draft, DraftFile};
use mailroom::{Access, Actor, Error, Mailroom};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{AccountId, EmailId, FlagChange, Role, flag};

/// Written last: a folder that has it is kept as it is.
const READY: &str = "demo-ready";
/// How many letters are in, so that a start that was cut short goes on where it stopped.
const PROGRESS: &str = "demo-letters-done";
const DAY_MS: i64 = 24 * 3_600_000;

/// Whether the data folder has its province already.
pub fn is_filled(data: &Path) -> bool {
    data.join(READY).exists()
}

/// Brings the province in, and `extra` plain accounts for load drivers. Does nothing where it is there already.
/// The office's clock must be `clock`, held.
pub async fn fill(
    office: &Office,
    province: &Province,
    clock: &Arc<AtomicI64>,
    extra: usize,
) -> Result<(), Fault> {
    let data = office.config.site.data.clone();
    let now = jiff::Timestamp::now();
    let seeding = Seeding {
        room: &office.room,
        province,
        console: office.room.console(),
        data: &data,
    };
    if !is_filled(&data) {
        clock.store(now.as_millisecond() - 40 * DAY_MS, Ordering::Release);
        seeding
            .people()
            .await
            .map_err(|fault| fault.during("people"))?;
        seeding.letters(now, clock).await?;
        clock.store(now.as_millisecond(), Ordering::Release);
        seeding.mark_old_as_seen(now.as_millisecond()).await?;
        seeding
            .documents(now)
            .await
            .map_err(|fault| fault.during("documents"))?;
        mark(&data.join(READY), "1")?;
    }
    clock.store(now.as_millisecond(), Ordering::Release);
    bench::accounts(&office.room, extra).await
}

fn mark(path: &Path, text: &str) -> Result<(), Fault> {
    write_new::replace(path, text.as_bytes(), false).map_err(|cause| fault::file(path, &cause))
}

/// What is there already stays.
pub fn kept<T>(outcome: Result<T, Error>) -> Result<(), Fault> {
    match outcome {
        Ok(_) | Err(Error::Exists) => Ok(()),
        Err(cause) => Err(cause.into()),
    }
}

fn broken(what: impl std::fmt::Display) -> Fault {
    Fault::failed(
        format!("dữ liệu mẫu sai: {what}"),
        format!("the demo's data is wrong: {what}"),
    )
}

struct Seeding<'a> {
    room: &'a Mailroom,
    province: &'a Province,
    console: Actor,
    data: &'a Path,
}

impl Seeding<'_> {
    fn address(&self, local: &str) -> String {
        self.province.address(local)
    }

    async fn people(&self) -> Result<(), Fault> {
        let (room, console, province) = (self.room, &self.console, self.province);
        kept(room.domain_add(console, &province.domain, None).await)?;
        for unit in &province.unit {
            let parent = unit.parent.as_deref();
            kept(
                room.unit_add(
                    console,
                    &unit.code,
                    &unit.name,
                    parent,
                    &unit.kind,
                    &unit.phone,
                )
                .await,
            )?;
            if let Some(mailbox) = &unit.mailbox {
                let account = NewAccount {
                    address: self.address(mailbox),
                    name: unit.name.clone(),
                    unit_code: Some(unit.code.clone()),
                    kind: Some(PrincipalKindWord::Unit),
                    ..NewAccount::default()
                };
                kept(room.account_add(console, account, None).await)?;
            }
        }
        let sink = NewAccount {
            address: province.sink_address(),
            name: "Hộp thu gom thư gửi ra ngoài (bản thử)".into(),
            kind: Some(PrincipalKindWord::Service),
            ..NewAccount::default()
        };
        kept(room.account_add(console, sink, None).await)?;
        let progress = Progress::new("Tạo tài khoản mẫu");
        for (done, person) in province.person.iter().enumerate() {
            progress.at(done, province.person.len());
            let account = NewAccount {
                address: self.address(&person.local),
                name: person.name.clone(),
                title: person.title.clone(),
                unit_code: Some(person.unit.clone()),
                staff_no: Some(person.staff_no.clone()),
                phone: Some(person.phone.clone()),
                kind: Some(PrincipalKindWord::Individual),
                sensitive: person.sensitive,
                aliases: person
                    .aliases
                    .iter()
                    .map(|local| self.address(local))
                    .collect(),
            };
            kept(
                room.account_add(console, account, Some(&person.password))
                    .await,
            )?;
        }
        self.rights().await
    }

    async fn rights(&self) -> Result<(), Fault> {
        let (room, console) = (self.room, &self.console);
        for person in &self.province.person {
            let address = self.address(&person.local);
            if let Some(unit) = &person.clerk_of {
                let unit = self.address(unit);
                kept(
                    room.membership_set(console, &address, &unit, "clerk", None)
                        .await,
                )?;
            }
            if let Some(code) = &person.admin_of {
                kept(room.unit_admin_set(console, &address, code, true).await)?;
            }
            if person.role == "admin" {
                let sink = self.province.sink_address();
                kept(
                    room.membership_set(console, &address, &sink, "read", None)
                        .await,
                )?;
            }
        }
        for list in &self.province.list {
            let account = NewAccount {
                address: self.address(&list.local),
                name: list.name.clone(),
                unit_code: Some(list.unit.clone()),
                kind: Some(PrincipalKindWord::List),
                ..NewAccount::default()
            };
            kept(room.account_add(console, account, None).await)?;
            let members: Vec<String> = list
                .members
                .iter()
                .map(|local| self.address(local))
                .collect();
            kept(
                room.list_set(console, &self.address(&list.local), &members)
                    .await,
            )?;
        }
        Ok(())
    }

    async fn letters(&self, now: jiff::Timestamp, clock: &AtomicI64) -> Result<(), Fault> {
        let all = letters::timed(now).map_err(broken)?;
        let by_key: HashMap<&str, &Letter> = all
            .iter()
            .map(|timed| (timed.letter.key.as_str(), &timed.letter))
            .collect();
        let file = self.data.join(PROGRESS);
        let before = std::fs::read_to_string(&file)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        let progress = Progress::new("Viết thư mẫu");
        for (done, timed) in all.iter().enumerate().skip(before) {
            progress.at(done, all.len());
            clock.store(timed.at, Ordering::Release);
            let written = match timed.from_outside {
                true => self.receive(timed, &by_key).await,
                false => self.send(timed, &by_key).await,
            };
            written.map_err(|fault| fault.during(&timed.letter.key))?;
            mark(&file, &(done + 1).to_string())?;
        }
        Ok(())
    }

    async fn receive(&self, timed: &Timed, by_key: &HashMap<&str, &Letter>) -> Result<(), Fault> {
        let letter = &timed.letter;
        let to: Vec<String> = letter.to.iter().map(|local| self.address(local)).collect();
        let mut references = Vec::new();
        let mut before = letter.re.as_deref();
        while let Some(earlier) = before.and_then(|key| by_key.get(key)) {
            references.insert(0, mime::message_id(earlier));
            before = earlier.re.as_deref();
        }
        let raw = mime::raw(letter, &to, timed.at, &references).map_err(broken)?;
        let mut recipients = Vec::new();
        for address in to {
            recipients.push(RcptTo {
                resolved: self.room.resolve(&address).await?,
                address,
                notify: None,
                orcpt: None,
            });
        }
        let incoming = Incoming {
            trace: self.room.new_trace(),
            peer: Peer {
                ip: "192.0.2.25".into(),
                helo: "mail.example".into(),
                tls: "TLSv1.3".into(),
            },
            mail_from: mime::name_and_address(&letter.from).1.to_owned(),
            recipients,
            raw: Bytes::from(raw),
            smtputf8: false,
            auth_results: String::new(),
            proven: false,
            verdict: if letter.junk {
                Verdict::Junk
            } else {
                Verdict::Inbox
            },
            reasons: Vec::new(),
            envid: None,
            ret: None,
        };
        match self.room.receive(incoming).await? {
            Ok(_) => Ok(()),
            Err(refused) => Err(broken(format!("{}: {refused:?}", letter.key))),
        }
    }

    async fn send(&self, timed: &Timed, by_key: &HashMap<&str, &Letter>) -> Result<(), Fault> {
        let letter = &timed.letter;
        let access = self.access(&letter.from, letter.of.as_deref()).await?;
        let in_reply_to = match letter.re.as_deref().and_then(|key| by_key.get(key)) {
            None => None,
            Some(answered) => Some(self.in_inbox(&access, &answered.subject).await?),
        };
        let files = letter.files.iter().map(|name| {
            let (media_type, content) = mime::file(name, &letter.subject);
            DraftFile {
                name: name.clone(),
                media_type: media_type.into(),
                content: Bytes::from(content),
            }
        });
        let draft = Draft {
            from: self.address(letter.of.as_deref().unwrap_or(&letter.from)),
            to: letter.to.iter().map(|local| self.address(local)).collect(),
            cc: letter.cc.iter().map(|local| self.address(local)).collect(),
            subject: letter.subject.clone(),
            text: letter.text.trim_start().to_owned(),
            in_reply_to,
            files: files.collect(),
            urgency: letter.urgency,
            ..Draft::default()
        };
        match access.send(draft).await? {
            Ok(_) => Ok(()),
            Err(why) => Err(broken(format!("{}: {why:?}", letter.key))),
        }
    }

    /// Opens a person's own mail, or a unit's mailbox as that person, who signs in as everybody does.
    async fn access(&self, local: &str, of: Option<&str>) -> Result<Access, Fault> {
        let person = self
            .province
            .person
            .iter()
            .find(|person| person.local == local);
        let person = person.ok_or_else(|| broken(format!("nobody is called {local}")))?;
        let address = self.address(local);
        let signed_in = self
            .room
            .sign_in(Door::Web, &address, &person.password, "127.0.0.1")
            .await?;
        let actor = signed_in.map_err(|no| broken(format!("{local} cannot sign in: {no:?}")))?;
        let account = match of {
            None => actor.principal,
            Some(unit) => {
                let found = self.room.find_address(&self.address(unit)).await?;
                found
                    .ok_or_else(|| broken(format!("no account {unit}")))?
                    .id
            }
        };
        Ok(self.room.open(&actor, AccountId::from(account)).await?)
    }

    async fn in_inbox(&self, access: &Access, subject: &str) -> Result<EmailId, Fault> {
        let inbox = access.mailbox_by_role(Role::Inbox).await?;
        let rows = access.list(inbox.id, None, 200, false).await?;
        rows.iter()
            .find(|row| row.subject == subject)
            .map(|row| row.email)
            .ok_or_else(|| broken(format!("nothing to answer: {subject}")))
    }

    /// Letters older than two days have been read, as in a mailbox in use.
    async fn mark_old_as_seen(&self, now_ms: i64) -> Result<(), Fault> {
        for person in &self.province.person {
            for of in [None, person.clerk_of.as_deref()] {
                let access = self.access(&person.local, of).await?;
                let inbox = access.mailbox_by_role(Role::Inbox).await?;
                let rows = access.list(inbox.id, None, 200, true).await?;
                let old: Vec<u32> = {
                    let mut uids: Vec<u32> = rows
                        .iter()
                        .filter(|row| row.received_at < now_ms - 2 * DAY_MS)
                        .map(|row| row.uid)
                        .collect();
                    uids.sort_unstable();
                    uids
                };
                if old.is_empty() {
                    continue;
                }
                let seen = FlagChange::Add {
                    flags: flag::SEEN,
                    keywords: Vec::new(),
                };
                access.flags(inbox.id, &old, seen, None).await?;
            }
        }
        Ok(())
    }

    /// A document system assigns documents over the same call the API uses. Its token is kept in the data folder.
    async fn documents(&self, now: jiff::Timestamp) -> Result<(), Fault> {
        for source in &self.province.source {
            let file = self.data.join(format!("source-{}.token", source.code));
            let made = self
                .room
                .source_add(
                    &self.console,
                    &source.code,
                    &source.name,
                    None,
                    &source.link_hosts,
                    365,
                )
                .await;
            match made {
                Ok(token) => write_new::replace(&file, token.as_bytes(), true)
                    .map_err(|cause| fault::file(&file, &cause))?,
                Err(Error::Exists) => {}
                Err(cause) => return Err(cause.into()),
            }
            let token =
                std::fs::read_to_string(&file).map_err(|cause| fault::file(&file, &cause))?;
            let signed_in = self
                .room
                .source_sign_in(&source.code, token.trim(), "127.0.0.1")
                .await?
                .ok_or_else(|| broken("the source's token is not taken"))?;
            for document in &self.province.document {
                let put = self.assignment(document, now)?;
                match self
                    .room
                    .assignment_put(&signed_in, &document.id, put)
                    .await?
                {
                    Put::Created(_) | Put::Updated(_) | Put::Replayed(_) | Put::Conflict => {}
                    refused => return Err(broken(format!("{}: {refused:?}", document.id))),
                }
            }
        }
        Ok(())
    }

    fn assignment(
        &self,
        row: &super::province::Document,
        now: jiff::Timestamp,
    ) -> Result<AssignmentPut, Fault> {
        let zone = jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").map_err(broken)?;
        let today = now.to_zoned(zone.clone()).date();
        let moment = |days: i64, hour: i8| {
            let date = today.saturating_add(jiff::Span::new().days(days));
            date.at(hour, 0, 0, 0)
                .to_zoned(zone.clone())
                .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
                .map_err(broken)
        };
        Ok(AssignmentPut {
            revision: 1,
            action: "assign".into(),
            document: Document {
                number: row.number.clone(),
                notation: row.notation.clone(),
                type_name: row.kind.clone(),
                issued_on: today
                    .saturating_sub(jiff::Span::new().days(row.day))
                    .to_string(),
                issuer: Issuer {
                    code: String::new(),
                    name: row.issuer.clone(),
                },
                subject: row.subject.clone(),
                urgency: row.urgency,
                secrecy: "none".into(),
                signer: Signer {
                    name: row.signer.clone(),
                    ..Signer::default()
                },
                ..Document::default()
            },
            assignees: vec![AssigneePut {
                mailbox: Some(self.address(&row.to)),
                staff_no: None,
                unit_code: None,
                title: None,
                role: row.role.clone(),
                due_at: Some(moment(row.due, 17)?),
                note: String::new(),
            }],
            assigned_by: row.by.clone(),
            assigned_at: moment(-row.day, 8)?,
            instruction: row.instruction.clone(),
            link: Some(Link {
                url: format!("https://qlvb.{}/van-ban/{}", self.province.domain, row.id),
                label: "Mở trong phần mềm quản lý văn bản".into(),
            }),
            notify: Default::default(),
        })
    }
}
