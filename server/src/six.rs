//! `outbound.ipv6 = "auto"`: mail leaves over IPv6 only while every IPv6 address it would leave from has a name that leads back to it
//! and is allowed by SPF; otherwise over IPv4. A silent DNS changes nothing. (RFC 5321 §4.1.4, RFC 7208, and what large receivers ask)

use crate::config::Config;
use crate::doctor::{Ask, No};
use crate::{limits, wire};
use mailroom::Mailroom;
use std::net::{IpAddr, Ipv6Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio_util::sync::CancellationToken;

/// What one address lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fit {
    Right,
    /// Why other servers would mind.
    Wrong(String),
    /// DNS did not answer.
    Unknown(String),
}

/// The addresses that letters of a domain leave from: its own (`[[source]]`) by family, else the host's.
pub fn leaves_from(config: &Config, domain: &str, host: &[IpAddr]) -> Vec<IpAddr> {
    let entry = config
        .source
        .iter()
        .find(|entry| entry.domain.eq_ignore_ascii_case(domain));
    let own: Vec<IpAddr> = entry
        .into_iter()
        .flat_map(|entry| entry.addresses())
        .collect();
    let has = |ip: &IpAddr| own.iter().any(|one| one.is_ipv4() == ip.is_ipv4());
    let others = host.iter().copied().filter(|ip| !has(ip));
    others.chain(own.iter().copied()).collect()
}

/// Which name of an address leads back to it.
pub async fn named_back(ask: &Ask, ip: IpAddr, most: usize) -> Result<Option<String>, No> {
    for name in ask.ptr(ip).await?.into_iter().take(most) {
        if ask.ips(&name).await.is_ok_and(|ips| ips.contains(&ip)) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// The address the kernel would leave from over IPv6. Connecting a UDP socket sends nothing.
fn kernels_choice() -> Option<IpAddr> {
    /// Any address of the Internet (a root name server) decides the route.
    const FAR: Ipv6Addr = Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30);
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((FAR, 53)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Does everybody who looks accept this address for this domain?
async fn fit(ask: &Ask, config: &Config, domain: &str, ip: IpAddr) -> Fit {
    match named_back(ask, ip, limits::PTR_NAMES_MAX).await {
        Ok(Some(_)) => {}
        Ok(None) => return Fit::Wrong(format!("no name of {ip} leads back to it")),
        Err(No::None(_)) => return Fit::Wrong(format!("{ip} has no name (PTR)")),
        Err(no) => return Fit::Unknown(no.words()),
    }
    let Some(resolver) = ask.resolver() else {
        return Fit::Unknown("no resolver".into());
    };
    let sender = format!("postmaster@{domain}");
    let verdict = smtp::check::probe::spf(resolver, ip, &config.site.host_name, &sender).await;
    match verdict.as_str() {
        "pass" => Fit::Right,
        "temperror" => Fit::Unknown(format!("SPF of {domain}: temperror")),
        other => Fit::Wrong(format!("SPF of {domain} says {other} of {ip}")),
    }
}

/// The whole decision: `None` leaves things as they are.
async fn look(config: &Config, domains: &[String], host: Option<IpAddr>) -> (Option<bool>, String) {
    let resolver = wire::resolver(&config.outbound.dns, false).map_err(|fault| fault.reason.en);
    let ask = Ask::new(resolver);
    let host: Vec<IpAddr> = host.into_iter().collect();
    let (mut looked, mut unknown) = (false, None);
    for domain in domains {
        let six = leaves_from(config, domain, &host);
        for ip in six.into_iter().filter(IpAddr::is_ipv6) {
            looked = true;
            match fit(&ask, config, domain, ip).await {
                Fit::Right => {}
                Fit::Wrong(why) => return (Some(false), why),
                Fit::Unknown(why) => unknown = Some(why),
            }
        }
    }
    match (looked, unknown) {
        (_, Some(why)) => (None, why),
        (false, None) => (Some(false), "this machine has no way out over IPv6".into()),
        (true, None) => (Some(true), String::new()),
    }
}

/// Looks now and every hour until the stop, and switches.
pub async fn run(config: Config, room: Mailroom, on: Arc<AtomicBool>, shutdown: CancellationToken) {
    loop {
        match room.domains().await {
            Ok(domains) => {
                let (fit, why) = look(&config, &domains, kernels_choice()).await;
                if let Some(fit) = fit
                    && on.swap(fit, Ordering::Relaxed) != fit
                {
                    tracing::info!(ipv6 = fit, why, "mail leaves over IPv6 or not");
                }
                tracing::debug!(?fit, why, "looked at the IPv6 addresses mail leaves from");
            }
            Err(cause) => tracing::warn!(%cause, "cannot look at the addresses mail leaves from"),
        }
        metrics::gauge!("congthu_outbound_ipv6")
            .set(f64::from(u8::from(on.load(Ordering::Relaxed))));
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(limits::IPV6_LOOK) => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::template;

    #[test]
    fn a_domain_leaves_from_its_own_addresses_by_family() {
        let text = template::text(&template::Answers::for_domain("tinh.example"));
        let more = "[[source]]\ndomain = \"Cu.example\"\nv4 = \"192.0.2.9\"\n\
                    [[source]]\ndomain = \"ca.example\"\nv4 = \"192.0.2.7\"\nv6 = \"2001:db8::7\"\n";
        let config = Config::parse(&format!("{text}\n{more}"), "mẫu").unwrap();
        let ips =
            |all: &[&str]| -> Vec<IpAddr> { all.iter().map(|ip| ip.parse().unwrap()).collect() };
        let host = ips(&["192.0.2.1", "2001:db8::1"]);
        for (domain, from) in [
            ("tinh.example", ips(&["192.0.2.1", "2001:db8::1"])),
            ("cu.example", ips(&["2001:db8::1", "192.0.2.9"])),
            ("ca.example", ips(&["192.0.2.7", "2001:db8::7"])),
        ] {
            assert_eq!(leaves_from(&config, domain, &host), from, "{domain}");
        }
    }

    #[tokio::test]
    async fn without_ipv6_there_is_nothing_to_ask() {
        let text = template::text(&template::Answers::for_domain("tinh.example"));
        let config = Config::parse(&text, "mẫu").unwrap();
        let domains = ["tinh.example".to_owned()];
        let (fit, why) = look(&config, &domains, None).await;
        assert_eq!(fit, Some(false), "{why}");
    }

    /// Nobody answers: what is, stays.
    #[tokio::test]
    async fn a_silent_dns_changes_nothing() {
        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let text = template::text(&template::Answers::for_domain("tinh.example"));
        let mut config = Config::parse(&text, "mẫu").unwrap();
        config.outbound.dns = vec![silent.local_addr().unwrap()];
        let domains = ["tinh.example".to_owned()];
        let (fit, why) = look(&config, &domains, "2001:db8::1".parse().ok()).await;
        assert_eq!(fit, None, "{why}");
    }
}
