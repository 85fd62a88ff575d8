//! `congthu doctor`: examines the installation and says what to mend. Exit code for monitors: 0 good (or not to be known), 1 to be
//! looked at, 2 broken; 78 when the configuration itself cannot be read.

use crate::command::trace::local_time;
use crate::doctor::{self, CHECKS, Patient};
use crate::fault::Fault;
use crate::office::{Office, Place};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Doctor {
    /// Một đối tượng JSON. / One JSON object
    #[arg(long)]
    json: bool,
    /// Chỉ các mục này, ví dụ 1,3,9. / Only these checks
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(1..=27))]
    only: Vec<u8>,
    /// Hiện bằng chứng của cả mục tốt. / Show the evidence of good checks too
    #[arg(long)]
    all: bool,
}

impl Doctor {
    pub async fn run(self, place: &Place) -> Result<ExitCode, Fault> {
        let since = Instant::now();
        let config = place.config()?;
        // What goes wrong is said as findings; the log would only say it twice.
        crate::log::start(config.log.format, "error");
        // Half an installation is examined too: names and ports do not need the database.
        let office = Office::visit(place).await;
        let patient = Arc::new(Patient::new(config, office).await);
        let numbers: Vec<u8> = match self.only.is_empty() {
            true => CHECKS.iter().map(|check| check.0).collect(),
            false => self.only,
        };
        let findings = doctor::examine(&patient, &numbers).await;
        let now = mailroom::Clock::System.now();
        let seconds = since.elapsed().as_secs_f64();
        let host = patient.host();
        if self.json {
            println!("{}", doctor::json(host, now, &findings, seconds));
        } else {
            if self.all {
                println!("{}", doctor::evidence(&findings));
            }
            print!(
                "{}",
                doctor::table(host, &local_time(now), &findings, seconds)
            );
        }
        let worst = findings.iter().map(|finding| finding.status).max();
        if let Some(patient) = Arc::into_inner(patient)
            && let Ok(office) = patient.office
        {
            office.close().await;
        }
        Ok(ExitCode::from(worst.map_or(0, doctor::exit_code)))
    }
}
