//! `congthu doctor` on a real installation: DNS that is right, DNS that is wrong in every way, a stranger's box that sends back,
//! a clock that is off. Every name is looked up on loopback. Needs root for the standard ports.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod elsewhere;
mod tlsa;

use congthu_tests::site::{DOMAIN, HOST, LAN, PASSWORD, Site, loopback};
use congthu_tests::tool::run;
use congthu_tests::{Dns, free_port};
use elsewhere::{clock, outside};
use serde_json::Value;
use std::net::Ipv4Addr;
use tlsa::signed_zone;

const OLD: &str = "cu.example";
const OUTSIDE: &str = "hop@ngoai.example";

/// A certificate that is its own authority, for every name the site answers to.
fn certificate(site: &Site) {
    let names = [
        HOST.to_owned(),
        format!("mta-sts.{DOMAIN}"),
        format!("mta-sts.{OLD}"),
    ];
    let names: Vec<String> = names.iter().map(|name| format!("DNS:{name}")).collect();
    let keys = site.keys();
    let (key, chain) = (keys.join("certificate.key"), keys.join("certificate.pem"));
    #[rustfmt::skip]
    run("openssl", &[
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "60", "-subj", "/CN=x",
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", &format!("subjectAltName={}", names.join(",")),
        "-keyout", key.to_str().unwrap(), "-out", chain.to_str().unwrap(),
    ]);
}

