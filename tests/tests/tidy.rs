//! The house rules as a test: floors, file heads, file sizes, tables that name files. Reads text only; runs nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::tool::workspace;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Crate, its folder, its floor (docs/ARCHITECTURE.md). A crate may use only lower floors.
const FLOORS: [(&str, &str, u8); 10] = [
    ("viet", "viet", 0),
    ("extract", "extract", 1),
    ("store", "store", 1),
    ("mailroom", "mailroom", 2),
    ("smtp", "smtp", 3),
    ("imap-lite", "imap-lite", 3),
    ("push", "push", 3),
    ("webmail", "webmail", 3),
    ("server", "server", 4),
    ("congthu-tests", "tests", 4),
];
/// Lines of a source file; a longer one has more than one subject.
const LINES_MAX: usize = 600;

fn floor(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(known, _, _)| *known == name)
        .map(|(_, _, floor)| *floor)
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(PathBuf, String)> {
    let root = workspace();
    let mut all = Vec::new();
    for (_, folder, _) in FLOORS {
        for path in files(&root.join(folder), ".rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            all.push((path.strip_prefix(&root).unwrap().to_owned(), text));
        }
    }
    assert!(all.len() > 50, "only {} sources found", all.len());
    all
}

fn manifest(folder: &str) -> toml::Table {
    let text = std::fs::read_to_string(workspace().join(folder).join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

/// Names of the dependencies of all kinds.
fn dependencies(folder: &str) -> Vec<String> {
    let manifest = manifest(folder);
    ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flat_map(|table| table.keys().cloned())
        .collect()
}

#[test]
fn every_crate_of_the_workspace_has_a_floor() {
    let members = &manifest(".")["workspace"]["members"];
    for member in members.as_array().unwrap() {
        let member = member.as_str().unwrap();
        assert!(
            FLOORS.iter().any(|(_, folder, _)| *folder == member),
            "{member} has no floor"
        );
    }
}

#[test]
fn manifests_keep_the_floors() {
    for (name, folder, own) in FLOORS {
        for dependency in dependencies(folder) {
            if let Some(below) = floor(&dependency) {
                // A crate's own tests may switch its own features on.
                assert!(
                    below < own || dependency == name,
                    "{name} (floor {own}) must not use {dependency} (floor {below})"
                );
            }
            if dependency == "sqlx" {
                assert_eq!(name, "store", "SQL belongs to the store alone");
            }
        }
    }
}

#[test]
fn use_lines_keep_the_floors() {
    for (path, text) in sources() {
        let folder = path
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        let (name, _, own) = *FLOORS
            .iter()
            .find(|(_, known, _)| *known == folder)
            .unwrap();
        for line in text.lines() {
            let line = line.trim_start().trim_start_matches("pub ");
            let Some(used) = line.strip_prefix("use ") else {
                continue;
            };
            let first = used
                .split([':', ';', ' ', '{'])
                .next()
                .unwrap()
                .replace('_', "-");
            if let Some(below) = floor(&first) {
                let local = text.contains(&format!("mod {};", first.replace('-', "_")));
                // The library of a package may be used by its own tests.
                assert!(
                    below < own || local || first == name,
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn protocols_without_sockets_know_no_runtime_and_no_clock() {
    for (path, text) in sources() {
        if !path.components().any(|part| part.as_os_str() == "proto") {
            continue;
        }
        for word in [
            "tokio::",
            "TcpStream",
            "TcpListener",
            "SystemTime",
            "Instant::now",
            "store::Store",
            "mailroom::Mailroom",
        ] {
            assert!(
                !text.contains(word),
                "{}: {word} in a protocol without I/O",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (path, text) in sources() {
        assert!(
            text.starts_with("//!"),
            "{}: the first line is no //! comment",
            path.display()
        );
    }
}

#[test]
fn no_file_is_too_long() {
    let long: BTreeMap<_, _> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn nothing_is_left_to_do() {
    let left = ["todo", "unimplemented", "dbg"].map(|word| format!("{word}!("));
    for (path, text) in sources() {
        for word in &left {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn the_rfc_table_names_real_files() {
    let root = workspace();
    let table = std::fs::read_to_string(root.join("docs/rfc.tsv")).unwrap();
    let mut rows = 0;
    for line in table
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let columns: Vec<&str> = line.split('\t').collect();
        assert!(columns.len() >= 3, "{line}: RFC, status, file");
        for file in columns[2]
            .split([',', ' '])
            .filter(|file| !file.is_empty() && *file != "-")
        {
            assert!(root.join(file).exists(), "{line}: {file} is not there");
        }
        rows += 1;
    }
    assert!(rows >= 10, "{rows} rows");
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| -> Vec<String> {
        files(&workspace().join("migrations").join(folder), ".sql")
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}
