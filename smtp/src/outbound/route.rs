//! From DNS answers to an ordered list of hosts to try (RFC 5321 §5.1, RFC 7505). Pure: answers and dice come in.

use super::limits;

/// One MX record: preference and exchange, lower case, without the trailing dot ("" is the null MX's ".").
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mx {
    pub preference: u16,
    pub host: String,
}

/// What DNS said about a domain's MX.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Records, possibly reached through a CNAME that the resolver followed (RFC 5321 §5.1 ¶1).
    Mx(Vec<Mx>),
    /// The domain exists, without MX.
    NoMx,
    /// The domain does not exist.
    NoDomain,
}

/// What to do with the domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hosts {
    /// Try these in order.
    Try(Vec<String>),
    /// Bounce, with an enhanced code and words for it.
    Never(&'static str, &'static str),
}

/// Orders the hosts. `own` is our name: hosts at our own preference or worse would send the letter back to us (§5.1 ¶6).
/// `dice` gives random numbers for shuffling equal preferences.
pub fn hosts(domain: &str, answer: Answer, own: &str, mut dice: impl FnMut() -> u64) -> Hosts {
    let mut records = match answer {
        Answer::NoDomain => return Hosts::Never("5.1.2", "Domain does not exist"),
        // The implicit MX (§5.1 ¶2): its own address records, if any.
        Answer::NoMx => return Hosts::Try(vec![domain.to_ascii_lowercase()]),
        Answer::Mx(records) => records,
    };
    // RFC 7505 §3: one record, empty name. Beside others it is an error of theirs; the others count.
    if records.iter().all(|mx| mx.host.is_empty()) {
        return Hosts::Never("5.1.10", "Domain accepts no mail (null MX)");
    }
    records.retain(|mx| !mx.host.is_empty());
    for mx in &mut records {
        mx.host = mx.host.to_ascii_lowercase();
    }
    if let Some(ours) = records
        .iter()
        .filter(|mx| mx.host == own)
        .map(|mx| mx.preference)
        .min()
    {
        records.retain(|mx| mx.preference < ours);
        if records.is_empty() {
            return Hosts::Never(
                "5.4.6",
                "MX leads back to this server, which does not know the domain",
            );
        }
    }
    let mut keyed: Vec<(u16, u64, String)> = records
        .into_iter()
        .map(|mx| (mx.preference, dice(), mx.host))
        .collect();
    keyed.sort();
    let mut hosts: Vec<String> = Vec::new();
    for (_, _, host) in keyed {
        if !hosts.contains(&host) && hosts.len() < limits::MX_MAX {
            hosts.push(host);
        }
    }
    Hosts::Try(hosts)
}

/// Interleaves a host's addresses so that the first two tried are of different families where there are two: IPv6 first.
pub fn interleave<T>(v6: Vec<T>, v4: Vec<T>) -> Vec<T> {
    let (mut six, mut four) = (v6.into_iter(), v4.into_iter());
    let mut both = Vec::new();
    loop {
        let (a, b) = (six.next(), four.next());
        if a.is_none() && b.is_none() {
            break;
        }
        both.extend(a);
        both.extend(b);
    }
    both.truncate(limits::ADDRESSES_PER_HOST);
    both
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    fn mx(records: &[(u16, &str)]) -> Answer {
        let one = |(preference, host): &(u16, &str)| Mx {
            preference: *preference,
            host: host.to_string(),
        };
        Answer::Mx(records.iter().map(one).collect())
    }

    fn ordered(answer: Answer) -> Hosts {
        hosts("Dich.Example", answer, "mx.ours.example", || 0)
    }

    #[test]
    fn rules_of_mx() {
        let tries = |names: &[&str]| Hosts::Try(names.iter().map(|n| n.to_string()).collect());
        let rows: Vec<(Answer, Hosts)> = vec![
            (mx(&[(20, "b"), (10, "A")]), tries(&["a", "b"])),
            (mx(&[(10, "a"), (10, "a"), (30, "a")]), tries(&["a"])),
            (Answer::NoMx, tries(&["dich.example"])),
            (mx(&[(0, ""), (10, "a")]), tries(&["a"])),
            (
                mx(&[(10, "a"), (20, "MX.ours.example"), (20, "c"), (30, "d")]),
                tries(&["a"]),
            ),
            (
                mx(&[(0, "")]),
                Hosts::Never("5.1.10", "Domain accepts no mail (null MX)"),
            ),
            (
                Answer::NoDomain,
                Hosts::Never("5.1.2", "Domain does not exist"),
            ),
        ];
        for (answer, expected) in rows {
            assert_eq!(ordered(answer.clone()), expected, "{answer:?}");
        }
        let back = ordered(mx(&[(10, "mx.ours.example"), (20, "b")]));
        assert!(matches!(back, Hosts::Never("5.4.6", _)));
    }

    #[test]
    fn equal_preferences_are_shuffled_and_unequal_ones_never() {
        let mut firsts = std::collections::HashSet::new();
        let mut seed = 1_u64;
        for _ in 0..200 {
            let dice = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                seed >> 33
            };
            let Hosts::Try(order) = hosts(
                "d",
                mx(&[(10, "a"), (10, "b"), (10, "c"), (20, "z")]),
                "o",
                dice,
            ) else {
                panic!("never")
            };
            assert_eq!(order[3], "z");
            firsts.insert(order[0].clone());
        }
        assert_eq!(firsts.len(), 3);
    }

    #[test]
    fn a_huge_answer_is_cut() {
        let names: Vec<String> = (0..500).map(|n| format!("h{n}")).collect();
        let records: Vec<(u16, &str)> = names.iter().map(|n| (10, n.as_str())).collect();
        let Hosts::Try(order) = ordered(mx(&records)) else {
            panic!("never")
        };
        assert_eq!(order.len(), limits::MX_MAX);
    }

    #[test]
    fn families_alternate() {
        assert_eq!(interleave(vec![6, 66], vec![4]), [6, 4, 66]);
        assert_eq!(interleave(vec![], vec![4, 44]), [4, 44]);
        assert_eq!(
            interleave((0..9).collect(), (0..9).collect()).len(),
            limits::ADDRESSES_PER_HOST
        );
    }
}
