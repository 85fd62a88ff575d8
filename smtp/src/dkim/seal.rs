//! Seals letters that are forwarded: what we found when the letter came, under a signature of ours, so that the next server
//! may believe it although forwarding broke SPF or a list broke DKIM. Only letters that carry our own results are sealed;
//! never anybody's own mail.  (RFC 8617 §5.1)

use super::key::Sealer;
use super::{KeyError, Keys};
use mail_auth::arc::Set;
use mail_auth::common::headers::{Header, HeaderWriter};
use mail_auth::{ArcOutput, AuthenticatedMessage, AuthenticationResults, DkimResult, Error};

/// The results in our own name that stand on top of a letter from outside, in one line; `None` for mail of our own.
pub fn results_on_top(letter: &[u8], host_name: &str) -> Option<String> {
    let top = letter.strip_prefix(b"Authentication-Results: ")?;
    let end = field_end(top);
    let value = std::str::from_utf8(top.get(..end)?).ok()?;
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let author = line.split([';', ' ']).next()?;
    author.eq_ignore_ascii_case(host_name).then_some(line)
}

/// Behind the first line end that no folded line follows.
fn field_end(field: &[u8]) -> usize {
    let mut ends = field.windows(3).enumerate();
    ends.find(|(_, three)| matches!(three, [b'\r', b'\n', next] if !matches!(next, b' ' | b'\t')))
        .map_or(field.len(), |(at, _)| at)
}

impl Keys {
    /// The three fields of a seal for a letter exactly as it will be sent; "" where it cannot or need not be sealed.
    pub(crate) fn seal(&self, results: &str, letter: &[u8]) -> Result<String, KeyError> {
        let Some((domain, _)) = &self.home else {
            return Ok(String::new());
        };
        // Whether the chain held could not be said: neither pass nor fail would be true.
        if results.contains("arc=temperror") {
            return Ok(String::new());
        }
        self.with(domain, |keys| {
            let Some(sealer) = keys.iter().find_map(|key| key.sealer.as_deref()) else {
                return Ok(String::new());
            };
            sealed(sealer, results, letter)
        })
    }
}

fn sealed(sealer: &Sealer, results: &str, letter: &[u8]) -> Result<String, KeyError> {
    let fault = |cause: Error| KeyError::Sign(cause.to_string());
    let Some(message) = AuthenticatedMessage::parse(letter) else {
        return Ok(String::new());
    };
    let chain = chain(&message, results.contains("arc=pass"));
    // A chain that somebody called broken stays as it is (RFC 8617 §5.1.2), and one that is no chain cannot go on.
    if message.has_arc_errors || !chain.can_be_sealed() || chain.sets().len() >= SETS_MAX {
        return Ok(String::new());
    }
    // The whole text stands where the library wants the name: it is written as it is.
    let text = AuthenticationResults::new(results);
    let set = sealer.seal(&message, &text, &chain).map_err(fault)?;
    Ok(folded(&set.to_header()))
}

/// Sets a chain may have (RFC 8617 §4.2.1).
const SETS_MAX: usize = 50;

/// The sets the letter came with, and what we said of them then.
fn chain<'x>(message: &'x AuthenticatedMessage<'x>, held: bool) -> ArcOutput<'x> {
    let (seals, signatures, results) = (
        &message.as_headers,
        &message.ams_headers,
        &message.aar_headers,
    );
    let result = if held {
        DkimResult::Pass
    } else {
        DkimResult::Fail(Error::ParseError)
    };
    let mut chain = ArcOutput::default().with_result(result);
    for ((seal, signature), results) in seals.iter().zip(signatures).zip(results) {
        chain = chain.with_set(Set {
            signature: Header::new(signature.name, signature.value, &signature.header),
            seal: Header::new(seal.name, seal.value, &seal.header),
            results: Header::new(results.name, results.value, &results.header),
        });
    }
    chain
}

/// The results are written in one line; a fold counts as the blank it stands for (RFC 6376 §3.4.2).
fn folded(set: &str) -> String {
    let lines = set.split_inclusive("\r\n").map(|line| {
        if line.starts_with("ARC-Authentication-Results:") {
            line.replace("; ", ";\r\n\t")
        } else {
            line.to_owned()
        }
    });
    lines.collect()
}
