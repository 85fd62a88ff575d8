//! Our own promise of encryption: the policy text of each mail domain, its id for DNS, and the answer to
//! `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`. Never speaks for a domain that is not ours.  (RFC 8461)

use crate::config::Config;
use crate::settings::StsMode;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use mailroom::Mailroom;
use std::sync::Arc;

/// RFC 8461 §3.3
const PATH: &str = "/.well-known/mta-sts.txt";

/// How a domain's promise stands in the configuration.
pub fn mode(config: &Config, domain: &str) -> StsMode {
    let own = config.mta_sts.domains.get(domain);
    own.copied().unwrap_or(config.mta_sts.mode)
}

/// Names our MX records lead to.
pub fn mx_names(config: &Config) -> Vec<String> {
    let named = &config.mta_sts.mx;
    let lower = |name: &String| name.trim_end_matches('.').to_lowercase();
    match named.is_empty() {
        true => vec![lower(&config.site.host_name)],
        false => named.iter().map(lower).collect(),
    }
}

/// The policy file of a domain. (§3.2)
pub fn policy(config: &Config, domain: &str) -> String {
    let mode = mode(config, domain);
    let mut text = format!("version: STSv1\r\nmode: {}\r\n", mode.word());
    // §3.2: a policy that promises nothing needs no hosts.
    if mode != StsMode::None {
        for name in mx_names(config) {
            text.push_str(&format!("mx: {name}\r\n"));
        }
    }
    let seconds = config.mta_sts.max_age_days * 24 * 3_600;
    text.push_str(&format!("max_age: {seconds}\r\n"));
    text
}

/// The id that says whether a policy is the one already known: another text, another id. (§3.1: up to 32 letters and digits)
pub fn id(policy: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, policy.as_bytes());
    digest
        .as_ref()
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The text of the record `_mta-sts.DOMAIN`.
pub fn record(config: &Config, domain: &str) -> String {
    format!("v=STSv1; id={}", id(&policy(config, domain)))
}

/// The pages with the policy in front of them.
pub fn before(pages: Router, config: &Config, room: &Mailroom) -> Router {
    let desk = Arc::new((config.clone(), room.clone()));
    pages.layer(middleware::from_fn_with_state(desk, answer))
}

type Desk = Arc<(Config, Mailroom)>;

async fn answer(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    if request.uri().path() != PATH {
        return next.run(request).await;
    }
    let (config, room) = &*desk;
    let host = request.uri().host().map(str::to_owned).or_else(|| {
        let field = request.headers().get(header::HOST)?.to_str().ok()?;
        Some(field.to_owned())
    });
    let domain = host.as_deref().and_then(policy_domain);
    let ours = match &domain {
        Some(domain) => room.is_local_domain(domain).await,
        None => Ok(false),
    };
    match (ours, domain) {
        (Ok(true), Some(domain)) => (
            [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::CACHE_CONTROL, "no-cache"),
            ],
            policy(config, &domain),
        )
            .into_response(),
        (Err(cause), _) => {
            tracing::warn!(%cause, "the MTA-STS policy cannot be given");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// "mta-sts.tinh.example:443" is about tinh.example.
fn policy_domain(host: &str) -> Option<String> {
    let name = host
        .split(':')
        .next()?
        .trim_end_matches('.')
        .to_ascii_lowercase();
    name.strip_prefix("mta-sts.").map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::template;

    fn config(extra: &str) -> Config {
        let text = template::text(&template::Answers::for_domain("tinh.example"));
        Config::parse(
            &text.replace("[mta_sts]\n", &format!("[mta_sts]\n{extra}")),
            "mẫu",
        )
        .unwrap()
    }

    #[test]
    fn our_sender_understands_the_policy_and_a_change_has_another_id() {
        let config = config("");
        let text = policy(&config, "tinh.example");
        let read = smtp::outbound::sts::Policy::parse(&text).unwrap();
        assert!(read.covers("thu.tinh.example") && !read.covers("khac.tinh.example"));
        assert_eq!(read.max_age_secs, 14 * 24 * 3_600);
        let mut other = config.clone();
        other
            .mta_sts
            .domains
            .insert("cu.example".into(), StsMode::None);
        assert_eq!(id(&policy(&other, "tinh.example")), id(&text));
        assert_ne!(record(&other, "cu.example"), record(&config, "cu.example"));
        assert_eq!(
            policy(&other, "cu.example"),
            "version: STSv1\r\nmode: none\r\nmax_age: 1209600\r\n"
        );
        let known = smtp::outbound::sts::record_id(&[record(&config, "tinh.example")]);
        assert_eq!(known, Some(id(&text)));
    }

    #[test]
    fn hosts_name_their_domain() {
        for (host, domain) in [
            ("mta-sts.tinh.example", Some("tinh.example")),
            ("MTA-STS.Tinh.example.:8443", Some("tinh.example")),
            ("thu.tinh.example", None),
            ("", None),
        ] {
            assert_eq!(policy_domain(host).as_deref(), domain, "{host}");
        }
    }
}
