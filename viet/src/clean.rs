//! The fast look: can this text be handed on as it is? Says "clean" only when nothing in it could need repair.

use crate::coding::Coding;

/// `Some` when the text is right as it stands.
pub(crate) fn coding_of_clean(text: &str) -> Option<Coding> {
    if text.is_ascii()
        && !text.bytes().any(|b| {
            matches!(
                b,
                b'&' | b'^' | b'`' | b'~' | b'\'' | b'.' | b'?' | b'+' | b'('
            )
        })
    {
        return Some(Coding::Ascii);
    }
    None
}
