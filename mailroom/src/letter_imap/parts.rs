//! Where the parts of a letter are: one pass over the bytes, every part a pair of ranges. Decodes nothing, copies nothing,
//! and bounds depth and number of parts. (RFC 2046 §5.1, RFC 9051 §6.4.5.1)

use super::field::{bare, cut, field_value, line_end};
use super::limits;
use super::words::Words;
use memchr::memmem;
use std::ops::Range;

/// A part as ranges of the letter.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The part's own header with the empty line that ends it.
    pub header: Range<usize>,
    pub body: Range<usize>,
    pub kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Leaf,
    /// message/rfc822 or message/global: the letter inside.
    Message(Box<Part>),
    /// Never empty.
    Multipart(Vec<Part>),
}

/// Reads the parts of a whole letter.
pub fn parts(raw: &[u8]) -> Part {
    let mut walk = Walk {
        raw,
        at: 0,
        open: Vec::new(),
        parts_left: limits::PARTS_MAX,
    };
    walk.part(0, false).0
}

/// Why a part ended: the letter did, or the boundary of an open multipart came (its place among the open ones).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    End,
    Next(usize),
    Last(usize),
}

struct Walk<'r> {
    raw: &'r [u8],
    at: usize,
    open: Vec<Vec<u8>>,
    parts_left: usize,
}

impl Walk<'_> {
    /// Reads one part from `at`; leaves `at` behind the boundary line that ended it.
    fn part(&mut self, depth: usize, in_digest: bool) -> (Part, Stop) {
        self.parts_left = self.parts_left.saturating_sub(1);
        let start = self.at;
        if let Some((end, stop)) = self.header() {
            let part = Part {
                header: start..end,
                body: end..end,
                kind: Kind::Leaf,
            };
            return (part, stop);
        }
        let header = start..self.at;
        let media = Media::of(cut(self.raw, header.clone()), in_digest);
        let body_start = self.at;
        let deeper = depth < limits::DEPTH_MAX && self.parts_left > 0;
        let (body_end, kind, stop) = match media {
            Media::Multipart { boundary, digest } if deeper => {
                self.multipart(boundary, digest, depth)
            }
            Media::Message if deeper => {
                let (inner, stop) = self.part(depth + 1, false);
                (inner.body.end, Kind::Message(Box::new(inner)), stop)
            }
            _ => {
                let (end, stop) = self.seek();
                (end, Kind::Leaf, stop)
            }
        };
        let body = body_start..body_end.max(body_start);
        (Part { header, body, kind }, stop)
    }

    /// Passes a header. Some: a boundary came first, there is no body.
    fn header(&mut self) -> Option<(usize, Stop)> {
        let start = self.at;
        while self.at < self.raw.len() {
            let end = line_end(self.raw, self.at);
            let line = bare(cut(self.raw, self.at..end));
            if let Some(stop) = self.boundary(line) {
                let header_end = self.before_line(self.at).max(start);
                self.at = end;
                return Some((header_end, stop));
            }
            self.at = end;
            if line.is_empty() {
                break;
            }
        }
        None
    }

    fn multipart(&mut self, boundary: Vec<u8>, digest: bool, depth: usize) -> (usize, Kind, Stop) {
        let level = self.open.len();
        self.open.push(boundary);
        let mut children = Vec::new();
        let (mut end, mut stop) = self.seek();
        while stop == Stop::Next(level) && self.parts_left > 0 {
            let (child, next) = self.part(depth + 1, digest);
            end = child.body.end;
            children.push(child);
            stop = next;
        }
        self.open.pop();
        // After the last boundary comes an epilogue, ended by an outer boundary or the end.
        if matches!(stop, Stop::Next(at) | Stop::Last(at) if at >= level) {
            (end, stop) = self.seek();
        }
        if children.is_empty() {
            // multipart needs a part (RFC 9051 §9, body-type-mpart): an empty one.
            children.push(Part {
                header: end..end,
                body: end..end,
                kind: Kind::Leaf,
            });
        }
        (end, Kind::Multipart(children), stop)
    }

    /// Goes to the next line that is an open boundary, or to the end. Returns where the content before it ends.
    fn seek(&mut self) -> (usize, Stop) {
        if self.open.is_empty() {
            self.at = self.raw.len();
            return (self.at, Stop::End);
        }
        if cut(self.raw, self.at..self.raw.len()).starts_with(b"--")
            && let Some(found) = self.try_line(self.at)
        {
            return found;
        }
        let finder = memmem::Finder::new(b"\n--");
        while let Some(offset) = finder.find(cut(self.raw, self.at..self.raw.len())) {
            let line = self.at + offset + 1;
            if let Some(found) = self.try_line(line) {
                return found;
            }
            self.at = line + 1;
        }
        self.at = self.raw.len();
        (self.at, Stop::End)
    }

    fn try_line(&mut self, line: usize) -> Option<(usize, Stop)> {
        let end = line_end(self.raw, line);
        let stop = self.boundary(bare(cut(self.raw, line..end)))?;
        let content_end = self.before_line(line);
        self.at = end;
        Some((content_end, stop))
    }

    /// The line break in front of a boundary belongs to the boundary (RFC 2046 §5.1.1).
    fn before_line(&self, line: usize) -> usize {
        let before = cut(self.raw, 0..line);
        bare(before).len()
    }

    fn boundary(&self, line: &[u8]) -> Option<Stop> {
        let line = line.strip_prefix(b"--")?.trim_ascii_end();
        for (level, boundary) in self.open.iter().enumerate().rev() {
            match line.strip_prefix(boundary.as_slice()) {
                Some(b"") => return Some(Stop::Next(level)),
                Some(b"--") => return Some(Stop::Last(level)),
                _ => {}
            }
        }
        None
    }
}

