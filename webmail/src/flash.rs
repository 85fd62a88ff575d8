//! The message after an action: carried in the address of the next page as a word of a table, never as text, so that
//! nobody can put words into our mouth by a link. May offer to take the action back.

use crate::form::Fields;
use crate::lang::Lang;

/// What the next page says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    pub text: String,
    /// (address of the form, mailbox to move back to)
    pub undo: Option<(String, String)>,
    /// (address, words) of something to look at.
    pub link: Option<(String, String)>,
    pub warning: bool,
}

/// word in the address, key of the words, is it a warning
const TABLE: [(&str, &str, bool); 41] = [
    ("gui", "flash-sent", false),
    ("nhap", "flash-draft-saved", false),
    ("xoa", "flash-trashed", false),
    ("xoa-han", "flash-deleted", false),
    ("chuyen", "flash-moved", false),
    ("luu-tru", "flash-archived", false),
    ("rac", "flash-junked", false),
    ("khong-rac", "flash-not-junk", false),
    ("hoan-tac", "flash-undone", false),
    ("chua-doc", "flash-unread", false),
    ("danh-dau", "flash-flagged", false),
    ("bo-danh-dau", "flash-unflagged", false),
    ("da-nhan", "flash-acknowledged", false),
    ("ngon-ngu", "flash-language", false),
    ("bang-ma", "flash-coding", false),
    ("man-hinh-khoa", "flash-lock-screen", false),
    ("mat-khau", "flash-password-changed", false),
    ("dang-xuat", "flash-signed-out", false),
    ("chuyen-tiep", "flash-forward-set", false),
    ("chuyen-tiep-bat", "flash-forward-on", false),
    ("chuyen-tiep-tat", "flash-forward-off", false),
    ("tra-loi", "flash-answer-saved", false),
    ("thu-hoi-ma", "flash-app-revoked", false),
    ("het-phien-khac", "flash-device-ended", false),
    ("duyet", "flash-approved", false),
    ("khoi-phuc", "flash-recovered", false),
    ("hd-gui-lai", "flash-queue-retry", false),
    ("hd-giu", "flash-queue-hold", false),
    ("hd-tha", "flash-queue-release", false),
    ("hd-huy", "flash-queue-drop", false),
    ("hd-dang-gui", "flash-queue-sending", true),
    ("hd-khong-co", "flash-queue-none", true),
    ("cl-lay", "flash-quarantine-taken", false),
    ("cl-xoa", "flash-deleted", false),
    ("het-phien", "flash-session-ended", true),
    ("gh-dat", "flash-limits-set", false),
    ("gh-thuong", "flash-limits-usual", false),
    ("gh-lai-tu-dau", "flash-limits-reset", false),
    ("dns-da-hoi", "flash-records-checked", false),
    ("dns-dang-hoi", "flash-records-checking", false),
    ("dns-khong-hoi", "flash-records-not-asked", true),
];

impl Flash {
    /// From `?tb=WORD` with `&thu=account.email&ve=mailbox` for undo and `&xem=account.email` for the delivery status.
    pub fn of(asked: &Fields, lang: Lang) -> Option<Flash> {
        let word = asked.get("tb");
        let (_, key, warning) = TABLE.iter().find(|(known, _, _)| *known == word)?;
        let undo = pair(asked.get("thu"))
            .zip(asked.number("ve"))
            .map(|((account, email), back)| (format!("/thu/{account}/{email}"), back.to_string()));
        let link = pair(asked.get("xem")).map(|(account, email)| {
            (
                format!("/thu/{account}/{email}/trang-thai"),
                lang.t("delivery-status"),
            )
        });
        Some(Flash {
            text: lang.t(key),
            undo,
            link,
            warning: *warning,
        })
    }
}

/// "12.34" as two numbers.
pub fn pair(text: &str) -> Option<(i64, i64)> {
    let (a, b) = text.split_once('.')?;
    Some((a.parse().ok()?, b.parse().ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_the_table_are_said() {
        assert_eq!(Flash::of(&Fields::parse(b"tb=Hacked"), Lang::Vi), None);
        let flash = Flash::of(&Fields::parse(b"tb=xoa&thu=1.2&ve=3"), Lang::Vi).unwrap();
        assert_eq!(flash.undo, Some(("/thu/1/2".into(), "3".into())));
        let flash = Flash::of(&Fields::parse(b"tb=xoa&thu=1.x&ve=3"), Lang::Vi).unwrap();
        assert_eq!(flash.undo, None);
        for (_, key, _) in TABLE {
            assert_ne!(Lang::Vi.t(key), key);
        }
    }
}
