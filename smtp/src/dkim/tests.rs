//! Keys survive the disk, records have the published form, and strangers (dkimpy, mail-auth) verify what we sign.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use std::os::unix::fs::PermissionsExt;

const LETTER: &str = "From: Văn thư <vanthu@so.example>\r\nTo: a@b.example\r\nSubject: =?utf-8?B?Q8O0bmcgdsSDbg==?=\r\n\
    Date: Sat, 21 Nov 2026 10:00:00 +0700\r\nMessage-ID: <1@so.example>\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nKính gửi  các đơn vị,\t\r\n\r\n.chấm\r\n\r\n\r\n";

fn keys() -> (tempfile::TempDir, Keys) {
    let folder = tempfile::tempdir().unwrap();
    assert!(Keys::make(folder.path(), "SO.example", "202611").unwrap());
    let keys = Keys::load(folder.path()).unwrap();
    (folder, keys)
}

#[test]
fn keys_are_made_once_and_only_for_us_to_read() {
    let (folder, first) = keys();
    assert!(!Keys::make(folder.path(), "so.example", "202612").unwrap());
    let again = Keys::load(folder.path()).unwrap();
    assert_eq!(first.records("so.example"), again.records("So.Example"));
    assert_eq!(again.records("so.example").len(), 2);
    assert!(again.records("other.example").is_empty());
    for path in entries(&folder.path().join("so.example")).unwrap() {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    fs::write(folder.path().join("so.example/bad.pem"), "nonsense").unwrap();
    assert!(Keys::load(folder.path()).is_err());
}

#[test]
fn records_hold_spki_for_rsa_and_32_bytes_for_ed25519() {
    use base64::Engine;
    let (_folder, keys) = keys();
    let records = keys.records("so.example");
    let public = |text: &str| {
        let p = text.split("p=").nth(1).unwrap();
        base64::engine::general_purpose::STANDARD.decode(p).unwrap()
    };
    let (ed, rsa) = (&records[0], &records[1]);
    assert_eq!(ed.0, "202611-ed25519._domainkey.so.example");
    assert!(ed.1.starts_with("v=DKIM1; k=ed25519; p="));
    assert_eq!(public(&ed.1).len(), 32);
    assert!(rsa.1.starts_with("v=DKIM1; k=rsa; p="));
    // rsaEncryption inside SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), not a bare RSAPublicKey.
    let oid = [
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    ];
    assert!(public(&rsa.1).windows(oid.len()).any(|bytes| bytes == oid));
}

#[test]
fn a_domain_without_keys_is_not_signed() {
    let (_folder, keys) = keys();
    assert_eq!(
        keys.signatures("other.example", LETTER.as_bytes()).unwrap(),
        ""
    );
}

/// What we seal is a whole chain to mail-auth's eyes and to dkimpy's, once and a second time; our own mail is not sealed.
#[test]
fn dkimpy_verifies_our_seal_and_sees_a_change() {
    let (folder, keys) = keys();
    let keys = keys.sealing("so.example", "mx.so.example");
    let incoming = format!(
        "Authentication-Results: mx.so.example;\r\n\tdkim=pass header.d=x.example;\r\n\tspf=pass smtp.mailfrom=a@x.example\r\n\
         Received: from x by mx.so.example\r\n{LETTER}"
    );
    let results = results_on_top(incoming.as_bytes(), "MX.so.example").unwrap();
    assert_eq!(
        results,
        "mx.so.example; dkim=pass header.d=x.example; spf=pass smtp.mailfrom=a@x.example"
    );
    assert_eq!(results_on_top(LETTER.as_bytes(), "mx.so.example"), None);
    assert_eq!(
        results_on_top(incoming.as_bytes(), "mx.other.example"),
        None
    );
    let seal = keys.seal(&results, incoming.as_bytes()).unwrap();
    for tag in [
        "ARC-Seal: i=1;",
        "cv=none",
        "ARC-Message-Signature: i=1;",
        "ARC-Authentication-Results: i=1; mx",
    ] {
        assert!(seal.replace(";\r\n\t", "; ").contains(tag), "{tag}: {seal}");
    }
    assert!(seal.lines().all(|line| line.len() < 120), "{seal}");
    let once = seal + &incoming;
    // It came back to us, the chain held, and it goes on.
    let again = format!("Authentication-Results: mx.so.example;\r\n\tarc=pass\r\n{once}");
    let second = keys
        .seal("mx.so.example; arc=pass", again.as_bytes())
        .unwrap();
    assert!(
        second.contains("i=2;") && second.contains("cv=pass"),
        "{second}"
    );
    let twice = second + &again;
    let broken = keys
        .seal("mx.so.example; arc=fail", again.as_bytes())
        .unwrap();
    assert!(broken.contains("cv=fail"), "{broken}");
    let none = keys.seal("mx.so.example; arc=temperror", again.as_bytes());
    assert_eq!(none.unwrap(), "");
    let after_broken = format!("{broken}{again}");
    assert_eq!(
        keys.seal("mx.so.example; arc=fail", after_broken.as_bytes())
            .unwrap(),
        ""
    );
    let script = r#"
import sys, dkim
records = dict(line.split("\t", 1) for line in open(sys.argv[2]).read().splitlines())
def txt(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()
cv, results, reason = dkim.arc_verify(open(sys.argv[1], "rb").read(), dnsfunc=txt)
print((cv or b"none").decode())
"#;
    let Some(verdict) = dkimpy(&folder, &keys, script) else {
        return;
    };
    assert_eq!(verdict(&once), "pass");
    assert_eq!(verdict(&twice), "pass");
    assert_eq!(verdict(&once.replace("chấm", "Chấm")), "fail");
    assert_eq!(verdict(&once.replace("spf=pass", "spf=fail")), "fail");
}

/// dkimpy is Debian's python3-dkim (with python3-nacl for Ed25519): an implementation that shares nothing with ours.
#[test]
fn dkimpy_verifies_both_signatures_and_sees_a_change() {
    let (folder, keys) = keys();
    let signed = keys.signatures("so.example", LETTER.as_bytes()).unwrap() + LETTER;
    let script = r#"
import sys, dkim
records = dict(line.split("\t", 1) for line in open(sys.argv[2]).read().splitlines())
def txt(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()
raw = open(sys.argv[1], "rb").read()
for index in (0, 1):
    try:
        print(dkim.DKIM(raw).verify(idx=index, dnsfunc=txt))
    except dkim.ValidationError:
        print(False)
"#;
    let Some(verdicts) = dkimpy(&folder, &keys, script) else {
        return;
    };
    assert_eq!(verdicts(&signed), "True True");
    assert_eq!(verdicts(&signed.replace("các", "cac")), "False False");
    assert_eq!(verdicts(&signed.replace("To: a@", "To: c@")), "False False");
    let second_from = signed.replace("To: a@", "From: x@evil.example\r\nTo: a@");
    assert_eq!(verdicts(&second_from), "False False");
}

/// Runs a script over a letter and our published records; None where dkimpy is not installed.
fn dkimpy(
    folder: &tempfile::TempDir,
    keys: &Keys,
    script: &'static str,
) -> Option<impl Fn(&str) -> String> {
    let python = "/usr/bin/python3";
    let there = std::process::Command::new(python)
        .args(["-c", "import dkim, nacl"])
        .output();
    if !there.is_ok_and(|out| out.status.success()) {
        eprintln!("SKIPPED, NOT TESTED: python3-dkim or python3-nacl is not installed");
        return None;
    }
    let (letter, table) = (folder.path().join("letter"), folder.path().join("records"));
    let lines: Vec<String> = keys
        .records("so.example")
        .iter()
        .map(|(name, text)| format!("{name}\t{text}"))
        .collect();
    fs::write(&table, lines.join("\n")).unwrap();
    Some(move |raw: &str| {
        fs::write(&letter, raw).unwrap();
        let out = std::process::Command::new(python)
            .args(["-c", script])
            .args([&letter, &table])
            .output()
            .unwrap();
        assert!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        String::from_utf8_lossy(&out.stdout)
            .trim()
            .replace('\n', " ")
    })
}
