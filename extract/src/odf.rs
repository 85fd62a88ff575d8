//! OpenDocument text and spreadsheets (ISO/IEC 26300): paragraphs, headings and cells of content.xml, headers and footers of
//! styles.xml. A span's font comes from its style or the style above it.

use std::collections::HashMap;

use crate::limits::{NAMES_MAX, STYLE_DEPTH_MAX};
use crate::package::Package;
use crate::xml::{self, Heard, attribute};
use crate::{Runs, Unread};

const CONTENT: &str = "content.xml";
/// Blanks written as one element with a count.
const BLANKS_MAX: usize = 100;

pub(crate) fn text(bytes: &[u8]) -> Result<String, Unread> {
    let mut package = Package::open(bytes)?;
    let content = package
        .part(CONTENT)
        .ok_or_else(|| Unread::Broken(format!("no {CONTENT}")))?;
    let common = package.part("styles.xml").unwrap_or_default();
    let mut fonts = Fonts::default();
    fonts.learn(&common);
    fonts.learn(&content);
    let mut runs = Runs::default();
    part(&content, &fonts, &mut runs);
    part(&common, &fonts, &mut runs);
    Ok(runs.finish())
}

/// Style name to its own font and the style it is made from.
#[derive(Default)]
struct Fonts {
    styles: HashMap<String, (Option<String>, Option<String>)>,
}

impl Fonts {
    fn learn(&mut self, part: &str) {
        let mut style: Option<String> = None;
        xml::read(part, |heard| {
            match heard {
                Heard::Start("style", start) => {
                    style = attribute(start, "name");
                    if let Some(name) = &style {
                        let parent = attribute(start, "parent-style-name");
                        self.styles.insert(name.clone(), (None, parent));
                    }
                }
                Heard::End("style") => style = None,
                Heard::Start("text-properties", start) => {
                    if let Some(of) = style.as_ref().and_then(|name| self.styles.get_mut(name)) {
                        of.0 = attribute(start, "font-name")
                            .or_else(|| attribute(start, "font-family"));
                    }
                }
                _ => {}
            }
            self.styles.len() < NAMES_MAX
        });
    }

    fn of(&self, name: &str) -> Option<&str> {
        let mut name = name;
        for _ in 0..STYLE_DEPTH_MAX {
            let (font, parent) = self.styles.get(name)?;
            if let Some(font) = font {
                return Some(font);
            }
            name = parent.as_deref()?;
        }
        None
    }
}

fn part(part: &str, fonts: &Fonts, runs: &mut Runs) {
    // Styles of the open paragraphs and spans, the innermost last; text counts inside a paragraph only.
    let mut open: Vec<Option<String>> = Vec::new();
    let mut paragraphs = 0usize;
    xml::read(part, |heard| {
        match heard {
            Heard::Start(name @ ("p" | "h" | "span"), start) => {
                paragraphs += usize::from(name != "span");
                let style = attribute(start, "style-name");
                open.push(style.and_then(|style| fonts.of(&style).map(str::to_owned)));
            }
            Heard::End(name @ ("p" | "h" | "span")) => {
                open.pop();
                if name != "span" {
                    paragraphs = paragraphs.saturating_sub(1);
                    runs.sign('\n');
                }
            }
            Heard::Text(text) if paragraphs > 0 => {
                let font = open.iter().rev().find_map(Option::as_deref);
                runs.add(font, text);
            }
            Heard::Start("tab", _) if paragraphs > 0 => runs.sign(' '),
            Heard::Start("line-break", _) if paragraphs > 0 => runs.sign('\n'),
            Heard::Start("s", start) if paragraphs > 0 => {
                let count = attribute(start, "c").and_then(|count| count.parse().ok());
                for _ in 0..count.unwrap_or(1).min(BLANKS_MAX) {
                    runs.sign(' ');
                }
            }
            _ => {}
        }
        !runs.is_full()
    });
}
