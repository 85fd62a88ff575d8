//! The verdict: one table of what was found and how much it weighs. DMARC is obeyed; a trusted seal turns its refusal into
//! Junk; everything else only adds up. DNS failures weigh nothing.

use super::Found;
use crate::proto::Rejection;
use mail_auth::dmarc::Policy;
use mail_auth::{DkimResult, DmarcResult, SpfResult};
use mailroom::met::{Acquaintance, FIRST_CONTACT};
use mailroom::receive::Verdict;

/// From this sum on a letter goes to Junk.
const JUNK_FROM: u32 = 5;
/// What a proven author is forgiven who has written to one of the mailboxes before, or was written to.
const KNOWN_RELIEF: u32 = 2;

/// What the weighing looks at; plain values so that the table can be tested.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Facts {
    spf: Sign,
    dkim: Sign,
    dmarc: Sign,
    asks: Asks,
    from_domain: String,
    sealer: Option<String>,
    /// Block lists that name the peer.
    lists: u32,
    /// How the author stands to the recipients; `None` is no opinion.
    met: Option<Acquaintance>,
    /// The author's own domain sent it.
    proven: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Sign {
    Good,
    Bad,
    /// SPF `~all`.
    Weak,
    /// Nothing published, or DNS could not say.
    #[default]
    Silent,
}

/// What the From domain's DMARC record asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Asks {
    #[default]
    Nothing,
    Quarantine,
    Reject,
}

pub(super) fn weigh(
    found: &Found<'_>,
    sealer: Option<String>,
    (met, proven): (Option<Acquaintance>, bool),
) -> (Result<Verdict, Rejection>, Vec<String>) {
    let facts = Facts {
        spf: match found.spf_from.result() {
            SpfResult::Pass => Sign::Good,
            SpfResult::Fail => Sign::Bad,
            SpfResult::SoftFail => Sign::Weak,
            _ => Sign::Silent,
        },
        dkim: if found
            .dkim
            .iter()
            .any(|output| *output.result() == DkimResult::Pass)
        {
            Sign::Good
        } else if found
            .dkim
            .iter()
            .any(|output| matches!(output.result(), DkimResult::Fail(_)))
        {
            Sign::Bad
        } else {
            Sign::Silent
        },
        dmarc: match found.dmarc.result() {
            DmarcResult::Pass => Sign::Good,
            DmarcResult::Fail(_) if !dns_was_silent(found) => Sign::Bad,
            _ => Sign::Silent,
        },
        asks: match found.dmarc.policy() {
            Policy::Reject => Asks::Reject,
            Policy::Quarantine => Asks::Quarantine,
            Policy::None | Policy::Unspecified => Asks::Nothing,
        },
        from_domain: found.dmarc.domain().to_owned(),
        sealer,
        lists: u32::try_from(found.listed.len()).unwrap_or(u32::MAX),
        met,
        proven,
    };
    judge(&facts)
}

/// A key or record that could not be fetched might have passed: no refusal on that ground.
fn dns_was_silent(found: &Found<'_>) -> bool {
    found.spf_from.result() == SpfResult::TempError
        || found
            .dkim
            .iter()
            .any(|output| matches!(output.result(), DkimResult::TempError(_)))
}

