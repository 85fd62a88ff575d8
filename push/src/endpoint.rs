//! Which addresses a push may go to: a browser gives us any URL, so this is where we refuse to be turned against ourselves or
//! others (SSRF). Pure but for the wording of addresses.

use std::net::IpAddr;
use url::{Host, Url};

/// A checked endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub url: String,
    /// Scheme, host and port: the audience of a VAPID token (RFC 8292 §2).
    pub audience: String,
    /// For logs: says which service, not which device.
    pub host: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    Malformed,
    /// Not https.
    Clear,
    /// A private or loopback address, or a user name in it.
    Private,
    /// Not one of the services that may be pushed to.
    Unknown,
}

/// Checks an endpoint. `hosts` as in the configuration; empty: any public host. `private`: loopback and private addresses too,
/// and plain http to them.
pub fn check(text: &str, hosts: &[String], private: bool) -> Result<Endpoint, Refused> {
    if text.len() > crate::limits::ENDPOINT_BYTES_MAX {
        return Err(Refused::Malformed);
    }
    let url = Url::parse(text).map_err(|_| Refused::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refused::Private);
    }
    let (host, ip) = match url.host() {
        Some(Host::Domain(name)) => (name.trim_end_matches('.').to_ascii_lowercase(), None),
        Some(Host::Ipv4(ip)) => (ip.to_string(), Some(IpAddr::V4(ip))),
        Some(Host::Ipv6(ip)) => (ip.to_string(), Some(IpAddr::V6(ip))),
        None => return Err(Refused::Malformed),
    };
    let inner = ip.map_or(host == "localhost" || host.ends_with(".localhost"), |ip| {
        !is_public(ip)
    });
    if inner && !private {
        return Err(Refused::Private);
    }
    match url.scheme() {
        "https" => {}
        "http" if private && inner => {}
        "http" => return Err(Refused::Clear),
        _ => return Err(Refused::Malformed),
    }
    if !(inner || hosts.is_empty() || hosts.iter().any(|pattern| covers(pattern, &host))) {
        return Err(Refused::Unknown);
    }
    Ok(Endpoint {
        audience: url.origin().ascii_serialization(),
        url: url.to_string(),
        host,
    })
}

/// "a.example" is itself; "*.a.example" is every host below it.
fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => host
            .strip_suffix(parent)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => pattern == host,
    }
}

/// Not loopback, private, link-local, carrier-grade NAT, multicast or otherwise special.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0)
                || (a == 198 && (18..20).contains(&b)))
        }
        IpAddr::V6(v6) => {
            let first = v6.segments().first().copied().unwrap_or(0);
            // Only global unicast; 64:ff9b::/96 and 2002::/16 lead back to IPv4 addresses of their writer's choice.
            (first & 0xe000) == 0x2000 && first != 0x2002
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn known() -> Vec<String> {
        crate::KNOWN_HOSTS
            .iter()
            .map(|host| host.to_string())
            .collect()
    }

    #[test]
    fn only_known_services_over_https() {
        let rows = [
            ("https://fcm.googleapis.com/fcm/send/abc", Ok(())),
            (
                "https://updates.push.services.mozilla.com/wpush/v2/x",
                Ok(()),
            ),
            ("https://web.push.apple.com/QGk", Ok(())),
            ("https://wns2-sg2p.notify.windows.com/w/?token=x", Ok(())),
            ("https://FCM.googleapis.com./x", Ok(())),
            ("http://fcm.googleapis.com/x", Err(Refused::Clear)),
            ("https://evil.example/x", Err(Refused::Unknown)),
            (
                "https://fcm.googleapis.com.evil.example/x",
                Err(Refused::Unknown),
            ),
            ("https://evilpush.apple.com/x", Err(Refused::Unknown)),
            ("https://push.apple.com/x", Err(Refused::Unknown)),
            (
                "https://fcm.googleapis.com@127.0.0.1/x",
                Err(Refused::Private),
            ),
            ("https://127.0.0.1/x", Err(Refused::Private)),
            ("https://2130706433/x", Err(Refused::Private)),
            ("https://[::1]/x", Err(Refused::Private)),
            ("https://[::ffff:10.0.0.1]/x", Err(Refused::Private)),
            ("https://localhost/x", Err(Refused::Private)),
            ("https://8.8.8.8/x", Err(Refused::Unknown)),
            ("ftp://fcm.googleapis.com/x", Err(Refused::Malformed)),
            ("file:///etc/passwd", Err(Refused::Malformed)),
            ("nonsense", Err(Refused::Malformed)),
        ];
        for (text, expected) in rows {
            assert_eq!(check(text, &known(), false).map(drop), expected, "{text}");
        }
        assert_eq!(
            check(
                &format!("https://a.example/{}", "x".repeat(3_000)),
                &[],
                false
            ),
            Err(Refused::Malformed)
        );
        assert!(check("https://any.example/x", &[], false).is_ok());
    }

    #[test]
    fn tests_may_push_to_loopback_in_clear_but_nowhere_else() {
        let endpoint = check("http://127.0.0.1:4242/push/x", &known(), true).unwrap();
        assert_eq!(
            (endpoint.audience.as_str(), endpoint.host.as_str()),
            ("http://127.0.0.1:4242", "127.0.0.1")
        );
        assert_eq!(
            check("http://fcm.googleapis.com/x", &[], true),
            Err(Refused::Clear)
        );
    }

    #[test]
    fn special_addresses_are_not_public() {
        for ip in [
            "100.64.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "255.255.255.255",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "fc00::1",
            "fe80::1",
            "::",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["142.250.1.1", "2404:6800:4005::1"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}