/// NAME=TYPE:VALUE of what `congthu domain records` says to publish, aliases as addresses.
fn zone(site: &Site, domain: &str, ip: Ipv4Addr) -> Vec<String> {
    let said = site.command(&["domain", "records", domain, "--json", "--make-keys"], b"");
    assert!(said.status.success(), "{said:?}");
    let told: Value = serde_json::from_slice(&said.stdout).unwrap();
    let record = |row: &Value| {
        let record = &row["record"];
        let (name, kind) = (
            record["name"].as_str().unwrap(),
            record["kind"].as_str().unwrap(),
        );
        let value = record["value"].as_str().unwrap();
        match kind {
            "MX" => format!("{name}=MX:{}", value.split(' ').nth(1).unwrap()),
            "CNAME" => format!("{name}=A:{ip}"),
            "TLSA" => format!("{name}=TLSA:030101{}", value.rsplit(' ').next().unwrap()),
            kind => format!("{name}={kind}:{value}"),
        }
    };
    told["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(record)
        .collect()
}

struct Told(Value, i32);

impl Told {
    fn of(site: &Site, options: &[&str]) -> Told {
        let arguments = [&["doctor", "--json"], options].concat();
        let output = site.command(&arguments, b"");
        let code = output.status.code().unwrap();
        let value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|cause| panic!("{cause}: {output:?}"));
        Told(value, code)
    }

    fn check(&self, number: u64) -> &Value {
        let checks = self.0["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|check| check["number"] == number)
            .unwrap()
    }

    fn status(&self, number: u64) -> &str {
        self.check(number)["status"].as_str().unwrap()
    }

    /// The part whose question holds some words.
    fn part(&self, number: u64, words: &str) -> &Value {
        let parts = self.check(number)["parts"].as_array().unwrap();
        let found = parts
            .iter()
            .find(|part| part["asked"].as_str().unwrap().contains(words));
        found.unwrap_or_else(|| panic!("nothing asked about {words}: {:#}", self.check(number)))
    }

    fn expect(&self, rows: &[(u64, &str)]) {
        for (number, status) in rows {
            assert_eq!(self.status(*number), *status, "{:#}", self.check(*number));
        }
    }

    /// Status, words of the answer and words of the remedy of single parts.
    fn expect_parts(&self, rows: &[(u64, &str, &str, &str, &str)]) {
        for (number, asked, status, answered, remedy) in rows {
            let part = self.part(*number, asked);
            let has =
                |field: &str, words: &str| part[field].as_str().unwrap_or_default().contains(words);
            let right =
                part["status"] == *status && has("answered", answered) && has("remedy", remedy);
            assert!(
                right,
                "{number} {asked}: wanted {status}, {answered}, {remedy}: {part:#}"
            );
        }
    }
}

/// Starts the site, its name server and everybody else; the good zone's records.
fn installation(site: &mut Site) -> (Dns, Vec<String>) {
    certificate(site);
    let chain = site.keys().join("certificate.pem");
    site.environment("SSL_CERT_FILE", &chain);
    let (ip, elsewhere, port) = (site.ip, loopback(), free_port());
    let backup = site.keys().join("backup");
    std::fs::create_dir(&backup).unwrap();
    std::fs::write(backup.join("congthu.tar"), "x").unwrap();
    let settings = [
        format!("outbound.dns = [\"127.0.0.1:{port}\"]"),
        format!("doctor.addresses = [\"{ip}\"]"),
        "doctor.lists = [\"bl.example\"]".into(),
        "incoming.lists = [\"bl.example\"]".into(),
        "doctor.probe = \"ngoai.example\"".into(),
        format!("doctor.time = \"{}\"", clock(0)),
        format!("doctor.mailbox = \"{LAN}\""),
        format!("doctor.outside = \"{OUTSIDE}\""),
        format!("doctor.backup = {backup:?}"),
        format!("doctor.restore_test = {:?}", backup.join("congthu.tar")),
    ];
    let others = [
        "ngoai.example=MX:mx.ngoai.example".to_owned(),
        format!("mx.ngoai.example=A:{elsewhere}"),
        "2.0.0.127.bl.example=A:127.0.0.2".into(),
    ];
    // The server wants a name server from the start; what it must say is only known later.
    let early: Vec<&str> = others.iter().map(String::as_str).collect();
    let dns = Dns::start(port, &early);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    site.serve(Ipv4Addr::LOCALHOST.into(), &settings);
    drop(dns);
    outside(elsewhere, format!("{ip}:25"));
    for arguments in [
        vec!["domain", "add", OLD, "--alias-of", DOMAIN],
        vec![
            "account",
            "add",
            "postmaster@vamxanh.example",
            "--name",
            "Quản trị",
            "--alias",
            "abuse@vamxanh.example",
            "--password-stdin",
        ],
    ] {
        let done = site.command(&arguments, PASSWORD.as_bytes());
        assert!(done.status.success(), "{done:?}");
    }
    let mut zone = [zone(site, DOMAIN, ip), zone(site, OLD, ip)].concat();
    zone.extend(others);
    let records: Vec<&str> = zone.iter().map(String::as_str).collect();
    (Dns::start(port, &records), zone)
}

/// The same installation under another configuration: another zone, other settings.
fn other(site: &Site, name: &str, records: &[String], changes: &[&str]) -> (Dns, String) {
    let port = free_port();
    let mut config: toml::Table = std::fs::read_to_string(site.config())
        .unwrap()
        .parse()
        .unwrap();
    let dns = format!("outbound.dns = [\"127.0.0.1:{port}\"]");
    for line in changes.iter().copied().chain([dns.as_str()]) {
        for (section, keys) in line.parse::<toml::Table>().unwrap() {
            let place = config.entry(section).or_insert(toml::Table::new().into());
            match (place.as_table_mut(), keys.as_table()) {
                (Some(place), Some(keys)) => place.extend(keys.clone()),
                _ => *place = keys,
            }
        }
    }
    let path = site.config().with_file_name(name);
    std::fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    (
        Dns::start(port, &records),
        path.to_str().unwrap().to_owned(),
    )
}

/// As `Told::of`, with another configuration file.
fn told_with(site: &Site, config: &str, options: &[&str]) -> Told {
    let mut command = std::process::Command::new(congthu_tests::tool::congthu());
    command
        .args(["doctor", "--json", "--config", config])
        .args(options);
    command.env("SSL_CERT_FILE", site.keys().join("certificate.pem"));
    let output = congthu_tests::tool::limited(command, b"");
    let value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|cause| panic!("{cause}: {output:?}"));
    Told(value, output.status.code().unwrap())
}

#[test]
fn a_healthy_installation_is_called_healthy_and_a_broken_one_broken() {
    let mut site = Site::new();
    let (_dns, zone) = installation(&mut site);
    healthy(&site);
    broken(&site, &zone);
    behind_nat(&site, &zone);
    own_source(&site, &zone);
    signed_zone(&site, &zone);
    silent(&site);
}

