//! Plain accounts for load drivers: user1…userN@bench.test, one passphrase. Only made when asked for.

use super::seed::kept;
use crate::fault::Fault;
use crate::progress::Progress;
use mailroom::Mailroom;
use mailroom::people::NewAccount;

pub const DOMAIN: &str = "bench.test";
pub const PASSWORD: &str = "bench-pass";

pub async fn accounts(room: &Mailroom, count: usize) -> Result<(), Fault> {
    if count == 0 {
        return Ok(());
    }
    let console = room.console();
    kept(room.domain_add(&console, DOMAIN, None).await)?;
    let progress = Progress::new("Tạo tài khoản đo tải");
    for number in 1..=count {
        progress.at(number, count);
        let address = format!("user{number}@{DOMAIN}");
        if room.find_address(&address).await?.is_some() {
            continue;
        }
        let account = NewAccount {
            address,
            name: format!("Tài khoản đo tải {number}"),
            ..NewAccount::default()
        };
        kept(room.account_add(&console, account, Some(PASSWORD)).await)?;
    }
    Ok(())
}
