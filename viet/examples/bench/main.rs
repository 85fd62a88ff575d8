//! Measures the crate on invented texts: how many snippets of each coding and length are read right without a label,
//! beside the figures of the prototype that showed the method; how many foreign snippets are changed; how fast clean
//! and broken text is read. Writes nothing but its report.
//!
//! `cargo run --release -p viet --example bench [-- --fails] [--only recovery|foreign|speed] [--foreign FOLDER] [VIETNAMESE.txt ...]`
//!
//! The table is made of `tests/corpus/vi_held_out.txt`, which nobody looks at while the method is worked on;
//! `tests/corpus/vi.txt` is for that. Texts given as arguments are measured in their stead. `--foreign` names a folder
//! of more foreign texts, `LANGUAGE.CHARSET.txt`.

mod foreign;
mod recovery;
mod sampling;
mod speed;

const DEVELOPMENT: &str = include_str!("../../tests/corpus/vi.txt");
const HELD_OUT: &str = include_str!("../../tests/corpus/vi_held_out.txt");
const SUBJECTS: &str = include_str!("../../tests/corpus/vi_subjects.txt");
const NAMES: &str = include_str!("../../tests/corpus/vi_names.txt");

fn main() -> std::io::Result<()> {
    let mut fails = false;
    let mut only = String::new();
    let mut folder = None;
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--fails" => fails = true,
            "--only" => only = arguments.next().unwrap_or_default(),
            "--foreign" => folder = arguments.next(),
            path => texts.push((path.to_owned(), std::fs::read_to_string(path)?)),
        }
    }
    let wanted = |part: &str| only.is_empty() || only == part;
    if wanted("recovery") {
        if texts.is_empty() {
            texts = vec![
                ("held-out text".to_owned(), HELD_OUT.to_owned()),
                (
                    "text the method was worked on with".to_owned(),
                    format!("{DEVELOPMENT}{SUBJECTS}"),
                ),
            ];
        }
        for (title, text) in &texts {
            recovery::by_coding(title, text, fails);
        }
        recovery::whole_lines("subjects", SUBJECTS, fails);
        recovery::whole_lines("names", NAMES, fails);
        if let Some((title, text)) = texts.first() {
            recovery::damages(title, text, fails);
        }
    }
    if wanted("foreign") {
        foreign::unchanged(folder.as_deref(), fails)?;
    }
    if wanted("speed") {
        speed::rates();
    }
    Ok(())
}
