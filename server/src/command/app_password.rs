//! `congthu app-password add`: a password for one mail program of one person, told once.

use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;
use mailroom::{Actor, Means};

#[derive(Subcommand)]
pub enum AppPassword {
    /// Tạo mật khẩu ứng dụng; chỉ in một lần. / Make an app password; it is shown once
    Add {
        address: String,
        /// Tên phần mềm hoặc thiết bị. / Name of the program or device
        #[arg(long)]
        name: String,
    },
}

impl AppPassword {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let AppPassword::Add { address, name } = self;
        let office = Office::visit(place).await?;
        let outcome = add(&office, &address, &name).await;
        office.close().await;
        println!("{}", outcome?);
        Ok(())
    }
}

async fn add(office: &Office, address: &str, name: &str) -> Result<String, Fault> {
    let person = office.room.find_address(address).await?.ok_or_else(|| {
        Fault::failed(
            format!("không có tài khoản {address}"),
            format!("no account {address}"),
        )
    })?;
    let actor = Actor {
        principal: person.id,
        address: person.address,
        name: person.name,
        means: Means::Console,
        peer_ip: String::new(),
    };
    Ok(office.room.app_password_add(&actor, name).await?)
}
