//! The base subject: what is left of a subject without "Re:", "Fwd:", lists' names in brackets and "(fwd)". Pure; sorts
//! nothing. (RFC 5256 §2.1)

/// The base subject of a decoded subject, with single spaces.
pub fn base(subject: &str) -> String {
    // (1) tabs, line ends and repeated spaces
    let words: Vec<&str> = subject.split_ascii_whitespace().collect();
    let whole = words.join(" ");
    let mut rest = whole.as_str();
    loop {
        rest = without_trailers(rest);
        rest = without_leaders(rest);
        // (6) "[fwd: ...]" begins again from (2)
        match strip_prefix(rest, "[fwd:").and_then(|inside| inside.strip_suffix(']')) {
            Some(inside) => rest = inside,
            None => return rest.to_owned(),
        }
    }
}

/// (2) "(fwd)" and spaces at the end.
fn without_trailers(mut rest: &str) -> &str {
    loop {
        rest = rest.trim_ascii_end();
        match strip_suffix(rest, "(fwd)") {
            Some(before) => rest = before,
            None => return rest,
        }
    }
}

/// (3) to (5): leaders, and blobs in front of something, until there are no more.
fn without_leaders(mut rest: &str) -> &str {
    loop {
        let before = rest;
        rest = rest.trim_ascii_start();
        if let Some(after) = leader(rest) {
            rest = after;
        } else if let Some(after) = blob(rest).filter(|after| !after.is_empty()) {
            rest = after;
        }
        if rest.len() == before.len() {
            return rest;
        }
    }
}

/// Behind `*subj-blob subj-refwd`.
fn leader(mut rest: &str) -> Option<&str> {
    loop {
        if let Some(after) = refwd(rest) {
            return Some(after);
        }
        rest = blob(rest)?;
    }
}

/// Behind "re:", "fw:" or "fwd:", with spaces and a blob before the colon.
fn refwd(rest: &str) -> Option<&str> {
    let after = ["re", "fwd", "fw"]
        .into_iter()
        .find_map(|word| strip_prefix(rest, word))?
        .trim_ascii_start();
    blob(after).unwrap_or(after).strip_prefix(':')
}

/// Behind "[...]" without brackets in it, and the spaces that follow.
fn blob(rest: &str) -> Option<&str> {
    let inside = rest.strip_prefix('[')?;
    let end = inside.find(['[', ']'])?;
    let after = inside.get(end..)?.strip_prefix(']')?;
    Some(after.trim_ascii_start())
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn strip_suffix<'t>(text: &'t str, suffix: &str) -> Option<&'t str> {
    let (rest, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_subject_goes() {
        for (subject, expected) in [
            ("", ""),
            ("Họp giao ban", "Họp giao ban"),
            ("Re: Họp", "Họp"),
            ("RE : re: Fw: FWD: Họp", "Họp"),
            ("re[2]: Họp", "Họp"),
            ("Re [nhóm] : Họp", "Họp"),
            ("[nhóm] Re: [a] [b] Họp", "Họp"),
            ("[nhóm] Họp", "Họp"),
            ("[nhóm]", "[nhóm]"),
            ("Re: [nhóm]", "[nhóm]"),
            ("[a][b]", "[b]"),
            ("Họp (fwd) (FWD) ", "Họp"),
            ("[Fwd: Re: Họp (fwd)]", "Họp"),
            ("[fwd: [fwd: Họp] ] (fwd)", "Họp"),
            ("  Họp \t\r\n  giao   ban ", "Họp giao ban"),
            ("Re:", ""),
            ("Re: (fwd)", ""),
            ("Report: x", "Report: x"),
            ("Refs", "Refs"),
            ("[[a] Họp", "[[a] Họp"),
            ("[a Họp", "[a Họp"),
            ("Trả lời: Họp", "Trả lời: Họp"),
            ("ệ", "ệ"),
            ("(fwd)", ""),
        ] {
            assert_eq!(base(subject), expected, "{subject:?}");
            assert_eq!(base(expected), expected, "{subject:?} twice");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_left_to_take_away(
            parts in proptest::collection::vec(
                proptest::sample::select(vec!["re", "fw", "fwd", ":", "[", "]", "(fwd)", " ", "a", "ệ", "[fwd:", "Re: "]),
                0..30,
            )
        ) {
            let subject = parts.concat();
            let once = base(&subject);
            proptest::prop_assert!(once.len() <= subject.len());
            proptest::prop_assert_eq!(base(&once), once);
        }
    }
}
