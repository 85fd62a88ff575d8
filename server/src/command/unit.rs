//! `congthu unit`: the tree of units and who administers which part of it.

use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Unit {
    /// Thêm đơn vị. / Add a unit
    Add {
        /// Mã định danh, ví dụ 000.00.12.H99. / Agency code
        code: String,
        #[arg(long)]
        name: String,
        /// Mã đơn vị cấp trên. / Code of the unit above
        #[arg(long)]
        parent: Option<String>,
        #[arg(long, default_value = "")]
        kind: String,
        #[arg(long, default_value = "")]
        phone: String,
    },
    /// Liệt kê đơn vị. / List units
    List,
    /// Giao quyền quản trị một đơn vị và các đơn vị bên dưới. / Make somebody administrator of a subtree
    Admin {
        code: String,
        address: String,
        /// Thôi quyền. / Take the right away
        #[arg(long)]
        undo: bool,
    },
}

impl Unit {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let office = Office::visit(place).await?;
        let outcome = self.act(&office).await;
        office.close().await;
        outcome
    }

    async fn act(self, office: &Office) -> Result<(), Fault> {
        let room = &office.room;
        let console = room.console();
        match self {
            Unit::Add {
                code,
                name,
                parent,
                kind,
                phone,
            } => {
                room.unit_add(&console, &code, &name, parent.as_deref(), &kind, &phone)
                    .await?;
                println!("{code} {name}: đã thêm");
            }
            Unit::List => {
                for unit in room.units(&console).await? {
                    let depth = unit.path.matches('/').count().saturating_sub(2);
                    println!(
                        "{}{}\t{}\t{}",
                        "  ".repeat(depth),
                        unit.name,
                        unit.code,
                        unit.kind
                    );
                }
            }
            Unit::Admin {
                code,
                address,
                undo,
            } => {
                room.unit_admin_set(&console, &address, &code, !undo)
                    .await?;
                println!(
                    "{address}, {code}: {}",
                    if undo {
                        "đã thôi quyền"
                    } else {
                        "đã giao quyền"
                    }
                );
            }
        }
        Ok(())
    }
}
