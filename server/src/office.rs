//! Opening an installation for one command: its configuration, store and mailroom. Works while the server runs, because
//! both use the same database with its own locks. Opens no listener.

use crate::config::Config;
use crate::fault::{Exit, Fault};
use mailroom::{Clock, Mailroom};
use std::path::{Path, PathBuf};
use store::Store;

/// The configuration's file name inside a data folder (the demo's) or beside one.
pub const CONFIG_FILE: &str = "congthu.toml";
/// Where an installed server's configuration is looked for.
const CONFIG_INSTALLED: &str = "/etc/congthu/congthu.toml";

/// Which installation is meant.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Place {
    /// Tệp cấu hình. / Configuration file [default: ./congthu.toml, then /etc/congthu/congthu.toml]
    #[arg(long, value_name = "FILE", env = "CONGTHU_CONFIG", global = true)]
    pub config: Option<PathBuf>,
    /// Thư mục dữ liệu của bản thử. / Data folder of a demo (its congthu.toml is inside)
    #[arg(long, value_name = "DIR", conflicts_with = "config", global = true)]
    pub data: Option<PathBuf>,
}

impl Place {
    pub fn config(&self) -> Result<Config, Fault> {
        Config::load(&self.file()?)
    }

    fn file(&self) -> Result<PathBuf, Fault> {
        if let Some(file) = &self.config {
            return Ok(file.clone());
        }
        if let Some(data) = &self.data {
            return Ok(data.join(CONFIG_FILE));
        }
        [CONFIG_FILE, CONFIG_INSTALLED, "congthu-demo/congthu.toml"]
            .into_iter()
            .map(PathBuf::from)
            .find(|file| file.is_file())
            .ok_or_else(|| {
                Fault::new(
                    Exit::Config,
                    "không biết làm việc với bản cài đặt nào",
                    "which installation is meant?",
                )
                .remedy(
                    "thêm --config TỆP, hoặc --data THƯ_MỤC của bản thử",
                    "add --config FILE, or --data DIR of a demo",
                )
            })
    }
}

/// An opened installation.
pub struct Office {
    pub config: Config,
    pub store: Store,
    pub room: Mailroom,
}

impl Office {
    /// Opens for one command beside a running server.
    pub async fn visit(place: &Place) -> Result<Office, Fault> {
        let config = place.config()?;
        crate::log::start(config.log.format, "warn");
        // Node 0 is the server's; commands take the others.
        let node = 1 + u8::try_from(std::process::id() % 63).unwrap_or(0);
        Office::open(config, node, Clock::System).await
    }

    pub async fn open(config: Config, node: u8, clock: Clock) -> Result<Office, Fault> {
        let store = Store::open(store_config(&config, node)).await?;
        let room = Mailroom::new(store.clone(), config.policy(), clock)?;
        Ok(Office {
            config,
            store,
            room,
        })
    }

    /// Ends the store in order; what was answered is on disk already.
    pub async fn close(self) {
        drop(self.room);
        self.store.close().await;
    }
}

pub fn store_config(config: &Config, node: u8) -> store::Config {
    let data: &Path = &config.site.data;
    let mut place = store::Config::sqlite(data);
    if !config.database.url.is_empty() {
        place.url.clone_from(&config.database.url);
    }
    place.node = node;
    place
}
