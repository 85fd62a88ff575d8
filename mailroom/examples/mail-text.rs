//! Prints what letters say as one JSON object by file name, for the scoring tool. Writes no files.
//!
//! `mail-text FILE.eml…` or `mail-text --aux QUESTIONS.json`

use std::path::Path;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == "--aux").is_some() {
        for path in arguments {
            let questions = serde_json::from_slice(&std::fs::read(path)?)?;
            println!("{}", mailroom::letter::score_aux(&questions));
        }
        return Ok(());
    }
    let mut all = serde_json::Map::new();
    for path in arguments {
        let raw = std::fs::read(&path)?;
        let name = Path::new(&path)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or(path);
        all.insert(name, mailroom::letter::score_json(&raw));
    }
    println!("{}", serde_json::Value::Object(all));
    Ok(())
}
