//! TLS reports (RFC 8460): each try of a session with a domain's server counts as good or as one kind of failure, under the
//! policy it was held to.

use super::tally::Tally;
use mail_auth::report::tlsrpt::{
    DateRange, FailureDetails, Policy, PolicyDetails, PolicyType, ResultType, Summary, TlsReport,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use store::ReportKind;

/// Which promise a session was held to (§4.4).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Ground {
    #[default]
    NoPolicy,
    /// The lines of the MTA-STS policy and its mx patterns.
    Sts { lines: Vec<String>, mx: Vec<String> },
    /// TLSA records as text.
    Tlsa(Vec<String>),
}

/// Why a session failed (§4.3), at which server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    pub kind: ResultType,
    pub host: String,
    pub ip: Option<IpAddr>,
    pub words: String,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    policy: PolicyDetails,
    failure: Option<FailureDetails>,
}

impl Tally {
    /// Counts one try of a session for a recipient domain; `failure: None` is a session with TLS as promised.
    pub(crate) fn session(&self, domain: &str, ground: &Ground, failure: Option<&Failure>) {
        let detail = Detail {
            policy: policy(domain, ground),
            failure: failure.map(|failure| FailureDetails {
                receiving_ip: failure.ip,
                additional_information: None,
                failure_reason_code: Some(failure.words.chars().take(REASON_CHARS).collect()),
                ..FailureDetails::new(failure.kind).with_receiving_mx_hostname(&failure.host)
            }),
        };
        match serde_json::to_string(&detail) {
            Ok(text) => self.count(ReportKind::Tls, domain, text),
            Err(cause) => tracing::warn!(%cause, "a session is not counted"),
        }
    }
}

/// Characters of the reason in a report.
const REASON_CHARS: usize = 200;

fn policy(domain: &str, ground: &Ground) -> PolicyDetails {
    let kind = match ground {
        Ground::NoPolicy => PolicyType::NoPolicyFound,
        Ground::Sts { .. } => PolicyType::Sts,
        Ground::Tlsa(_) => PolicyType::Tlsa,
    };
    let mut details = PolicyDetails::new(kind, domain);
    match ground {
        Ground::NoPolicy => {}
        Ground::Sts { lines, mx } => {
            details.policy_string.clone_from(lines);
            details.mx_host.clone_from(mx);
        }
        Ground::Tlsa(records) => details.policy_string.clone_from(records),
    }
    details
}

/// The report of one domain's day; `None` when no row can be read.
pub(super) fn build(counts: &[(String, i64)], begin_secs: i64) -> Option<TlsReport> {
    let mut policies: Vec<Policy> = Vec::new();
    for (text, count) in counts {
        let Ok(Detail { policy, failure }) = serde_json::from_str::<Detail>(text) else {
            continue;
        };
        let count = u32::try_from(*count).unwrap_or(u32::MAX);
        let place = match policies.iter().position(|one| one.policy == policy) {
            Some(place) => place,
            None => {
                policies.push(Policy {
                    policy,
                    summary: Summary {
                        total_success: 0,
                        total_failure: 0,
                    },
                    failure_details: Vec::new(),
                });
                policies.len() - 1
            }
        };
        let Some(one) = policies.get_mut(place) else {
            continue;
        };
        match failure {
            None => one.summary.total_success = one.summary.total_success.saturating_add(count),
            Some(mut failure) => {
                one.summary.total_failure = one.summary.total_failure.saturating_add(count);
                failure.failed_session_count = count;
                one.failure_details.push(failure);
            }
        }
    }
    (!policies.is_empty()).then(|| TlsReport {
        organization_name: None,
        date_range: DateRange::from_timestamps(begin_secs, begin_secs + 86_399),
        contact_info: None,
        report_id: String::new(),
        policies,
    })
}
