//! `congthu report`: what other systems told about our domains, and sending what we owe them now.

use crate::command::trace::local_time;
use crate::fault::Fault;
use crate::office::{Office, Place};
use crate::wire;
use clap::Subcommand;
use store::ReportSeen;

const DAY_MS: i64 = 86_400_000;

#[derive(Subcommand)]
pub enum Report {
    /// Báo cáo nhận được về tên miền của ta. / Reports received about our domains
    List {
        /// Số ngày trở lại đây. / Days to look back
        #[arg(long, default_value_t = 30)]
        days: i64,
        /// Một dòng JSON mỗi báo cáo. / One JSON line per report
        #[arg(long)]
        json: bool,
    },
    /// Gửi ngay các báo cáo đến hạn (máy chủ tự gửi mỗi giờ). / Send what is due now (the server does so every hour)
    Send,
}

impl Report {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let office = Office::visit(place).await?;
        let outcome = match self {
            Report::List { days, json } => list(&office, days, json).await,
            Report::Send => send(&office).await,
        };
        office.close().await;
        outcome
    }
}

async fn list(office: &Office, days: i64, json: bool) -> Result<(), Fault> {
    let room = &office.room;
    let after = room.now().saturating_sub(days.saturating_mul(DAY_MS));
    let seen = room.reports_seen(&room.console(), after).await?;
    for report in &seen {
        match json {
            true => println!("{}", as_json(report)),
            false => show(report),
        }
    }
    if !json {
        println!("{} báo cáo trong {days} ngày", seen.len());
    }
    Ok(())
}

fn as_json(report: &ReportSeen) -> serde_json::Value {
    serde_json::json!({"kind": report.kind.as_str(), "submitter": report.submitter, "domain": report.domain,
        "begins_at": report.begins_at, "ends_at": report.ends_at, "good": report.good, "bad": report.bad,
        "proven": report.proven, "detail": report.detail, "received_at": report.received_at})
}

fn show(report: &ReportSeen) {
    println!(
        "{}\t{}\t{} báo về {}\tđạt {}, không đạt {}{}",
        local_time(report.ends_at),
        report.kind.as_str(),
        report.submitter,
        report.domain,
        report.good,
        report.bad,
        if report.proven {
            ""
        } else {
            "\t(chưa xác minh)"
        }
    );
    for line in report.detail.lines() {
        println!("\t{line}");
    }
}

async fn send(office: &Office) -> Result<(), Fault> {
    let settings = wire::reports(&office.config)?;
    let sent = smtp::report::send_due(&settings, &office.room).await?;
    println!("Đã gửi {sent} báo cáo. / {sent} reports sent.");
    Ok(())
}
