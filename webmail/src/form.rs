//! Names and values of a form or a query, bounded, in the order sent. Pure.

/// Fields of one form: the first of equal names counts, `all` gives every one.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

/// Fields looked at; ours have fewer than thirty.
const FIELDS_MAX: usize = 500;

impl Fields {
    pub fn parse(bytes: &[u8]) -> Fields {
        Fields(
            url::form_urlencoded::parse(bytes)
                .take(FIELDS_MAX)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    pub fn from_pairs(pairs: Vec<(String, String)>) -> Fields {
        Fields(pairs)
    }

    /// "" where the field is missing.
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A number, where the field is one.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name).trim().parse().ok()
    }
}

/// A place of ours to go back to: a path without host; everything else is "/". (Open redirects)
pub fn place(typed: &str) -> &str {
    let fine = typed.starts_with('/')
        && !typed.starts_with("//")
        && !typed.contains(['\\', '\r', '\n', '\t'])
        && typed.len() < 1_000
        && typed.is_ascii();
    if fine { typed } else { "/" }
}

/// Escapes one value for a query.
pub fn query(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_their_letters() {
        let fields = Fields::parse("a=1&b=%C4%91%C3%AA+bi%E1%BB%83n&a=2&c".as_bytes());
        assert_eq!(fields.get("a"), "1");
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.get("b"), "đê biển");
        assert!(fields.has("c") && !fields.has("d"));
        assert_eq!(fields.number("a"), Some(1));
        assert_eq!(fields.number("b"), None);
    }

    #[test]
    fn places_stay_here() {
        for (typed, place_) in [
            ("/thu/1/2", "/thu/1/2"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("", "/"),
            ("/a\r\nX: y", "/"),
        ] {
            assert_eq!(place(typed), place_);
        }
    }
}
