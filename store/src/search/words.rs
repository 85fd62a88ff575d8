//! What is indexed of an email, what is asked, and whether the one is in the other. Pure.

use super::{Clause, Field};
use crate::limits::{INDEX_TERMS, PREFIX_CHARS_MIN};
use crate::noun::Derived;

/// A text as it is compared: no diacritics, lower case.
pub(crate) fn fold(text: &str) -> String {
    viet::fold(text)
}

/// The folded words of a text.
pub(crate) fn fold_words(text: &str) -> Vec<String> {
    viet::tokens(text).map(|token| token.folded).collect()
}

/// Longer words are cut: nobody types them, and the index refuses them.
const TERM_CHARS: usize = 64;

fn cut(mut term: String) -> String {
    if let Some((end, _)) = term.char_indices().nth(TERM_CHARS) {
        term.truncate(end);
    }
    term
}

/// The words of a text, each folded and as it is spelled.
fn terms(text: &str) -> impl Iterator<Item = (String, String)> {
    viet::tokens(text)
        .take(INDEX_TERMS)
        .map(|token| (cut(token.folded), cut(viet::toned(token.text))))
}

/// How closely words must agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tones {
    /// Whatever the marks.
    Any,
    /// Phrases typed with marks must have them; others agree anyhow.
    Typed,
}

/// The words of one field: each with a blank on either side, so that a phrase is a part of the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    pub folded: String,
    /// The same words with their marks; empty where none has any.
    pub toned: String,
}

impl Words {
    fn folded(text: &str) -> Words {
        let mut words = Words::default();
        for token in viet::tokens(text).take(INDEX_TERMS) {
            add(&mut words.folded, &cut(token.folded));
        }
        words
    }

    fn of(text: &str) -> Words {
        let mut words = Words::default();
        for (folded, toned) in terms(text) {
            add(&mut words.folded, &folded);
            add(&mut words.toned, &toned);
        }
        if words.toned == words.folded {
            words.toned = String::new();
        }
        words
    }
}

fn add(all: &mut String, word: &str) {
    if all.is_empty() {
        all.push(' ');
    }
    all.push_str(word);
    all.push(' ');
}

/// The findable words of an email, by field.
#[derive(Debug)]
pub(crate) struct Document {
    /// Subject, from, to, body.
    pub fields: [Words; 4],
}

impl Document {
    pub fn of(derived: &Derived) -> Document {
        Document::by(derived, Words::of)
    }

    /// Without the words as they are spelled: half the work.
    pub fn folded(derived: &Derived) -> Document {
        Document::by(derived, Words::folded)
    }

    fn by(derived: &Derived, words: fn(&str) -> Words) -> Document {
        let sender = format!("{} {}", derived.from_name, derived.from_address);
        Document {
            fields: [
                words(&derived.subject),
                words(&sender),
                words(&derived.to_text),
                words(&derived.search_text),
            ],
        }
    }
}

/// Words asked for side by side.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    folded: Vec<String>,
    /// With the marks as typed; empty where none was typed.
    toned: Vec<String>,
}

impl Phrase {
    fn of(text: &str) -> Option<Phrase> {
        let (folded, mut toned): (Vec<_>, Vec<_>) = terms(text).unzip();
        if folded == toned {
            toned.clear();
        }
        (!folded.is_empty()).then_some(Phrase { folded, toned })
    }

    /// The words to compare, and whether with their marks.
    pub fn words(&self, tones: Tones) -> (&[String], Tones) {
        match tones {
            Tones::Typed if !self.toned.is_empty() => (&self.toned, Tones::Typed),
            _ => (&self.folded, Tones::Any),
        }
    }

    fn is_in(&self, words: &Words, goes_on: bool, tones: Tones) -> bool {
        let (asked, tones) = self.words(tones);
        let text = match tones {
            Tones::Any => &words.folded,
            Tones::Typed => &words.toned,
        };
        let end = if goes_on { "" } else { " " };
        text.contains(&format!(" {}{end}", asked.join(" ")))
    }
}

/// A clause as the indexes understand it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub field: Field,
    /// Each must be there, its words side by side.
    pub phrases: Vec<Phrase>,
    /// The last word of the last phrase may go on.
    pub prefix: bool,
}

