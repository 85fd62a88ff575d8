//! DKIM keys renewed without a human: a new key is made ahead and waits until its record is seen in DNS, signs from then on,
//! and the old one rests while its record stays published. Nothing switches on a guess: a silent DNS changes nothing.
//! (RFC 6376 §3.6.1, M3AAWG: rotate at least twice a year)
//!
//! On disk the end of the file name is the state and the file's time its beginning: `SELECTOR.pem.next` waits for its record,
//! `SELECTOR.pem.seen` has been seen and lets slower name servers follow, `SELECTOR.pem` signs, `SELECTOR.pem.retired` rests.

use super::key::{self, Algorithm, Key, KeyError};
use super::{at, entries, file_name, write_secret};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Where a key stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Made; its record is not in DNS yet.
    Prepared,
    /// The record was seen; every name server gets time to know it.
    Seen,
    Signing,
    /// Signs no more; its record must stay for letters on their way.
    Retired,
}

impl State {
    const ALL: [State; 4] = [State::Signing, State::Seen, State::Prepared, State::Retired];

    /// How its file's name ends.
    fn ending(self) -> &'static str {
        match self {
            State::Signing => ".pem",
            State::Prepared => ".pem.next",
            State::Seen => ".pem.seen",
            State::Retired => ".pem.retired",
        }
    }
}

/// A key as it lies in a domain's folder. No `Debug`: it holds the secret.
pub struct Held {
    pub key: Key,
    pub state: State,
    /// Unix ms.
    pub since: i64,
}

/// What DNS says of a key's record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Record {
    Published,
    /// There is none, or it holds another key.
    Missing,
    /// DNS did not answer.
    Unknown,
}

/// How long keys live, ms.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// A key signs this long before its successor is made; None never renews.
    pub renew_after: Option<i64>,
    /// Between the first sight of a record and the first signature.
    pub settle: i64,
    /// A retired key's record stays this long: letters wait for days, and are read again later.
    pub keep: i64,
}

/// One step of one domain's keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    Prepare(Algorithm),
    Move {
        selector: String,
        to: State,
    },
    /// Its time is over: the secret goes, and the record may.
    Forget {
        selector: String,
    },
}

/// What is known of one key; plain values, so that the table can be tested.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    pub selector: String,
    pub algorithm: Algorithm,
    pub state: State,
    pub since: i64,
    pub record: Record,
}

/// What is to be done now. Pure.
pub fn acts(keys: &[Known], rules: Rules, now: i64) -> Vec<Act> {
    let mut acts = Vec::new();
    for algorithm in Algorithm::ALL {
        let of = |state| {
            keys.iter()
                .filter(move |key| key.algorithm == algorithm && key.state == state)
        };
        let ready = of(State::Seen)
            .find(|key| key.record == Record::Published && now - key.since >= rules.settle);
        if let Some(ready) = ready {
            acts.push(Act::Move {
                selector: ready.selector.clone(),
                to: State::Signing,
            });
            acts.extend(of(State::Signing).map(|old| Act::Move {
                selector: old.selector.clone(),
                to: State::Retired,
            }));
        }
        acts.extend(of(State::Prepared).filter_map(|key| {
            let to = State::Seen;
            let selector = key.selector.clone();
            (key.record == Record::Published).then_some(Act::Move { selector, to })
        }));
        // Gone again before it was used: back to waiting.
        acts.extend(of(State::Seen).filter_map(|key| {
            let to = State::Prepared;
            let selector = key.selector.clone();
            (key.record == Record::Missing).then_some(Act::Move { selector, to })
        }));
        let coming = of(State::Prepared).chain(of(State::Seen)).next().is_some();
        let newest = of(State::Signing).map(|key| key.since).max();
        let due = match (newest, rules.renew_after) {
            (None, _) => true,
            (Some(since), Some(renew_after)) => now - since >= renew_after,
            (Some(_), None) => false,
        };
        if due && !coming {
            acts.push(Act::Prepare(algorithm));
        }
        acts.extend(of(State::Retired).filter_map(|key| {
            let selector = key.selector.clone();
            (now - key.since >= rules.keep).then_some(Act::Forget { selector })
        }));
    }
    acts
}

