//! The real program in demo mode: started on free ports in a temporary folder, watched for panics, ended in order.

use crate::tool::congthu;
use crate::{PATIENCE, tool};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A running demo. Dropping it stops it and fails the test when the program panicked.
pub struct Demo {
    pub told: Value,
    child: Option<Child>,
    folder: Option<tempfile::TempDir>,
    data: PathBuf,
    options: Vec<String>,
}

/// Words and addresses of the made-up province.
pub const LAN: &str = "lan.nt@vamxanh.example";
pub const KHANG: &str = "khang.vm@vamxanh.example";
pub const TRU: &str = "tru.hc@vamxanh.example";
pub const THUY: &str = "thuy.dtt@vamxanh.example";

impl Demo {
    pub fn start() -> Demo {
        Demo::with(&[])
    }

    /// With further options of `congthu demo`.
    pub fn with(options: &[&str]) -> Demo {
        let folder = tempfile::tempdir().unwrap();
        let mut demo = Demo {
            told: Value::Null,
            child: None,
            data: folder.path().join("data"),
            folder: Some(folder),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
        };
        demo.again();
        demo
    }

    /// Starts the program on the same data (after `kill` or `stop`).
    pub fn again(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .unwrap();
        let mut child = Command::new(congthu())
            .args(["demo", "--json", "--port-base", "0", "--data"])
            .arg(&self.data)
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        self.child = Some(child);
        let (send, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stdout).read_line(&mut line);
            // The test may have given up waiting.
            let _late = send.send(read.map(|_| line));
        });
        let line = match told.recv_timeout(2 * PATIENCE) {
            Ok(Ok(line)) if !line.is_empty() => line,
            other => panic!("the demo did not come up: {other:?}\n{}", self.log()),
        };
        self.told = serde_json::from_str(&line).unwrap_or_else(|cause| panic!("{cause}: {line}"));
    }

    /// The JSON line as a file, for clients in other languages.
    pub fn told_file(&self) -> String {
        let path = self.data.with_extension("json");
        std::fs::write(&path, self.told.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// "127.0.0.1:PORT" of a door by its name in the JSON line.
    pub fn at(&self, door: &str) -> &str {
        self.told[door]
            .as_str()
            .unwrap_or_else(|| panic!("no {door} in {}", self.told))
    }

    pub fn port(&self, door: &str) -> &str {
        self.at(door).rsplit(':').next().unwrap()
    }

    pub fn ca(&self) -> &str {
        self.at("ca")
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.told["pid"].as_i64().unwrap()).unwrap()
    }

    pub fn password(&self, address: &str) -> &str {
        self.told["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .find(|account| account["address"] == address)
            .and_then(|account| account["password"].as_str())
            .unwrap_or_else(|| panic!("no account {address}"))
    }

    /// Every address that can sign in.
    pub fn addresses(&self) -> Vec<String> {
        let accounts = self.told["accounts"].as_array().unwrap();
        accounts
            .iter()
            .map(|account| account["address"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Runs another command of the program on the same data, while it runs.
    pub fn command(&self, arguments: &[&str], input: &[u8]) -> std::process::Output {
        let mut command = Command::new(congthu());
        command.args(arguments).arg("--data").arg(&self.data);
        tool::limited(command, input)
    }

    fn log_path(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// What the program wrote to standard error so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn signal(&self, signal: &str) {
        tool::run("kill", &[signal, &self.pid().to_string()]);
    }

    pub fn hang_up(&self) {
        self.signal("-HUP");
    }

    /// A crash: no word, no time to write anything.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM; how it ended and how long that took.
    pub fn stop(&mut self) -> (ExitStatus, Duration) {
        self.signal("-TERM");
        let mut child = self.child.take().expect("it runs");
        let since = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return (status, since.elapsed());
            }
            if since.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("SIGTERM did not end it\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Peak resident memory in KB since the start or the last `forget_peak`.
    pub fn peak_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").unwrap();
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.is_some() {
            if std::thread::panicking() {
                eprintln!("--- the program's log\n{}", self.log());
                self.kill();
            } else {
                self.stop();
            }
        }
        let log = self.log();
        drop(self.folder.take());
        if !std::thread::panicking() {
            assert!(!log.contains("panicked at"), "the program panicked:\n{log}");
        }
    }
}