impl From<&Clause> for Asked {
    fn from(clause: &Clause) -> Asked {
        let phrases = if clause.phrase {
            Phrase::of(&clause.words.join(" ")).into_iter().collect()
        } else {
            clause
                .words
                .iter()
                .filter_map(|word| Phrase::of(word))
                .collect()
        };
        Asked {
            field: clause.field,
            phrases,
            prefix: clause.prefix,
        }
    }
}

impl Asked {
    /// Nothing but blanks and signs was asked: it is found nowhere.
    pub fn is_nothing(&self) -> bool {
        self.phrases.is_empty()
    }

    /// Whether any word was typed with marks.
    pub fn has_tones(&self) -> bool {
        self.phrases.iter().any(|phrase| !phrase.toned.is_empty())
    }

    /// Whether this phrase is the one whose last word may go on. A word of one or two letters is taken as it is.
    pub fn goes_on(&self, place: usize) -> bool {
        let long = |word: &String| word.chars().nth(PREFIX_CHARS_MIN - 1).is_some();
        self.prefix
            && place + 1 == self.phrases.len()
            && self
                .phrases
                .last()
                .and_then(|phrase| phrase.folded.last())
                .is_some_and(long)
    }

    pub fn found_in(&self, document: &Document, tones: Tones) -> bool {
        let [subject, from, to, body] = &document.fields;
        let fields: &[&Words] = match self.field {
            Field::Any => &[subject, from, to, body],
            Field::Subject => &[subject],
            Field::From => &[from],
            Field::To => &[to],
            Field::Body => &[body],
        };
        self.phrases.iter().enumerate().all(|(place, phrase)| {
            let goes_on = self.goes_on(place);
            fields
                .iter()
                .any(|words| phrase.is_in(words, goes_on, tones))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document::of(&Derived {
            subject: "Giấy mời họp".to_owned(),
            from_name: "Sở Nội vụ".to_owned(),
            from_address: "snv@camau.example".to_owned(),
            search_text: "Đề nghị thực hiện khẩn, hỏa tốc số 2045/VP-HC".to_owned(),
            ..Derived::default()
        })
    }

    #[test]
    fn words_are_found_with_and_without_marks() {
        for (field, text, phrase, prefix, found) in [
            (Field::Any, "hoa toc", true, false, true),
            (Field::Any, "hỏa tốc", true, false, true),
            (Field::Any, "tốc hỏa", true, false, false),
            (Field::Any, "tốc hỏa", false, false, true),
            (Field::Subject, "giay moi", true, false, true),
            (Field::Body, "giay moi", true, false, false),
            (Field::From, "snv@camau.example", false, false, true),
            (Field::Any, "2045/VP", false, false, true),
            (Field::Any, "thuc hie", true, true, true),
            (Field::Any, "thuc hi", true, true, false),
            (Field::Any, "thuc hi", true, false, false),
        ] {
            let words = text.split(' ').map(str::to_owned).collect();
            let asked = Asked::from(&Clause {
                field,
                words,
                phrase,
                prefix,
            });
            let have = asked.found_in(&document(), Tones::Any);
            assert_eq!(have, found, "{text} {field:?}");
        }
    }

    #[test]
    fn typed_tones_are_told_from_mere_letters() {
        for (text, phrase, prefix, found) in [
            ("hỏa tốc", true, false, true),
            ("hoả tốc", true, false, true),
            ("HỎA TỐC", true, false, true),
            ("hòa tốc", true, false, false),
            ("hỏa toc", true, false, false),
            ("hỏa toc", false, false, true),
            ("hoa toc", true, false, true),
            ("sở vp", false, false, true),
            ("sỡ vp", false, false, false),
            ("thực hiệ", true, true, true),
            ("thực hiê", true, true, false),
            ("snv@camau.example", false, false, true),
        ] {
            let words = text.split(' ').map(str::to_owned).collect();
            let asked = Asked::from(&Clause {
                field: Field::Any,
                words,
                phrase,
                prefix,
            });
            assert_eq!(asked.has_tones(), !text.is_ascii(), "{text}");
            assert!(asked.found_in(&document(), Tones::Any), "{text}");
            let have = asked.found_in(&document(), Tones::Typed);
            assert_eq!(have, found, "{text}");
        }
    }

    #[test]
    fn signs_alone_are_nothing() {
        let clause = Clause {
            field: Field::Any,
            words: vec!["--".to_owned()],
            phrase: true,
            prefix: false,
        };
        assert!(Asked::from(&clause).is_nothing());
    }
}