/// Every key of a domain with its state.
pub fn held(folder: &Path, domain: &str) -> Result<Vec<Held>, KeyError> {
    let mut found = Vec::new();
    for path in entries(&home(folder, domain))? {
        let name = file_name(&path).unwrap_or_default();
        let named = |state: &State| name.strip_suffix(state.ending());
        let Some((state, selector)) = State::ALL
            .into_iter()
            .find_map(|state| Some((state, named(&state)?)))
        else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(|cause| at(&path, cause))?;
        let modified = fs::metadata(&path)
            .and_then(|facts| facts.modified())
            .map_err(|cause| at(&path, cause))?;
        found.push(Held {
            key: Key::from_pem(domain, selector, &text)?,
            state,
            since: ms_of(modified),
        });
    }
    Ok(found)
}

/// Does one step on disk. What a crash leaves half done is done again at the next look: each step is one rename.
pub fn act(folder: &Path, domain: &str, act: &Act, tag: &str, now: i64) -> Result<(), KeyError> {
    let home = home(folder, domain);
    match act {
        Act::Prepare(algorithm) => {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&home)
                .map_err(|cause| at(&home, cause))?;
            let selector = format!("{tag}-{}", algorithm.word());
            let taken = |state: State| home.join(format!("{selector}{}", state.ending())).exists();
            if State::ALL.into_iter().any(taken) {
                return Ok(());
            }
            let path = home.join(format!("{selector}{}", State::Prepared.ending()));
            let secret = key::generate_pem(*algorithm)?;
            write_secret(&path, &secret).map_err(|cause| at(&path, cause))?;
            begin(&path, now)
        }
        Act::Move { selector, to } => {
            let Some(from) = file_of(&home, selector) else {
                return Ok(());
            };
            begin(&from, now)?;
            let path = home.join(format!("{selector}{}", to.ending()));
            fs::rename(&from, &path).map_err(|cause| at(&path, cause))
        }
        Act::Forget { selector } => {
            let path = home.join(format!("{selector}{}", State::Retired.ending()));
            fs::remove_file(&path).map_err(|cause| at(&path, cause))
        }
    }
}

fn home(folder: &Path, domain: &str) -> PathBuf {
    folder.join(domain.to_ascii_lowercase())
}

fn file_of(home: &Path, selector: &str) -> Option<PathBuf> {
    State::ALL
        .into_iter()
        .map(|state| home.join(format!("{selector}{}", state.ending())))
        .find(|path| path.exists())
}

/// The state begins now.
fn begin(path: &Path, now: i64) -> Result<(), KeyError> {
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now).unwrap_or(0));
    fs::File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(since))
        .map_err(|cause| at(path, cause))
}

