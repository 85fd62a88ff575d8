//! Prints what letters say as one JSON object by file name, for the scoring tool. Writes no files.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let mut all = serde_json::Map::new();
    for path in std::env::args().skip(1) {
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
