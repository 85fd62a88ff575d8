//! `congthu serve`: runs the server as its configuration says, until SIGTERM.

use crate::config::Config;
use crate::fault::{Exit, Fault};
use crate::house::{Doors, House};
use crate::office::{Office, Place};
use mailroom::Clock;

#[derive(clap::Args)]
pub struct Serve {}

impl Serve {
    pub async fn run(self, place: &Place) -> Result<(), Fault> {
        let mut config = place.config()?;
        crate::log::start(config.log.format, &config.log.level);
        let _folder = only_one(&config)?;
        let doors = Doors::bind(&config.listen).await?;
        let bound = doors.bound();
        config.listen = crate::config::Listen {
            http_pages: config.listen.http_pages,
            ..bound
        };
        let office = Office::open(config, 0, Clock::System).await?;
        let _node = only_one_node(&office).await?;
        first_domain(&office).await?;
        let house = House::start(office, doors)?;
        for (door, addresses) in house.office().config.listen.doors() {
            tracing::info!(door, ?addresses, "listening");
        }
        // systemd is told; where there is none, nobody minds.
        let _nobody = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        house.run().await
    }
}

/// Makes sure that no other server works on this data folder, as long as the value is kept.
pub fn only_one(config: &Config) -> Result<store::DataLock, Fault> {
    store::Store::lock_data(&config.site.data).map_err(taken)
}

/// The same for a PostgreSQL database that another machine might serve.
pub async fn only_one_node(office: &Office) -> Result<store::NodeLock, Fault> {
    office.store.lock_node().await.map_err(taken)
}

fn taken(cause: store::Error) -> Fault {
    match cause {
        store::Error::Exists(what) => Fault::new(
            Exit::TryLater,
            format!("một máy chủ congthu khác đang chạy trên dữ liệu này ({what})"),
            format!("another congthu server runs on this data ({what})"),
        )
        .remedy(
            "dừng máy chủ kia trước, hoặc chọn thư mục dữ liệu khác",
            "stop that server first, or choose another data folder",
        ),
        other => other.into(),
    }
}

/// The configured domain is always there.
pub async fn first_domain(office: &Office) -> Result<(), Fault> {
    let room = &office.room;
    let domain = office.config.site.domain.to_lowercase();
    if !room.is_local_domain(&domain).await? {
        room.domain_add(&room.console(), &domain, None).await?;
    }
    Ok(())
}
