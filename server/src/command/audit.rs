//! `congthu audit verify`: walks the hash chain of the audit log and names the first row that does not fit.

use crate::fault::Fault;
use crate::office::{Office, Place};
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Audit {
    /// Kiểm tra chuỗi băm của nhật ký. / Check the hash chain
    Verify,
}

impl Audit {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let Audit::Verify = self;
        let office = Office::visit(place).await?;
        let broken = office.room.audit_verify().await;
        office.close().await;
        match broken? {
            None => {
                println!("Nhật ký nguyên vẹn. / The audit log is whole.");
                Ok(())
            }
            Some(row) => Err(Fault::failed(
                format!("nhật ký bị sửa: dòng {row} không khớp với chuỗi băm"),
                format!("the audit log was altered: row {row} does not fit its hash"),
            )
            .remedy(
                "giữ nguyên máy, sao chép dữ liệu, báo đơn vị an toàn thông tin; đối chiếu với bản sao lưu",
                "keep the machine as it is, copy the data, tell your security team; compare with a backup",
            )),
        }
    }
}
