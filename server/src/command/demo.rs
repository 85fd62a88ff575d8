//! `congthu demo`: a made-up province on loopback, without configuration and without root. Keeps its data between starts;
//! mail to the outside goes to a sink mailbox, never to the Internet.

use crate::command::init::Keys;
use crate::command::serve::{first_domain, only_one, only_one_node};
use crate::config::{Config, Listen};
use crate::demo::{self, Province, Shown};
use crate::fault::{self, Exit, Fault};
use crate::house::{Doors, House};
use crate::office::{CONFIG_FILE, Office, Place};
use crate::{cert, template, write_new};
use mailroom::Clock;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

/// The highest standard port that is moved.
const HIGHEST_PORT: u16 = 993;
/// Where the admin door is moved from; it takes any free port where that would be too high.
const ADMIN_PORT: u16 = 9180;

#[derive(clap::Args)]
pub struct Demo {
    /// Mỗi cổng = số này + cổng chuẩn (SMTP 25 thành 10025); 0 = cổng trống bất kỳ. / Added to each standard port; 0 takes free ports
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    port_base: u16,
    /// In một dòng JSON khi mọi cổng đã mở. / Print one line of JSON when all doors are open
    #[arg(long)]
    json: bool,
    /// Dùng PostgreSQL thay cho cơ sở dữ liệu có sẵn. / Use PostgreSQL instead of the embedded database
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Gửi thư của một miền tới máy này thay vì hộp thu gom. / Send a domain's mail to this host instead of the sink
    #[arg(long = "route", value_name = "DOMAIN=HOST:PORT")]
    routes: Vec<String>,
    /// Tra cứu tên miền ở máy này và gửi thư ra thật (để thử). / Look names up here and send mail out (tests)
    #[arg(long, value_name = "HOST:PORT")]
    dns: Option<SocketAddr>,
    /// Cổng của máy chủ MX (để thử). / Port of MX hosts (tests)
    #[arg(long, value_name = "PORT", default_value_t = 25)]
    mx_port: u16,
    /// Cho phép dịch vụ đẩy ở địa chỉ nội bộ. / Allow push services at private addresses
    #[arg(long)]
    push_allow_private: bool,
    /// Thêm N tài khoản userN@bench.test, mật khẩu bench-pass, để đo tải. / Add N accounts for load drivers
    #[arg(long, value_name = "N", default_value_t = 0)]
    accounts: usize,
    /// error, warn, info, debug
    #[arg(long, default_value = "warn")]
    log: String,
}

impl Demo {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        crate::log::start(crate::log::Format::Text, &self.log);
        let data = place
            .data
            .clone()
            .unwrap_or_else(|| PathBuf::from("congthu-demo"));
        std::fs::create_dir_all(&data).map_err(|cause| fault::file(&data, &cause))?;
        let data = data
            .canonicalize()
            .map_err(|cause| fault::file(&data, &cause))?;
        let province = Province::load().map_err(|cause| {
            Fault::failed(
                format!("dữ liệu mẫu sai: {cause}"),
                format!("the demo's data is wrong: {cause}"),
            )
        })?;
        let mut config = self.config(&data, &province)?;
        let _folder = only_one(&config)?;
        let keys = config.keys();
        if !keys.join(cert::AUTHORITY).exists() {
            cert::self_signed(&keys, &["localhost", "127.0.0.1", "::1"])?;
        }
        Keys::make(&config)?;
        let doors = Doors::bind(&config.listen).await?;
        config.listen = Listen {
            http_pages: true,
            ..doors.bound()
        };
        config.site.web = format!("https://localhost:{}", port(&config.listen.https));
        self.write_config(&data, &config)?;

        let held = Arc::new(AtomicI64::new(0));
        let office = Office::open(config.clone(), 0, Clock::Held(Arc::clone(&held))).await?;
        demo::fill(&office, &province, &held, self.accounts).await?;
        office.close().await;

