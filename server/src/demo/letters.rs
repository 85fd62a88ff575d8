//! The letters of the made-up province as written in `demo/letters-*.toml`, and when each was sent. Values only.

use jiff::Timestamp;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;

const IN: &str = include_str!("../../demo/letters-in.toml");
const OWN: &str = include_str!("../../demo/letters-own.toml");

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    pub key: String,
    /// "Name <address>" from outside, or the local part of a person of ours.
    pub from: String,
    /// The unit mailbox a clerk of ours writes from.
    pub of: Option<String>,
    pub to: Vec<String>,
    #[serde(default)]
    pub cc: Vec<String>,
    /// Days ago.
    pub day: i64,
    /// "08:43" in the province.
    pub at: String,
    pub subject: String,
    /// Key of the letter this one answers.
    pub re: Option<String>,
    #[serde(default)]
    pub urgency: u8,
    #[serde(default)]
    pub coding: Writing,
    #[serde(default)]
    pub junk: bool,
    #[serde(default)]
    pub files: Vec<String>,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub html: String,
}

/// How the sender's program wrote Vietnamese.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Writing {
    #[default]
    Utf8,
    Tcvn3,
    Vni,
    Viscii,
    /// UTF-8 read as windows-1252 on the way and sent on.
    Mojibake,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    letter: Vec<Letter>,
}

/// A letter and its moment, unix ms.
pub struct Timed {
    pub letter: Letter,
    pub at: i64,
    pub from_outside: bool,
}

/// All letters in the order they were sent; today's that would lie in the future are drawn to just before `now`.
pub fn timed(now: Timestamp) -> Result<Vec<Timed>, String> {
    let zone = TimeZone::get("Asia/Ho_Chi_Minh").map_err(|cause| cause.to_string())?;
    let today = now.to_zoned(zone.clone()).date();
    let mut all = Vec::new();
    for (text, from_outside) in [(IN, true), (OWN, false)] {
        let file: File = toml::from_str(text).map_err(|cause| cause.to_string())?;
        for letter in file.letter {
            let time: Time = letter
                .at
                .parse()
                .map_err(|_| format!("{}: bad time", letter.key))?;
            let day = today.saturating_sub(jiff::Span::new().days(letter.day));
            let at = day
                .to_datetime(time)
                .to_zoned(zone.clone())
                .map_err(|cause| cause.to_string())?;
            all.push(Timed {
                at: at.timestamp().as_millisecond(),
                letter,
                from_outside,
            });
        }
    }
    all.sort_by_key(|timed| timed.at);
    const APART_MS: i64 = 4 * 60_000;
    let mut latest = now.as_millisecond() - APART_MS;
    for timed in all.iter_mut().rev() {
        timed.at = timed.at.min(latest);
        latest = latest.min(timed.at) - 1;
        if timed.at > now.as_millisecond() - 24 * 3_600_000 {
            latest = latest.min(timed.at - APART_MS);
        }
    }
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn letters_fill_a_page_in_order_and_are_never_in_the_future() {
        let now: Timestamp = "2026-11-20T17:30:00Z".parse().unwrap();
        let all = timed(now).unwrap();
        assert!((60..=80).contains(&all.len()), "{}", all.len());
        let to_lan = |timed: &&Timed| timed.letter.to.iter().any(|to| to == "lan.nt");
        let lan = all.iter().filter(to_lan).count();
        assert!(lan >= 30, "a page and more for whoever tries it: {lan}");
        assert!(all.is_sorted_by_key(|timed| timed.at));
        assert!(all.iter().all(|timed| timed.at < now.as_millisecond()));
    }

    #[test]
    fn who_answers_has_received() {
        let province = crate::demo::Province::load().unwrap();
        let all = timed(Timestamp::now()).unwrap();
        for timed in all.iter().filter(|timed| !timed.from_outside) {
            let letter = &timed.letter;
            let Some(key) = &letter.re else { continue };
            let answered = all.iter().find(|other| other.letter.key == *key).unwrap();
            let own = letter.of.as_ref().unwrap_or(&letter.from);
            let mut to = answered.letter.to.iter().chain(&answered.letter.cc);
            let reached = to.any(|to| {
                let list = province.list.iter().find(|list| list.local == *to);
                to == own || list.is_some_and(|list| list.members.contains(own))
            });
            assert!(reached, "{}", letter.key);
        }
    }

    #[test]
    fn answers_follow_what_they_answer() {
        let mut seen = HashSet::new();
        for timed in timed(Timestamp::now()).unwrap() {
            let letter = timed.letter;
            assert!(
                letter.re.as_ref().is_none_or(|key| seen.contains(key)),
                "{}",
                letter.key
            );
            assert!(
                !letter.text.is_empty() || !letter.html.is_empty(),
                "{}",
                letter.key
            );
            assert!(seen.insert(letter.key));
        }
    }
}