fn healthy(site: &Site) {
    let told = Told::of(site, &[]);
    told.expect(&[
        (1, "ok"),
        (2, "ok"),
        (5, "ok"),
        (6, "ok"),
        (7, "ok"),
        (9, "ok"),
        (10, "ok"),
        (12, "ok"),
        (13, "ok"),
        (14, "ok"),
        (15, "ok"),
        (17, "ok"),
        (18, "ok"),
        (20, "ok"),
        (21, "ok"),
        (22, "ok"),
        (24, "ok"),
        (25, "ok"),
        (27, "ok"),
        // Not to be known from here: whether the firewall is open, signatures of DNS, old traces, phones.
        (11, "skipped"),
        (16, "skipped"),
        (23, "skipped"),
        (26, "skipped"),
    ]);
    told.expect_parts(&[
        (1, "MX vamxanh.example", "ok", "10 mx.vamxanh.example", ""),
        (5, "SPF vamxanh.example với địa chỉ gửi", "ok", "pass", ""),
        (6, "chữ ký thử trên thư của cu.example", "ok", "đúng", ""),
        (
            8,
            "mta-sts.vamxanh.example/.well-known",
            "ok",
            "mode: testing",
            "",
        ),
        (8, "TXT _mta-sts.cu.example", "ok", "id=", ""),
        (9, "cổng 993 (imaps)", "ok", "được tin", ""),
        (11, "chiều ra qua IPv4", "ok", "mx.ngoai.example", ""),
        (13, "abuse@cu.example", "ok", "250", ""),
        (19, "hộp thư đầy", "ok", "trong", ""),
        (20, "NTP", "ok", "lệch", ""),
        (26, "thư thử tới", "ok", "đã vào Hộp thư đến sau", ""),
        (27, "quay về", "ok", "hành trình", ""),
    ]);
    // Only what came back from outside is left: the test letter was taken away.
    let mut imap = site.imap(LAN);
    let subjects = imap.header_field("INBOX", "Subject");
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(subjects[0].contains("congthu-doctor-"), "{subjects:?}");
    // Addresses of 127/8 have no names in any resolver: 3 and 4 are tried below, behind NAT.
    let only = Told::of(site, &["--only", "1,5,20"]);
    assert_eq!((only.1, only.0["checks"].as_array().unwrap().len()), (0, 3));
    let all = site.command(&["doctor", "--all", "--only", "6"], b"");
    let text = String::from_utf8(all.stdout).unwrap();
    assert!(
        text.contains("trùng với khóa đang ký")
            && text.contains("1 mục tốt")
            && all.status.code() == Some(0),
        "{text}"
    );
}

/// The good zone with records taken out or put in.
fn changed(zone: &[String], without: &[&str], with: &[&str]) -> Vec<String> {
    let keep = |record: &&String| !without.iter().any(|start| record.starts_with(start));
    zone.iter()
        .filter(keep)
        .cloned()
        .chain(with.iter().map(|record| (*record).to_owned()))
        .collect()
}

