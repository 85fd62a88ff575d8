//! One row of a list: what tells this letter apart from the next.

use super::mark::{Stretch, Wanted};
use super::names;
use super::subject::Subject;
use crate::lang::Lang;
use crate::time;
use mailroom::search::Hit;
use store::{EmailRow, Role, flag};

#[derive(Clone, Debug)]
pub struct Row {
    pub href: String,
    pub unread: bool,
    pub flagged: bool,
    pub answered: bool,
    pub sender: Vec<Stretch>,
    /// Key of the urgency words or "".
    pub urgency: &'static str,
    pub lead: Vec<Stretch>,
    pub number: String,
    pub tail: Vec<Stretch>,
    pub preview: Vec<Stretch>,
    pub time: String,
    pub machine_time: String,
    pub files: u32,
    /// The attached file in which it was found, or "".
    pub in_file: String,
    /// Mailbox name, shown where rows come from several.
    pub place: String,
    /// Stands over this row and those that follow, or "".
    pub heading: String,
}

impl Row {
    /// `role` of the mailbox the list shows: sent letters and drafts show whom they go to.
    pub fn of(row: &EmailRow, role: Option<Role>, lang: Lang, wanted: &Wanted) -> Row {
        let mut subject = Subject::parse(&row.subject, row.urgency);
        if subject.is_empty() {
            subject.lead = lang.t("no-subject");
        }
        let outgoing = matches!(role, Some(Role::Sent | Role::Drafts));
        let sender = if outgoing {
            match row.to_text.trim() {
                "" => lang.t("no-recipient"),
                to => lang.tx("to-whom", to),
            }
        } else {
            names::person(lang, &row.from_name, &row.from_address)
        };
        let draft = row.flags & flag::DRAFT != 0 || role == Some(Role::Drafts);
        let href = match draft {
            true => format!("/soan?nhap={}.{}", row.account, row.email),
            false => format!("/thu/{}/{}", row.account, row.email),
        };
        Row {
            href,
            unread: row.flags & flag::SEEN == 0 && !draft,
            flagged: row.flags & flag::FLAGGED != 0,
            answered: row.flags & flag::ANSWERED != 0,
            sender: wanted.mark(&sender),
            urgency: subject.urgency_key(),
            lead: wanted.mark(&subject.lead),
            tail: wanted.mark(&subject.tail),
            number: subject.number,
            preview: wanted.mark(row.preview.trim()),
            time: time::full(row.received_at),
            machine_time: time::machine(row.received_at),
            files: row.attachments,
            in_file: String::new(),
            place: String::new(),
            heading: String::new(),
        }
    }
}

impl Row {
    /// Shows where the words were found instead of how the letter begins.
    pub fn found_at(&mut self, hit: &Hit, wanted: &Wanted) {
        self.preview = wanted.mark(&hit.snippet);
        self.in_file = hit.file.clone().unwrap_or_default();
    }
}

/// Rows without a search.
pub fn plain(rows: &[EmailRow], role: Option<Role>, lang: Lang) -> Vec<Row> {
    let nothing = Wanted::default();
    rows.iter()
        .map(|row| Row::of(row, role, lang, &nothing))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use store::{AccountId, BodyId, EmailId, MailboxId, ThreadId};

    fn one(text: &str) -> Vec<Stretch> {
        vec![Stretch {
            text: text.to_owned(),
            hit: false,
        }]
    }

    pub(crate) fn email(subject: &str) -> EmailRow {
        EmailRow {
            email: EmailId(7),
            account: AccountId(3),
            mailbox: MailboxId(5),
            uid: 9,
            body: BodyId(1),
            thread: ThreadId(1),
            flags: 0,
            keywords: String::new(),
            received_at: 1_795_138_990_000,
            size: 1,
            trace: None,
            subject: subject.to_owned(),
            from_name: "Văn phòng UBND tỉnh".into(),
            from_address: "vp@tinh.example".into(),
            to_text: "Sở Nội vụ".into(),
            preview: "Kính gửi".into(),
            attachments: 2,
            urgency: 0,
            message_id: None,
        }
    }

    #[test]
    fn rows_say_who_when_and_how_urgent() {
        let row = Row::of(
            &email("HỎA TỐC 2045/VP-HC V/v báo cáo"),
            Some(Role::Inbox),
            Lang::Vi,
            &Wanted::default(),
        );
        assert_eq!(row.href, "/thu/3/7");
        assert_eq!(
            (row.urgency, row.number.as_str()),
            ("urgency-3", "2045/VP-HC")
        );
        assert_eq!(row.time, "20/11/2026 08:43");
        assert!(row.unread && !row.flagged);
        assert_eq!(row.sender, one("Văn phòng UBND tỉnh"));
    }

    #[test]
    fn sent_letters_show_their_recipients_and_drafts_open_for_writing() {
        let sent = Row::of(&email(""), Some(Role::Sent), Lang::Vi, &Wanted::default());
        assert_eq!(sent.sender, one(&Lang::Vi.tx("to-whom", "Sở Nội vụ")));
        assert_eq!(sent.lead, one(&Lang::Vi.t("no-subject")));
        let mut draft = email("x");
        draft.flags = flag::DRAFT;
        assert_eq!(
            Row::of(&draft, Some(Role::Drafts), Lang::Vi, &Wanted::default()).href,
            "/soan?nhap=3.7"
        );
    }

    #[test]
    fn twenty_letters_that_begin_alike_stay_apart() {
        let mut seen = std::collections::HashSet::new();
        for n in 0..20 {
            let subject =
                format!("Công văn số 11{n}/UBND-NC V/v báo cáo kết quả thực hiện nhiệm vụ {n}");
            let row = Row::of(
                &email(&subject),
                Some(Role::Inbox),
                Lang::Vi,
                &Wanted::default(),
            );
            assert!(seen.insert(row.number), "{subject}");
        }
    }
}