        let office = Office::open(config, 0, Clock::System).await?;
        let _node = only_one_node(&office).await?;
        first_domain(&office).await?;
        let house = House::start(office, doors)?;
        let mut accounts = province.shown();
        accounts.extend((1..=self.accounts).map(demo::bench_shown));
        let listen = &house.office().config.listen;
        if self.json {
            println!("{}", json_line(listen, &keys, &data, &accounts));
        } else {
            greet(listen, &keys, &data, &accounts);
        }
        house.run().await
    }

    fn config(&self, data: &Path, province: &Province) -> Result<Config, Fault> {
        if u32::from(self.port_base) + u32::from(HIGHEST_PORT) > u32::from(u16::MAX) {
            return Err(Fault::new(
                Exit::Failed,
                format!("--port-base {} quá lớn", self.port_base),
                format!("--port-base {} is too large", self.port_base),
            )
            .remedy(
                format!("chọn số không quá {}", u16::MAX - HIGHEST_PORT),
                format!("choose at most {}", u16::MAX - HIGHEST_PORT),
            ));
        }
        let text = self.text(data, province);
        let mut config = Config::parse(&text, CONFIG_FILE)?;
        let at = |standard: u16| {
            let port = if self.port_base == 0 {
                0
            } else {
                self.port_base + standard
            };
            vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))]
        };
        config.listen = Listen {
            smtp: at(25),
            submission: at(587),
            submissions: at(465),
            imap: at(143),
            imaps: at(993),
            http: at(80),
            https: at(443),
            admin: match self.port_base.checked_add(ADMIN_PORT) {
                Some(_) => at(ADMIN_PORT),
                None => vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
            },
            http_pages: true,
        };
        config.sign_in.mail_programs_take_password = true;
        config.sign_in.without_tls = true;
        config.sending = crate::ways::Sending::unlimited();
        config.database.url = self.database.clone().unwrap_or_default();
        config.push.allow_private = self.push_allow_private;
        config.push.show_sender = true;
        for route in &self.routes {
            let (domain, host) = route.split_once('=').ok_or_else(|| {
                Fault::failed(
                    format!("--route {route}: cần MIỀN=MÁY:CỔNG"),
                    format!("--route {route}: DOMAIN=HOST:PORT is needed"),
                )
            })?;
            config
                .outbound
                .routes
                .insert(domain.to_lowercase(), host.to_owned());
        }
        config.outbound.dns.extend(self.dns);
        config.outbound.mx_port = self.mx_port;
        // Mail goes out only where the person who started the demo said so.
        if self.dns.is_none() && self.routes.is_empty() {
            config.mail.sink = province.sink_address();
        }
        Ok(config)
    }

    fn text(&self, data: &Path, province: &Province) -> String {
        let keys = data.join("keys");
        template::text(&template::Answers {
            domain: province.domain.clone(),
            host_name: "localhost".into(),
            province: province.province.clone(),
            web: format!("https://localhost:{}", self.port_base.saturating_add(443)),
            data: data.display().to_string(),
            certificate: keys.join(cert::CHAIN).display().to_string(),
            certificate_key: keys.join(cert::KEY).display().to_string(),
            listen: Some(("127.0.0.1".into(), self.port_base)),
            help_desk: demo_desk(),
        })
    }

    /// The same settings as a file, so that `congthu account … --data DIR` works beside the running demo.
    fn write_config(&self, data: &Path, config: &Config) -> Result<(), Fault> {
        let path = data.join(CONFIG_FILE);
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let text = template::text(&template::Answers {
            domain: config.site.domain.clone(),
            host_name: config.site.host_name.clone(),
            province: config.site.province.clone(),
            web: config.site.web.clone(),
            data: ".".into(),
            certificate: format!("keys/{}", cert::CHAIN),
            certificate_key: format!("keys/{}", cert::KEY),
            listen: Some(("127.0.0.1".into(), self.port_base)),
            help_desk: demo_desk(),
        })
        .replace(
            "\nurl = \"\"\n",
            &format!("\nurl = {}\n", quoted(&config.database.url)),
        )
        .replace(
            "\nsink = \"\"\n",
            &format!("\nsink = {}\n", quoted(&config.mail.sink)),
        )
        .replace("127.0.0.1:9180", &first(&config.listen.admin))
        .replace(
            "mail_programs_take_password = false",
            "mail_programs_take_password = true",
        )
        .replace("show_sender = false", "show_sender = true");
        write_new::replace(&path, text.as_bytes(), true).map_err(|cause| fault::file(&path, &cause))
    }
}