/// What a header says its body is.
enum Media {
    Multipart { boundary: Vec<u8>, digest: bool },
    Message,
    Other,
}

impl Media {
    fn of(header: &[u8], in_digest: bool) -> Media {
        let Some(value) = field_value(header, "content-type") else {
            return if in_digest {
                Media::Message
            } else {
                Media::Other
            };
        };
        let words = Words::read(&value);
        let kind = words.head.to_ascii_lowercase();
        if kind.starts_with(b"multipart/") {
            match words.parameter("boundary").map(<[u8]>::trim_ascii_end) {
                Some(boundary)
                    if !boundary.is_empty() && boundary.len() <= limits::BOUNDARY_BYTES_MAX =>
                {
                    Media::Multipart {
                        boundary: boundary.to_vec(),
                        digest: kind == b"multipart/digest",
                    }
                }
                _ => Media::Other,
            }
        } else if kind == b"message/rfc822" || kind == b"message/global" {
            // Only unencoded letters can be opened (RFC 2046 §5.2.1).
            let encoding = field_value(header, "content-transfer-encoding").unwrap_or_default();
            let plain = [&b""[..], b"7bit", b"8bit", b"binary"];
            let known = plain.iter().any(|word| encoding.eq_ignore_ascii_case(word));
            if known { Media::Message } else { Media::Other }
        } else {
            Media::Other
        }
    }
}

/// Which bytes of a part are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// The part's content ("BODY[1]"); the whole letter for an empty path.
    Whole,
    /// The header of the letter at the path ("BODY[HEADER]", "BODY[2.HEADER]").
    Header,
    /// The body of the letter at the path.
    Text,
    /// The part's own MIME header.
    Mime,
}

/// The range a section names (RFC 9051 §6.4.5.1); None where the letter has no such part.
pub fn piece(root: &Part, path: &[u32], piece: Piece) -> Option<Range<usize>> {
    if path.is_empty() {
        return match piece {
            Piece::Whole => Some(root.header.start..root.body.end),
            Piece::Header => Some(root.header.clone()),
            Piece::Text => Some(root.body.clone()),
            Piece::Mime => None,
        };
    }
    let part = find(root, path)?;
    match piece {
        Piece::Whole => Some(part.body.clone()),
        Piece::Mime => Some(part.header.clone()),
        Piece::Header | Piece::Text => match &part.kind {
            Kind::Message(inner) if piece == Piece::Header => Some(inner.header.clone()),
            Kind::Message(inner) => Some(inner.body.clone()),
            _ => None,
        },
    }
}

/// The part at a path of numbers from 1; a letter that is no multipart has one part, itself.
fn find<'p>(letter: &'p Part, path: &[u32]) -> Option<&'p Part> {
    let (&number, rest) = path.split_first()?;
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let part = match &letter.kind {
        Kind::Multipart(children) => children.get(index)?,
        _ if index == 0 => letter,
        _ => return None,
    };
    if rest.is_empty() {
        return Some(part);
    }
    match &part.kind {
        Kind::Multipart(_) => find(part, rest),
        Kind::Message(inner) => find(inner, rest),
        Kind::Leaf => None,
    }
}
