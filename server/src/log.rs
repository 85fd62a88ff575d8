//! Structured logs on standard error, as text for people or JSON for machines. Every line passes a mask, so that an
//! address that slipped into a message is not written out. Never logs bodies or secrets.

use std::io::{self, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// Starts logging; the environment variable CONGTHU_LOG wins over `level`. A second call changes nothing.
pub fn start(format: Format, level: &str) {
    let filter = EnvFilter::try_from_env("CONGTHU_LOG")
        .or_else(|_| EnvFilter::try_new(level))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Masking)
        .with_ansi(false)
        .with_target(true);
    // Err means that a subscriber stands already (tests): that one keeps working.
    let _already = match format {
        Format::Text => lines.try_init(),
        Format::Json => lines.json().try_init(),
    };
}

#[derive(Clone, Copy)]
struct Masking;

impl<'a> MakeWriter<'a> for Masking {
    type Writer = Line;
    fn make_writer(&'a self) -> Line {
        Line(Vec::with_capacity(256))
    }
}

/// One formatted event; masked and written in one piece when it is complete.
struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.0);
        // Nothing sensible can be done when standard error is gone.
        let _gone = io::stderr().lock().write_all(mask(&text).as_bytes());
    }
}

/// Replaces the local part of everything that looks like an address: "lan.nt@so.example" becomes "l***@so.example".
pub fn mask(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        let head = before.trim_end_matches(in_local_part);
        let local = before.get(head.len()..).unwrap_or_default();
        out.push_str(head);
        if let (Some(first), true) = (
            local.chars().next(),
            after.starts_with(|c: char| c.is_alphanumeric() || c == '['),
        ) {
            out.push(first);
            out.push_str("***");
        } else {
            out.push_str(local);
        }
        out.push('@');
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Characters of a local part as they stand in logs (RFC 5322 §3.2.3 without the ones that frame JSON and paths).
fn in_local_part(c: char) -> bool {
    c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_local_part() {
        for (line, masked) in [
            ("to lan.nt@so.example ok", "to l***@so.example ok"),
            (
                r#"{"to":"<lan@so.example>"}"#,
                r#"{"to":"<l***@so.example>"}"#,
            ),
            ("đào@so.example", "đ***@so.example"),
            ("a@b, c@d", "a***@b, c***@d"),
            ("no address @ all", "no address @ all"),
            ("plain", "plain"),
        ] {
            assert_eq!(mask(line), masked);
        }
    }
}
