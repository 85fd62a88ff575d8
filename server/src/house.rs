//! The whole house wired together: store, mailroom, every door and worker, until the word to stop; then the drain.
//! Knows every crate and decides nothing they decide.

use crate::config::{Config, Ipv6, Listen};
use crate::fault::Fault;
use crate::office::Office;
use crate::tls::Certificates;
use crate::{admin, limits, listen, own_sts, reader, rotation, six, watch, web, wire};
use mailroom::Mailroom;
use smtp::Door;
use smtp::report::Tally;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Listeners by door, bound before anything else so that a busy port is told at once.
pub struct Doors {
    smtp: Vec<TcpListener>,
    submission: Vec<TcpListener>,
    submissions: Vec<TcpListener>,
    imap: Vec<TcpListener>,
    imaps: Vec<TcpListener>,
    http: Vec<TcpListener>,
    https: Vec<TcpListener>,
    admin: Vec<TcpListener>,
}

impl Doors {
    pub async fn bind(listen: &Listen) -> Result<Doors, Fault> {
        Ok(Doors {
            smtp: listen::bind("SMTP", &listen.smtp).await?,
            submission: listen::bind("submission", &listen.submission).await?,
            submissions: listen::bind("submissions", &listen.submissions).await?,
            imap: listen::bind("IMAP", &listen.imap).await?,
            imaps: listen::bind("IMAPS", &listen.imaps).await?,
            http: listen::bind("HTTP", &listen.http).await?,
            https: listen::bind("HTTPS", &listen.https).await?,
            admin: listen::bind("admin", &listen.admin).await?,
        })
    }

    /// The addresses really bound (port 0 was a wish): the configuration's list replaced by them.
    pub fn bound(&self) -> Listen {
        let at = |listeners: &[TcpListener]| -> Vec<SocketAddr> {
            listeners
                .iter()
                .filter_map(|listener| listener.local_addr().ok())
                .collect()
        };
        Listen {
            smtp: at(&self.smtp),
            submission: at(&self.submission),
            submissions: at(&self.submissions),
            imap: at(&self.imap),
            imaps: at(&self.imaps),
            http: at(&self.http),
            https: at(&self.https),
            admin: at(&self.admin),
            http_pages: false,
        }
    }
}

/// A running house.
pub struct House {
    office: Office,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    reload: Arc<tokio::sync::Notify>,
}

impl House {
    /// Starts every door and worker on an opened office. `config.listen` says what `doors` are bound to.
    pub fn start(office: Office, doors: Doors) -> Result<House, Fault> {
        let house = House {
            office,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            reload: Arc::new(tokio::sync::Notify::new()),
        };
        // Before the first counter is touched.
        let _handle = admin::recorder();
        let config = house.office.config.clone();
        let certificates = match config.tls.is_empty() {
            true => None,
            false => Some(Certificates::load(config.tls.clone())?),
        };
        if let Some(certificates) = &certificates {
            house.spawn(
                Arc::clone(certificates).watch(Arc::clone(&house.reload), house.shutdown.clone()),
            );
        }
        let tls = |alpn: &[&[u8]]| {
            certificates
                .as_ref()
                .map(|all| all.server_config(alpn))
                .transpose()
        };
        let mail_tls = tls(&[])?;
        let tally = house.reports(&config)?;
        house.smtp(
            &config,
            (mail_tls.clone(), tally.clone()),
            (doors.smtp, doors.submission, doors.submissions),
        )?;
        house.imap(&config, mail_tls, doors.imap, doors.imaps);
        let for_pages = house.push(&config)?;
        house.outbound(&config, tally)?;
        house.reader();
        let records = watch::Watch::new(config.clone(), mailroom::Clock::System);
        house.room().publishes_through(Arc::new(records));
        house.web(
            &config,
            tls(&[b"h2", b"http/1.1"])?,
            &for_pages,
            doors.http,
            doors.https,
        );
        for listener in doors.admin {
            let router = admin::router(house.room().clone());
            house.spawn(web::serve(listener, None, router, house.shutdown.clone()));
        }
        house.tasks.close();
        Ok(house)
    }

    pub fn room(&self) -> &Mailroom {
        &self.office.room
    }

