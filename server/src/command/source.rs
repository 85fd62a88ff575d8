//! `congthu source add`: a document system that may assign documents; its token is told once.

use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Source {
    /// Đăng ký phần mềm văn bản; in mã truy cập một lần. / Register a document system; its token is shown once
    Add {
        /// Mã dùng trong đường dẫn API. / Code in the API's path
        code: String,
        #[arg(long)]
        name: String,
        /// Chỉ giao được cho đơn vị này và bên dưới. / Bound to this unit and those below
        #[arg(long)]
        unit: Option<String>,
        /// Máy chủ được phép trong liên kết; lặp lại được. / Host allowed in links; may be repeated
        #[arg(long = "link-host")]
        link_hosts: Vec<String>,
        /// Số ngày mã còn hiệu lực. / Days the token lives
        #[arg(long, default_value_t = 365)]
        days: u32,
    },
}

impl Source {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let Source::Add {
            code,
            name,
            unit,
            link_hosts,
            days,
        } = self;
        let office = Office::visit(place).await?;
        let room = &office.room;
        let made = room
            .source_add(
                &room.console(),
                &code,
                &name,
                unit.as_deref(),
                &link_hosts,
                days,
            )
            .await;
        let base = office.room_base();
        office.close().await;
        println!("{}", made?);
        eprintln!("PUT {base}/api/v1/sources/{code}/assignments/{{external_id}}");
        eprintln!("Authorization: Bearer <mã ở trên>");
        Ok(())
    }
}

impl Office {
    fn room_base(&self) -> String {
        self.config.site.web.trim_end_matches('/').to_owned()
    }
}
