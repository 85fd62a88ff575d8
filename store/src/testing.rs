//! For tests here and in the crates above: stores on a private SQLite folder and on a private PostgreSQL, started on a
//! free loopback port in a temporary folder and removed afterwards. Never part of the program.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::noun::{Delivery, Derived, LocalCopy, NewBody, NewTrace, Role, Target};
use crate::{AccountId, BodyId, Config, Error, Limits, NewPrincipal, Store, TraceId};

/// A PostgreSQL of our own; stopped and removed when dropped.
pub struct Postgres {
    folder: TempDir,
    bin: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts one; `None` where PostgreSQL is not installed.
    pub fn start() -> Result<Option<Postgres>, String> {
        let Some(bin) = newest_bin() else {
            return Ok(None);
        };
        let folder = tempfile::tempdir().map_err(|cause| cause.to_string())?;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))
            .map_err(|cause| cause.to_string())?;
        // The port may be taken between here and the start: then another one is tried.
        let postgres = Postgres {
            folder,
            bin,
            port: free_port()?,
        };
        match postgres.run() {
            Ok(()) => Ok(Some(postgres)),
            Err(cause) if cause.contains("Address already in use") => Postgres::start(),
            Err(cause) => Err(cause),
        }
    }

    fn run(&self) -> Result<(), String> {
        let data = self.folder.path().join("data");
        let data = data.display();
        self.command(
            "initdb",
            &format!("-D {data} -U congthu -A trust -E UTF8 --locale=C --no-sync"),
        )?;
        let log = self.folder.path().join("log");
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories= -c max_connections=400 \
             -c shared_buffers=64MB",
            self.port
        );
        let start = format!(
            "-D {data} -l {} -w -t 60 -o \"{options}\" start",
            log.display()
        );
        self.command("pg_ctl", &start).map_err(|cause| {
            format!(
                "{cause}\n{}",
                std::fs::read_to_string(&log).unwrap_or_default()
            )
        })
    }

    /// PostgreSQL refuses to run as root: then it runs as its own user.
    fn command(&self, name: &str, arguments: &str) -> Result<(), String> {
        let line = format!("{} {arguments}", self.bin.join(name).display());
        let mut command = if is_root() {
            let mut command = Command::new("su");
            command.args(["postgres", "-s", "/bin/sh", "-c", &line]);
            command
        } else {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", &line]);
            command
        };
        let output = command
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .map_err(|cause| format!("{name}: {cause}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!(
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    /// A new empty database.
    pub fn database(&self, name: &str) -> Result<String, String> {
        let port = self.port.to_string();
        let output = Command::new(self.bin.join("createdb"))
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "congthu", name])
            .current_dir("/")
            .output()
            .map_err(|cause| format!("createdb: {cause}"))?;
        if !output.status.success() {
            return Err(format!(
                "createdb: {}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        Ok(format!("postgres://congthu@127.0.0.1:{port}/{name}"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stop = format!(
            "-D {} -m immediate -w stop",
            self.folder.path().join("data").display()
        );
        if let Err(cause) = self.command("pg_ctl", &stop) {
            eprintln!("{cause}");
        }
        // Its files belong to its own user; the folder is removed by that user, then by us.
        let _ = self.remove();
    }
}

impl Postgres {
    fn remove(&self) -> std::io::Result<()> {
        std::fs::remove_dir_all(self.folder.path().join("data"))
    }
}

fn newest_bin() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|version| {
            let version = version.ok()?;
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            let bin = version.path().join("bin");
            bin.join("initdb").exists().then_some((number, bin))
        })
        .max()
        .map(|(_, bin)| bin)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|meta| {
        use std::os::unix::fs::MetadataExt as _;
        meta.uid() == 0
    })
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|cause| cause.to_string())?;
    listener
        .local_addr()
        .map(|address| address.port())
        .map_err(|cause| cause.to_string())
}

/// Where a store for tests lives: SQLite in the folder, or the database given.
pub fn config(data: &Path, url: Option<&str>) -> Config {
    let sqlite = Config::sqlite(data);
    Config {
        url: url.map_or(sqlite.url, str::to_owned),
        limits: Limits {
            readers: 4,
            ..Limits::default()
        },
        ..sqlite
    }
}

/// A person with mail at this address.
pub async fn person(store: &Store, address: &str) -> Result<AccountId, Error> {
    let new = NewPrincipal {
        name: address.to_owned(),
        addresses: vec![address.to_owned()],
        quota_bytes: 1 << 30,
        ..NewPrincipal::default()
    };
    store.principal_add(new).await.map(AccountId::from)
}

/// A letter with this subject and text for the Inboxes of these accounts.
pub fn letter(store: &Store, subject: &str, text: &str, to: &[AccountId], now: i64) -> Delivery {
    let id = store.next_id(now);
    let raw = format!("Subject: {subject}\r\nMessage-ID: <{id}@example>\r\n\r\n{text}\r\n");
    Delivery {
        trace: Some(NewTrace {
            id: TraceId(store.next_id(now)),
            direction: "in",
            at: now,
            peer_ip: "192.0.2.1".to_owned(),
            helo: "mx.example".to_owned(),
            tls: "TLSv1.3".to_owned(),
            principal: None,
            mail_from: "an@outside.example".to_owned(),
            auth_results: "spf=pass".to_owned(),
            events: Vec::new(),
        }),
        body: NewBody {
            id: BodyId(id),
            raw: raw.into(),
            derived: Derived {
                version: 1,
                subject: subject.to_owned(),
                from_name: "Nguyễn Văn An".to_owned(),
                from_address: "an@outside.example".to_owned(),
                to_text: "ai đó".to_owned(),
                date_at: Some(now),
                message_id: Some(format!("{id}@example")),
                thread_key: id,
                preview: text.chars().take(80).collect(),
                coding: "utf-8".to_owned(),
                confidence: 1.0,
                envelope: format!("(NIL {subject:?} NIL)").into_bytes(),
                structure: b"(\"TEXT\" \"PLAIN\" NIL NIL NIL \"8BIT\" 10 1)".to_vec(),
                search_text: text.to_owned(),
                ..Derived::default()
            },
        },
        copies: to
            .iter()
            .map(|account| LocalCopy {
                account: *account,
                target: Target::Role(Role::Inbox),
                flags: 0,
                keywords: Vec::new(),
                received_at: now,
                recipient: format!("{account}@here.example"),
            })
            .collect(),
        submission: None,
        replaces: Vec::new(),
    }
}
