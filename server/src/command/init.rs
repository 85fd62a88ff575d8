//! `congthu init`: writes a commented configuration and the keys of a new installation, and prints the DNS records to publish.
//! Never overwrites anything and never touches a network.

use crate::config::Config;
use crate::fault::{self, Fault};
use crate::office::{CONFIG_FILE, Place};
use crate::{cert, records, template, write_new};
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
        Keys::make(&config)?;
        println!(
            "Đã viết {} và khóa trong {}.",
            file.display(),
            keys.display()
        );
        println!(
            "Chứng thư tạm tự ký: thay bằng chứng thư thật trong [[tls]] trước khi mở dịch vụ.\n"
        );
        println!("Bản ghi DNS cần công bố / DNS records to publish:\n");
        for line in records::address_hint(&config) {
            println!("{line}");
        }
        let dkim = records::dkim(&config, &config.site.domain)?;
        for record in records::wanted(&config, &config.site.domain, dkim, &[]) {
            println!("{}", record.line());
        }
        println!(
            "\nSau này xem lại và kiểm tra: congthu domain records {}",
            config.site.domain
        );
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
pub struct Keys;

impl Keys {
    /// Makes what is missing: DKIM keys of the domain and the VAPID key. What is there stays.
    pub fn make(config: &Config) -> Result<(), Fault> {
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
        push::Vapid::load_or_make(&folder.join("vapid.pem"))
            .map_err(|cause| failed(cause.to_string()))?;
        Ok(())
    }
}
