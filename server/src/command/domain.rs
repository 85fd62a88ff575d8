//! `congthu domain`: the mail domains of the installation.

use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Domain {
    /// Thêm tên miền. / Add a domain
    Add {
        name: String,
        /// Cùng người nhận với tên miền này. / Has the same people as this domain
        #[arg(long)]
        alias_of: Option<String>,
    },
    /// Khóa DKIM: trạng thái, bản ghi cần công bố. / DKIM keys: their state and the records to publish
    Dkim { domain: String },
    /// Liệt kê tên miền. / List domains
    List,
    /// Bản ghi DNS cần công bố, và bản ghi nào đã đúng. / DNS records to publish, and which are right already
    Records(super::domain_records::Records),
}

impl Domain {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let office = Office::visit(place).await?;
        let outcome = self.act(&office).await;
        office.close().await;
        outcome
    }

    async fn act(self, office: &Office) -> Result<(), Fault> {
        let room = &office.room;
        match self {
            Domain::Add { name, alias_of } => {
                room.domain_add(&room.console(), &name, alias_of.as_deref())
                    .await?;
                println!("{name}: đã thêm");
            }
            Domain::Dkim { domain } => super::dkim::show(office, &domain).await?,
            Domain::Records(records) => records.run(office).await?,
            Domain::List => {
                for name in room.domains().await? {
                    println!("{name}");
                }
            }
        }
        Ok(())
    }
}
