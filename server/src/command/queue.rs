//! `congthu queue`: mail that waits to leave, and why.

use crate::command::trace::{local_time, why_waiting};
use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;
use store::OutboxFilter;

/// Rows one listing shows.
const ROWS_MAX: usize = 1_000;

#[derive(Subcommand)]
pub enum Queue {
    /// Liệt kê thư đang chờ gửi và lý do. / List what waits and why
    List {
        /// Chỉ miền này. / Only this domain
        #[arg(long, default_value = "")]
        domain: String,
        /// Một dòng JSON mỗi người nhận. / One JSON line per recipient
        #[arg(long)]
        json: bool,
    },
}

impl Queue {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let Queue::List { domain, json } = self;
        let office = Office::visit(place).await?;
        let outcome = list(&office, domain, json).await;
        office.close().await;
        outcome
    }
}

async fn list(office: &Office, domain: String, json: bool) -> Result<(), Fault> {
    let filter = OutboxFilter {
        domain: domain.to_lowercase(),
        ..OutboxFilter::default()
    };
    let rows = office.store.outbox_list(&filter, ROWS_MAX).await?;
    for row in &rows {
        if json {
            let line = serde_json::json!({"id": row.id, "trace": row.trace, "from": row.mail_from,
                "to": row.recipient, "domain": row.domain, "attempts": row.attempts, "next_at": row.next_at,
                "expires_at": row.expires_at, "last_code": row.last_code, "last_text": row.last_text});
            println!("{line}");
            continue;
        }
        println!(
            "{}\t{} → {}\t{} lần\t{}",
            row.trace,
            row.mail_from,
            row.recipient,
            row.attempts,
            why_waiting(row.state, row.next_at, row.last_text.as_deref())
        );
        println!(
            "\tnhận lúc {}, trả lại sau {}",
            local_time(row.created_at),
            local_time(row.expires_at)
        );
    }
    if !json {
        println!("{} người nhận đang chờ", rows.len());
        if rows.len() == ROWS_MAX {
            println!("(chỉ hiện {ROWS_MAX} dòng đầu)");
        }
    }
    Ok(())
}
