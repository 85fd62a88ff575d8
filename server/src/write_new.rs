//! Writing small files whole: beside the target, synced, then renamed over it. Secrets are readable by their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file in one step; a reader sees the old content or the new one.
pub fn replace(path: &Path, content: &[u8], secret: bool) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = folder.join(name);
    let mut file = options(secret).truncate(true).create(true).open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

/// Writes a file that must not be there yet.
pub fn create(path: &Path, content: &[u8], secret: bool) -> io::Result<()> {
    let mut file = options(secret).create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn options(secret: bool) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    options
}
