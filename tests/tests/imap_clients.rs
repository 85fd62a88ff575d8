//! Real IMAP clients against the real program: mbsync both ways, Python's imaplib in IDLE, curl.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use congthu_tests::demo::LAN;
use congthu_tests::tool::{client, run};
use congthu_tests::{Demo, Imap};
use std::path::Path;

#[test]
fn imaplib_in_idle_sees_a_letter_arrive() {
    let demo = Demo::start();
    let said = client(
        "idle.py",
        &[
            demo.at("imaps"),
            demo.at("smtp"),
            demo.ca(),
            LAN,
            demo.password(LAN),
        ],
    );
    assert!(said.contains("EXISTS"), "{said}");
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all: Vec<_> = ["cur", "new"]
        .iter()
        .filter_map(|part| std::fs::read_dir(folder.join(part)).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .collect();
    all.sort();
    all
}

#[test]
fn mbsync_syncs_both_ways() {
    let demo = Demo::start();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().display();
    let config = folder.path().join("mbsyncrc");
    let text = format!(
        "IMAPAccount tinh\nHost localhost\nPort {}\nUser {LAN}\nPass \"{}\"\nSSLType IMAPS\nCertificateFile {}\n\n\
         IMAPStore xa\nAccount tinh\n\nMaildirStore gan\nPath {home}/mail/\nInbox {home}/mail/INBOX\nSubFolders Verbatim\n\n\
         Channel thu\nFar :xa:\nNear :gan:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n",
        demo.port("imaps"),
        demo.password(LAN),
        demo.ca()
    );
    std::fs::create_dir_all(folder.path().join("mail")).unwrap();
    std::fs::write(&config, text).unwrap();
    let sync = || run("mbsync", &["-c", config.to_str().unwrap(), "-a"]);

    sync();
    let inbox = folder.path().join("mail/INBOX");
    let mut imap = Imap::login(demo.at("imap"), LAN, demo.password(LAN));
    let there = imap.header_field("INBOX", "Message-ID").len();
    assert_eq!(files(&inbox).len(), there);
    assert!(there > 5);

    // There: a flag, a new letter, a removal, a new mailbox. Here: a flag, a new letter.
    assert!(imap.say("SELECT INBOX").ok);
    assert!(imap.say("STORE 1 +FLAGS (\\Flagged)").ok);
    assert!(imap.say("STORE 2 +FLAGS (\\Deleted)").ok && imap.say("EXPUNGE").ok);
    assert!(imap.say("CREATE \"C&APQ-ng v&AwM-n\"").ok);
    let raw = "Subject: them o may chu\r\nMessage-ID: <may-chu@vamxanh.example>\r\n\r\nthu\r\n";
    assert!(
        imap.say(&format!("APPEND INBOX {{{}+}}\r\n{raw}", raw.len()))
            .ok
    );
    let own = "Subject: them o may\r\nMessage-ID: <o-may@vamxanh.example>\r\n\r\nthu\r\n";
    std::fs::write(inbox.join("new/1.o-may.may"), own.replace('\r', "")).unwrap();
    // Not one of those that were touched there.
    let first = files(&inbox)
        .into_iter()
        .filter(|path| path.to_string_lossy().ends_with(":2,S"))
        .nth(4)
        .unwrap();
    let flagged = first.to_string_lossy().replace(":2,S", ":2,FS");
    std::fs::rename(&first, &flagged).unwrap();
    sync();

    let here = files(&inbox);
    assert_eq!(here.len(), there + 1, "one gone, two more");
    let text: String = here
        .iter()
        .map(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
        .collect();
    assert!(text.contains("may-chu@vamxanh.example"));
    let ids = imap.header_field("INBOX", "Message-ID");
    assert!(
        ids.iter().any(|id| id == "<o-may@vamxanh.example>"),
        "{ids:?}"
    );
    let flagged = imap.say("SEARCH FLAGGED").text();
    assert_eq!(
        flagged.lines().next().unwrap().split_whitespace().count() - 2,
        2,
        "{flagged}"
    );

    // Nothing more to do: the third run changes nothing on either side.
    let before = files(&inbox);
    sync();
    assert_eq!(before, files(&inbox));
    assert_eq!(imap.header_field("INBOX", "Message-ID").len(), there + 1);
}
