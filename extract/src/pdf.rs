//! PDF: the text of its pages in the order they are drawn. The reader is a library that may panic, loop or swell on a
//! hostile file; see the crate's head.

use lopdf::Document;

use crate::Unread;
use crate::limits::{PAGE_BYTES_MAX, PAGES_MAX, TEXT_BYTES_MAX};
use crate::runs::repaired;

pub(crate) fn text(bytes: &[u8]) -> Result<String, Unread> {
    let broken = |cause: lopdf::Error| Unread::Broken(cause.to_string());
    let document = Document::load_mem(bytes).map_err(broken)?;
    let pages: Vec<u32> = document
        .get_pages()
        .keys()
        .copied()
        .take(PAGES_MAX)
        .collect();
    let mut out = String::new();
    let mut last = None;
    for page in pages {
        for piece in document.extract_text_chunks_with_limit(&[page], PAGE_BYTES_MAX) {
            match piece {
                Ok(piece) => out.push_str(&piece),
                Err(cause) => last = Some(cause),
            }
        }
        out.push('\n');
        if out.len() > TEXT_BYTES_MAX {
            break;
        }
    }
    match last {
        Some(cause) if out.trim().is_empty() => Err(broken(cause)),
        _ => Ok(repaired(&out)),
    }
}
