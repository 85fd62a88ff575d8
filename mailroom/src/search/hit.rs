//! Why a letter was found: the stretch of its text, or of an attached file's, around the words that its list row does not
//! show. Looks at a bounded amount of text for one page of results.

use store::EmailRow;

use super::Query;
use crate::{Access, Error, Right, limits};

/// The place of a hit beyond the list row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// One line around the words.
    pub snippet: String,
    /// The attached file it is in.
    pub file: Option<String>,
}

impl Access {
    /// For each row the place where the words that it does not show itself were found; `None` where it shows them all, or
    /// where too much was looked through already.
    pub async fn hits(&self, query: &Query, rows: &[EmailRow]) -> Result<Vec<Option<Hit>>, Error> {
        self.need(Right::Read).await?;
        let asked = Asked::of(query);
        let mut room = limits::HIT_BYTES_MAX;
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let missing = asked.missing_in(row);
            if missing.words.is_empty() || room == 0 {
                all.push(None);
                continue;
            }
            let text = self.room.store().findable_text(self.account, row.body);
            let mut text = text.await?;
            text.truncate(text.floor_char_boundary(room));
            room -= text.len();
            let found = tokio::task::spawn_blocking(move || missing.hit_in(&text)).await;
            all.push(found.map_err(|cause| Error::Broken(cause.to_string()))?);
        }
        Ok(all)
    }
}

/// The folded words of a search; the last may go on where it is no phrase.
#[derive(Clone, Debug)]
struct Asked {
    words: Vec<String>,
    /// The one of them that may go on.
    goes_on: Option<String>,
}

impl Asked {
    fn of(query: &Query) -> Asked {
        let mut words: Vec<String> = Vec::new();
        for one in &query.words {
            let more = viet::tokens(&one.text).take(limits::SEARCH_WORDS_MAX);
            words.extend(more.map(|token| token.folded));
        }
        let typing = query.words.last().is_some_and(|last| !last.phrase);
        Asked {
            goes_on: words.last().filter(|_| typing).cloned(),
            words,
        }
    }

    /// The place of the asked word that a folded word of a text is.
    fn place(&self, folded: &str) -> Option<usize> {
        self.words.iter().position(|word| {
            word == folded || (self.goes_on.as_ref() == Some(word) && folded.starts_with(word))
        })
    }

    fn missing_in(&self, row: &EmailRow) -> Asked {
        let mut left = self.clone();
        for text in [
            &row.subject,
            &row.from_name,
            &row.from_address,
            &row.to_text,
            &row.preview,
        ] {
            for token in viet::tokens(text) {
                while let Some(place) = left.place(&token.folded) {
                    left.words.remove(place);
                }
            }
        }
        left
    }

    /// The part of a findable text with most of the words; the letter itself before its files.
    fn hit_in(&self, text: &str) -> Option<Hit> {
        let mut best = self.best(store::own_text(text)).map(|best| (best, None));
        let files = store::file_texts(text).map(|(name, text)| (Some(name), text));
        for (name, text) in files {
            if let Some(found) = self.best(text)
                && best.as_ref().is_none_or(|(best, _)| found.0 > best.0)
            {
                best = Some((found, name));
            }
        }
        best.map(|((_, snippet), name)| Hit {
            snippet,
            file: name.map(str::to_owned),
        })
    }

    /// How many of the words stand near each other at the best place, and the line around it.
    fn best(&self, text: &str) -> Option<(usize, String)> {
        let hits: Vec<(usize, usize)> = viet::tokens(text)
            .filter_map(|token| Some((token.start, self.place(&token.folded)?)))
            .take(limits::HIT_PLACES_MAX)
            .collect();
        let mut best: Option<(usize, usize)> = None;
        for (number, (start, _)) in hits.iter().enumerate() {
            let mut seen: Vec<usize> = hits
                .iter()
                .skip(number)
                .take_while(|(at, _)| at - start < limits::HIT_AFTER_BYTES)
                .take(limits::SEARCH_WORDS_MAX)
                .map(|(_, word)| *word)
                .collect();
            seen.sort_unstable();
            seen.dedup();
            if best.is_none_or(|(count, _)| seen.len() > count) {
                best = Some((seen.len(), *start));
            }
        }
        let (count, start) = best?;
        Some((count, around(text, start)))
    }
}

/// One line around a place, cut between words.
fn around(text: &str, start: usize) -> String {
    let from = text.floor_char_boundary(start.saturating_sub(limits::HIT_BEFORE_BYTES));
    let until = text.floor_char_boundary((start + limits::HIT_AFTER_BYTES).min(text.len()));
    let before = text.get(from..start).unwrap_or_default();
    let after = text.get(start..until).unwrap_or_default();
    let mut words: Vec<&str> = before.split_whitespace().collect();
    let cut_off = from > 0
        && !text
            .get(..from)
            .is_some_and(|left| left.ends_with(char::is_whitespace));
    if cut_off && words.len() > 1 {
        words.remove(0);
    }
    let glued = before.chars().last().is_some_and(|c| !c.is_whitespace());
    let mut line = words.join(" ");
    if !line.is_empty() && !glued {
        line.push(' ');
    }
    let mut after: Vec<&str> = after.split_whitespace().collect();
    if until < text.len() && after.len() > 1 {
        after.pop();
    }
    line.push_str(&after.join(" "));
    let (open, close) = (
        if from > 0 { "… " } else { "" },
        if until < text.len() { " …" } else { "" },
    );
    format!("{open}{line}{close}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(typed: &str, text: &str) -> Option<(String, Option<String>)> {
        let asked = Asked::of(&Query::parse(typed));
        asked.hit_in(text).map(|hit| (hit.snippet, hit.file))
    }

    #[test]
    fn the_place_with_most_words_is_shown() {
        let filler = "văn bản hướng dẫn thi hành ".repeat(40);
        let text = format!("đê cũ {filler}Kiểm tra đê biển phía Tây. {filler}");
        let (snippet, file) = hit("de bien", &text).unwrap_or_default();
        assert!(snippet.contains("Kiểm tra đê biển phía Tây."), "{snippet}");
        assert!(
            snippet.starts_with("… ") && snippet.ends_with(" …"),
            "{snippet}"
        );
        assert!(snippet.len() < limits::HIT_BEFORE_BYTES + limits::HIT_AFTER_BYTES + 20);
        assert_eq!(file, None);
        for (typed, text, want) in [
            ("2045", "Số 2045/VP-HC", Some("Số 2045/VP-HC")),
            ("vp", "Số 2045/VP-HC", Some("Số 2045/VP-HC")),
            ("\"hi\"", "thực hiện", None),
            ("thuc hi", "cần thực hiện", Some("cần thực hiện")),
            ("không", "", None),
        ] {
            assert_eq!(
                hit(typed, text).map(|hit| hit.0).as_deref(),
                want,
                "{typed}"
            );
        }
    }

    #[test]
    fn a_hit_in_a_file_names_it() {
        let text = "họp\u{1c}a.pdf\nđê sông\u{1c}b.docx\nĐê biển Tây";
        assert_eq!(
            hit("đê biển", text),
            Some(("Đê biển Tây".into(), Some("b.docx".into())))
        );
        assert_eq!(hit("họp", text), Some(("họp".into(), None)));
    }
}
