//! Names of codings as people know them, and what a page says of a letter's. Pure.

use crate::lang::Lang;
use mailroom::letter::Letter;
use viet::Coding;

/// One line of the menu: value, words, chosen.
pub struct Choice {
    pub value: String,
    pub words: String,
    pub chosen: bool,
}

/// What the page of a letter says and offers about its coding.
pub struct CodingLine {
    /// What was done, or "" when nothing was.
    pub done: String,
    /// It was a reader's choice: then there is a way back.
    pub by_choice: bool,
    pub choices: Vec<Choice>,
}

impl CodingLine {
    pub fn of(lang: Lang, letter: &Letter, followed: Option<Coding>) -> CodingLine {
        let done = match followed {
            Some(coding) => lang.tx("coding-chosen", name(coding)),
            None if is_repaired(letter.coding) => {
                let sure = (letter.confidence.clamp(0.0, 1.0) * 100.0).floor();
                lang.txy("coding-repaired", name(letter.coding), sure)
            }
            None => String::new(),
        };
        let choices = Coding::CHOICES.iter().map(|coding| Choice {
            value: coding.to_string(),
            words: name(*coding).to_owned(),
            chosen: followed == Some(*coding),
        });
        CodingLine {
            done,
            by_choice: followed.is_some(),
            choices: choices.collect(),
        }
    }
}

/// The letters were something else before.
fn is_repaired(coding: Coding) -> bool {
    coding.is_legacy()
        || matches!(
            coding,
            Coding::Mojibake | Coding::MojibakeTwice | Coding::CharRefs | Coding::Mixed
        )
}

fn name(coding: Coding) -> &'static str {
    match coding {
        Coding::Utf8 | Coding::Ascii => "Unicode (UTF-8)",
        Coding::Windows1258 => "Windows-1258",
        Coding::Windows1252 => "Windows-1252",
        Coding::Tcvn3 => "TCVN3 (ABC)",
        Coding::Vni => "VNI Windows",
        Coding::Viscii => "VISCII",
        Coding::Vps => "VPS",
        Coding::Vn1 => "TCVN 5712-1",
        Coding::Vn2 => "TCVN 5712-2",
        Coding::VietwareX => "Vietware X",
        Coding::VietwareF => "Vietware F",
        Coding::BkHcm1 => "BK HCM 1",
        Coding::BkHcm2 => "BK HCM 2",
        Coding::Viqr => "VIQR",
        Coding::Mojibake => "UTF-8 → 1252",
        Coding::MojibakeTwice => "UTF-8 → 1252 (2×)",
        Coding::CharRefs => "&#…;",
        Coding::Labelled(name) => name,
        Coding::Mixed => "TCVN3, VNI…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said() {
        let letter = |coding, confidence| Letter {
            coding,
            confidence,
            ..Letter::default()
        };
        for (letter, followed, vi) in [
            (
                letter(Coding::Tcvn3, 0.987),
                None,
                "Đã sửa phông: TCVN3 (ABC) → Unicode, độ tin cậy 98 %.",
            ),
            (letter(Coding::Utf8, 1.0), None, ""),
            (letter(Coding::Labelled("GBK"), 1.0), None, ""),
            (
                letter(Coding::Vni, 1.0),
                Some(Coding::Vni),
                "Hiển thị theo bảng mã VNI Windows do người dùng hộp thư này chọn.",
            ),
        ] {
            let line = CodingLine::of(Lang::Vi, &letter, followed);
            assert_eq!(line.done, vi);
            assert_eq!(line.by_choice, followed.is_some());
            assert_eq!(
                line.choices.iter().any(|one| one.chosen),
                followed.is_some()
            );
        }
    }
}
