//! Running other programs with a time limit and with their output kept.

use crate::PATIENCE;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The program under test: CONGTHU_BIN, or built once beside this test.
pub fn congthu() -> PathBuf {
    if let Some(path) = std::env::var_os("CONGTHU_BIN") {
        return PathBuf::from(path);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "-q", "-p", "server", "--bin", "congthu"])
        .current_dir(workspace())
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(built.success(), "the program does not build");
    // target/debug/deps/TEST: the program is one folder up.
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("congthu")
}

/// Debian's Python, which has Debian's modules.
pub fn python() -> &'static str {
    if std::path::Path::new("/usr/bin/python3").exists() {
        "/usr/bin/python3"
    } else {
        "python3"
    }
}

/// Runs a client of tests/clients with Python and gives what it printed; fails with its complaint.
pub fn client(script: &str, arguments: &[&str]) -> String {
    let path = workspace().join("tests/clients").join(script);
    let mut command = Command::new(python());
    command.arg("-B").arg(path).args(arguments);
    good(command, b"")
}

/// Runs a program that must succeed.
pub fn run<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> String {
    let mut command = Command::new(program);
    command.args(arguments);
    good(command, b"")
}

/// The same with bytes on its standard input.
pub fn good(command: Command, input: &[u8]) -> String {
    let shown = format!("{command:?}");
    let output = limited(command, input);
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{shown}: {}\n{out}\n{err}",
        output.status
    );
    out.into_owned()
}

/// Runs a program for at most `PATIENCE` (twice: browsers are slow on two cores).
pub fn limited(mut command: Command, input: &[u8]) -> Output {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|cause| panic!("{shown}: {cause}; is it installed? ./check installs it"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that does not read its input closes it: that is its own affair.
    let writing = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let mut stdout = child.stdout.take().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let out = std::thread::spawn(move || all(&mut stdout));
    let err = std::thread::spawn(move || all(&mut stderr));
    let until = Instant::now() + 2 * PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            child.wait().unwrap();
            let seen = String::from_utf8_lossy(&err.join().unwrap()).into_owned();
            panic!("{shown}: took too long\n{seen}");
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    writing.join().unwrap();
    Output {
        status,
        stdout: out.join().unwrap(),
        stderr: err.join().unwrap(),
    }
}

fn all(from: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    bytes
}
