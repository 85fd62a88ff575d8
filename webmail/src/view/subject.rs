//! What a subject line tells an official at a glance: how urgent, which document number. Changes no word of it.

/// A subject taken apart for a list row: `lead` + `number` + `tail` is the subject without the urgency words in front.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Subject {
    /// 0 ordinary, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc.
    pub urgency: u8,
    pub lead: String,
    pub number: String,
    pub tail: String,
}

/// Letters of a document's notation, longest seen in official use with room to spare.
const NOTATION_CHARS_MAX: usize = 24;

impl Subject {
    /// `known` is the urgency that the letter's own fields gave; the higher of both counts.
    pub fn parse(subject: &str, known: u8) -> Subject {
        let subject = subject.trim();
        let (typed, rest) = urgency_in_front(subject);
        let (lead, number, tail) = split_number(rest);
        Subject {
            urgency: typed.max(known.min(3)),
            lead: lead.to_owned(),
            number: number.to_owned(),
            tail: tail.to_owned(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.lead.is_empty() && self.number.is_empty() && self.tail.is_empty()
    }

    /// Key of the urgency words; "" for ordinary letters.
    pub fn urgency_key(&self) -> &'static str {
        urgency_key(self.urgency)
    }
}

pub fn urgency_key(urgency: u8) -> &'static str {
    match urgency {
        0 => "",
        1 => "urgency-1",
        2 => "urgency-2",
        3 => "urgency-3",
        _ => "urgency-4",
    }
}

/// "[HỎA TỐC] V/v …" → (3, "V/v …"). Only in front, only in capitals or brackets: "khẩn trương" is no urgency.
fn urgency_in_front(subject: &str) -> (u8, &str) {
    const WORDS: [(&str, u8); 4] = [
        ("hỏa tốc", 3),
        ("hoả tốc", 3),
        ("thượng khẩn", 2),
        ("khẩn", 1),
    ];
    let bracket = subject.starts_with(['[', '(']);
    let start = subject.trim_start_matches(['[', '(', '*', '!', ' ']);
    for (word, urgency) in WORDS {
        let count = word.chars().count();
        let end = start
            .char_indices()
            .nth(count)
            .map_or(start.len(), |(at, _)| at);
        let Some(head) = start.get(..end) else {
            continue;
        };
        let Some(rest) = start.get(end..) else {
            continue;
        };
        let same = head.to_lowercase() == word;
        let capitals = head.chars().all(|c| !c.is_lowercase());
        let whole = !rest.starts_with(|c: char| c.is_alphanumeric());
        if same && whole && (capitals || bracket || rest.trim_start().starts_with([':', '-', '–']))
        {
            let rest = rest.trim_start_matches([']', ')', ':', '-', '–', '*', '!', '.', ' ']);
            return (urgency, rest);
        }
    }
    (0, subject)
}

/// Finds "2045/VP-HC", "30/2020/NĐ-CP", "118/UBND-NC": digits, an optional year, a notation in capitals.
fn split_number(text: &str) -> (&str, &str, &str) {
    let mut from = 0;
    while let Some(rest) = text.get(from..) {
        let Some(skip) = rest.find(|c: char| c.is_ascii_digit()) else {
            break;
        };
        let start = from + skip;
        let digits = text
            .get(start..)
            .map_or(0, |t| t.bytes().take_while(u8::is_ascii_digit).count());
        let free = !text
            .get(..start)
            .unwrap_or_default()
            .ends_with(|c: char| c.is_alphanumeric() || c == '/' || c == '.' || c == ',');
        if free
            && digits <= 6
            && let Some(len) = number_length(text.get(start..).unwrap_or_default())
            && let (Some(lead), Some(number), Some(tail)) = (
                text.get(..start),
                text.get(start..start + len),
                text.get(start + len..),
            )
        {
            return (lead, number, tail);
        }
        from = start + digits.max(1);
    }
    (text, "", "")
}

/// Length in bytes of a document number at the start of `text`.
fn number_length(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mut at = digits;
    let year = text.get(at..)?.strip_prefix('/').filter(|t| {
        t.len() > 4
            && t.bytes().take(4).all(|b| b.is_ascii_digit())
            && t.get(4..).is_some_and(|after| after.starts_with('/'))
    });
    if year.is_some() {
        at += 5;
    }
    let notation = text.get(at..)?.strip_prefix('/')?;
    let mut len = 0;
    let mut letters = 0;
    for (place, c) in notation.char_indices() {
        let part = c.is_uppercase() || (c.is_ascii_digit() && letters > 0);
        let joint = matches!(c, '-' | '&' | '.') && letters > 0;
        if place >= NOTATION_CHARS_MAX || !(part || joint) {
            // "118/UBnd" is no notation: a capital followed by small letters is a word.
            if c.is_lowercase() {
                return None;
            }
            break;
        }
        letters += usize::from(part);
        if part {
            len = place + c.len_utf8();
        }
    }
    (letters >= 2).then_some(at + 1 + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_urgency_are_seen() {
        let rows = [
            (
                "HỎA TỐC 2045/VP-HC V/v báo cáo",
                3,
                "",
                "2045/VP-HC",
                " V/v báo cáo",
            ),
            (
                "[Khẩn] Công văn số 118/UBND-NC V/v đê biển",
                1,
                "Công văn số ",
                "118/UBND-NC",
                " V/v đê biển",
            ),
            ("THƯỢNG KHẨN: họp", 2, "họp", "", ""),
            (
                "Khẩn trương triển khai",
                0,
                "Khẩn trương triển khai",
                "",
                "",
            ),
            ("Khẩn: họp ngay", 1, "họp ngay", "", ""),
            (
                "Nghị định 30/2020/NĐ-CP.",
                0,
                "Nghị định ",
                "30/2020/NĐ-CP",
                ".",
            ),
            ("Ngày 20/11/2026 họp", 0, "Ngày 20/11/2026 họp", "", ""),
            ("Lớp 12/Ban giám hiệu", 0, "Lớp 12/Ban giám hiệu", "", ""),
            (
                "Quyết định 15/QĐ-UBND, 16/QĐ-UBND",
                0,
                "Quyết định ",
                "15/QĐ-UBND",
                ", 16/QĐ-UBND",
            ),
            ("", 0, "", "", ""),
            ("KHẨN", 1, "", "", ""),
        ];
        for (typed, urgency, lead, number, tail) in rows {
            let subject = Subject::parse(typed, 0);
            assert_eq!(
                (
                    subject.urgency,
                    &*subject.lead,
                    &*subject.number,
                    &*subject.tail
                ),
                (urgency, lead, number, tail),
                "{typed}"
            );
        }
        assert_eq!(Subject::parse("họp", 2).urgency, 2);
        assert_eq!(Subject::parse("HỎA TỐC họp", 1).urgency, 3);
    }
}
