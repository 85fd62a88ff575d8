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

fn terms(text: &str) -> Vec<String> {
    viet::tokens(text)
        .take(INDEX_TERMS)
        .map(|token| {
            let mut term = token.folded;
            if let Some((end, _)) = term.char_indices().nth(TERM_CHARS) {
                term.truncate(end);
            }
            term
        })
        .collect()
}

/// The findable words of an email, by field.
#[derive(Debug)]
pub(crate) struct Document {
    /// Subject, from, to, body.
    pub fields: [Vec<String>; 4],
}

impl Document {
    pub fn of(derived: &Derived) -> Document {
        let sender = format!("{} {}", derived.from_name, derived.from_address);
        Document {
            fields: [
                terms(&derived.subject),
                terms(&sender),
                terms(&derived.to_text),
                terms(&derived.search_text),
            ],
        }
    }
}

/// A clause as the indexes understand it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub field: Field,
    /// Each must be there, its words side by side.
    pub phrases: Vec<Vec<String>>,
    /// The last word of the last phrase may go on.
    pub prefix: bool,
}

impl From<&Clause> for Asked {
    fn from(clause: &Clause) -> Asked {
        let phrases: Vec<Vec<String>> = if clause.phrase {
            vec![terms(&clause.words.join(" "))]
        } else {
            clause.words.iter().map(|word| terms(word)).collect()
        };
        let phrases = phrases
            .into_iter()
            .filter(|phrase| !phrase.is_empty())
            .collect();
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

    /// Whether this phrase is the one whose last word may go on. A word of one or two letters is taken as it is.
    pub fn goes_on(&self, place: usize) -> bool {
        let long = |word: &String| word.chars().nth(PREFIX_CHARS_MIN - 1).is_some();
        self.prefix
            && place + 1 == self.phrases.len()
            && self
                .phrases
                .last()
                .and_then(|phrase| phrase.last())
                .is_some_and(long)
    }

    pub fn found_in(&self, document: &Document) -> bool {
        let [subject, from, to, body] = &document.fields;
        let fields: &[&Vec<String>] = match self.field {
            Field::Any => &[subject, from, to, body],
            Field::Subject => &[subject],
            Field::From => &[from],
            Field::To => &[to],
            Field::Body => &[body],
        };
        self.phrases.iter().enumerate().all(|(place, phrase)| {
            fields
                .iter()
                .any(|words| has_phrase(words, phrase, self.goes_on(place)))
        })
    }
}

fn has_phrase(words: &[String], phrase: &[String], goes_on: bool) -> bool {
    words.windows(phrase.len().max(1)).any(|window| {
        let last = phrase.len() - 1;
        window
            .iter()
            .zip(phrase)
            .enumerate()
            .all(|(place, (word, asked))| {
                word == asked || (goes_on && place == last && word.starts_with(asked.as_str()))
            })
    })
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
            assert_eq!(asked.found_in(&document()), found, "{text} {field:?}");
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
