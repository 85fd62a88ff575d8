//! What a server offers in its EHLO answer (RFC 5321 §4.1.1.1). Pure.

/// The extensions we use, as offered by one server on one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offers {
    pub starttls: bool,
    pub pipelining: bool,
    pub eight_bit: bool,
    pub smtputf8: bool,
    pub dsn: bool,
    pub chunking: bool,
    pub requiretls: bool,
    pub mt_priority: bool,
    /// SIZE offered: `Some(0)` means no stated maximum (RFC 1870 §4).
    pub size: Option<u64>,
    pub auth_plain: bool,
    pub auth_login: bool,
    /// RFC 9422: at most this many recipients in one transaction.
    pub rcpt_max: Option<usize>,
}

impl Offers {
    /// From the lines of the reply, codes included. The first line is the greeting, not an extension.
    pub fn from_lines(lines: &[String]) -> Offers {
        let mut offers = Offers::default();
        for line in lines.iter().skip(1) {
            let text = line.get(4..).unwrap_or_default().to_ascii_uppercase();
            // "AUTH=PLAIN" is how some old servers write it.
            let text = text.replacen("AUTH=", "AUTH ", 1);
            let mut words = text.split_ascii_whitespace();
            match words.next().unwrap_or_default() {
                "STARTTLS" => offers.starttls = true,
                "PIPELINING" => offers.pipelining = true,
                "8BITMIME" => offers.eight_bit = true,
                "SMTPUTF8" => offers.smtputf8 = true,
                "DSN" => offers.dsn = true,
                "CHUNKING" => offers.chunking = true,
                "REQUIRETLS" => offers.requiretls = true,
                "MT-PRIORITY" => offers.mt_priority = true,
                "SIZE" => {
                    offers.size = Some(words.next().and_then(|n| n.parse().ok()).unwrap_or(0))
                }
                "AUTH" => {
                    for mechanism in words {
                        offers.auth_plain |= mechanism == "PLAIN";
                        offers.auth_login |= mechanism == "LOGIN";
                    }
                }
                "LIMITS" => {
                    offers.rcpt_max = words
                        .find_map(|word| word.strip_prefix("RCPTMAX="))
                        .and_then(|n| n.parse().ok())
                        .filter(|n| *n > 0);
                }
                _ => {}
            }
        }
        offers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_read_in_any_case_and_unknown_ones_passed_over() {
        let lines = [
            "250-mx.example STARTTLS is not offered by this line",
            "250-pipelining",
            "250-SIZE 52428800",
            "250-AUTH=LOGIN PLAIN",
            "250-XFORWARD NAME",
            "250-Limits MAILMAX=5 RCPTMAX=50",
            "250-8BITMIME",
            "250-DSN",
            "250 SMTPUTF8",
        ]
        .map(String::from);
        let offers = Offers::from_lines(&lines);
        let expected = Offers {
            pipelining: true,
            eight_bit: true,
            smtputf8: true,
            dsn: true,
            size: Some(52_428_800),
            auth_plain: true,
            auth_login: true,
            rcpt_max: Some(50),
            ..Offers::default()
        };
        assert_eq!(offers, expected);
        let bare = ["250-x", "250-SIZE", "250 STARTTLS"].map(String::from);
        assert_eq!(Offers::from_lines(&bare).size, Some(0));
        assert!(Offers::from_lines(&bare).starttls);
        assert_eq!(Offers::from_lines(&[]), Offers::default());
    }
}
