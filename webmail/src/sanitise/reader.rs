//! The "Dễ đọc" view: headings, paragraphs, lists, tables, links and the letter's own pictures, in our type and width.
//! The sender's styles, sizes and colours are dropped, so that nothing is too small, too wide or hidden.

use super::measure::measure;
use super::{GONE, Pictures, TAGS, TooMuch, may_lead};
use ammonia::{Builder, UrlRelative};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Clean HTML that may stand in our own page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    pub html: String,
    /// Pictures from the Internet that were not loaded.
    pub blocked: usize,
}

pub fn clean(html: &str, pictures: &Pictures) -> Result<Reader, TooMuch> {
    measure(html)?;
    let blocked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&blocked);
    let clean = {
        let addresses: HashMap<String, String> = pictures.iter().cloned().collect();
        let mut builder = Builder::empty();
        builder
            .tags(TAGS.into_iter().collect())
            .clean_content_tags(HashSet::from(GONE))
            .tag_attributes(HashMap::from([
                ("a", HashSet::from(["href"])),
                ("img", HashSet::from(["src", "alt"])),
                ("td", HashSet::from(["colspan", "rowspan"])),
                ("th", HashSet::from(["colspan", "rowspan"])),
                ("ol", HashSet::from(["start"])),
            ]))
            .set_tag_attribute_value("table", "tabindex", "0")
            .set_tag_attribute_value("a", "target", "_blank")
            .set_tag_attribute_value("img", "loading", "lazy")
            .link_rel(Some("noopener noreferrer nofollow"))
            .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "cid"]))
            .url_relative(UrlRelative::Custom(Box::new(ours)))
            .strip_comments(true)
            .attribute_filter(move |tag, name, value| match (tag, name) {
                ("img", "src") => match picture(value, &addresses) {
                    Some(address) => Some(Cow::Owned(address)),
                    None => {
                        count.fetch_add(1, Ordering::Relaxed);
                        None
                    }
                },
                ("a", "href") => may_lead(value).then_some(Cow::Borrowed(value)),
                ("td" | "th" | "ol", _) => value
                    .trim()
                    .parse::<u16>()
                    .ok()
                    .map(|n| Cow::Owned(n.min(1_000).to_string())),
                _ => Some(Cow::Borrowed(value)),
            });
        builder.clean(html).to_string()
    };
    Ok(Reader {
        html: clean,
        blocked: blocked.load(Ordering::Relaxed),
    })
}

/// Relative addresses: the filter above has written ours already; the sender has none that mean anything here.
fn ours(address: &str) -> Option<Cow<'_, str>> {
    address
        .starts_with("/thu/")
        .then_some(Cow::Borrowed(address))
}

/// The address of a picture that came with the letter.
pub fn picture(src: &str, addresses: &HashMap<String, String>) -> Option<String> {
    let src = src.trim();
    let id = src
        .get(..4)
        .filter(|scheme| scheme.eq_ignore_ascii_case("cid:"))
        .and_then(|_| src.get(4..))?;
    let id = percent_decoded(id);
    addresses.get(&id).cloned()
}

/// RFC 2392 §2: Content-IDs are percent-encoded in cid: addresses.
fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let pair = format!("x={}", text.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}
