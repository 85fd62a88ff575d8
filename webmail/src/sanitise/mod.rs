//! HTML letters made harmless: what remains can be shown beside our own pages. Bounded in size, depth, nodes and time;
//! what does not fit is shown as text. Never asks the network.

mod measure;
mod original;
mod reader;
mod style;

use crate::app::App;
use crate::limits;
use std::time::Duration;

pub use original::Original;
pub use reader::Reader;

/// Why a letter's HTML is not shown; its text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TooMuch {
    Size,
    Depth,
    Nodes,
    Time,
}

/// Tags that stand in both views.
const TAGS: [&str; 50] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// Elements that go with all they hold.
const GONE: [&str; 17] = [
    "script", "style", "title", "head", "iframe", "object", "embed", "applet", "svg", "math",
    "template", "noscript", "textarea", "select", "frameset", "audio", "video",
];

/// Where a link of a letter may lead.
fn may_lead(address: &str) -> bool {
    let lower = address.trim_start().to_ascii_lowercase();
    ["http:", "https:", "mailto:", "tel:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
}

/// Where pictures of the letter itself (`cid:`) are found: Content-ID to address.
pub type Pictures = Vec<(String, String)>;

/// The "Dễ đọc" view: structure and words, our styles.
pub async fn reader(app: &App, html: String, pictures: Pictures) -> Result<Reader, TooMuch> {
    in_time(app, move || reader::clean(&html, &pictures)).await
}

/// The "Xem nguyên bản" view: the sender's styles, for a sandboxed frame.
pub async fn original(app: &App, html: String, pictures: Pictures) -> Result<Original, TooMuch> {
    in_time(app, move || original::clean(&html, &pictures)).await
}

/// Runs off the network threads, a few at a time, for a bounded time. (A thread that is late ends by itself: its input is
/// bounded; its slot is given back only then.)
async fn in_time<T: Send + 'static>(
    app: &App,
    work: impl FnOnce() -> Result<T, TooMuch> + Send + 'static,
) -> Result<T, TooMuch> {
    bounded(app.sanitisers.clone(), limits::HTML_TIME_MAX, work).await
}

async fn bounded<T: Send + 'static>(
    slots: std::sync::Arc<tokio::sync::Semaphore>,
    time: Duration,
    work: impl FnOnce() -> Result<T, TooMuch> + Send + 'static,
) -> Result<T, TooMuch> {
    let job = async move {
        let slot = slots.acquire_owned().await.map_err(|_| TooMuch::Time)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(slot);
            done
        });
        done.await.map_err(|cause| {
            tracing::error!(%cause, "the sanitiser failed");
            TooMuch::Time
        })?
    };
    tokio::time::timeout(time, job)
        .await
        .unwrap_or(Err(TooMuch::Time))
}

/// A picture type that browsers show and that holds no script.
pub fn is_picture(media_type: &str) -> bool {
    matches!(
        media_type,
        "image/png" | "image/jpeg" | "image/jpg" | "image/gif" | "image/webp" | "image/bmp"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
