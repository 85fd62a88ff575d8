//! Addresses as logs may show them. Never the whole local part.

/// "nguyenvana@tinh.example" → "n…@tinh.example"; the null sender is "<>".
#[must_use]
pub fn mask(address: &str) -> String {
    if address.is_empty() {
        return "<>".into();
    }
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    let at = if domain.is_empty() { "" } else { "@" };
    format!("{first}…{at}{domain}")
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn only_the_first_letter_is_left() {
        for (address, shown) in [
            ("nguyenvana@tinh.example", "n…@tinh.example"),
            ("đạt@tinh.example", "đ…@tinh.example"),
            ("postmaster", "p…"),
            ("", "<>"),
        ] {
            assert_eq!(mask(address), shown);
        }
    }
}
