//! Snippets of a text: whole words, about so many characters. The same on every run.

/// Lengths of the snippets, in characters.
pub const LENGTHS: [usize; 4] = [10, 20, 50, 200];

/// Most snippets of one text and length.
pub const SNIPPETS_MAX: usize = 4_000;

/// Every snippet of a text once: one begins at every word and has the number of characters that comes nearest to
/// `length`. Of longer texts every n-th word begins one, so that no more than `max` come out.
pub fn snippets(text: &str, length: usize, max: usize) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let step = words.len().div_ceil(max.max(1)).max(1);
    (0..words.len())
        .step_by(step)
        .map(|from| snippet(words.get(from..).unwrap_or_default(), length))
        .collect()
}

fn snippet(words: &[&str], length: usize) -> String {
    let mut out = String::new();
    let mut have = 0;
    for word in words {
        let more = word.chars().count() + 1;
        if have > 0 && (have >= length || (have + more).saturating_sub(length) > length - have) {
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        have = out.chars().count();
    }
    out
}

/// True when the text has a letter above ASCII.
pub fn has_marks(text: &str) -> bool {
    text.chars().any(|c| !c.is_ascii() && c.is_alphabetic())
}

/// Share in percent.
pub fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}
