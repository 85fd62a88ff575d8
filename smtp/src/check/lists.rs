//! DNS block lists: a hit only adds to the score, never decides; a list that does not answer has no opinion.  (RFC 5782)

use super::late::Looks;
use mail_auth::MessageAuthenticator;
use std::net::IpAddr;

/// The lists that name this address.
pub(super) async fn check(
    dns: &MessageAuthenticator,
    ip: IpAddr,
    lists: &[String],
    looks: &Looks,
) -> Vec<String> {
    let asked = lists.iter().map(async |list| {
        let name = name(ip, list);
        let answer = async { dns.ipv4_lookup_raw(&name).await.ok() };
        let found = looks.ask("lists", answer, || None).await?;
        // Answers outside 127/8 mean a list that is gone or refuses us (RFC 5782 §2.1, §5).
        let listed = found
            .entry
            .iter()
            .any(|answer| answer.is_loopback() && answer.octets() != [127, 255, 255, 254]);
        listed.then(|| list.clone())
    });
    futures_util::future::join_all(asked)
        .await
        .into_iter()
        .flatten()
        .collect()
}

/// The name to ask: octets or nibbles backwards, then the list.
fn name(ip: IpAddr, list: &str) -> String {
    let mut name = String::new();
    match ip {
        IpAddr::V4(v4) => {
            for octet in v4.octets().iter().rev() {
                name.push_str(&format!("{octet}."));
            }
        }
        IpAddr::V6(v6) => {
            for octet in v6.octets().iter().rev() {
                name.push_str(&format!("{:x}.{:x}.", octet & 15, octet >> 4));
            }
        }
    }
    name + list + "."
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::name;

    #[test]
    fn names_are_backwards() {
        assert_eq!(
            name("192.0.2.99".parse().unwrap(), "bl.example"),
            "99.2.0.192.bl.example."
        );
        let six = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.bl.example.";
        assert_eq!(
            name("4321:0:1:2:3:4:567:89ab".parse().unwrap(), "bl.example"),
            six
        );
    }
}
