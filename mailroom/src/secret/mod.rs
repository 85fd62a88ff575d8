//! Secrets: how they are made, written down and compared. Nothing here has `Debug`, nothing here is logged.

pub(crate) mod code;
pub(crate) mod password;
pub(crate) mod proven;
pub(crate) mod scram;
pub(crate) mod throttle;

use aws_lc_rs::{constant_time, digest, rand};
use base64::Engine as _;

/// Bytes from the system's generator.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], crate::Error> {
    let mut bytes = [0u8; N];
    rand::fill(&mut bytes).map_err(|_| crate::Error::Broken("no random bytes".into()))?;
    Ok(bytes)
}

/// An opaque token of 256 bits for cookies and sources, base64url without padding.
pub(crate) fn token() -> Result<String, crate::Error> {
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<32>()?))
}

/// SHA-256 in hex. Enough for secrets of 80 bits and more that we made ourselves: there is nothing to guess, so a slow
/// hash would only slow us. `purpose` keeps a hash of one kind from being taken for another.
pub(crate) fn digest_of(purpose: &str, secret: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(purpose.as_bytes());
    context.update(&[0]);
    context.update(secret.as_bytes());
    hex(context.finish().as_ref())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Compares without telling how far they agree.
pub(crate) fn same(one: &str, other: &str) -> bool {
    constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_keep_hashes_apart() {
        assert_ne!(digest_of("slip", "x"), digest_of("session", "x"));
        assert_ne!(digest_of("a", "bx"), digest_of("ab", "x"));
        assert_eq!(digest_of("slip", "x").len(), 64);
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }
}
