//! The command line: one file per command. Every command prints what it did; faults go to standard error with a remedy.

mod account;
mod app_password;
mod audit;
mod demo;
mod dkim;
mod doctor;
mod domain;
mod domain_records;
mod extract;
mod init;
mod list;
mod mail_text;
mod member;
mod queue;
mod rederive;
mod report;
mod serve;
mod source;
pub mod trace;
mod unit;

use crate::fault::Fault;
use crate::office::Place;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Thư điện tử và thông báo của một tỉnh, trong một chương trình. / Mail and notices of a province, in one program.
#[derive(Parser)]
#[command(name = "congthu", version, about)]
pub struct Line {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Chạy bản thử: một tỉnh mẫu với thư mẫu, không cần cấu hình. / Run a made-up province, no configuration needed
    Demo(demo::Demo),
    /// Viết cấu hình và khóa, in bản ghi DNS. / Write configuration and keys, print the DNS records
    Init(init::Init),
    /// Chạy máy chủ. / Run the server
    Serve(serve::Serve),
    /// Khám máy chủ: DNS, chứng thư, cổng, hàng đợi… và cách sửa. / Examine the installation and say what to mend
    Doctor(doctor::Doctor),
    /// Tài khoản. / Accounts
    #[command(subcommand)]
    Account(account::Account),
    /// Mật khẩu ứng dụng cho phần mềm thư. / App passwords for mail programs
    #[command(subcommand)]
    AppPassword(app_password::AppPassword),
    /// Tên miền. / Domains
    #[command(subcommand)]
    Domain(domain::Domain),
    /// Đơn vị và quản trị đơn vị. / Units and their administrators
    #[command(subcommand)]
    Unit(unit::Unit),
    /// Danh sách người nhận. / Distribution lists
    #[command(subcommand)]
    List(list::List),
    /// Ai được đọc hoặc gửi từ hộp thư nào. / Who may read or send from which mailbox
    #[command(subcommand)]
    Member(member::Member),
    /// Phần mềm văn bản được giao văn bản. / Document systems that may assign documents
    #[command(subcommand)]
    Source(source::Source),
    /// Hành trình của một thư. / What happened to a message
    Trace(trace::Trace),
    /// Thư đang chờ gửi. / Mail that waits to leave
    #[command(subcommand)]
    Queue(queue::Queue),
    /// Báo cáo TLS và DMARC giữa các hệ thống thư. / TLS and DMARC reports between mail systems
    #[command(subcommand)]
    Report(report::Report),
    /// Đọc tệp thư và in nội dung tiếng Việt (JSON). / Read message files and print their text as JSON
    MailText(mail_text::MailText),
    /// Đọc lại thư đã lưu khi quy tắc đọc được cải tiến. / Read stored letters again after the rules improved
    Rederive(rederive::Rederive),
    /// Đọc chữ trong một tệp từ đầu vào chuẩn: tiến trình con của máy chủ. / Text of a file on standard input: the server's child
    #[command(hide = true)]
    Extract(extract::Extract),
    /// Nhật ký thao tác. / The audit log
    #[command(subcommand)]
    Audit(audit::Audit),
}

impl Line {
    /// The command that needs no runtime, no TLS and no installation, if it is that one.
    pub fn alone(&self) -> Option<&extract::Extract> {
        match &self.command {
            Command::Extract(extract) => Some(extract),
            _ => None,
        }
    }
}

/// The exit code of a command that did what it was asked.
pub async fn run(line: Line) -> Result<ExitCode, Fault> {
    let place = &line.place;
    let done = match line.command {
        Command::Doctor(doctor) => return doctor.run(place).await,
        Command::Demo(demo) => demo.run(place).await,
        Command::Init(init) => init.run(place),
        Command::Serve(serve) => serve.run(place).await,
        Command::Account(account) => account.run(place).await,
        Command::AppPassword(password) => password.run(place).await,
        Command::Domain(domain) => domain.run(place).await,
        Command::Unit(unit) => unit.run(place).await,
        Command::List(list) => list.run(place).await,
        Command::Member(member) => member.run(place).await,
        Command::Source(source) => source.run(place).await,
        Command::Trace(trace) => trace.run(place).await,
        Command::Queue(queue) => queue.run(place).await,
        Command::Report(report) => report.run(place).await,
        Command::MailText(files) => files.run(),
        Command::Rederive(rederive) => rederive.run(place).await,
        // Answered before a runtime is made, see `alone`.
        Command::Extract(extract) => extract.run(),
        Command::Audit(audit) => audit.run(place).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_holds_together() {
        use clap::CommandFactory as _;
        Line::command().debug_assert();
    }
}
