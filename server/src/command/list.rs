//! `congthu list set`: who a distribution list's address reaches.

use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum List {
    /// Đặt thành viên của danh sách (thay toàn bộ). / Set the members of a list (all of them)
    Set { list: String, members: Vec<String> },
}

impl List {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let List::Set { list, members } = self;
        let office = Office::visit(place).await?;
        let room = &office.room;
        let outcome = room.list_set(&room.console(), &list, &members).await;
        office.close().await;
        outcome?;
        println!("{list}: {} thành viên", members.len());
        Ok(())
    }
}
