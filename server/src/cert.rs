//! A certificate authority and a certificate of our own, for the demo and for the first hour of an installation.
//! Never used where real certificate files are configured.

use crate::fault::{self, Fault};
use crate::write_new;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::path::Path;

/// File names inside the folder of keys.
pub const AUTHORITY: &str = "ca.pem";
pub const CHAIN: &str = "certificate.pem";
pub const KEY: &str = "certificate.key";

/// Writes authority, chain and key for these names (DNS names or addresses), replacing what is there.
pub fn self_signed(folder: &Path, names: &[&str]) -> Result<(), Fault> {
    let made = make(names).map_err(|cause| {
        Fault::failed(
            format!("không tạo được chứng thư tự ký: {cause}"),
            format!("cannot make a self-signed certificate: {cause}"),
        )
    })?;
    std::fs::create_dir_all(folder).map_err(|cause| fault::file(folder, &cause))?;
    for (name, text, secret) in [
        (AUTHORITY, &made.authority, false),
        (CHAIN, &made.chain, false),
        (KEY, &made.key, true),
    ] {
        let path = folder.join(name);
        write_new::replace(&path, text.as_bytes(), secret)
            .map_err(|cause| fault::file(&path, &cause))?;
    }
    Ok(())
}

struct Made {
    authority: String,
    chain: String,
    key: String,
}

fn make(names: &[&str]) -> Result<Made, rcgen::Error> {
    let mut authority = CertificateParams::new(Vec::default())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority
        .distinguished_name
        .push(DnType::CommonName, "congthu: chứng thư tự ký");
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut authority, 3650);
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let own_names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(own_names)?;
    let common = names.first().copied().unwrap_or("localhost");
    params.distinguished_name.push(DnType::CommonName, common);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Browsers refuse a leaf that lives longer than 398 days.
    valid(&mut params, 390);
    let key = KeyPair::generate()?;
    let leaf = params.signed_by(&key, &issuer)?.pem();
    Ok(Made {
        chain: format!("{leaf}{authority_pem}"),
        authority: authority_pem,
        key: key.serialize_pem(),
    })
}

/// Valid from yesterday (clocks differ) for so many days.
fn valid(params: &mut CertificateParams, days: i64) {
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let from = today.saturating_sub(jiff::Span::new().days(1));
    let until = today.saturating_add(jiff::Span::new().days(days));
    let at = |date: jiff::civil::Date| {
        rcgen::date_time_ymd(
            i32::from(date.year()),
            u8::try_from(date.month()).unwrap_or(1),
            u8::try_from(date.day()).unwrap_or(1),
        )
    };
    params.not_before = at(from);
    params.not_after = at(until);
}
