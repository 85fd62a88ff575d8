//! Text gathered in runs of one font each: runs of a legacy font are read as what they show. Bounded; knows no format.

use viet::{Context, font_coding};

use crate::limits::TEXT_BYTES_MAX;

/// A growing text. Neighbouring runs of one font are read together, since word processors cut words in two.
#[derive(Default)]
pub(crate) struct Runs {
    out: String,
    font: Option<String>,
    run: String,
}

impl Runs {
    /// Adds a piece as shown in a font.
    pub fn add(&mut self, font: Option<&str>, text: &str) {
        if self.is_full() {
            return;
        }
        if self.font.as_deref() != font {
            self.end_run();
            self.font = font.map(str::to_owned);
        }
        self.run.push_str(text);
    }

    /// A line, a cell or a word ends: whatever the font.
    pub fn sign(&mut self, sign: char) {
        if !self.is_full() {
            self.run.push(sign);
        }
    }

    /// Nothing more is taken; readers may stop.
    pub fn is_full(&self) -> bool {
        self.out.len() + self.run.len() > TEXT_BYTES_MAX
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        let read = self
            .font
            .as_deref()
            .and_then(font_coding)
            .and_then(|(coding, capitals)| viet::repair_in_font(&run, coding, capitals));
        self.out.push_str(read.as_deref().unwrap_or(&run));
    }

    /// The whole, repaired where the font's name was lost, NFC.
    pub fn finish(mut self) -> String {
        self.end_run();
        repaired(&self.out)
    }
}

/// Legacy letters without a font's name, NFC, at most `TEXT_BYTES_MAX` bytes, no control characters but line ends.
pub(crate) fn repaired(text: &str) -> String {
    let text = cut(text);
    let mut read = viet::repair(text, &Context::default()).text.into_owned();
    read.truncate(read.floor_char_boundary(TEXT_BYTES_MAX));
    if read.contains(|c: char| c.is_control() && c != '\n') {
        read = read
            .chars()
            .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
            .collect();
    }
    read
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_font_are_read_together() {
        let mut runs = Runs::default();
        runs.add(Some(".VnTimeH"), "quyÕt ");
        runs.add(Some(".VnTimeH"), "®Þnh");
        runs.sign('\n');
        runs.add(Some("Times New Roman"), "Số 12");
        assert_eq!(runs.finish(), "QUYẾT ĐỊNH\nSố 12");
    }

    #[test]
    fn a_lost_font_name_is_no_loss() {
        let mut runs = Runs::default();
        runs.add(None, "T×nh h×nh ngËp lôt n¨m nay");
        assert_eq!(runs.finish(), "Tình hình ngập lụt năm nay");
    }

    #[test]
    fn a_text_without_end_is_cut() {
        let mut runs = Runs::default();
        for _ in 0..TEXT_BYTES_MAX {
            runs.add(None, "đê biển ");
        }
        assert!(runs.finish().len() <= TEXT_BYTES_MAX);
    }
}
