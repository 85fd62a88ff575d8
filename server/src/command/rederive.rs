//! `congthu rederive`: reads stored letters again after the rules of reading have improved. Originals are never touched;
//! what was done stays done, so that an interrupted run goes on where it stopped.

use crate::fault::Fault;
use crate::office::{Office, Place};
use crate::progress::Progress;
use store::BodyId;

/// Letters in one step: small, so that a running server is not held up.
const STEP: usize = 50;

#[derive(clap::Args)]
pub struct Rederive {}

impl Rederive {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let office = Office::visit(place).await?;
        let outcome = all(&office).await;
        office.close().await;
        println!("{} bước, mỗi bước tối đa {STEP} thư", outcome?);
        Ok(())
    }
}

async fn all(office: &Office) -> Result<usize, Fault> {
    let letters = usize::try_from(office.room.store_stats().await?.emails).unwrap_or(0);
    let progress = Progress::new("Đọc lại thư");
    let mut after = BodyId(0);
    let mut steps = 0;
    while let Some(last) = office.room.rederive(after, STEP).await? {
        after = last;
        steps += 1;
        progress.at((steps * STEP).min(letters), letters);
    }
    files(office).await?;
    Ok(steps)
}

/// Reads the attached files of the letters that wait for it, as the server would; both may do so at once.
async fn files(office: &Office) -> Result<(), Fault> {
    let program = crate::reader::program().map_err(|cause| {
        Fault::failed(
            format!("không đọc được tệp đính kèm: {cause}"),
            format!("attached files cannot be read: {cause}"),
        )
    })?;
    let progress = Progress::new("Đọc tệp đính kèm");
    let letters = usize::try_from(office.room.attached_left().await?).unwrap_or(0);
    let mut read = 0;
    // Those queued a moment ago are due in a moment; those to be tried again later stay for the server.
    for _ in 0..2 {
        while crate::reader::step(&office.room, &program).await? {
            read += 1;
            progress.at(read.min(letters), letters);
        }
        tokio::time::sleep(2 * crate::limits::READER_LOOK).await;
    }
    Ok(())
}
