//! Where a case runs: a folder, and a PostgreSQL database or none.
use std::path::Path;

use futures_util::future::BoxFuture;
use sqlx::Connection as _;
use store::testing::config;
use store::{Dialect, Store};
use tempfile::TempDir;

pub type Case = for<'p> fn(&'p Place) -> BoxFuture<'p, ()>;

/// The time every case begins at, unix ms.
pub const NOW: i64 = 1_800_000_000_000;

pub struct Place {
    folder: TempDir,
    url: Option<String>,
}

impl Place {
    pub fn sqlite() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
            url: None,
        }
    }
    pub fn postgres(url: &str) -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
            url: Some(url.to_owned()),
        }
    }
    pub fn data(&self) -> &Path {
        self.folder.path()
    }
    pub fn dialect(&self) -> Dialect {
        if self.url.is_some() {
            Dialect::Postgres
        } else {
            Dialect::Sqlite
        }
    }
    pub async fn open(&self) -> Store {
        Store::open(config(self.data(), self.url.as_deref()))
            .await
            .unwrap()
    }
    /// A store on the same database as another node.
    pub async fn open_as(&self, node: u8) -> Store {
        let config = store::Config {
            node,
            ..config(self.data(), self.url.as_deref())
        };
        Store::open(config).await.unwrap()
    }
    /// Changes the database behind the store's back.
    pub fn sql(&self, sql: &'static str) -> BoxFuture<'_, u64> {
        Box::pin(async move {
            match &self.url {
                Some(url) => {
                    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
                    sqlx::query(sql)
                        .execute(&mut conn)
                        .await
                        .unwrap()
                        .rows_affected()
                }
                None => {
                    let url = config(self.data(), None).url;
                    let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
                    sqlx::query("PRAGMA busy_timeout = 10000")
                        .execute(&mut conn)
                        .await
                        .unwrap();
                    sqlx::query(sql)
                        .execute(&mut conn)
                        .await
                        .unwrap()
                        .rows_affected()
                }
            }
        })
    }
}

/// Lists async functions as cases by their names.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub fn cases() -> Vec<(&'static str, crate::contract::place::Case)> {
            vec![$((stringify!($name), |place| Box::pin($name(place)))),+]
        }
    };
}
pub(crate) use cases;
