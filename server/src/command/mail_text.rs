//! `congthu mail-text FILE…`: reads message files as they arrive and prints what people will read, one JSON line each.

use crate::fault::{self, Fault};
use std::io::Write as _;
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct MailText {
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl MailText {
    pub fn run(self) -> Result<(), Fault> {
        let mut out = std::io::stdout().lock();
        for path in &self.files {
            let raw = std::fs::read(path).map_err(|cause| fault::file(path, &cause))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let mut line = mailroom::letter::score_json(&raw);
            if let Some(members) = line.as_object_mut() {
                members.insert("file".into(), name.into());
            }
            writeln!(out, "{line}").map_err(|cause| fault::file(path, &cause))?;
        }
        Ok(())
    }
}
