//! Addresses proposed from names: "Nguyễn Văn An" → nguyenvanan@, the next one nguyenvanan2@. (DOMAIN 4)

/// Longest proposed local part, characters: longer names are cut, nobody types more.
const LOCAL_CHARS_MAX: usize = 40;

/// The local part for a name; `None` when no letter is left.
pub(crate) fn local_part(name: &str) -> Option<String> {
    // The search key turns a final y into i; in an address "ly" stays "ly", as its owner writes it.
    let plain: String = name
        .split_whitespace()
        .map(|word| {
            let folded = viet::fold(word);
            let written_with_y =
                word.ends_with(['y', 'Y', 'ý', 'ỳ', 'ỷ', 'ỹ', 'ỵ', 'Ý', 'Ỳ', 'Ỷ', 'Ỹ', 'Ỵ']);
            match folded.strip_suffix('i') {
                Some(stem) if written_with_y => format!("{stem}y"),
                _ => folded,
            }
        })
        .collect();
    let local: String = plain
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(LOCAL_CHARS_MAX)
        .collect();
    (!local.is_empty()).then_some(local)
}

/// The first free address for a name; `taken` says which are not.
pub(crate) fn numbered(local: &str, domain: &str, number: u32) -> String {
    if number <= 1 {
        format!("{local}@{domain}")
    } else {
        format!("{local}{number}@{domain}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_local_parts() {
        for (name, local) in [
            ("Nguyễn Văn An", Some("nguyenvanan")),
            ("Đặng Thị Lý", Some("dangthily")),
            ("Trần Mỹ Ái", Some("tranmyai")),
            ("Lê Thị Ánh Tuyết", Some("lethianhtuyet")),
            ("H'Hen Niê", Some("hhennie")),
            ("Đa\u{323}t", Some("dat")),
            ("***", None),
        ] {
            assert_eq!(local_part(name).as_deref(), local, "{name}");
        }
        assert_eq!(numbered("an", "tinh.example", 1), "an@tinh.example");
        assert_eq!(numbered("an", "tinh.example", 2), "an2@tinh.example");
    }
}
