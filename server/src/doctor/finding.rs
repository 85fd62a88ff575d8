//! What an examination says: parts with evidence and remedy, a check's verdict from its parts, the whole from its checks.
//! Values only.

use serde::Serialize;

/// In the order of weight: the worst part decides. What cannot be known is not good.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Skipped,
    Warn,
    Fail,
}

/// One question and its answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Part {
    pub status: Status,
    /// What was asked, of whom.
    pub asked: String,
    /// What was answered, in its own words where they are short.
    pub answered: String,
    /// What to type or to publish; None where nothing is wrong.
    pub remedy: Option<String>,
}

impl Part {
    pub fn ok(asked: impl Into<String>, answered: impl Into<String>) -> Part {
        Part {
            status: Status::Ok,
            asked: asked.into(),
            answered: answered.into(),
            remedy: None,
        }
    }
    /// Cannot be known from here; `answered` says why.
    pub fn skipped(asked: impl Into<String>, why: impl Into<String>) -> Part {
        Part {
            status: Status::Skipped,
            ..Part::ok(asked, why)
        }
    }
    pub fn warn(
        asked: impl Into<String>,
        answered: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Part {
        Part {
            status: Status::Warn,
            remedy: Some(remedy.into()),
            ..Part::ok(asked, answered)
        }
    }
    pub fn fail(
        asked: impl Into<String>,
        answered: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Part {
        Part {
            status: Status::Fail,
            remedy: Some(remedy.into()),
            ..Part::ok(asked, answered)
        }
    }
    /// The same part with another remedy, also where it was skipped.
    pub fn remedy(self, remedy: impl Into<String>) -> Part {
        Part {
            remedy: Some(remedy.into()),
            ..self
        }
    }
}

/// One check with everything it found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub number: u8,
    pub name: &'static str,
    pub title: &'static str,
    /// Why it matters, without jargon.
    pub why: &'static str,
    pub status: Status,
    pub parts: Vec<Part>,
    pub millis: u64,
}

/// The worst of all; nothing asked is nothing known.
pub fn worst(statuses: impl IntoIterator<Item = Status>) -> Status {
    statuses.into_iter().max().unwrap_or(Status::Skipped)
}

/// For monitors: 0 good or unknown, 1 look at it, 2 broken.
pub fn exit_code(status: Status) -> u8 {
    match status {
        Status::Ok | Status::Skipped => 0,
        Status::Warn => 1,
        Status::Fail => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_part_decides_and_what_is_unknown_is_not_good() {
        use Status::*;
        for (parts, whole, code) in [
            (vec![], Skipped, 0),
            (vec![Ok, Ok], Ok, 0),
            (vec![Ok, Skipped], Skipped, 0),
            (vec![Warn, Ok, Skipped], Warn, 1),
            (vec![Fail, Warn], Fail, 2),
        ] {
            assert_eq!(
                (worst(parts.clone()), exit_code(worst(parts))),
                (whole, code)
            );
        }
    }
}
