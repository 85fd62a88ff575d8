//! `congthu account`: add, list, disable, import, reset-link. The rules and the audit rows are the mailroom's.

use crate::fault::{self, Fault};
use crate::limits;
use crate::office::{Office, Place};
use crate::progress::Progress;
use clap::{Subcommand, ValueEnum};
use mailroom::allowance::Given;
use mailroom::people::{ImportOutcome, NewAccount, PrincipalKindWord};
use mailroom::policy::DayLimits;
use std::io::Read as _;
use std::path::PathBuf;
use zeroize::Zeroizing;

#[derive(Subcommand)]
pub enum Account {
    /// Thêm tài khoản. / Add an account
    Add(Add),
    /// Liệt kê tài khoản. / List accounts
    List {
        /// Mã đơn vị. / Unit code
        #[arg(long)]
        unit: Option<String>,
        /// Một dòng JSON mỗi tài khoản. / One JSON line per account
        #[arg(long)]
        json: bool,
    },
    /// Khóa (hoặc mở khóa) tài khoản. / Disable or enable an account
    Disable {
        address: String,
        /// Mở khóa. / Enable again
        #[arg(long)]
        undo: bool,
    },
    /// Nhập từ CSV: address,name,unit_code,title,staff_no,phone,kind. / Import a CSV; repeating it changes nothing
    Import { file: PathBuf },
    /// Đã gửi ra ngoài bao nhiêu hôm nay. / What was sent to the outside today
    Limits(Limits),
    /// Đổi dung lượng hộp thư, GB. / Set a mailbox's quota, GB
    Quota {
        address: String,
        #[arg(value_name = "GB", value_parser = clap::value_parser!(i64).range(1..=10_000))]
        gigabytes: i64,
    },
    /// Tạo phiếu dùng một lần để đặt lại mật khẩu. / Make a one-time link for a new passphrase
    ResetLink { address: String },
}

/// Giới hạn khác cho tới hết một ngày: cần cả năm mục --messages, --recipients, --strangers, --until, --reason.
#[derive(clap::Args)]
pub struct Limits {
    address: String,
    /// Cho tài khoản và đơn vị bắt đầu lại từ 0. / Begin the day anew
    #[arg(long)]
    reset: bool,
    /// Thư mỗi ngày. / Letters a day
    #[arg(long, value_name = "N", requires_all = ["recipients", "strangers", "until", "reason"])]
    messages: Option<i64>,
    /// Người nhận ngoài hệ thống mỗi ngày. / Recipients elsewhere a day
    #[arg(long, value_name = "N", requires = "messages")]
    recipients: Option<i64>,
    /// Người nhận lần đầu mỗi ngày. / Recipients never written to before, a day
    #[arg(long, value_name = "N", requires = "messages")]
    strangers: Option<i64>,
    /// Ngày cuối cùng còn áp dụng, như 31/12/2026. / The last day on which it counts
    #[arg(long, value_name = "DAY", requires = "messages")]
    until: Option<String>,
    /// Lý do, ghi vào nhật ký. / Why, for the audit log
    #[arg(long, requires = "messages")]
    reason: Option<String>,
    /// Trở lại giới hạn thường. / Back to the usual limits
    #[arg(long, conflicts_with = "messages")]
    usual: bool,
}

#[derive(clap::Args)]
pub struct Add {
    pub address: String,
    #[arg(long)]
    name: String,
    /// Mã đơn vị. / Unit code
    #[arg(long)]
    unit: Option<String>,
    #[arg(long, default_value = "")]
    title: String,
    #[arg(long)]
    staff_no: Option<String>,
    #[arg(long)]
    phone: Option<String>,
    /// Địa chỉ phụ; lặp lại được. / Another address; may be repeated
    #[arg(long)]
    alias: Vec<String>,
    #[arg(long, value_enum, default_value_t = Kind::Individual)]
    kind: Kind,
    /// Lãnh đạo, văn thư, quản trị: cấp lại tài khoản cần hai người. / Recovery asks for a second approver
    #[arg(long)]
    sensitive: bool,
    /// Đọc mật khẩu từ đầu vào chuẩn. / Read the passphrase from standard input
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Kind {
    Individual,
    Unit,
    Post,
    List,
    Service,
}

impl From<Kind> for PrincipalKindWord {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Individual => PrincipalKindWord::Individual,
            Kind::Unit => PrincipalKindWord::Unit,
            Kind::Post => PrincipalKindWord::Post,
            Kind::List => PrincipalKindWord::List,
            Kind::Service => PrincipalKindWord::Service,
        }
    }
}

