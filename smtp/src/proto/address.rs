//! Paths of MAIL and RCPT: `<>`, `<postmaster>`, source routes, quoted local parts, address literals, UTF-8. Normalises to one
//! spelling per mailbox (NFC, lower-case A-label domain). Never decides whether an address is ours.  (RFC 5321 §4.1.2, RFC 6531 §3.3)

use crate::limits::{DOMAIN_BYTES_MAX, PATH_BYTES_MAX};
use std::net::{Ipv4Addr, Ipv6Addr};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The part behind the `@`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Host {
    /// Lower case, A-labels, no trailing dot.
    Name(String),
    /// `[192.0.2.1]`, `[IPv6:2001:db8::1]`, with its brackets.
    Literal(String),
}

/// A mailbox: the local part without quotes, and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    pub local: String,
    pub host: Host,
}

impl Address {
    /// The one spelling of this address: quotes only where the local part needs them.
    pub fn spelled(&self) -> String {
        let host = match &self.host {
            Host::Name(name) => name,
            Host::Literal(literal) => literal,
        };
        if self.local.chars().all(|c| is_atext(c) || c == '.') && !self.local.is_empty() {
            return format!("{}@{host}", self.local);
        }
        let mut spelled = String::with_capacity(self.local.len() + host.len() + 4);
        spelled.push('"');
        for c in self.local.chars() {
            if matches!(c, '"' | '\\') {
                spelled.push('\\');
            }
            spelled.push(c);
        }
        spelled.push_str("\"@");
        spelled.push_str(host);
        spelled
    }
    /// A local part that other servers once took as a route: percent hack, bang path, an address in quotes.
    pub fn smells_of_routing(&self) -> bool {
        self.local.contains(['%', '!', '@'])
    }
}

/// What stands between the angle brackets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Path {
    /// `<>`
    Null,
    /// `<postmaster>` without a domain (RFC 5321 §4.1.1.3).
    Postmaster,
    Mailbox(Address),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadPath;

/// Reads a path and what follows it (the parameters, trimmed). Spaces before `<` are forgiven: common clients send one.
pub fn parse_path(text: &str) -> Result<(Path, &str), BadPath> {
    let text = text.trim_start_matches(' ');
    let inner = text.strip_prefix('<').ok_or(BadPath)?;
    if let Some(rest) = inner.strip_prefix('>') {
        return Ok((Path::Null, after(rest)?));
    }
    let routed = skip_route(inner)?;
    let (local, rest) = parse_local(routed)?;
    if let Some(rest) = rest.strip_prefix('>') {
        return match local.eq_ignore_ascii_case("postmaster") {
            true => Ok((Path::Postmaster, after(rest)?)),
            false => Err(BadPath),
        };
    }
    let rest = rest.strip_prefix('@').ok_or(BadPath)?;
    let (host, rest) = rest.split_once('>').ok_or(BadPath)?;
    if inner.len() - rest.len() > PATH_BYTES_MAX {
        return Err(BadPath);
    }
    let host = parse_host(host).ok_or(BadPath)?;
    let local = if is_nfc(&local) {
        local
    } else {
        local.nfc().collect()
    };
    let address = Address { local, host };
    // A-labels and NFC may be longer than what was sent.
    if !inner.is_ascii() && address.spelled().len() + 2 > PATH_BYTES_MAX {
        return Err(BadPath);
    }
    Ok((Path::Mailbox(address), after(rest)?))
}

/// What follows `>`: nothing, or parameters after a space.
fn after(rest: &str) -> Result<&str, BadPath> {
    if rest.is_empty() || rest.starts_with(' ') {
        Ok(rest.trim_matches(' '))
    } else {
        Err(BadPath)
    }
}

/// Source routes are read and ignored (RFC 5321 appendix C).
fn skip_route(inner: &str) -> Result<&str, BadPath> {
    if !inner.starts_with('@') {
        return Ok(inner);
    }
    let (route, rest) = inner.split_once(':').ok_or(BadPath)?;
    for hop in route.split(',') {
        let name = hop.strip_prefix('@').ok_or(BadPath)?;
        parse_host(name).ok_or(BadPath)?;
    }
    Ok(rest)
}

