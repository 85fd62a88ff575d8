//! The "Xem nguyên bản" view: the sender's look, for a frame without scripts, cookies or network. Style attributes become
//! classes of one sheet with a nonce, so that the frame's policy needs no unsafe word.

use super::measure::measure;
use super::reader::picture;
use super::{GONE, Pictures, TAGS, TooMuch, may_lead, style};
use crate::limits;
use ammonia::{Builder, UrlRelative};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex};

/// A body and its style sheet for the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    pub html: String,
    pub sheet: String,
}

/// Tags that only choose a look.
const LOOKS: [&str; 2] = ["big", "strike"];

pub fn clean(html: &str, pictures: &Pictures) -> Result<Original, TooMuch> {
    let nodes = measure(html)?;
    let inlined = inline_sheets(html, nodes);
    let html = inlined.as_deref().unwrap_or(html);
    measure(html)?;
    let token = token();
    let sheet: Arc<Mutex<Vec<String>>> = Arc::default();
    let (rules, marker) = (Arc::clone(&sheet), token.clone());
    let addresses: HashMap<String, String> = pictures.iter().cloned().collect();
    let clean = {
        let mut builder = Builder::empty();
        builder
            .tags(TAGS.into_iter().chain(LOOKS).collect())
            .clean_content_tags(HashSet::from(GONE))
            .generic_attributes(HashSet::from(["style", "align", "valign", "dir", "title"]))
            .tag_attributes(HashMap::from([
                ("a", HashSet::from(["href"])),
                ("img", HashSet::from(["src", "alt", "width", "height"])),
                ("font", HashSet::from(["color", "size", "face"])),
                (
                    "table",
                    HashSet::from(["width", "border", "cellpadding", "cellspacing", "bgcolor"]),
                ),
                (
                    "td",
                    HashSet::from(["colspan", "rowspan", "width", "height", "bgcolor"]),
                ),
                (
                    "th",
                    HashSet::from(["colspan", "rowspan", "width", "height", "bgcolor"]),
                ),
                ("tr", HashSet::from(["bgcolor"])),
                ("ol", HashSet::from(["start", "type"])),
            ]))
            .set_tag_attribute_value("a", "target", "_blank")
            .link_rel(Some("noopener noreferrer nofollow"))
            .url_schemes(HashSet::from([
                "http", "https", "mailto", "tel", "cid", "data",
            ]))
            .url_relative(UrlRelative::Deny)
            .strip_comments(true)
            .attribute_filter(move |tag, name, value| match (tag, name) {
                ("img", "src") => picture(value, &addresses).map(Cow::Owned),
                ("a", "href") => may_lead(value).then_some(Cow::Borrowed(value)),
                (_, "style") => {
                    let style = style::clean(value);
                    if style.is_empty() {
                        return None;
                    }
                    let mut rules = rules.lock().ok()?;
                    rules.push(style);
                    Some(Cow::Owned(format!("{marker}{}", rules.len())))
                }
                _ => Some(Cow::Borrowed(value)),
            });
        builder.clean(html).to_string()
    };
    let rules = sheet.lock().map(|rules| rules.clone()).unwrap_or_default();
    let mut sheet = String::new();
    for (at, rule) in rules.iter().enumerate() {
        // Writing into a String cannot fail.
        let _ = write!(sheet, ".c{}{{{rule}}}", at + 1);
    }
    Ok(Original {
        // The token is random: a letter cannot hold it.
        html: clean.replace(&format!("style=\"{token}"), "class=\"c"),
        sheet,
    })
}

/// Moves `<style>` rules into the elements, where that is cheap; at-rules and linked sheets are dropped.
fn inline_sheets(html: &str, nodes: usize) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let has_sheet = lower.contains("<style");
    let sheets: usize = lower
        .split("<style")
        .skip(1)
        .map(|part| part.find("</style").unwrap_or(part.len()))
        .sum();
    if !has_sheet || sheets > limits::STYLE_BYTES_MAX || nodes > limits::STYLED_NODES_MAX {
        return None;
    }
    let options = css_inline::InlineOptions {
        inline_style_tags: true,
        keep_style_tags: false,
        keep_link_tags: false,
        load_remote_stylesheets: false,
        ..Default::default()
    };
    match css_inline::CSSInliner::new(options).inline(html) {
        Ok(html) => Some(html),
        Err(cause) => {
            tracing::debug!(%cause, "a letter's style sheet is not used");
            None
        }
    }
}

fn token() -> String {
    let mut bytes = [0u8; 12];
    // Without randomness a letter could guess the token and so choose among its own classes: harmless.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    format!("k{}-", URL_SAFE_NO_PAD.encode(bytes))
}
