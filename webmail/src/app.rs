//! What every page shares: configuration, mailroom, limiters, slots. Holds no state of a person.

use crate::config::Config;
use crate::guard::Gate;
use crate::limits;
use mailroom::Mailroom;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

pub struct Shared {
    pub config: Config,
    pub room: Mailroom,
    /// Served under a loopback name: a demo or a test.
    pub local: bool,
    pub sign_in_gate: Gate,
    pub slip_gate: Gate,
    pub api_gate: Gate,
    /// Composed letters being read into memory.
    pub uploads: Arc<Semaphore>,
    /// Sanitisers at work.
    pub sanitisers: Arc<Semaphore>,
    /// Event streams open in all, and by session.
    pub streams: Arc<Semaphore>,
    pub streams_by_session: Arc<Mutex<HashMap<String, usize>>>,
}

impl std::ops::Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub fn new(config: Config, room: Mailroom) -> App {
        let local = url::Url::parse(&config.web_base)
            .ok()
            .and_then(|base| base.host_str().map(str::to_owned))
            .is_none_or(|host| host == "localhost" || host.starts_with("127.") || host == "[::1]");
        App(Arc::new(Shared {
            local,
            config,
            room,
            sign_in_gate: Gate::new(limits::SIGN_IN_BURST, limits::SIGN_IN_EVERY),
            slip_gate: Gate::new(limits::SLIP_BURST, limits::SLIP_EVERY),
            api_gate: Gate::new(limits::API_BURST, limits::API_EVERY),
            uploads: Arc::new(Semaphore::new(limits::UPLOADS_AT_ONCE_MAX)),
            sanitisers: Arc::new(Semaphore::new(limits::SANITISERS_AT_ONCE_MAX)),
            streams: Arc::new(Semaphore::new(limits::STREAMS_MAX)),
            streams_by_session: Arc::default(),
        }))
    }

    /// Now, unix ms, by the installation's clock.
    pub fn now(&self) -> i64 {
        self.config.clock.now()
    }
}