/// Whom the people of the made-up province call.
fn demo_desk() -> (String, String) {
    let name = "Trung tâm Công nghệ thông tin Vàm Xanh";
    (name.into(), "0999 000 111".into())
}

fn port(addresses: &[SocketAddr]) -> u16 {
    addresses.first().map_or(0, SocketAddr::port)
}

fn first(addresses: &[SocketAddr]) -> String {
    addresses
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn json_line(listen: &Listen, keys: &Path, data: &Path, accounts: &[Shown]) -> String {
    serde_json::json!({
        "smtp": first(&listen.smtp),
        "submission": first(&listen.submission),
        "submissions": first(&listen.submissions),
        "imap": first(&listen.imap),
        "imaps": first(&listen.imaps),
        "http": first(&listen.http),
        "https": first(&listen.https),
        "ca": keys.join(cert::AUTHORITY),
        "data": data,
        "pid": std::process::id(),
        "accounts": accounts,
    })
    .to_string()
}

/// Ports that browsers refuse to open whatever listens there (Fetch standard, "bad port"); the default base gives the first.
const BLOCKED_BY_BROWSERS: [u16; 2] = [10080, 6000];

/// What a person needs to use the demo.
fn greet(listen: &Listen, keys: &Path, data: &Path, accounts: &[Shown]) {
    println!("congthu: bản thử đang chạy, chỉ trên máy này.\n");
    println!(
        "  Trang thư      https://localhost:{}/  (chứng thư tự ký: trình duyệt sẽ hỏi, hoặc tin {})",
        port(&listen.https),
        keys.join(cert::AUTHORITY).display()
    );
    let http = port(&listen.http);
    if !BLOCKED_BY_BROWSERS.contains(&http) {
        println!("                 http://localhost:{http}/");
    }
    println!("  Nhận thư       SMTP {}", first(&listen.smtp));
    println!(
        "  Gửi thư        submission {} (STARTTLS), submissions {} (TLS)",
        first(&listen.submission),
        first(&listen.submissions)
    );
    println!(
        "  Đọc thư        IMAP {} (STARTTLS), IMAPS {} (TLS)",
        first(&listen.imap),
        first(&listen.imaps)
    );
    println!(
        "  Giám sát       http://{}/healthz và /metrics",
        first(&listen.admin)
    );
    println!("  Dữ liệu        {}\n", data.display());
    println!("Đăng nhập bằng địa chỉ và mật khẩu:\n");
    let shown = |role: &str| match role {
        "admin" => "quản trị hệ thống",
        "unit-admin" => "quản trị đơn vị",
        "clerk" => "văn thư",
        "official" => "cán bộ",
        _ => "đo tải",
    };
    const SHOWN_MAX: usize = 20;
    for account in accounts.iter().take(SHOWN_MAX) {
        println!(
            "  {:<28} {:<26} {} ({})",
            account.address,
            account.password,
            account.name,
            shown(&account.role)
        );
    }
    if accounts.len() > SHOWN_MAX {
        println!("  … và {} tài khoản nữa", accounts.len() - SHOWN_MAX);
    }
    println!("\nThư gửi ra ngoài rơi vào hộp thu gom, không ra Internet. Dừng: Ctrl-C.");
}
