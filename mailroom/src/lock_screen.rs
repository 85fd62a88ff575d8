//! What the lock screen tells of new letters: how many, and also whom they are from where the province allows it and the
//! person turned it on. Never a subject; of letters that carry a mark of secrecy nothing but the count.

use serde_json::{Map, Value};
use store::{AccountId, Arrived, Behind};

use crate::{Actor, Denied, Error, Mailroom, header, limits};

/// A person's choice, for all of their devices.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LockScreen {
    #[default]
    Count,
    Senders,
}

/// Field of the account's settings.
const FIELD: &str = "lock_screen";

impl LockScreen {
    fn word(self) -> &'static str {
        match self {
            LockScreen::Count => "count",
            LockScreen::Senders => "senders",
        }
    }

    fn of(settings: &Map<String, Value>) -> LockScreen {
        let word = settings.get(FIELD).and_then(Value::as_str);
        match word == Some(LockScreen::Senders.word()) {
            true => LockScreen::Senders,
            false => LockScreen::Count,
        }
    }
}

/// Whom the letters that a device is owed are from. Empty: only the count is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Senders {
    /// Different ones, newest first, repaired as lists show them.
    pub names: Vec<String>,
    /// There are letters of others too, or some that are counted only.
    pub more: bool,
}

impl Mailroom {
    /// The actor's choice; `None` where the province tells counts only, or the actor has no mail.
    pub async fn lock_screen(&self, actor: &Actor) -> Result<Option<LockScreen>, Error> {
        if !self.policy().push_shows_senders {
            return Ok(None);
        }
        match self.store().account(actor.principal.into()).await {
            Ok(account) => Ok(Some(LockScreen::of(&settings(&account.settings)?))),
            Err(store::Error::Missing(_)) => Ok(None),
            Err(cause) => Err(cause.into()),
        }
    }

    pub async fn lock_screen_set(&self, actor: &Actor, choice: LockScreen) -> Result<(), Error> {
        let offered = self.lock_screen(actor).await?.is_some();
        if !offered || !self.is_active(actor.principal).await? {
            return Err(Denied::NotAllowed.into());
        }
        let id = AccountId::from(actor.principal);
        let mut fields = settings(&self.store().account(id).await?.settings)?;
        fields.insert(FIELD.to_owned(), Value::from(choice.word()));
        let text = Value::Object(fields).to_string();
        self.store().account_settings_set(id, text).await?;
        Ok(())
    }

    /// Whom to name to a device: nobody unless both the province and the person want it.
    pub(crate) async fn senders_of(&self, owed: &Behind) -> Result<Senders, Error> {
        let mut senders = Senders::default();
        let wanted = self.policy().push_shows_senders
            && owed.letters > 0
            && LockScreen::of(&settings(&owed.settings)?) == LockScreen::Senders;
        if !wanted {
            return Ok(senders);
        }
        let letters = self
            .store()
            .letters_behind(owed, limits::SENDERS_LOOKED_AT)
            .await?;
        senders.more = usize::try_from(owed.letters).is_ok_and(|all| all > letters.len());
        for letter in &letters {
            let name = shown(letter);
            if senders.names.contains(&name) {
                continue;
            }
            let full = senders.names.len() >= limits::SENDERS_MAX;
            if full || name.is_empty() || self.is_marked(letter).await? {
                senders.more = true;
            } else {
                senders.names.push(name);
            }
        }
        Ok(senders)
    }

    /// A letter too large to be looked at for its mark counts as marked.
    async fn is_marked(&self, letter: &Arrived) -> Result<bool, Error> {
        if subject_is_marked(&letter.subject) || letter.size > limits::MARK_LOOK_BYTES_MAX {
            return Ok(true);
        }
        match self.store().body(letter.body).await {
            Ok(raw) => Ok(is_sensitive(&raw)),
            // Deleted meanwhile.
            Err(store::Error::Missing(_)) => Ok(true),
            Err(cause) => Err(cause.into()),
        }
    }
}

fn settings(text: &str) -> Result<Map<String, Value>, Error> {
    serde_json::from_str(text)
        .map_err(|cause| Error::Broken(format!("the settings of an account: {cause}")))
}

/// The sender's name, else what stands before the @ of the address.
fn shown(letter: &Arrived) -> String {
    let name = clean(&letter.from_name);
    if !name.is_empty() {
        return name;
    }
    let address = letter.from_address.as_str();
    clean(address.rsplit_once('@').map_or(address, |(local, _)| local))
}

