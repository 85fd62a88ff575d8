//! DOCX (ECMA-376 WordprocessingML): body, headers, footers and notes; a run's font comes from itself, its character
//! style, its paragraph style or the document's defaults. Shows nothing that was deleted under tracked changes.

use std::collections::HashMap;

use crate::limits::{NAMES_MAX, STYLE_DEPTH_MAX};
use crate::package::Package;
use crate::xml::{self, Heard, attribute};
use crate::{Runs, Unread};

const MAIN: &str = "word/document.xml";

pub(crate) fn text(bytes: &[u8]) -> Result<String, Unread> {
    let mut package = Package::open(bytes)?;
    let main = package
        .part(MAIN)
        .ok_or_else(|| Unread::Broken(format!("no {MAIN}")))?;
    let fonts = package
        .part("word/styles.xml")
        .map(|part| Fonts::of(&part))
        .unwrap_or_default();
    let mut runs = Runs::default();
    part(&main, &fonts, &mut runs);
    for start in [
        "word/header",
        "word/footer",
        "word/footnotes",
        "word/endnotes",
        "word/comments",
    ] {
        for name in package.names(start) {
            if runs.is_full() {
                break;
            }
            if let Some(more) = package.part(&name) {
                part(&more, &fonts, &mut runs);
            }
        }
    }
    Ok(runs.finish())
}

/// Fonts by style.
#[derive(Default)]
struct Fonts {
    default: Option<String>,
    /// Style id to its own font and the style it is based on.
    styles: HashMap<String, (Option<String>, Option<String>)>,
}

impl Fonts {
    fn of(styles: &str) -> Fonts {
        let mut fonts = Fonts::default();
        let mut style: Option<String> = None;
        xml::read(styles, |heard| {
            match heard {
                Heard::Start("style", start) => {
                    style = attribute(start, "styleId");
                    if let Some(id) = &style {
                        fonts.styles.insert(id.clone(), (None, None));
                    }
                }
                Heard::End("style") => style = None,
                Heard::Start("basedOn", start) => {
                    if let Some(of) = style.as_ref().and_then(|id| fonts.styles.get_mut(id)) {
                        of.1 = attribute(start, "val");
                    }
                }
                Heard::Start("rFonts", start) => match &style {
                    Some(id) => {
                        if let Some(of) = fonts.styles.get_mut(id) {
                            of.0 = font(start);
                        }
                    }
                    None => fonts.default = fonts.default.take().or_else(|| font(start)),
                },
                _ => {}
            }
            fonts.styles.len() < NAMES_MAX
        });
        fonts
    }

    fn of_style(&self, id: &str) -> Option<&str> {
        let mut id = id;
        for _ in 0..STYLE_DEPTH_MAX {
            let (font, based_on) = self.styles.get(id)?;
            if let Some(font) = font {
                return Some(font);
            }
            id = based_on.as_deref()?;
        }
        None
    }
}

fn font(start: &quick_xml::events::BytesStart<'_>) -> Option<String> {
    attribute(start, "ascii").or_else(|| attribute(start, "hAnsi"))
}

/// Where in a part we are.
#[derive(Default)]
struct At {
    paragraph_style: Option<String>,
    run_style: Option<String>,
    run_font: Option<String>,
    in_run: bool,
    in_text: bool,
}

fn part(part: &str, fonts: &Fonts, runs: &mut Runs) {
    let mut at = At::default();
    xml::read(part, |heard| {
        match heard {
            Heard::Start("p", _) => at = At::default(),
            Heard::Start("pStyle", start) => at.paragraph_style = attribute(start, "val"),
            Heard::Start("r", _) => {
                (at.in_run, at.run_style, at.run_font) = (true, None, None);
            }
            Heard::End("r") => at.in_run = false,
            Heard::Start("rStyle", start) if at.in_run => at.run_style = attribute(start, "val"),
            Heard::Start("rFonts", start) if at.in_run => at.run_font = font(start),
            Heard::Start("t", _) => at.in_text = true,
            Heard::End("t") => at.in_text = false,
            Heard::Text(text) if at.in_text => runs.add(shown_in(&at, fonts), text),
            Heard::Start("tab", _) if at.in_run => runs.sign(' '),
            Heard::Start("br" | "cr", _) if at.in_run => runs.sign('\n'),
            Heard::Start("noBreakHyphen", _) => runs.sign('-'),
            Heard::End("p") => runs.sign('\n'),
            _ => {}
        }
        !runs.is_full()
    });
    runs.sign('\n');
}

fn shown_in<'a>(at: &'a At, fonts: &'a Fonts) -> Option<&'a str> {
    let of = |style: &'a Option<String>| style.as_deref().and_then(|id| fonts.of_style(id));
    at.run_font
        .as_deref()
        .or_else(|| of(&at.run_style))
        .or_else(|| of(&at.paragraph_style))
        .or_else(|| fonts.of_style("Normal"))
        .or(fonts.default.as_deref())
}
