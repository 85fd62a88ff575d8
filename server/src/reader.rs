//! Reads attached files for the search, in the background: takes letters from the mailroom's queue and has every file
//! read by a process of its own (`congthu extract`), which is killed when it takes too long. Never parses a file itself.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use mailroom::Mailroom;
use mailroom::attached::{Due, File, Outcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::limits;

/// This program, to be started again for every file.
pub fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Reads letters until the word to stop. What was begun then is due again later.
pub async fn run(room: Mailroom, program: PathBuf, shutdown: CancellationToken) {
    let readers = (0..limits::READERS).map(|_| one(&room, &program, &shutdown));
    futures_util::future::join_all(readers).await;
}

async fn one(room: &Mailroom, program: &Path, shutdown: &CancellationToken) {
    loop {
        let step = tokio::select! {
            () = shutdown.cancelled() => return,
            step = step(room, program) => step,
        };
        let pause = match step {
            Ok(true) => continue,
            Ok(false) => limits::READER_LOOK,
            Err(cause) => {
                tracing::warn!(%cause, "attached files could not be read");
                10 * limits::READER_LOOK
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Reads the next letter's files; false when none waits.
pub async fn step(room: &Mailroom, program: &Path) -> Result<bool, mailroom::Error> {
    let Some(due) = room.attached_next().await? else {
        return Ok(false);
    };
    let outcomes = outcomes(program, &due).await;
    room.attached_done(due, &outcomes).await?;
    Ok(true)
}

async fn outcomes(program: &Path, due: &Due) -> Vec<Outcome> {
    let mut all = Vec::with_capacity(due.files.len());
    for file in &due.files {
        let reading = read(program, file);
        all.push(
            tokio::time::timeout(limits::READER_TIME, reading)
                .await
                .unwrap_or_else(|_| Outcome::Never("took too long".to_owned())),
        );
    }
    all
}

/// One file in one process; dropping the future kills it.
async fn read(program: &Path, file: &File) -> Outcome {
    let mut command = Command::new(program);
    command.args(["extract", "--kind", file.kind.as_str()]);
    if let Some(charset) = file.charset.as_deref().filter(|name| is_plain(name)) {
        command.arg(format!("--charset={charset}"));
    }
    command
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    match converse(command, &file.bytes).await {
        Ok(outcome) => outcome,
        Err(cause) => Outcome::Later(cause.to_string()),
    }
}

/// Writes the file and reads the text at the same time; both are bounded.
async fn converse(mut command: Command, bytes: &[u8]) -> std::io::Result<Outcome> {
    let mut child = command.spawn()?;
    let (mut stdin, stdout, stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut text, mut words) = (Vec::new(), Vec::new());
    let write = async {
        if let Some(stdin) = &mut stdin {
            // A reader that has seen enough closes early: no failure.
            let _closed = stdin.write_all(bytes).await;
        }
        drop(stdin);
        Ok(())
    };
    let hear = async {
        match stdout {
            Some(out) => {
                out.take(extract::TEXT_BYTES_MAX as u64)
                    .read_to_end(&mut text)
                    .await
            }
            None => Ok(0),
        }
    };
    let complaint = async {
        match stderr {
            Some(err) => {
                err.take(limits::READER_WORDS_MAX as u64)
                    .read_to_end(&mut words)
                    .await
            }
            None => Ok(0),
        }
    };
    let (wrote, heard, _complained) = tokio::join!(write, hear, complaint);
    wrote.and(heard.map(drop))?;
    let status = child.wait().await?;
    Ok(match (status.code(), String::from_utf8(text)) {
        (Some(0), Ok(text)) => Outcome::Text(text),
        (Some(_), _) => Outcome::Never(String::from_utf8_lossy(&words).trim().to_owned()),
        // A signal: out of memory, out of processor time, out of stack, or killed by the machine in need.
        (None, _) => Outcome::Later(format!("the reading process ended: {status}")),
    })
}

/// A charset's name as such names are, never an option.
fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.len() <= 40
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A program that does what a line of shell says, whatever its arguments.
    fn script(folder: &Path, line: &str) -> PathBuf {
        let path = folder.join("program");
        std::fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    fn file() -> File {
        File {
            name: "a.pdf".to_owned(),
            kind: extract::Kind::Pdf,
            charset: Some("--help".to_owned()),
            bytes: vec![b'x'; 300_000],
        }
    }

    #[tokio::test]
    async fn whatever_the_process_does_there_is_an_outcome() {
        for (line, want) in [
            ("/bin/cat >/dev/null; echo văn bản", "Text(\"văn bản\\n\")"),
            ("echo \"$*\"", "Text(\"extract --kind pdf\\n\")"),
            ("echo broken >&2; exit 3", "Never(\"broken\")"),
            (
                "kill -9 $$",
                "Later(\"the reading process ended: signal: 9 (SIGKILL)\")",
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let outcome = read(&script(folder.path(), line), &file()).await;
            assert_eq!(format!("{outcome:?}"), want, "{line}");
        }
        let missing = read(Path::new("/no/such/program"), &file()).await;
        assert!(matches!(missing, Outcome::Later(_)), "{missing:?}");
    }

    #[tokio::test]
    async fn a_process_that_never_ends_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("pid");
        let line = format!("echo $$ >{}; while :; do :; done", told.display());
        let program = script(folder.path(), &line);
        let file = file();
        let reading =
            tokio::time::timeout(std::time::Duration::from_secs(2), read(&program, &file));
        assert!(reading.await.is_err());
        let pid = std::fs::read_to_string(told).unwrap();
        let there = || Path::new("/proc").join(pid.trim()).join("exe").exists();
        for _ in 0..200 {
            if !there() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("process {pid} still runs");
    }
}
