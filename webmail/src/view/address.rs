//! Recipients as people type them: separated by comma, semicolon or line, with or without names. Pure.

/// One recipient as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    pub name: String,
    /// "" where only a name was typed.
    pub address: String,
}

/// Recipients of one field that are looked at.
const TYPED_MAX: usize = 5_000;

pub fn parse(field: &str) -> Vec<Typed> {
    let mut out: Vec<Typed> = Vec::new();
    for part in split(field) {
        let one = typed(part);
        let known = |t: &Typed| !one.address.is_empty() && t.address == one.address;
        if (!one.name.is_empty() || !one.address.is_empty()) && !out.iter().any(known) {
            out.push(one);
        }
        if out.len() == TYPED_MAX {
            break;
        }
    }
    out
}

/// Cuts at separators that are not inside quotes or angles.
fn split(field: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut from = 0;
    let mut quote = false;
    let mut angle = false;
    for (at, c) in field.char_indices() {
        match c {
            '"' => quote = !quote,
            '<' if !quote => angle = true,
            '>' if !quote => angle = false,
            '\n' | '\r' => {
                (quote, angle) = (false, false);
                out.push(field.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            ',' | ';' if !quote && !angle => {
                out.push(field.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            _ => {}
        }
    }
    out.push(field.get(from..).unwrap_or_default());
    out
}

fn typed(part: &str) -> Typed {
    let part = part.trim();
    if let Some((name, rest)) = part.split_once('<')
        && let Some((address, _)) = rest.split_once('>')
    {
        return Typed {
            name: name.trim().trim_matches('"').trim().to_owned(),
            address: address.trim().to_owned(),
        };
    }
    match part.contains('@') {
        true => Typed {
            name: String::new(),
            address: part.trim_start_matches("mailto:").to_owned(),
        },
        false => Typed {
            name: part.trim_matches('"').to_owned(),
            address: String::new(),
        },
    }
}

/// As written into a field: `Sở Nội vụ <snv@tinh.example>`.
pub fn written(name: &str, address: &str) -> String {
    let name: String = name
        .chars()
        .filter(|c| !matches!(c, '"' | '<' | '>' | '\r' | '\n'))
        .collect();
    let name = name.trim();
    match (name.is_empty(), name.contains([',', ';', '@'])) {
        (true, _) => address.to_owned(),
        (false, true) => format!("\"{name}\" <{address}>"),
        (false, false) => format!("{name} <{address}>"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_type_recipients_in_many_ways() {
        let rows: [(&str, &[(&str, &str)]); 8] = [
            ("a@x.example", &[("", "a@x.example")]),
            (
                "a@x.example, b@x.example; c@x.example\nd@x.example",
                &[
                    ("", "a@x.example"),
                    ("", "b@x.example"),
                    ("", "c@x.example"),
                    ("", "d@x.example"),
                ],
            ),
            (
                "Sở Nội vụ <snv@x.example>",
                &[("Sở Nội vụ", "snv@x.example")],
            ),
            (
                "\"Lan, Văn thư\" <lan@x.example>,",
                &[("Lan, Văn thư", "lan@x.example")],
            ),
            ("Lê Văn Bình", &[("Lê Văn Bình", "")]),
            ("a@x.example, a@x.example", &[("", "a@x.example")]),
            (" ,;\n ", &[]),
            ("mailto:a@x.example", &[("", "a@x.example")]),
        ];
        for (field, wanted) in rows {
            let found = parse(field);
            let found: Vec<_> = found
                .iter()
                .map(|t| (t.name.as_str(), t.address.as_str()))
                .collect();
            assert_eq!(found, wanted, "{field}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (name, address) in [
            ("", "a@x.example"),
            ("Sở Nội vụ", "s@x.example"),
            ("Lan, Văn thư", "l@x.example"),
        ] {
            assert_eq!(
                parse(&written(name, address)),
                [Typed {
                    name: name.into(),
                    address: address.into()
                }]
            );
        }
    }
}