impl Account {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        // Read before the database is opened: a person may be typing.
        let password = match &self {
            Account::Add(add) if add.password_stdin => Some(password_from_stdin()?),
            _ => None,
        };
        let office = Office::visit(place).await?;
        let outcome = self.act(&office, password).await;
        office.close().await;
        outcome
    }

    async fn act(self, office: &Office, password: Option<Zeroizing<String>>) -> Result<(), Fault> {
        match self {
            Account::Add(add) => add.act(office, password).await,
            Account::List { unit, json } => list(office, unit.as_deref(), json).await,
            Account::Disable { address, undo } => {
                let room = &office.room;
                room.account_disable(&room.console(), &address, !undo)
                    .await?;
                println!(
                    "{address}: {}",
                    if undo {
                        "đã mở khóa"
                    } else {
                        "đã khóa"
                    }
                );
                Ok(())
            }
            Account::Import { file } => import(office, file).await,
            Account::Limits(limits) => limits.act(office).await,
            Account::Quota { address, gigabytes } => {
                // As the pages count them.
                let bytes = gigabytes.saturating_mul(1_000_000_000);
                office
                    .room
                    .quota_set(&office.room.console(), &address, bytes)
                    .await?;
                println!("{address}: {gigabytes} GB");
                Ok(())
            }
            Account::ResetLink { address } => reset_link(office, &address).await,
        }
    }
}

impl Add {
    async fn act(self, office: &Office, password: Option<Zeroizing<String>>) -> Result<(), Fault> {
        let room = &office.room;
        let account = NewAccount {
            address: self.address.clone(),
            name: self.name,
            title: self.title,
            unit_code: self.unit,
            staff_no: self.staff_no,
            phone: self.phone,
            kind: Some(self.kind.into()),
            sensitive: self.sensitive,
            aliases: self.alias,
        };
        let password = password.as_ref().map(|text| text.as_str());
        room.account_add(&room.console(), account, password).await?;
        println!("{}: đã thêm", self.address);
        if password.is_none() && self.kind == Kind::Individual {
            println!(
                "Chưa có mật khẩu: chạy `congthu account reset-link {}`",
                self.address
            );
        }
        Ok(())
    }
}

/// The first line of standard input, without its end.
fn password_from_stdin() -> Result<Zeroizing<String>, Fault> {
    let mut text = Zeroizing::new(String::new());
    let most = u64::try_from(limits::PASSWORD_BYTES_MAX).unwrap_or(u64::MAX);
    std::io::stdin()
        .lock()
        .take(most)
        .read_to_string(&mut text)
        .map_err(|cause| {
            Fault::failed(
                format!("không đọc được mật khẩu: {cause}"),
                format!("cannot read the passphrase: {cause}"),
            )
        })?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(
            Fault::failed("mật khẩu trống", "the passphrase is empty").remedy(
                "đưa mật khẩu vào đầu vào chuẩn",
                "write it to standard input",
            ),
        );
    }
    Ok(Zeroizing::new(line.to_owned()))
}

async fn list(office: &Office, unit: Option<&str>, json: bool) -> Result<(), Fault> {
    const ROWS: usize = 200;
    let room = &office.room;
    let console = room.console();
    let mut offset = 0;
    loop {
        let rows = room.accounts_list(&console, unit, offset, ROWS).await?;
        for row in &rows {
            let status = format!("{:?}", row.status).to_lowercase();
            let kind = format!("{:?}", row.kind).to_lowercase();
            if json {
                let line = serde_json::json!({"address": row.address, "name": row.name, "title": row.title,
                    "kind": kind, "status": status, "last_seen_at": row.last_seen_at});
                println!("{line}");
            } else {
                println!(
                    "{}\t{}\t{}\t{kind}\t{status}",
                    row.address, row.name, row.title
                );
            }
        }
        if rows.len() < ROWS {
            return Ok(());
        }
        offset += rows.len();
    }
}

