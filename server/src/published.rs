//! Holds the records we want against what DNS says now: right, missing, another one, or not known. Changes nothing.

use crate::doctor::{Ask, No};
use crate::records::Wanted;
use futures_util::StreamExt as _;
use hickory_resolver::proto::rr::RecordType;
use std::net::IpAddr;

/// Questions at the same time.
const AT_ONCE: usize = 16;

/// How a wanted record stands in DNS.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(tag = "state", content = "found", rename_all = "lowercase")]
pub enum State {
    Right,
    Missing,
    /// There is another one; what it says.
    Other(String),
    /// Nobody answered; why.
    Unknown(String),
}

impl State {
    /// For people, in the width of a column.
    pub fn word(&self) -> &'static str {
        match self {
            State::Right => "đúng",
            State::Missing => "THIẾU",
            State::Other(_) => "KHÁC",
            State::Unknown(_) => "chưa biết",
        }
    }
}

/// Every record with its state, in the same order.
pub async fn states(ask: &Ask, wanted: Vec<Wanted>, host: &str) -> Vec<(Wanted, State)> {
    let asked = wanted.into_iter().map(async |one| {
        let state = state(ask, &one, host).await;
        (one, state)
    });
    futures_util::stream::iter(asked)
        .buffered(AT_ONCE)
        .collect()
        .await
}

async fn state(ask: &Ask, wanted: &Wanted, host: &str) -> State {
    let name = wanted.name.as_str();
    let found: Result<Vec<String>, No> = match wanted.kind {
        "A" => ask.family(name, RecordType::A).await.map(texts),
        "AAAA" => ask.family(name, RecordType::AAAA).await.map(texts),
        "MX" => ask.mx(name).await.map(|all| {
            all.iter()
                .map(|(preference, host)| format!("{preference} {host}."))
                .collect()
        }),
        "TXT" => ask.txt(name).await,
        "SRV" => ask.srv(name).await,
        "TLSA" => ask.tlsa(name).await,
        "CNAME" => return alias(ask, name, host).await,
        _ => Err(No::None("")),
    };
    match found {
        Ok(found) => judge(wanted, &found),
        Err(No::None(_)) => State::Missing,
        Err(No::Silent(why) | No::Broken(why)) => State::Unknown(why),
    }
}

/// An alias may as well be addresses of its own, as long as they are the host's.
async fn alias(ask: &Ask, name: &str, host: &str) -> State {
    match (ask.ips(name).await, ask.ips(host).await) {
        (Ok(own), Ok(wanted)) if own.iter().any(|ip| wanted.contains(ip)) => State::Right,
        (Ok(own), Ok(_)) => State::Other(texts(own).join(", ")),
        (Err(No::None(_)), _) => State::Missing,
        (Ok(_), Err(no)) | (Err(no), _) => State::Unknown(no.words()),
    }
}

fn texts(ips: Vec<IpAddr>) -> Vec<String> {
    ips.iter().map(ToString::to_string).collect()
}

fn judge(wanted: &Wanted, found: &[String]) -> State {
    let plain = |text: &str| {
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .trim_end_matches(';')
            .to_ascii_lowercase()
    };
    let exact = |text: &str| {
        text.split_whitespace()
            .collect::<String>()
            .trim_end_matches(';')
            .to_owned()
    };
    let right = match wanted.kind {
        // Keys and ids are case-sensitive.
        "TXT" => found.iter().any(|one| exact(one) == exact(&wanted.value)),
        // The preference is a matter of taste.
        "MX" => {
            let host = |text: &str| text.split_whitespace().nth(1).map(plain);
            found.iter().any(|one| host(one) == host(&wanted.value))
        }
        _ => found.iter().any(|one| plain(one) == plain(&wanted.value)),
    };
    if right {
        return State::Right;
    }
    // Other texts may live at a domain's name; only the one of the same kind is the other one.
    let tag = wanted.value.split([' ', ';']).next().unwrap_or_default();
    let same: Vec<&String> = match wanted.kind {
        "TXT" => found.iter().filter(|one| one.starts_with(tag)).collect(),
        _ => found.iter().collect(),
    };
    match same.is_empty() {
        true => State::Missing,
        false => State::Other(same.into_iter().cloned().collect::<Vec<_>>().join(" | ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_held_against_what_is_there() {
        let wanted = |kind, value: &str| Wanted {
            name: "a.example".into(),
            kind,
            value: value.into(),
            what: "",
            why: "",
            must: true,
        };
        let found = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let other = |text: &str| State::Other(text.into());
        for (kind, value, texts, state) in [
            (
                "TXT",
                "v=spf1 mx -all",
                vec!["google=x", "v=spf1  mx -all"],
                State::Right,
            ),
            ("TXT", "v=spf1 mx -all", vec!["google=x"], State::Missing),
            (
                "TXT",
                "v=spf1 mx -all",
                vec!["v=spf1 +all"],
                other("v=spf1 +all"),
            ),
            (
                "TXT",
                "v=DKIM1; k=rsa; p=AbC",
                vec!["v=DKIM1; k=rsa; p=Ab C;"],
                State::Right,
            ),
            (
                "TXT",
                "v=DKIM1; k=rsa; p=AbC",
                vec!["v=DKIM1; k=rsa; p=abc"],
                other("v=DKIM1; k=rsa; p=abc"),
            ),
            (
                "MX",
                "10 thu.a.example.",
                vec!["5 THU.a.example."],
                State::Right,
            ),
            (
                "MX",
                "10 thu.a.example.",
                vec!["5 mx.b.example."],
                other("5 mx.b.example."),
            ),
            (
                "A",
                "192.0.2.1",
                vec!["192.0.2.9", "192.0.2.1"],
                State::Right,
            ),
        ] {
            assert_eq!(
                judge(&wanted(kind, value), &found(&texts)),
                state,
                "{kind} {value} {texts:?}"
            );
        }
    }
}
