//! TLSA records in a signed zone, held against the certificate that the installation really shows.

use super::{changed, other, told_with};
use congthu_tests::site::Site;
use congthu_tests::tool::run;

/// In a signed zone the TLSA records count: ours are right, others keep mail away.
pub fn signed_zone(site: &Site, zone: &[String]) {
    let key = "vamxanh.example=DNSKEY:0101030d00";
    let (_dns, config) = other(site, "signed.toml", &changed(zone, &[], &[key]), &[]);
    let told = told_with(site, &config, &["--only", "8"]);
    told.expect_parts(&[(
        8,
        "TLSA _25._tcp.mx.vamxanh.example",
        "ok",
        "khớp chứng thư đang dùng",
        "",
    )]);
    let stale = "_25._tcp.mx.vamxanh.example=TLSA:03010100112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    for (records, status, answered) in [
        (
            changed(zone, &["_25._tcp"], &[key, stale]),
            "fail",
            "không bản ghi nào khớp chứng thư",
        ),
        (changed(zone, &["_25._tcp"], &[key]), "warn", "đã ký DNSSEC"),
        (changed(zone, &[], &[]), "warn", "vô tác dụng"),
        (changed(zone, &["_25._tcp"], &[]), "ok", "chưa ký DNSSEC"),
    ] {
        let (_dns, config) = other(site, "tlsa.toml", &records, &[]);
        let told = told_with(site, &config, &["--only", "8"]);
        told.expect_parts(&[(8, "TLSA _25._tcp.mx.vamxanh.example", status, answered, "")]);
    }
    kinds_of_tlsa(site, zone, key);
}

/// Beside ours: the whole certificate, an authority that is not shown, one for web servers only, and the next key ahead of its time.
fn kinds_of_tlsa(site: &Site, zone: &[String], key: &str) {
    let name = "_25._tcp.mx.vamxanh.example";
    let digest = run(
        "openssl",
        &[
            "x509",
            "-in",
            site.keys().join("certificate.pem").to_str().unwrap(),
            "-noout",
            "-fingerprint",
            "-sha256",
        ],
    );
    let whole = digest.rsplit('=').next().unwrap().trim().replace(':', "");
    let zeros = "00".repeat(32);
    let with = [
        format!("{name}=TLSA:030001{whole}"),
        format!("{name}=TLSA:020101{zeros}"),
        format!("{name}=TLSA:010101{zeros}"),
        format!("{name}=TLSA:030101{zeros}"),
    ];
    let with: Vec<&str> = with.iter().map(String::as_str).chain([key]).collect();
    let (_dns, config) = other(site, "kinds.toml", &changed(zone, &[], &with), &[]);
    let told = told_with(site, &config, &["--only", "8"]);
    told.expect_parts(&[
        (8, "(3 0 1 ", "warn", "lần gia hạn tới", "3 1 1"),
        (8, "(2 1 1 ", "warn", "không khớp", "khóa sắp dùng"),
        (8, "(1 1 1 ", "warn", "không dùng cho thư", "xóa"),
        (8, "(3 1 1 00000000", "warn", "không khớp", "khóa sắp dùng"),
    ]);
    assert_eq!(told.status(8), "warn", "ours matches, so mail comes");
}