fn ms_of(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const RULES: Rules = Rules {
        renew_after: Some(180 * DAY),
        settle: DAY,
        keep: 30 * DAY,
    };

    fn known(selector: &str, state: State, since: i64, record: Record) -> Known {
        let algorithm = if selector.ends_with("rsa") {
            Algorithm::Rsa
        } else {
            Algorithm::Ed25519
        };
        Known {
            selector: selector.into(),
            algorithm,
            state,
            since,
            record,
        }
    }

    fn moved(selector: &str, to: State) -> Act {
        Act::Move {
            selector: selector.into(),
            to,
        }
    }

    #[test]
    fn one_step_at_a_time() {
        use Record::{Missing, Published, Unknown};
        use State::{Prepared, Retired, Seen, Signing};
        let ed = known("1-ed25519", Signing, 200 * DAY, Published);
        let rsa = |state, since, record| known("2-rsa", state, since, record);
        let old = known("1-rsa", Signing, 0, Published);
        let now = 200 * DAY;
        let prepare = vec![Act::Prepare(Algorithm::Rsa)];
        let both = vec![
            Act::Prepare(Algorithm::Rsa),
            Act::Prepare(Algorithm::Ed25519),
        ];
        let rows: Vec<(&str, Vec<Known>, Vec<Act>)> = vec![
            ("no keys at all", vec![], both),
            (
                "young enough",
                vec![ed.clone(), known("1-rsa", Signing, 21 * DAY, Published)],
                vec![],
            ),
            ("old", vec![ed.clone(), old.clone()], prepare),
            (
                "old, the next waits",
                vec![ed.clone(), old.clone(), rsa(Prepared, now, Missing)],
                vec![],
            ),
            (
                "DNS is silent",
                vec![ed.clone(), old.clone(), rsa(Prepared, 0, Unknown)],
                vec![],
            ),
            (
                "seen",
                vec![ed.clone(), old.clone(), rsa(Prepared, now, Published)],
                vec![moved("2-rsa", Seen)],
            ),
            (
                "just seen",
                vec![ed.clone(), old.clone(), rsa(Seen, now - 1, Published)],
                vec![],
            ),
            (
                "seen, then silence",
                vec![ed.clone(), old.clone(), rsa(Seen, 0, Unknown)],
                vec![],
            ),
            (
                "seen, then gone",
                vec![ed.clone(), old.clone(), rsa(Seen, 0, Missing)],
                vec![moved("2-rsa", Prepared)],
            ),
            (
                "known everywhere",
                vec![ed.clone(), old.clone(), rsa(Seen, now - DAY, Published)],
                vec![moved("2-rsa", Signing), moved("1-rsa", Retired)],
            ),
            (
                "rests",
                vec![
                    ed.clone(),
                    known("1-rsa", Retired, now - 29 * DAY, Missing),
                    rsa(Signing, now, Published),
                ],
                vec![],
            ),
            (
                "forgotten",
                vec![
                    ed,
                    known("1-rsa", Retired, now - 30 * DAY, Published),
                    rsa(Signing, now, Published),
                ],
                vec![Act::Forget {
                    selector: "1-rsa".into(),
                }],
            ),
        ];
        for (what, keys, expected) in rows {
            assert_eq!(acts(&keys, RULES, now), expected, "{what}");
        }
        let never = Rules {
            renew_after: None,
            ..RULES
        };
        let keys = [
            known("1-rsa", Signing, 0, Published),
            known("1-ed25519", Signing, 0, Published),
        ];
        assert_eq!(acts(&keys, never, now), []);
    }

    #[test]
    fn states_are_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let step = |what: &Act, now| act(folder.path(), "SO.example", what, "202611", now).unwrap();
        let seen = || -> Vec<(String, State, i64)> {
            let all = held(folder.path(), "so.example").unwrap();
            all.iter()
                .map(|one| (one.key.selector().to_owned(), one.state, one.since))
                .collect()
        };
        step(&Act::Prepare(Algorithm::Ed25519), DAY);
        let made = "202611-ed25519".to_owned();
        assert_eq!(seen(), [(made.clone(), State::Prepared, DAY)]);
        // The same once more changes nothing: no second secret under one selector.
        let first = held(folder.path(), "so.example").unwrap()[0]
            .key
            .record_text();
        step(&Act::Prepare(Algorithm::Ed25519), 2 * DAY);
        assert_eq!(
            held(folder.path(), "so.example").unwrap()[0]
                .key
                .record_text(),
            first
        );
        let signing = || {
            let keys = super::super::Keys::load(folder.path()).unwrap();
            keys.records("so.example").len()
        };
        for (to, now, signs) in [
            (State::Seen, 3 * DAY, 0),
            (State::Signing, 4 * DAY, 1),
            (State::Retired, 5 * DAY, 0),
        ] {
            step(&moved(&made, to), now);
            assert_eq!((seen(), signing()), (vec![(made.clone(), to, now)], signs));
        }
        step(&Act::Forget { selector: made }, 6 * DAY);
        assert_eq!(seen(), []);
    }
}