fn broken(site: &Site, zone: &[String]) {
    let reversed: Vec<String> = site.ip.octets().iter().rev().map(u8::to_string).collect();
    let listed = format!("{}.bl.example=A:127.0.0.3", reversed.join("."));
    let includes: Vec<String> = (0..11)
        .map(|n| format!("i{n}.nhieu.example=TXT:v=spf1 ip4:192.0.2.{n} -all"))
        .collect();
    let spf = (0..11)
        .map(|n| format!("include:i{n}.nhieu.example"))
        .collect::<Vec<_>>()
        .join(" ");
    let spf = format!("vamxanh.example=TXT:v=spf1 {spf} +all");
    let key = zone
        .iter()
        .find(|record| record.contains("-rsa._domainkey.vamxanh.example="))
        .unwrap();
    let wrong_key = format!(
        "{}=TXT:v=DKIM1; k=rsa; p=AAAA",
        key.split('=').next().unwrap()
    );
    let mut with = vec![
        "vamxanh.example=MX:bi.danh.example",
        "bi.danh.example=CNAME:khac.example",
        &spf,
        &wrong_key,
        &listed,
        "_dmarc.vamxanh.example=TXT:v=DMARC1; p=none; rua=mailto:ai@noi.khac.example",
        "_mta-sts.vamxanh.example=TXT:v=STSv1; id=cu",
    ];
    with.extend(includes.iter().map(String::as_str));
    let without = [
        "vamxanh.example=",
        "cu.example=MX",
        key.split(':').next().unwrap(),
        "_dmarc.",
        "_mta-sts.vamxanh",
        "_smtp._tls.cu",
        "mta-sts.cu.example",
        "ngoai.example=MX",
    ];
    let changes = [
        format!("doctor.time = \"{}\"", clock(3_600)),
        "doctor.backup = \"/khong/co\"".into(),
        "doctor.outside = \"\"".into(),
        "site.host_name = \"mx.vamxanh.example\"".into(),
        "incoming.rspamd = \"127.0.0.1:1\"".into(),
    ];
    let changes: Vec<&str> = changes.iter().map(String::as_str).collect();
    let (_dns, config) = other(
        site,
        "broken.toml",
        &changed(zone, &without, &with),
        &changes,
    );
    let told = told_with(site, &config, &[]);
    assert_eq!((told.1, told.0["status"].as_str().unwrap()), (2, "fail"));
    told.expect(&[(2, "ok"), (12, "ok"), (13, "ok")]);
    told.expect_parts(&[
        (
            1,
            "MX vamxanh.example",
            "fail",
            "không bản ghi nào dẫn tới máy này",
            "IN MX 10 mx.vamxanh.example.",
        ),
        (
            1,
            "A/AAAA bi.danh.example",
            "fail",
            "bí danh của khac.example",
            "MX không được trỏ vào bí danh",
        ),
        (5, "TXT vamxanh.example", "ok", "+all", ""),
        (
            5,
            "số lần tra cứu",
            "fail",
            "11 lần, quá 10",
            "bỏ bớt include",
        ),
        (5, "TXT cu.example", "ok", "v=spf1", ""),
        (
            6,
            "-rsa._domainkey.vamxanh.example",
            "fail",
            "khác với khóa đang ký",
            "p=MII",
        ),
        (
            7,
            "TXT _dmarc.vamxanh.example",
            "warn",
            "chưa bảo vệ gì",
            "p=quarantine",
        ),
        (
            7,
            "TXT _dmarc.cu.example",
            "fail",
            "không có",
            "công bố: _dmarc.cu.example.",
        ),
        (
            7,
            "hộp thư nhận báo cáo DMARC của vamxanh.example",
            "warn",
            "chưa đồng ý",
            "_report._dmarc.noi.khac.example",
        ),
        (
            8,
            "TXT _mta-sts.vamxanh.example",
            "warn",
            "id=cu",
            "công bố: _mta-sts.vamxanh.example.",
        ),
        (
            8,
            "mta-sts.cu.example/.well-known",
            "fail",
            "",
            "mta-sts.cu.example. IN CNAME mx.vamxanh.example.",
        ),
        (
            8,
            "TXT _smtp._tls.cu.example",
            "warn",
            "không có",
            "v=TLSRPTv1",
        ),
        (
            10,
            "MX cu.example",
            "fail",
            "không có",
            "cu.example. IN MX 10 mx.vamxanh.example.",
        ),
        (11, "chiều ra", "skipped", "chưa biết", ""),
        (
            14,
            "rspamd",
            "warn",
            "không được quét",
            "systemctl restart rspamd",
        ),
        (15, "trong bl.example", "fail", "127.0.0.3", "xin gỡ tên"),
        (20, "NTP", "fail", "lệch -3", "timedatectl set-ntp true"),
        (
            21,
            "bản sao lưu gần nhất",
            "fail",
            "",
            "chạy lại việc sao lưu",
        ),
        (27, "đi vòng", "skipped", "để trống", "Gmail"),
    ]);
    let all_sign = told.check(5)["parts"].as_array().unwrap();
    assert!(
        all_sign
            .iter()
            .any(|part| part["answered"].as_str().unwrap().contains("cả thế giới")),
        "{all_sign:#?}"
    );
}