fn judge(facts: &Facts) -> (Result<Verdict, Rejection>, Vec<String>) {
    let stranger = facts.met == Some(Acquaintance::Stranger);
    // Written down without weight: the page may say it.
    let noted = (stranger && facts.proven).then(|| FIRST_CONTACT.to_owned());
    if facts.dmarc == Sign::Good {
        return (Ok(Verdict::Inbox), noted.into_iter().collect());
    }
    let domain = &facts.from_domain;
    match (facts.dmarc, facts.asks, &facts.sealer) {
        (Sign::Bad, Asks::Reject, None) => {
            return (
                Err(Rejection::Dmarc),
                vec![format!("DMARC reject of {domain}")],
            );
        }
        (Sign::Bad, Asks::Reject, Some(sealer)) => {
            return (
                Ok(Verdict::Junk),
                vec![format!("DMARC reject of {domain}, handed on by {sealer}")],
            );
        }
        (Sign::Bad, Asks::Quarantine, _) => {
            return (
                Ok(Verdict::Junk),
                vec![format!("DMARC quarantine of {domain}")],
            );
        }
        _ => {}
    }
    let rows: [(bool, u32, &str); 6] = [
        (facts.dmarc == Sign::Bad, 2, "DMARC fails"),
        (facts.spf == Sign::Bad, 3, "SPF fails"),
        (facts.spf == Sign::Weak, 1, "SPF softfail"),
        (facts.dkim == Sign::Bad, 1, "DKIM signature broken"),
        (facts.lists > 0, (2 * facts.lists.min(2)), "on a block list"),
        // Everybody writes for the first time once: this alone never decides.
        (stranger && !facts.proven, 1, FIRST_CONTACT),
    ];
    let found = rows.iter().filter(|(holds, ..)| *holds);
    let sum: u32 = if facts.dkim == Sign::Good {
        0
    } else {
        found.clone().map(|(_, weight, _)| weight).sum()
    };
    let mut reasons: Vec<String> = found
        .map(|(_, weight, words)| format!("{words} (+{weight})"))
        .collect();
    reasons.extend(noted);
    // Only who is proven has an old acquaintance's credit: a known name can be forged.
    let known = facts.proven && facts.met == Some(Acquaintance::Known) && sum > 0;
    let sum = if known {
        reasons.push(format!("known correspondent (-{KNOWN_RELIEF})"));
        sum.saturating_sub(KNOWN_RELIEF)
    } else {
        sum
    };
    (
        Ok(if sum >= JUNK_FROM {
            Verdict::Junk
        } else {
            Verdict::Inbox
        }),
        reasons,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let base = Facts {
            from_domain: "x.vn".into(),
            ..Facts::default()
        };
        let bad = |asks, sealer: Option<&str>| Facts {
            dmarc: Sign::Bad,
            asks,
            sealer: sealer.map(str::to_owned),
            ..base.clone()
        };
        let rows = [
            (base.clone(), Ok(Verdict::Inbox)),
            (
                Facts {
                    dmarc: Sign::Good,
                    spf: Sign::Bad,
                    ..base.clone()
                },
                Ok(Verdict::Inbox),
            ),
            (bad(Asks::Reject, None), Err(Rejection::Dmarc)),
            (bad(Asks::Reject, Some("ds.vn")), Ok(Verdict::Junk)),
            (bad(Asks::Quarantine, None), Ok(Verdict::Junk)),
            (bad(Asks::Nothing, None), Ok(Verdict::Inbox)),
            (
                Facts {
                    spf: Sign::Bad,
                    ..bad(Asks::Nothing, None)
                },
                Ok(Verdict::Junk),
            ),
            (
                Facts {
                    spf: Sign::Bad,
                    dkim: Sign::Good,
                    ..bad(Asks::Nothing, None)
                },
                Ok(Verdict::Inbox),
            ),
            // A list alone never decides, nor two; with a failing SPF they do.
            (
                Facts {
                    lists: 9,
                    ..base.clone()
                },
                Ok(Verdict::Inbox),
            ),
            (
                Facts {
                    lists: 1,
                    spf: Sign::Bad,
                    ..base.clone()
                },
                Ok(Verdict::Junk),
            ),
            // SPF alone never decides: forwarders break it.
            (
                Facts {
                    spf: Sign::Bad,
                    ..base.clone()
                },
                Ok(Verdict::Inbox),
            ),
            (
                Facts {
                    dmarc: Sign::Silent,
                    asks: Asks::Reject,
                    ..base.clone()
                },
                Ok(Verdict::Inbox),
            ),
        ];
        for (facts, expected) in rows {
            assert_eq!(judge(&facts).0, expected, "{facts:?}");
        }
    }

    #[test]
    fn acquaintance_tips_the_scales_and_never_decides_alone() {
        let of = |met, proven, rest: Facts| Facts {
            met: Some(met),
            proven,
            ..rest
        };
        let (stranger, known) = (Acquaintance::Stranger, Acquaintance::Known);
        let listed = |lists| Facts {
            lists,
            ..Facts::default()
        };
        let weak = Facts {
            spf: Sign::Weak,
            dkim: Sign::Bad,
            dmarc: Sign::Bad,
            ..Facts::default()
        };
        let good = Facts {
            dmarc: Sign::Good,
            ..Facts::default()
        };
        let spf_and_list = Facts {
            spf: Sign::Bad,
            ..listed(1)
        };
        let (inbox, junk) = (Ok(Verdict::Inbox), Ok(Verdict::Junk));
        for (facts, verdict, reason) in [
            (
                of(stranger, false, Facts::default()),
                inbox,
                "first contact (+1)",
            ),
            (of(stranger, true, good), inbox, "first contact"),
            (
                of(stranger, false, weak.clone()),
                junk,
                "first contact (+1)",
            ),
            (
                of(Acquaintance::Domain, false, weak.clone()),
                inbox,
                "DMARC fails (+2)",
            ),
            (
                of(known, false, spf_and_list.clone()),
                junk,
                "SPF fails (+3)",
            ),
            (
                of(known, true, spf_and_list),
                inbox,
                "known correspondent (-2)",
            ),
            (of(stranger, true, listed(2)), inbox, "first contact"),
            (of(stranger, false, listed(2)), junk, "first contact (+1)"),
        ] {
            let (found, reasons) = judge(&facts);
            assert_eq!(found, verdict, "{facts:?}: {reasons:?}");
            assert!(
                reasons.iter().any(|one| one == reason),
                "{facts:?}: {reasons:?}"
            );
        }
        let (_, reasons) = judge(&of(known, true, Facts::default()));
        assert!(reasons.is_empty(), "nothing to forgive: {reasons:?}");
    }
}