    pub fn office(&self) -> &Office {
        &self.office
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    fn smtp(
        &self,
        config: &Config,
        (tls, tally): (Option<Arc<rustls::ServerConfig>>, Option<Arc<Tally>>),
        (mx, submission, submissions): (Vec<TcpListener>, Vec<TcpListener>, Vec<TcpListener>),
    ) -> Result<(), Fault> {
        let smtp = Arc::new(wire::smtp(config, tls, tally)?);
        for (door, listeners) in [
            (Door::Mx, mx),
            (Door::Submission, submission),
            (Door::Submissions, submissions),
        ] {
            for listener in listeners {
                let (smtp, room) = (Arc::clone(&smtp), self.room().clone());
                self.spawn(smtp::serve(
                    smtp,
                    door,
                    listener,
                    room,
                    self.shutdown.clone(),
                ));
            }
        }
        Ok(())
    }

    fn imap(
        &self,
        config: &Config,
        tls: Option<Arc<rustls::ServerConfig>>,
        imap: Vec<TcpListener>,
        imaps: Vec<TcpListener>,
    ) {
        let settings = Arc::new(wire::imap(config, tls));
        for (implicit, listeners) in [(false, imap), (true, imaps)] {
            for listener in listeners {
                let (settings, room) = (Arc::clone(&settings), self.room().clone());
                self.spawn(imap_lite::serve(
                    settings,
                    implicit,
                    listener,
                    room,
                    self.shutdown.clone(),
                ));
            }
        }
    }

    /// Starts the push worker; its public key and the trial push are for the pages.
    fn push(&self, config: &Config) -> Result<ForPages, Fault> {
        let (settings, vapid) = wire::push(config)?;
        let for_pages = ForPages {
            vapid_key: vapid.public_base64url().to_owned(),
            test_push: wire::test_push(settings.clone(), vapid.clone(), self.room().clone())?,
        };
        self.spawn(push::run(
            settings,
            self.room().clone(),
            vapid,
            self.shutdown.clone(),
        ));
        Ok(for_pages)
    }

    /// Starts the daily reports; the tally is for those who see sessions and letters.
    fn reports(&self, config: &Config) -> Result<Option<Arc<Tally>>, Fault> {
        // Where mail out ends in a sink there is nobody to tell.
        if !config.outbound.reports || !config.mail.sink.is_empty() {
            return Ok(None);
        }
        let tally = Arc::new(Tally::new(mailroom::Clock::System));
        self.spawn(smtp::report::run(
            wire::reports(config)?,
            self.room().clone(),
            Arc::clone(&tally),
            self.shutdown.clone(),
        ));
        Ok(Some(tally))
    }

    fn outbound(&self, config: &Config, tally: Option<Arc<Tally>>) -> Result<(), Fault> {
        let settings = wire::outbound(config, tally)?;
        if let Some(tender) = rotation::tender(config)? {
            let (room, keys) = (self.room().clone(), Arc::clone(&settings.dkim));
            self.spawn(rotation::run(tender, room, keys, self.shutdown.clone()));
        }
        if config.outbound.ipv6 == Ipv6::WhenRight && config.mail.sink.is_empty() {
            let (room, on) = (self.room().clone(), Arc::clone(&settings.ipv6));
            self.spawn(six::run(config.clone(), room, on, self.shutdown.clone()));
        }
        self.spawn(smtp::outbound::run(
            settings,
            self.room().clone(),
            self.shutdown.clone(),
        ));
        Ok(())
    }

    /// Starts the reading of attached files for the search; without it, mail goes on.
    fn reader(&self) {
        match reader::program() {
            Ok(program) => self.spawn(reader::run(
                self.room().clone(),
                program,
                self.shutdown.clone(),
            )),
            Err(cause) => tracing::warn!(%cause, "attached files are not read for the search"),
        }
    }

    fn web(
        &self,
        config: &Config,
        tls: Option<Arc<rustls::ServerConfig>>,
        for_pages: &ForPages,
        http: Vec<TcpListener>,
        https: Vec<TcpListener>,
    ) {
        let pages = |tls| {
            let settings = webmail::Config {
                test_push: Some(for_pages.test_push.clone()),
                ..wire::pages(config, &for_pages.vapid_key, tls)
            };
            let pages = webmail::router(settings, self.room().clone());
            own_sts::before(pages, config, self.room())
        };
        if let Some(tls) = tls {
            for listener in https {
                let router = pages(true);
                self.spawn(web::serve(
                    listener,
                    Some(Arc::clone(&tls)),
                    router,
                    self.shutdown.clone(),
                ));
            }
        }
        for listener in http {
            let router = match config.listen.http_pages {
                true => pages(false),
                false => web::to_https(&config.site.web),
            };
            self.spawn(web::serve(listener, None, router, self.shutdown.clone()));
        }
    }

    /// Runs until SIGTERM or ctrl-c, then drains: sessions are told to go and have `limits::DRAIN` for it.
    pub async fn run(self) -> Result<(), Fault> {
        let signals = Signals::new()?;
        signals.wait(&self.reload).await;
        tracing::info!("stopping");
        // systemd is told; where there is none, nobody minds.
        let _nobody = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        self.stop().await;
        Ok(())
    }

    /// Ends everything in order: doors first, the store last.
    pub async fn stop(self) {
        self.shutdown.cancel();
        if tokio::time::timeout(limits::DRAIN, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                left = self.tasks.len(),
                "sessions did not end in time and are cut"
            );
        }
        let closed = tokio::time::timeout(limits::DRAIN / 4, self.office.close());
        if closed.await.is_err() {
            tracing::warn!("the store did not close in time; what was answered is on disk");
        }
    }
}

/// What the pages need of push.
struct ForPages {
    vapid_key: String,
    test_push: webmail::TestPush,
}

/// The signals of a service.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, Fault> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|cause| {
                Fault::failed(
                    format!("không nhận được tín hiệu hệ thống: {cause}"),
                    format!("cannot listen for signals: {cause}"),
                )
            })
        };
        Ok(Signals {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Returns on SIGTERM or ctrl-c; SIGHUP asks for the certificate files to be read again.
    async fn wait(mut self, reload: &tokio::sync::Notify) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => reload.notify_one(),
            }
        }
    }
}
