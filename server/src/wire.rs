//! How the configuration reaches each protocol: one function per crate, values in, a configuration or a task out.

use crate::config::{Config, Ipv6};
use crate::fault::{Exit, Fault};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::TrustAnchors;
use smtp::outbound::{self, Route, RouteTls};
use smtp::report::Tally;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn wrong(vi: String, en: String) -> Fault {
    Fault::new(Exit::Config, vi, en)
}

/// Names are looked up at the configured servers, or where the machine says; with `anchors`, answers are validated from them.
fn looked_up(
    servers: &[SocketAddr],
    anchors: Option<Arc<TrustAnchors>>,
) -> Result<TokioResolver, Fault> {
    let failed = |cause: String| {
        wrong(
            format!("không dùng được DNS: {cause}"),
            format!("DNS is not usable: {cause}"),
        )
        .remedy(
            "sửa outbound.dns hoặc /etc/resolv.conf",
            "mend outbound.dns or /etc/resolv.conf",
        )
    };
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio().map_err(|cause| failed(cause.to_string()))?
    } else {
        let mut config = ResolverConfig::default();
        for server in servers {
            let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut name_server.connections {
                connection.port = server.port();
            }
            config.add_name_server(name_server);
        }
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    if let Some(anchors) = anchors {
        builder = builder.with_trust_anchor(anchors);
        builder.options_mut().validate = true;
        builder.options_mut().edns0 = true;
    }
    builder.build().map_err(|cause| failed(cause.to_string()))
}

/// A resolver that believes its servers or, with `dnssec`, validates from the Internet's root.
pub fn resolver(servers: &[SocketAddr], dnssec: bool) -> Result<TokioResolver, Fault> {
    looked_up(servers, dnssec.then(Arc::default))
}

/// A resolver that validates, from the site's own anchor where it has one.
pub fn validating(outbound: &crate::config::Outbound) -> Result<TokioResolver, Fault> {
    let anchors = match &outbound.trust_anchor {
        None => TrustAnchors::default(),
        Some(path) => TrustAnchors::from_file(path).map_err(|cause| {
            let path = path.display();
            wrong(
                format!("outbound.trust_anchor: không đọc được {path}: {cause}"),
                format!("outbound.trust_anchor: cannot read {path}: {cause}"),
            )
        })?,
    };
    looked_up(&outbound.dns, Some(Arc::new(anchors)))
}

/// The pages of one kind of listener.
pub fn pages(config: &Config, vapid_key: &str, tls: bool) -> webmail::Config {
    let port = |doors: &[SocketAddr], usual| doors.first().map_or(usual, SocketAddr::port);
    webmail::Config {
        tls,
        province_name: config.site.province.clone(),
        web_base: config.site.web.clone(),
        vapid_public_key: vapid_key.to_owned(),
        clients: webmail::ClientSettings {
            host: config.site.host_name.clone(),
            imaps_port: port(&config.listen.imaps, 993),
            submissions_port: port(&config.listen.submissions, 465),
        },
        // Files grow by a third and line ends when they are written as text (RFC 2045 §6.8).
        upload_bytes_max: config.mail.message_bytes_max / 100 * 72,
        help_desk: config.help_desk.line(),
        ..webmail::Config::default()
    }
}

/// The outbound worker's configuration.
pub fn outbound(config: &Config, tally: Option<Arc<Tally>>) -> Result<outbound::Config, Fault> {
    let mut routes = HashMap::new();
    for (domain, target) in &config.outbound.routes {
        routes.insert(domain.to_lowercase(), route(domain, target)?);
    }
    let ways = config.ways()?;
    routes.extend(ways.routes);
    let keys = smtp::dkim::Keys::load(&config.keys().join("dkim")).map_err(|cause| {
        wrong(
            format!("không đọc được khóa DKIM: {cause}"),
            format!("cannot read the DKIM keys: {cause}"),
        )
    })?;
    Ok(outbound::Config {
        host_name: config.site.host_name.clone(),
        resolver: match config.outbound.dnssec {
            true => validating(&config.outbound)?,
            false => resolver(&config.outbound.dns, false)?,
        },
        routes,
        pins: ways.pins,
        sources: ways.sources,
        roots: Arc::new(roots()),
        port: config.outbound.mx_port,
        source_v4: None,
        source_v6: None,
        // "auto" begins without it until the addresses were looked at.
        ipv6: Arc::new(AtomicBool::new(config.outbound.ipv6 == Ipv6::Always)),
        // Name servers of one's own mean a closed network or a test: MX records there may lead to private addresses.
        allow_private: !config.outbound.dns.is_empty(),
        dkim: Arc::new(keys.sealing(&config.site.domain, &config.site.host_name)),
        retry_delays_secs: config.policy().retry_delays_secs,
        manners: Default::default(),
        connections_max: crate::limits::OUTBOUND_CONNECTIONS_MAX,
        timeouts: outbound::limits::Timeouts::default(),
        clock: mailroom::Clock::System,
        sts: Some(Arc::new(outbound::sts::Policies::new(
            config.outbound.sts_port,
            Some(config.keys().join("mta-sts")),
        ))),
        tally,
        // The same name after a restart: what this program held when it died is due again at once.
        worker: config.site.host_name.clone(),
        postmaster: format!("postmaster@{}", config.site.domain),
    })
}

