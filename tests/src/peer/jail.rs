//! A server run from a tree of files of its own: a copy (by hard links) of what tests/peers/fetch made, entered with chroot.

use crate::tool::{run, workspace};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub struct Jail {
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Jail {
    pub fn new(tree: &str) -> Jail {
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or(workspace().join("target"), PathBuf::from);
        let fetch = workspace().join("tests/peers/fetch");
        run(fetch.to_str().unwrap(), &[target.to_str().unwrap()]);
        let peers = target.join("peers");
        // On the same file system, so that files are linked, not copied.
        let folder = tempfile::tempdir_in(&peers).unwrap();
        run(
            "cp",
            &[
                "-al",
                peers.join(tree).join(".").to_str().unwrap(),
                folder.path().to_str().unwrap(),
            ],
        );
        run("chmod", &["755", folder.path().to_str().unwrap()]);
        let jail = Jail {
            folder,
            child: None,
        };
        jail.write("etc/hosts", "127.0.0.1 localhost\n");
        jail
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A folder owned by a user of the tree.
    pub fn folder(&self, path: &str, user: &str) {
        std::fs::create_dir_all(self.at(path)).unwrap();
        self.own(path, user);
    }

    /// Gives a file to a user of the tree (its /etc/passwd, not the machine's).
    pub fn own(&self, path: &str, user: &str) {
        let passwd = std::fs::read_to_string(self.at("etc/passwd")).unwrap();
        let line = passwd
            .lines()
            .find(|line| line.starts_with(&format!("{user}:")))
            .unwrap();
        let id = line.split(':').nth(2).unwrap();
        run(
            "chown",
            &[&format!("{id}:{id}"), self.at(path).to_str().unwrap()],
        );
    }

    /// Starts a server in the foreground; its words go to the file /log of the tree.
    pub fn start(&mut self, program: &[&str]) {
        let log = std::fs::File::create(self.at("log")).unwrap();
        let child = Command::new("chroot")
            .arg(self.root())
            .args(program)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    pub fn log(&self) -> String {
        let read = |path| std::fs::read(self.at(path)).unwrap_or_default();
        [
            read("log"),
            read("var/log/mainlog"),
            read("var/log/paniclog"),
        ]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat()
    }
}

impl Drop for Jail {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the peer's log\n{}", self.log());
        }
        if let Some(mut child) = self.child.take() {
            run("kill", &["-TERM", &child.id().to_string()]);
            child.wait().unwrap();
        }
    }
}
