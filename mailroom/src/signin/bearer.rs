//! OAUTHBEARER's message, prepared for the day when somebody issues tokens for us: read, and refused in the words the standard
//! asks for. Never announced, takes no token.  (RFC 7628)

/// {"status":"invalid_token"} in base64: no issuer is configured (RFC 7628 §3.2.2).
pub const BEARER_FAULT: &str = "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=";

/// Who brought which token. No `Debug`: the token is a secret.
pub struct Bearer {
    pub user: String,
    pub token: String,
}

impl Bearer {
    /// gs2-header kvsep *(key "=" value kvsep) kvsep (RFC 7628 §3.1).
    pub fn read(text: &str) -> Option<Bearer> {
        let (header, pairs) = text.split_once('\x01')?;
        let pairs = pairs.strip_suffix('\x01')?;
        let mut parts = header.strip_suffix(',')?.split(',');
        let (flag, acting) = (parts.next()?, parts.next().unwrap_or_default());
        let user = if acting.is_empty() {
            acting
        } else {
            acting.strip_prefix("a=")?
        };
        let (_, auth) = pairs
            .split('\x01')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == "auth")?;
        let (kind, token) = auth.split_once(' ')?;
        let token = token.trim();
        let fits = matches!(flag, "n" | "y") && parts.next().is_none();
        (fits && kind.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then(|| Bearer {
            user: user.to_owned(),
            token: token.to_owned(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use base64::Engine as _;

    /// RFC 7628 §4.1 and what is no such message.
    #[test]
    fn bearer_tokens_are_read() {
        let good = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        let read = Bearer::read(good).unwrap();
        assert_eq!(read.user, "user@example.com");
        assert_eq!(read.token, "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
        assert!(Bearer::read("n,,\x01auth=bearer x\x01\x01").is_some());
        for bad in [
            "",
            "\x01",
            "n,,\x01\x01",
            "n,,\x01auth=Basic x\x01\x01",
            "n,,\x01auth=Bearer \x01\x01",
            "p=tls-exporter,,\x01auth=Bearer x\x01\x01",
            "n,b=c,\x01auth=Bearer x\x01\x01",
            "n,,x,\x01auth=Bearer x\x01\x01",
        ] {
            assert!(Bearer::read(bad).is_none(), "{bad:?}");
        }
        let told = base64::engine::general_purpose::STANDARD.decode(BEARER_FAULT);
        let told: serde_json::Value = serde_json::from_slice(&told.unwrap()).unwrap();
        assert_eq!(told["status"], "invalid_token");
    }
}
