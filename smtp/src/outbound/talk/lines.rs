//! The lines of the envelope: what this server offers decides what MAIL and RCPT say, and whether the letter can go there at all.
//! Reads and writes nothing.

use super::{Letter, Recipient, Talk};
use crate::dkim::Keys;
use crate::outbound::body::Unfit;
use crate::outbound::reply::{Blame, Outcome, never};
use crate::proto::xtext;
use std::fmt::Write as _;

impl Talk {
    /// Is this server fit for this letter? Gives the bytes to send.
    pub(super) fn fits<'b>(&self, letter: &Letter<'b>, keys: &Keys) -> Result<&'b [u8], Outcome> {
        if letter.requiretls && !(self.encrypted && self.trusted && self.offers.requiretls) {
            return Err(never(
                Blame::Server,
                "5.7.30",
                "the sender requires TLS end to end (REQUIRETLS); this server cannot keep it",
            ));
        }
        let form = letter.body.form(self.offers.eight_bit, keys).map_err(|unfit| {
            let why = match unfit {
                Unfit::Signed => "the signed letter has 8-bit parts and this server lacks 8BITMIME",
                Unfit::Unreadable => "the letter has 8-bit bytes that cannot be re-encoded and this server lacks 8BITMIME",
            };
            never(Blame::Server, "5.6.3", why)
        })?;
        match self.offers.size {
            Some(max) if max > 0 && form.len() as u64 > max => Err(never(
                Blame::Server,
                "5.3.4",
                format!(
                    "the letter has {} bytes; this server takes {max}",
                    form.len()
                ),
            )),
            _ => Ok(form),
        }
    }

    pub(super) fn mail_line(&self, letter: &Letter<'_>, bytes: usize) -> Result<String, Outcome> {
        let from = self.path(letter.mail_from)?;
        let mut line = format!("MAIL FROM:<{from}>");
        let utf8 = !from.is_ascii() || (letter.smtputf8 && letter.body.has_8bit_header());
        if utf8 && !self.offers.smtputf8 && !from.is_ascii() {
            return Err(never(
                Blame::Server,
                "5.6.7",
                "the sender's address needs SMTPUTF8, which this server lacks",
            ));
        }
        if self.offers.size.is_some() {
            let _ = write!(line, " SIZE={bytes}");
        }
        if self.offers.eight_bit && letter.body.has_8bit() {
            line.push_str(" BODY=8BITMIME");
        }
        let any_utf8 = utf8
            || letter
                .recipients
                .iter()
                .any(|recipient| !recipient.address.is_ascii());
        if any_utf8 && self.offers.smtputf8 {
            line.push_str(" SMTPUTF8");
        }
        if self.offers.dsn {
            if let Some(ret) = letter.ret.filter(|ret| is_word(ret)) {
                let _ = write!(line, " RET={ret}");
            }
            if let Some(envid) = letter.envid.filter(|envid| !envid.is_empty()) {
                let _ = write!(line, " ENVID={}", xtext::encode(envid));
            }
        }
        if letter.requiretls {
            line.push_str(" REQUIRETLS");
        }
        if self.offers.mt_priority && letter.priority != 0 {
            let _ = write!(line, " MT-PRIORITY={}", letter.priority);
        }
        line.push_str("\r\n");
        Ok(line)
    }

    pub(super) fn rcpt_line(&self, recipient: &Recipient<'_>) -> Result<String, Outcome> {
        let to = self.path(recipient.address)?;
        if !to.is_ascii() && !self.offers.smtputf8 {
            return Err(never(
                Blame::Server,
                "5.6.7",
                "the address needs SMTPUTF8, which this server lacks",
            ));
        }
        let mut line = format!("RCPT TO:<{to}>");
        if self.offers.dsn {
            if let Some(notify) = recipient.notify.filter(|notify| is_word(notify)) {
                let _ = write!(line, " NOTIFY={notify}");
            }
            if let Some(orcpt) = recipient.orcpt.filter(|orcpt| is_word(orcpt)) {
                let _ = write!(line, " ORCPT={orcpt}");
            }
        }
        line.push_str("\r\n");
        Ok(line)
    }

    /// An address as it goes into a path: the domain in ASCII unless the server takes UTF-8 (RFC 6531 §3.2).
    fn path(&self, address: &str) -> Result<String, Outcome> {
        if address
            .chars()
            .any(|c| c.is_control() || matches!(c, '<' | '>'))
            || address.len() > 1_000
        {
            return Err(never(Blame::Letter, "5.1.3", "malformed address"));
        }
        match address.rsplit_once('@') {
            Some((local, domain))
                if local.is_ascii() && !domain.is_ascii() && !self.offers.smtputf8 =>
            {
                let ascii = hickory_resolver::proto::rr::Name::from_utf8(domain)
                    .map_err(|_| never(Blame::Letter, "5.1.2", "malformed domain"))?;
                Ok(format!(
                    "{local}@{}",
                    ascii.to_ascii().trim_end_matches('.')
                ))
            }
            _ => Ok(address.to_string()),
        }
    }
}

/// A parameter value without spaces and controls, as it came in (xtext stays xtext).
fn is_word(value: &str) -> bool {
    !value.is_empty() && value.len() <= 500 && value.bytes().all(|b| b.is_ascii_graphic())
}
