//! The tagged answer of a command as a value. (RFC 9051 §7.1)

use std::borrow::Cow;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok,
    No,
    Bad,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: Status,
    /// Without brackets; empty for none.
    pub code: Cow<'static, str>,
    pub text: Cow<'static, str>,
}

impl Reply {
    pub fn ok(text: &'static str) -> Reply {
        Reply::new(Status::Ok, "", text)
    }
    pub fn ok_with(code: impl Into<Cow<'static, str>>, text: &'static str) -> Reply {
        Reply::new(Status::Ok, code, text)
    }
    pub fn no(code: impl Into<Cow<'static, str>>, text: &'static str) -> Reply {
        Reply::new(Status::No, code, text)
    }
    pub fn bad(text: &'static str) -> Reply {
        Reply::new(Status::Bad, "", text)
    }

    fn new(status: Status, code: impl Into<Cow<'static, str>>, text: &'static str) -> Reply {
        Reply {
            status,
            code: code.into(),
            text: text.into(),
        }
    }

    /// "tag OK [CODE] text".
    pub fn write(&self, out: &mut Vec<u8>, tag: &str) {
        out.extend_from_slice(tag.as_bytes());
        out.extend_from_slice(match self.status {
            Status::Ok => b" OK ",
            Status::No => b" NO ",
            Status::Bad => b" BAD ",
        });
        if !self.code.is_empty() {
            out.push(b'[');
            out.extend_from_slice(self.code.as_bytes());
            out.extend_from_slice(b"] ");
        }
        out.extend_from_slice(self.text.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}
