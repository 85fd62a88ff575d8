//! Marks in a text the words somebody searched for, whatever their marks and case. Pure; escapes nothing (templates do).

use std::collections::HashSet;

/// A stretch of text, found or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub text: String,
    pub hit: bool,
}

/// The folded words of a search.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    words: HashSet<String>,
    /// The word still being typed: longer ones that begin so are found too.
    goes_on: Option<String>,
}

impl Wanted {
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Wanted {
        let words = texts.into_iter().flat_map(viet::tokens);
        Wanted {
            words: words.map(|token| token.folded).collect(),
            goes_on: None,
        }
    }

    /// The last word of this text may go on.
    pub fn going_on(mut self, text: &str) -> Wanted {
        self.goes_on = viet::tokens(text).last().map(|token| token.folded);
        self
    }

    fn has(&self, folded: &str) -> bool {
        self.words.contains(folded)
            || self
                .goes_on
                .as_deref()
                .is_some_and(|start| folded.starts_with(start))
    }

    /// The whole text in stretches; neighbours that are both found are joined with the space between them.
    pub fn mark(&self, text: &str) -> Vec<Stretch> {
        let mut out: Vec<Stretch> = Vec::new();
        let mut at = 0;
        if !self.words.is_empty() {
            for token in viet::tokens(text) {
                if !self.has(&token.folded) {
                    continue;
                }
                let between = text.get(at..token.start).unwrap_or_default();
                let word = text.get(token.start..token.end).unwrap_or_default();
                match out.last_mut() {
                    Some(last) if last.hit && between.chars().all(char::is_whitespace) => {
                        last.text.push_str(between);
                        last.text.push_str(word);
                    }
                    _ => {
                        push(&mut out, between, false);
                        push(&mut out, word, true);
                    }
                }
                at = token.end;
            }
        }
        push(&mut out, text.get(at..).unwrap_or_default(), false);
        out
    }
}

fn push(out: &mut Vec<Stretch>, text: &str, hit: bool) {
    if !text.is_empty() {
        out.push(Stretch {
            text: text.to_owned(),
            hit,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(query: &str, text: &str) -> String {
        Wanted::of([query])
            .mark(text)
            .iter()
            .map(|s| {
                if s.hit {
                    format!("[{}]", s.text)
                } else {
                    s.text.clone()
                }
            })
            .collect()
    }

    #[test]
    fn words_are_marked_with_or_without_their_marks() {
        assert_eq!(
            shown("de bien", "V/v nâng cấp đê biển Tây"),
            "V/v nâng cấp [đê biển] Tây"
        );
        assert_eq!(shown("ĐÊ", "đê, de và dề"), "[đê], [de] và [dề]");
        assert_eq!(shown("", "đê biển"), "đê biển");
        assert_eq!(shown("2045", "Số 2045/VP-HC"), "Số [2045]/VP-HC");
        assert_eq!(shown("đê", ""), "");
        let typing = Wanted::of(["thực hi"]).going_on("thực hi");
        let hits: Vec<_> = typing
            .mark("đã thực hiện")
            .into_iter()
            .filter(|s| s.hit)
            .collect();
        assert_eq!(hits.len(), 1);
        assert!(hits.iter().all(|s| s.text == "thực hiện"));
    }
}
