//! `congthu init`: writes a commented configuration and the keys of a new installation, and prints the DNS records to publish.
//! Never overwrites anything and never touches a network.

use crate::config::Config;
use crate::fault::{self, Fault};
use crate::office::{CONFIG_FILE, Place};
use crate::{cert, template, write_new};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Init {
    /// Tên miền thư, ví dụ tinh.gov.vn. / The mail domain
    domain: String,
    /// Tên máy chủ [mặc định: thu.MIỀN]. / Host name [default: thu.DOMAIN]
    #[arg(long)]
    host_name: Option<String>,
    /// Tên hiện trên trang, ví dụ "Tỉnh Vàm Xanh". / Shown on the pages
    #[arg(long)]
    province: Option<String>,
}

impl Init {
    pub fn run(self, place: &Place) -> Result<(), Fault> {
        let file = place
            .config
            .clone()
            .unwrap_or_else(|| PathBuf::from(CONFIG_FILE));
        let mut answers = template::Answers::for_domain(&self.domain.to_lowercase());
        if let Some(host_name) = self.host_name {
            answers.web = format!("https://{host_name}");
            answers.host_name = host_name;
        }
        if let Some(province) = self.province {
            answers.province = province;
        }
        let text = template::text(&answers);
        // A domain that would be refused later is refused before anything is written.
        Config::parse(&text, &file.display().to_string())?;
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder).map_err(|cause| fault::file(folder, &cause))?;
        }
        write_new::create(&file, text.as_bytes(), false).map_err(|cause| exists(&file, &cause))?;
        let config = Config::load(&file)?;
        let keys = config.keys();
        let chain = keys.join(cert::CHAIN);
        if !chain.exists() {
            cert::self_signed(&keys, &[&config.site.host_name, "localhost"])?;
        }
        let made = Keys::make(&config)?;
        println!(
            "Đã viết {} và khóa trong {}.",
            file.display(),
            keys.display()
        );
        println!(
            "Chứng thư tạm tự ký: thay bằng chứng thư thật trong [[tls]] trước khi mở dịch vụ.\n"
        );
        println!("Bản ghi DNS cần công bố / DNS records to publish:\n");
        for record in records(&config, &made.dkim) {
            println!("{record}");
        }
        println!("\nBước tiếp theo / Next:");
        println!("  congthu serve --config {}", file.display());
        println!(
            "  congthu account add quantri@{} --name \"…\" --password-stdin --config {}",
            config.site.domain,
            file.display()
        );
        Ok(())
    }
}

fn exists(file: &Path, cause: &std::io::Error) -> Fault {
    if cause.kind() != std::io::ErrorKind::AlreadyExists {
        return fault::file(file, cause);
    }
    Fault::failed(
        format!("{} đã có, không ghi đè", file.display()),
        format!("{} is there already and is not overwritten", file.display()),
    )
    .remedy(
        "chọn tên khác bằng --config",
        "choose another name with --config",
    )
}

/// Keys that an installation has from the first day.
pub struct Keys {
    /// (name, text) of TXT records.
    pub dkim: Vec<(String, String)>,
}

impl Keys {
    /// Makes what is missing: DKIM keys of the domain and the VAPID key. What is there stays.
    pub fn make(config: &Config) -> Result<Keys, Fault> {
        let folder = config.keys();
        std::fs::create_dir_all(&folder).map_err(|cause| fault::file(&folder, &cause))?;
        let dkim = folder.join("dkim");
        let tag = jiff::Zoned::now().strftime("%Y%m").to_string();
        let failed = |cause: String| {
            Fault::failed(
                format!("không tạo được khóa: {cause}"),
                format!("cannot make keys: {cause}"),
            )
        };
        smtp::dkim::Keys::make(&dkim, &config.site.domain, &tag)
            .map_err(|cause| failed(cause.to_string()))?;
        let keys = smtp::dkim::Keys::load(&dkim).map_err(|cause| failed(cause.to_string()))?;
        push::Vapid::load_or_make(&folder.join("vapid.pem"))
            .map_err(|cause| failed(cause.to_string()))?;
        Ok(Keys {
            dkim: keys.records(&config.site.domain),
        })
    }
}

/// Zone file lines for everything other servers and mail programs look up.
fn records(config: &Config, dkim: &[(String, String)]) -> Vec<String> {
    let (domain, host) = (&config.site.domain, &config.site.host_name);
    let mut lines = vec![
        format!("{host}.  IN A     <địa chỉ IPv4 của máy này; bản ghi PTR của nó phải là {host}>"),
        format!("{host}.  IN AAAA  <địa chỉ IPv6, nếu có; PTR như trên>"),
        format!("{domain}.  IN MX    10 {host}."),
        txt(domain, &format!("v=spf1 mx a:{host} -all")),
    ];
    lines.extend(dkim.iter().map(|(name, text)| txt(name, text)));
    lines.push(txt(
        &format!("_dmarc.{domain}"),
        &format!("v=DMARC1; p=quarantine; adkim=s; aspf=s; rua=mailto:postmaster@{domain}"),
    ));
    let id = jiff::Zoned::now().strftime("%Y%m%d%H%M%S").to_string();
    lines.push(txt(
        &format!("_mta-sts.{domain}"),
        &format!("v=STSv1; id={id}"),
    ));
    lines.push(format!("mta-sts.{domain}.  IN CNAME {host}."));
    lines.push(txt(
        &format!("_smtp._tls.{domain}"),
        &format!("v=TLSRPTv1; rua=mailto:postmaster@{domain}"),
    ));
    for (service, port) in [("imaps", 993), ("submissions", 465), ("submission", 587)] {
        lines.push(format!(
            "_{service}._tcp.{domain}.  IN SRV   0 1 {port} {host}."
        ));
    }
    lines.push(format!("autoconfig.{domain}.  IN CNAME {host}."));
    lines.push(format!("autodiscover.{domain}.  IN CNAME {host}."));
    lines
}

/// A TXT record in pieces of at most 255 bytes. (RFC 1035 §3.3.14)
pub(super) fn txt(name: &str, text: &str) -> String {
    let mut line = format!("{}.  IN TXT  ", name.trim_end_matches('.'));
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(250).max(1));
        line.push_str(&format!(" \"{piece}\""));
        rest = after;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_records_are_cut_into_strings() {
        let line = txt("a.example", &"k".repeat(600));
        assert_eq!(line.matches('"').count(), 6);
        assert_eq!(line.matches('k').count(), 600);
    }
}