/// One line, bounded, without signs that nobody sees or that turn the order of what follows.
fn clean(name: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let visible: String = name
        .chars()
        .filter(|c| !hidden(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    words
        .join(" ")
        .chars()
        .take(limits::SENDER_CHARS_MAX)
        .collect()
}

/// Sensitivity (RFC 4021 §2.1.55): Personal, Private, Company-Confidential; what else may stand there is kept too.
fn is_sensitive(raw: &[u8]) -> bool {
    header::first(raw, "Sensitivity").is_some_and(|value| {
        let value = value.trim();
        !value.is_empty() && !value.eq_ignore_ascii_case("normal")
    })
}

/// Marks that are nothing else wherever they stand.
const MARKS: [&str; 5] = ["tối mật", "tuyệt mật", "độ mật", "[mật", "(mật"];
/// "Mật" at the beginning is a mark unless it is half of one of these words.
const NO_MARKS: [&str; 6] = ["khẩu", "mã", "ong", "độ", "thiết", "mía"];

/// Whether a subject carries a degree of secrecy. In doubt it does: then only a name is missing on a lock screen.
fn subject_is_marked(subject: &str) -> bool {
    let low = subject.to_lowercase();
    let mut words = subject.split(|c: char| !c.is_alphanumeric());
    MARKS.iter().any(|mark| low.contains(mark))
        || words.any(|word| word == "MẬT")
        || low.split(':').any(begins_with_mark)
}

fn begins_with_mark(part: &str) -> bool {
    let part = part.trim();
    if ["mat", "toi mat", "tuyet mat"].contains(&part) {
        return true;
    }
    part.strip_prefix("mật").is_some_and(|rest| {
        let next = rest.trim_start();
        !rest.starts_with(char::is_alphanumeric)
            && !NO_MARKS.iter().any(|word| next.starts_with(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_secrecy_are_seen() {
        for (subject, marked) in [
            ("Mật: số 12/CV", true),
            ("Re: Mật: số 12/CV", true),
            ("Mật - về việc nhân sự", true),
            ("[Mật] Kế hoạch", true),
            ("Kế hoạch (mật)", true),
            ("Công văn MẬT số 5", true),
            ("V/v tài liệu tối mật", true),
            ("TUYỆT MẬT", true),
            ("Mat: so 12", true),
            ("Mật", true),
            ("Đổi mật khẩu", false),
            ("Mật khẩu ứng dụng mới", false),
            ("Re: mật độ dân số năm 2026", false),
            ("Tập huấn bảo mật thông tin", false),
            ("Mời họp giao ban", false),
            ("Mát mẻ", false),
            ("", false),
        ] {
            assert_eq!(subject_is_marked(subject), marked, "{subject}");
        }
    }

    #[test]
    fn a_sensitivity_field_is_a_mark() {
        for (value, marked) in [
            ("Company-Confidential", true),
            ("private", true),
            ("Normal", false),
            ("", false),
        ] {
            let raw = format!("From: a@b\r\nSensitivity: {value}\r\n\r\nx");
            assert_eq!(is_sensitive(raw.as_bytes()), marked, "{value}");
        }
        assert!(!is_sensitive(b"From: a@b\r\n\r\nSensitivity: private"));
    }

    #[test]
    fn names_are_one_bounded_line() {
        let letter = |name: &str, address: &str| Arrived {
            body: store::BodyId(1),
            from_name: name.into(),
            from_address: address.into(),
            subject: String::new(),
            size: 1,
        };
        for (name, address, told) in [
            ("Sở Nội vụ", "sonoivu@a.b", "Sở Nội vụ"),
            (" Sở\r\n\u{202e}Nội \u{200b} vụ ", "x@a.b", "Sở Nội vụ"),
            ("", "van.thu@a.b", "van.thu"),
            ("\u{feff}", "khong-co-vong", "khong-co-vong"),
            ("", "", ""),
        ] {
            assert_eq!(shown(&letter(name, address)), told);
        }
        let long = shown(&letter(&"ệ".repeat(500), "x@a.b"));
        assert_eq!(long.chars().count(), limits::SENDER_CHARS_MAX);
    }

    #[test]
    fn settings_say_what_is_told() {
        for (text, choice) in [
            ("{}", LockScreen::Count),
            (r#"{"lock_screen":"count"}"#, LockScreen::Count),
            (r#"{"lock_screen":7}"#, LockScreen::Count),
            (r#"{"a":1,"lock_screen":"senders"}"#, LockScreen::Senders),
        ] {
            assert_eq!(
                settings(text).ok().map(|s| LockScreen::of(&s)),
                Some(choice)
            );
        }
        assert!(settings("[]").is_err() && settings("").is_err());
    }
}
