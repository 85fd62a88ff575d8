//! `congthu member set`: who may read, write or send from a mailbox that is not their own.

use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Member {
    /// Giao quyền trên một hộp thư. / Give rights on a mailbox
    Set {
        /// Hộp thư. / The mailbox's address
        account: String,
        /// Người được giao. / Who gets the rights
        member: String,
        /// read, write, send_as, clerk, owner, cách nhau bằng dấu phẩy; none để thôi. / separated by commas; none to end
        #[arg(long, default_value = "clerk")]
        rights: String,
        /// Đến ngày, ví dụ 2026-12-31. / Until this day
        #[arg(long)]
        until: Option<jiff::civil::Date>,
    },
}

impl Member {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let Member::Set {
            account,
            member,
            rights,
            until,
        } = self;
        let rights = match rights.as_str() {
            "none" => String::new(),
            words => words.replace(',', " "),
        };
        let until = match until {
            None => None,
            Some(day) => Some(end_of(day)?),
        };
        let office = Office::visit(place).await?;
        let room = &office.room;
        let outcome = room
            .membership_set(&room.console(), &member, &account, &rights, until)
            .await;
        office.close().await;
        outcome?;
        match rights.as_str() {
            "" => println!("{member}, {account}: đã thôi quyền"),
            rights => println!("{member}, {account}: {rights}"),
        }
        Ok(())
    }
}

/// The last moment of a day here, unix ms.
fn end_of(day: jiff::civil::Date) -> Result<i64, Fault> {
    day.tomorrow()
        .and_then(|next| next.in_tz("Asia/Ho_Chi_Minh"))
        .map(|midnight| midnight.timestamp().as_millisecond())
        .map_err(|cause| {
            Fault::failed(
                format!("ngày không hợp lệ: {cause}"),
                format!("bad date: {cause}"),
            )
        })
}