/// The daily reports to other mail systems.
pub fn reports(config: &Config) -> Result<smtp::report::Config, Fault> {
    let organisation = match config.site.province.as_str() {
        "" => config.site.domain.clone(),
        province => province.to_owned(),
    };
    Ok(smtp::report::Config {
        domain: config.site.domain.clone(),
        organisation,
        contact: format!("postmaster@{}", config.site.domain),
        outbound: outbound(config, None)?,
    })
}

/// "host:port", "[::1]:25", or a name alone for port 25.
fn route(domain: &str, target: &str) -> Result<Route, Fault> {
    let (host, port) = match target.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => (host, port.parse().ok()),
        _ => (target, Some(25)),
    };
    let port = port.filter(|port| *port != 0).ok_or_else(|| {
        wrong(
            format!("outbound.routes.{domain}: “{target}” không phải máy:cổng"),
            format!("outbound.routes.{domain}: {target:?} is not host:port"),
        )
    })?;
    Ok(Route {
        host: host.trim_matches(['[', ']']).to_owned(),
        port,
        tls: RouteTls::Opportunistic,
        credentials: None,
        pin: None,
    })
}

/// What both IMAP doors are told.
pub fn imap(config: &Config, tls: Option<Arc<rustls::ServerConfig>>) -> imap_lite::Config {
    imap_lite::Config {
        host_name: config.site.host_name.clone(),
        tls,
        clear_sign_in: config.sign_in.without_tls,
        message_bytes_max: config.mail.message_bytes_max,
        ..imap_lite::Config::default()
    }
}

/// What the SMTP doors are told.
pub fn smtp(
    config: &Config,
    tls: Option<Arc<rustls::ServerConfig>>,
    tally: Option<Arc<Tally>>,
) -> Result<smtp::Config, Fault> {
    let mut out = smtp::Config::new(&config.site.host_name, tls);
    out.limits.message_bytes_max = config.mail.message_bytes_max;
    out.limits.recipients_max = config.mail.recipients_max;
    out.auth_in_clear = config.sign_in.without_tls;
    let hours = u64::from(config.incoming.no_starttls_hours);
    out.limits.no_starttls_time = std::time::Duration::from_secs(hours * 3_600);
    out.proxies.clone_from(&config.incoming.balancers);
    // Where mail out ends in a sink, nothing asks the Internet about mail in either.
    if config.incoming.check && config.mail.sink.is_empty() {
        let checks = smtp::check::Checks::new(
            resolver(&config.outbound.dns, false)?,
            &config.site.host_name,
            &config.incoming.trusted_sealers,
        );
        let engines = smtp::check::Engines {
            rspamd: config.incoming.rspamd,
            clamav: config.incoming.clamav,
        };
        let mut checks = checks
            .with_lists(&config.incoming.lists)
            .with_engines(engines);
        if let Some(tally) = tally {
            checks = checks.with_tally(tally);
        }
        out.checks = Some(Arc::new(checks));
    }
    Ok(out)
}

/// The push worker's configuration and its key.
pub fn push(config: &Config) -> Result<(push::Config, push::Vapid), Fault> {
    let vapid = push::Vapid::load_or_make(&config.keys().join("vapid.pem")).map_err(|cause| {
        wrong(
            format!("không đọc được khóa VAPID: {cause}"),
            format!("cannot read the VAPID key: {cause}"),
        )
    })?;
    let contact = match config.push.contact.as_str() {
        "" => format!("mailto:postmaster@{}", config.site.domain),
        contact => contact.to_owned(),
    };
    let mut out = push::Config {
        contact,
        web_base: config.policy().web_base,
        allow_private_hosts: config.push.allow_private,
        ..push::Config::default()
    };
    if config.push.allow_private {
        out.hosts.clear();
    }
    Ok((out, vapid))
}

/// "Gửi thử" for the pages: a trial push to every device of a person.
pub fn test_push(
    settings: push::Config,
    vapid: push::Vapid,
    room: mailroom::Mailroom,
) -> Result<webmail::TestPush, Fault> {
    let trial = push::Trial::new(settings, vapid).map_err(|cause| {
        wrong(
            format!("không dùng được thông báo đẩy: {cause}"),
            format!("push is not usable: {cause}"),
        )
    })?;
    let trial = Arc::new(trial);
    Ok(Arc::new(move |actor| {
        let (trial, room) = (Arc::clone(&trial), room.clone());
        Box::pin(async move {
            let sent = trial.send(&room, &actor).await;
            sent.map_err(|cause| cause.to_string())
        })
    }))
}

/// The machine's authorities, or the ones built in where it has none.
pub fn roots() -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, _unusable) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read() {
        for (text, host, port) in [
            ("127.0.0.1:2525", "127.0.0.1", 2525),
            ("[::1]:25", "::1", 25),
            ("mx.example", "mx.example", 25),
        ] {
            let route = route("a.example", text).unwrap();
            assert_eq!((route.host.as_str(), route.port), (host, port));
        }
        assert!(route("a.example", "mx:zero").is_err());
    }
}
