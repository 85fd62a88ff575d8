//! XLSX (ECMA-376 SpreadsheetML): sheet names, then the cells of every sheet, row by row; texts are shared between cells,
//! whose style names the font. Numbers are given as stored; formulas are not.

use crate::limits::NAMES_MAX;
use crate::package::Package;
use crate::xml::{self, Heard, attribute};
use crate::{Runs, Unread};

const BOOK: &str = "xl/workbook.xml";

pub(crate) fn text(bytes: &[u8]) -> Result<String, Unread> {
    let mut package = Package::open(bytes)?;
    let book = package
        .part(BOOK)
        .ok_or_else(|| Unread::Broken(format!("no {BOOK}")))?;
    let mut runs = Runs::default();
    xml::read(&book, |heard| {
        if let Heard::Start("sheet", start) = heard {
            runs.add(None, &attribute(start, "name").unwrap_or_default());
            runs.sign('\n');
        }
        !runs.is_full()
    });
    let shared = package
        .part("xl/sharedStrings.xml")
        .map(|part| shared(&part))
        .unwrap_or_default();
    let fonts = package
        .part("xl/styles.xml")
        .map(|part| cell_fonts(&part))
        .unwrap_or_default();
    for name in package.names("xl/worksheets/sheet") {
        if runs.is_full() {
            break;
        }
        if let Some(part) = package.part(&name) {
            sheet(&part, &shared, &fonts, &mut runs);
        }
    }
    Ok(runs.finish())
}

/// One text: pieces, each with its own font where it has one.
type Shared = Vec<(Option<String>, String)>;

fn shared(part: &str) -> Vec<Shared> {
    let mut all: Vec<Shared> = Vec::new();
    let (mut font, mut in_text, mut phonetic) = (None, false, false);
    xml::read(part, |heard| {
        match heard {
            Heard::Start("si", _) => all.push(Vec::new()),
            Heard::Start("r", _) | Heard::End("r") => font = None,
            Heard::Start("rFont", start) => font = attribute(start, "val"),
            Heard::Start("rPh", _) => phonetic = true,
            Heard::End("rPh") => phonetic = false,
            Heard::Start("t", _) => in_text = !phonetic,
            Heard::End("t") => in_text = false,
            Heard::Text(text) if in_text => {
                if let Some(last) = all.last_mut() {
                    last.push((font.clone(), text.to_owned()));
                }
            }
            _ => {}
        }
        all.len() < NAMES_MAX
    });
    all
}

/// The font of every cell style, in order.
fn cell_fonts(part: &str) -> Vec<Option<String>> {
    let (mut fonts, mut cells): (Vec<Option<String>>, Vec<Option<String>>) =
        (Vec::new(), Vec::new());
    let (mut in_fonts, mut in_cells) = (false, false);
    xml::read(part, |heard| {
        match heard {
            Heard::Start("fonts", _) => in_fonts = true,
            Heard::End("fonts") => in_fonts = false,
            Heard::Start("font", _) if in_fonts => fonts.push(None),
            Heard::Start("name", start) if in_fonts => {
                if let Some(font) = fonts.last_mut() {
                    *font = attribute(start, "val");
                }
            }
            Heard::Start("cellXfs", _) => in_cells = true,
            Heard::End("cellXfs") => in_cells = false,
            Heard::Start("xf", start) if in_cells => {
                let font = number(attribute(start, "fontId"));
                cells.push(font.and_then(|at| fonts.get(at).cloned()).flatten());
            }
            _ => {}
        }
        fonts.len() < NAMES_MAX && cells.len() < NAMES_MAX
    });
    cells
}

fn number(text: Option<String>) -> Option<usize> {
    text?.trim().parse().ok()
}

fn sheet(part: &str, shared: &[Shared], fonts: &[Option<String>], runs: &mut Runs) {
    let (mut style, mut is_shared, mut inside) = (None, false, false);
    let mut value = String::new();
    xml::read(part, |heard| {
        match heard {
            Heard::Start("c", start) => {
                style = number(attribute(start, "s"));
                is_shared = attribute(start, "t").as_deref() == Some("s");
                value.clear();
            }
            Heard::Start("v" | "t", _) => inside = true,
            Heard::End("v" | "t") => inside = false,
            Heard::Text(text) if inside => value.push_str(text),
            Heard::End("c") => {
                let font = style
                    .and_then(|at| fonts.get(at))
                    .and_then(Option::as_deref);
                if is_shared {
                    let of = number(Some(value.clone())).and_then(|at| shared.get(at));
                    for (own, text) in of.into_iter().flatten() {
                        runs.add(own.as_deref().or(font), text);
                    }
                } else {
                    runs.add(font, &value);
                }
                runs.sign(' ');
            }
            Heard::End("row") => runs.sign('\n'),
            _ => {}
        }
        !runs.is_full()
    });
    runs.sign('\n');
}
