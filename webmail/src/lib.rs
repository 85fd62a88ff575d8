//! The pages: what people and administrators see on a phone or a PC, live updates, and the HTTP API for document systems.
//! Server-rendered; everything works without JavaScript. Decides nothing about access: every handler asks the mailroom.

mod api;
mod app;
mod asked;
mod assets;
mod config;
mod fault;
mod flash;
mod form;
mod guard;
mod lang;
mod letter;
mod limits;
mod live;
mod page;
mod routes;
mod sanitise;
mod session;
mod shell;
mod time;
mod view;

pub use config::{ClientSettings, Config, TestPush};

use app::App;
use mailroom::Mailroom;

/// All routes of one listener. The peer's address arrives as `ConnectInfo<SocketAddr>`.
pub fn router(config: Config, room: Mailroom) -> axum::Router {
    routes::all(App::new(config, room))
}