/// Public addresses that are not the machine's own: forward, backward and the name we say.
fn behind_nat(site: &Site, zone: &[String]) {
    let host = format!("{HOST}=");
    let six = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa=PTR:mx.vamxanh.example";
    let addresses = [
        format!("{HOST}=A:192.0.2.25"),
        format!("{HOST}=AAAA:2001:db8::25"),
    ];
    let both = [addresses[0].as_str(), addresses[1].as_str(), six];
    let right = [
        &both[..],
        &["25.2.0.192.in-addr.arpa=PTR:mx.vamxanh.example"],
    ]
    .concat();
    let nat = ["doctor.addresses = [\"192.0.2.25\", \"2001:db8::25\"]"];
    let (_dns, config) = other(site, "nat.toml", &changed(zone, &[&host], &right), &nat);
    let told = told_with(site, &config, &["--only", "1,2,3,4,5"]);
    told.expect(&[(1, "ok"), (2, "ok"), (3, "ok"), (4, "ok"), (5, "ok")]);
    assert_eq!(told.1, 0);

    let wrong = [
        &both[..],
        &[
            "25.2.0.192.in-addr.arpa=PTR:may25.nhamang.example",
            "may25.nhamang.example=A:192.0.2.99",
        ],
    ]
    .concat();
    let without_v6 = changed(zone, &[&host], &wrong);
    let (_dns, config) = other(
        site,
        "wrong.toml",
        &changed(&without_v6, &["5.2.0."], &[]),
        &nat,
    );
    let told = told_with(site, &config, &["--only", "3,4"]);
    told.expect_parts(&[
        (
            3,
            "PTR 192.0.2.25",
            "fail",
            "may25.nhamang.example, nhưng tên này không dẫn ngược lại",
            "tên ngược (PTR) là mx.vamxanh.example",
        ),
        (
            3,
            "PTR 2001:db8::25",
            "warn",
            "đang không gửi thư qua IPv6",
            "nhà mạng",
        ),
        (
            4,
            "PTR 192.0.2.25",
            "warn",
            "may25.nhamang.example",
            "đổi tên ngược",
        ),
    ]);
}

/// A domain whose letters leave from an address of its own.
fn own_source(site: &Site, zone: &[String]) {
    let source = "source = [{ domain = \"vamxanh.example\", v4 = \"192.0.2.77\" }]";
    let (_dns, config) = other(
        site,
        "source.toml",
        &changed(
            zone,
            &[],
            &["77.2.0.192.in-addr.arpa=PTR:rieng.vamxanh.example"],
        ),
        &[source],
    );
    let told = told_with(site, &config, &["--only", "2,3,5"]);
    told.expect_parts(&[
        (
            2,
            "địa chỉ gửi 192.0.2.77 của vamxanh.example",
            "fail",
            "máy này không có địa chỉ đó",
            "[[source]]",
        ),
        (
            3,
            "PTR 192.0.2.77",
            "fail",
            "không dẫn ngược lại",
            "nhà mạng",
        ),
        (
            5,
            "SPF vamxanh.example với địa chỉ gửi 192.0.2.77",
            "fail",
            "không được phép",
            "ip4:192.0.2.77",
        ),
        (5, "SPF cu.example với địa chỉ gửi", "ok", "pass", ""),
    ]);
    let said = std::process::Command::new(congthu_tests::tool::congthu())
        .args(["domain", "records", DOMAIN, "--json", "--config", &config])
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("ip4:192.0.2.77 -all"), "{said}");
}

/// No name server at all: nothing is known, and nothing is called good but what needs no DNS.
fn silent(site: &Site) {
    let (dns, config) = other(site, "silent.toml", &[], &[]);
    drop(dns);
    let told = told_with(site, &config, &["--only", "1,5,7,10,16,19"]);
    told.expect(&[
        (1, "skipped"),
        (5, "skipped"),
        (7, "skipped"),
        (10, "skipped"),
        (16, "fail"),
    ]);
    assert_eq!(told.1, 2);
}