/// Dot-string (dots anywhere: such addresses exist) or quoted string; returns it without quotes.
fn parse_local(text: &str) -> Result<(String, &str), BadPath> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c| !is_atext(c) && c != '.').ok_or(BadPath)?;
        let (local, rest) = text.split_at(end);
        return if local.is_empty() {
            Err(BadPath)
        } else {
            Ok((local.to_owned(), rest))
        };
    };
    let mut local = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((local, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => match chars.next() {
                Some((_, c)) if (' '..='~').contains(&c) => local.push(c),
                _ => return Err(BadPath),
            },
            c if c.is_control() => return Err(BadPath),
            c => local.push(c),
        }
    }
    Err(BadPath)
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || !c.is_ascii() && !c.is_control()
}

/// A domain or address literal in its one spelling.
pub fn parse_host(text: &str) -> Option<Host> {
    if text.starts_with('[') {
        return parse_literal(text).then(|| Host::Literal(text.to_ascii_lowercase()));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let name = if name.is_ascii() && !name.to_ascii_lowercase().contains("xn--") {
        name.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(name).ok()?
    };
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (name.len() <= DOMAIN_BYTES_MAX && name.split('.').all(label_fits)).then_some(Host::Name(name))
}

fn parse_literal(text: &str) -> bool {
    let Some(inner) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    else {
        return false;
    };
    match inner.split_once(':') {
        Some((tag, v6)) if tag.eq_ignore_ascii_case("ipv6") => v6.parse::<Ipv6Addr>().is_ok(),
        Some(_) => false,
        None => inner.parse::<Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling() {
        let rows = [
            ("<a@b.vn>", "a@b.vn", ""),
            (" <a@b.vn>  SIZE=1 ", "a@b.vn", "SIZE=1"),
            ("<A.b+c@CaMau.GOV.vn.>", "A.b+c@camau.gov.vn", ""),
            ("<@x.vn,@y.vn:a@b.vn>", "a@b.vn", ""),
            ("<\"a b\"@b.vn>", "\"a b\"@b.vn", ""),
            ("<\"ab\"@b.vn>", "ab@b.vn", ""),
            ("<\"a\\\"b\"@b.vn>", "\"a\\\"b\"@b.vn", ""),
            ("<\"a>b@c\"@b.vn>", "\"a>b@c\"@b.vn", ""),
            ("<a@[192.0.2.1]>", "a@[192.0.2.1]", ""),
            ("<a@[IPv6:2001:DB8::1]>", "a@[ipv6:2001:db8::1]", ""),
            ("<a..b@docomo.example>", "a..b@docomo.example", ""),
            ("<văn.thư@tỉnh.vn>", "văn.thư@xn--tnh-dlz.vn", ""),
            ("<va\u{306}n@b.vn>", "văn@b.vn", ""),
            ("<a_b@x_y.vn>", "a_b@x_y.vn", ""),
        ];
        for (text, spelled, rest) in rows {
            let (path, after) = parse_path(text).unwrap();
            let Path::Mailbox(address) = path else {
                unreachable!("{text}")
            };
            assert_eq!(
                (address.spelled().as_str(), after),
                (spelled, rest),
                "{text}"
            );
        }
        assert_eq!(parse_path("<>"), Ok((Path::Null, "")));
        assert_eq!(parse_path("<PostMaster>"), Ok((Path::Postmaster, "")));
    }

    #[test]
    fn other_paths_are_refused() {
        let long = format!("<{}@b.vn>", "a".repeat(300));
        let long_as_a_label = format!("<{}@tỉnh.vn>", "a".repeat(240));
        let rows = [
            "",
            "a@b.vn",
            "<a@b.vn",
            "<a@>",
            "<@b.vn>",
            "<a>",
            "<a b@c.vn>",
            "<a@b@c.vn>",
            "<a@b..vn>",
            "<a@-b.vn>",
            "<a@b.vn>x",
            "<a@b.vn><c@d.vn>",
            "<a@b.vn>,<c@d.vn>",
            "<a@b.vn,c@d.vn>",
            "<a@[1.2.3]>",
            "<a@[IPv6:zz]>",
            "<a@[x:1.2.3.4]>",
            "<\"a@b.vn>",
            "<\"a\u{1}\"@b.vn>",
            "<@x.vn a@b.vn>",
            "<@x y:a@b.vn>",
            "<a@b .vn>",
            "<<a@b.vn>>",
            &long,
            &long_as_a_label,
        ];
        for text in rows {
            assert_eq!(parse_path(text), Err(BadPath), "{text}");
        }
    }
}