async fn import(office: &Office, file: PathBuf) -> Result<(), Fault> {
    let size = std::fs::metadata(&file)
        .map_err(|cause| fault::file(&file, &cause))?
        .len();
    if size > limits::IMPORT_BYTES_MAX {
        return Err(Fault::failed("tệp quá lớn", "the file is too large")
            .remedy("chia thành nhiều tệp", "split it"));
    }
    let csv = std::fs::read_to_string(&file).map_err(|cause| fault::file(&file, &cause))?;
    let room = &office.room;
    let lines = {
        let progress = Progress::new("Nhập tài khoản");
        let shown = |done, total| progress.at(done, total);
        room.accounts_import(&room.console(), &csv, &shown).await?
    };
    let count =
        |wanted: &ImportOutcome| lines.iter().filter(|line| line.outcome == *wanted).count();
    let mut refused = 0;
    for line in &lines {
        if let ImportOutcome::Refused(reason) = &line.outcome {
            refused += 1;
            eprintln!("dòng {}: {}: {reason}", line.line, line.address);
        }
    }
    println!(
        "{} thêm mới, {} cập nhật, {} không đổi, {refused} bị từ chối",
        count(&ImportOutcome::Added),
        count(&ImportOutcome::Updated),
        count(&ImportOutcome::Unchanged),
    );
    if refused > 0 {
        return Err(Fault::failed(
            format!("{refused} dòng bị từ chối"),
            format!("{refused} lines were refused"),
        )
        .remedy(
            "sửa các dòng nêu trên rồi nhập lại cả tệp",
            "mend these lines and import the file again",
        ));
    }
    Ok(())
}

impl Limits {
    async fn act(self, office: &Office) -> Result<(), Fault> {
        let (room, console) = (&office.room, office.room.console());
        let address = &self.address;
        if let (Some(messages), Some(recipients), Some(strangers), Some(last_day), Some(reason)) = (
            self.messages,
            self.recipients,
            self.strangers,
            self.until,
            self.reason,
        ) {
            let given = Given {
                limits: DayLimits {
                    messages,
                    recipients,
                    strangers,
                },
                last_day,
                reason,
            };
            room.allowance_set(&console, address, given).await?;
            println!("{address}: đã đặt giới hạn khác");
        }
        if self.usual {
            room.allowance_end(&console, address).await?;
            println!("{address}: đã trở lại giới hạn thường");
        }
        if self.reset {
            room.account_limits_reset(&console, address).await?;
            println!("{address}: đã cho bắt đầu lại từ 0 hôm nay");
        }
        show_limits(office, address).await
    }
}

async fn show_limits(office: &Office, address: &str) -> Result<(), Fault> {
    let room = &office.room;
    let today = room.account_limits(&room.console(), address).await?;
    let shown = |name: &str, sent: &store::SentDay, most: &mailroom::policy::DayLimits| {
        let of = |sent: i64, most: i64| match most {
            0 => format!("{sent} (không giới hạn)"),
            most => format!("{sent}/{most}"),
        };
        println!(
            "{name}: {} thư, {} người nhận ngoài hệ thống, {} người nhận lần đầu{}",
            of(sent.messages, most.messages),
            of(sent.recipients, most.recipients),
            of(sent.strangers, most.strangers),
            match sent.alarmed_at {
                Some(at) => format!(
                    "; đã cảnh báo lúc {}",
                    crate::command::trace::local_time(at)
                ),
                None => String::new(),
            }
        );
    };
    shown(address, &today.account, &today.account_limits);
    if let Some(given) = &today.allowance {
        println!(
            "    giới hạn riêng đến {}, do {} đặt: {}",
            crate::command::trace::local_time(given.until_at - 1),
            given.set_by,
            given.reason
        );
    }
    if let Some((unit, sent)) = &today.unit {
        shown(unit, sent, &today.unit_limits);
    }
    Ok(())
}

async fn reset_link(office: &Office, address: &str) -> Result<(), Fault> {
    let room = &office.room;
    let person = room.find_address(address).await?.ok_or_else(|| {
        Fault::failed(
            format!("không có tài khoản {address}"),
            format!("no account {address}"),
        )
    })?;
    let slip = room.slip_make(&room.console(), person.id).await?;
    println!("{} <{}>", slip.name, slip.address);
    println!("Liên kết (dùng một lần): {}", slip.url);
    println!("Mã để gõ: {}", slip.code);
    println!(
        "Hết hạn: {}",
        crate::command::trace::local_time(slip.expires_at)
    );
    if slip.needs_second {
        println!(
            "Cần một quản trị viên khác duyệt trên trang Quản trị đơn vị trước khi dùng được."
        );
    }
    Ok(())
}
