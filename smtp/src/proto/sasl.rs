//! SASL PLAIN, LOGIN, SCRAM and OAUTHBEARER as the server reads their lines. Knows no password store; secrets have no Debug.
//! (RFC 4616, RFC 4954, RFC 5802, RFC 7628)

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailroom::Actor;
use mailroom::signin::{BEARER_FAULT, Bearer, Scram};
use zeroize::Zeroizing;

/// A password on its way to the mailroom: not printable, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// What the next line of the exchange is.
pub enum Exchange {
    Plain,
    LoginUser,
    LoginSecret {
        user: String,
    },
    /// SCRAM-SHA-256, or -PLUS with its channel binding.
    ScramFirst {
        plus: bool,
    },
    ScramLast(Box<Scram>),
    /// The client has been told our proof and has only to nod (RFC 4954 §4: no data goes with success).
    ScramNod(Box<Actor>),
    Bearer,
    /// The client has been told why its token is not taken (RFC 7628 §3.2.3).
    BearerRefused,
}

/// What a line brought.
pub enum Progress {
    /// Ask for more with this `334` text.
    More(Exchange, &'static str),
    Claim {
        user: String,
        secret: Secret,
    },
    /// SCRAM's first message.
    Begin {
        said: String,
        plus: bool,
    },
    /// SCRAM's proof.
    Finish {
        exchange: Box<Scram>,
        said: String,
    },
    /// Proven before.
    Enter(Box<Actor>),
    /// No, and the reply says no more.
    No,
    Undecodable,
}

/// "Username:" and "Password:" in base64, as every client of LOGIN expects them.
pub const ASK_USER: &str = "VXNlcm5hbWU6";
pub const ASK_SECRET: &str = "UGFzc3dvcmQ6";

impl Exchange {
    /// Takes one base64 line of the client.
    pub fn line(self, line: &str) -> Progress {
        let Some(text) = decode(line) else {
            return Progress::Undecodable;
        };
        match self {
            Exchange::Plain => plain(&text),
            Exchange::LoginUser => Progress::More(
                Exchange::LoginSecret {
                    user: text.to_string(),
                },
                ASK_SECRET,
            ),
            Exchange::LoginSecret { user } => Progress::Claim {
                user,
                secret: Secret(text),
            },
            Exchange::ScramFirst { plus } => Progress::Begin {
                said: text.to_string(),
                plus,
            },
            Exchange::ScramLast(exchange) => Progress::Finish {
                exchange,
                said: text.to_string(),
            },
            Exchange::ScramNod(actor) if text.is_empty() => Progress::Enter(actor),
            Exchange::ScramNod(_) => Progress::Undecodable,
            Exchange::Bearer if Bearer::read(&text).is_some() => {
                Progress::More(Exchange::BearerRefused, BEARER_FAULT)
            }
            Exchange::Bearer => Progress::Undecodable,
            // Whatever the client answers, usually %x01.
            Exchange::BearerRefused => Progress::No,
        }
    }
}

/// Base64 to UTF-8; `=` alone is the empty string (RFC 4954 §4).
fn decode(line: &str) -> Option<Zeroizing<String>> {
    if line == "=" {
        return Some(Zeroizing::new(String::new()));
    }
    let bytes = STANDARD.decode(line).ok()?;
    String::from_utf8(bytes).ok().map(Zeroizing::new)
}

/// [authzid] NUL authcid NUL passwd (RFC 4616 §2); acting as somebody else is not offered.
fn plain(text: &str) -> Progress {
    let mut parts = text.split('\0');
    let (acting, user, secret) = (parts.next(), parts.next(), parts.next());
    match (acting, user, secret, parts.next()) {
        (Some(acting), Some(user), Some(secret), None)
            if !user.is_empty() && (acting.is_empty() || acting == user) =>
        {
            Progress::Claim {
                user: user.to_owned(),
                secret: Secret::new(secret.to_owned()),
            }
        }
        // Well written, and no (RFC 4954 §6: 535).
        (Some(_), Some(user), Some(_), None) if !user.is_empty() => Progress::No,
        _ => Progress::Undecodable,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn bearer_tokens_are_not_taken() {
        let good = STANDARD.encode("n,,\x01auth=Bearer x\x01\x01");
        let said = Exchange::Bearer.line(&good);
        let Progress::More(Exchange::BearerRefused, BEARER_FAULT) = said else {
            panic!()
        };
        assert!(matches!(Exchange::BearerRefused.line("AQ=="), Progress::No));
        let bad = Exchange::Bearer.line(&STANDARD.encode("n,,"));
        assert!(matches!(bad, Progress::Undecodable));
    }

    #[test]
    fn exchanges() {
        let claim = |progress| match progress {
            Progress::Claim { user, secret } => Some((user, secret.expose().to_owned())),
            _ => None,
        };
        let line = STANDARD.encode("\0an@b.vn\0mật khẩu");
        assert_eq!(
            claim(Exchange::Plain.line(&line)),
            Some(("an@b.vn".into(), "mật khẩu".into()))
        );
        for bad in [
            "*",
            "###",
            "",
            "=",
            &STANDARD.encode("x\0y\0z"),
            &STANDARD.encode("\0y"),
            &STANDARD.encode(b"\0a\0\xff"),
            &STANDARD.encode("\0a\0b\0c"),
        ] {
            assert!(claim(Exchange::Plain.line(bad)).is_none(), "{bad}");
        }
        let other = Exchange::Plain.line(&STANDARD.encode("x\0y\0z"));
        assert!(matches!(other, Progress::No));
        let Progress::More(next, ask) = Exchange::LoginUser.line(&STANDARD.encode("an@b.vn"))
        else {
            panic!()
        };
        assert_eq!(STANDARD.decode(ask).unwrap(), b"Password:");
        assert_eq!(
            claim(next.line(&STANDARD.encode("x"))),
            Some(("an@b.vn".into(), "x".into()))
        );
    }
}
