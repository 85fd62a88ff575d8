//! "Gửi thử": one push to each of a person's own devices, now, that says it is a trial. Settles nothing and moves no cursor.

use crate::answer::Answer;
use crate::endpoint;
use crate::post::Poster;
use crate::sealed::Sealer;
use crate::words::trial;
use crate::{Config, Error, Vapid};
use mailroom::device::Owed;
use mailroom::{Actor, Mailroom};

pub struct Trial {
    config: Config,
    sealer: Sealer,
    poster: Poster,
}

impl Trial {
    pub fn new(config: Config, vapid: Vapid) -> Result<Trial, Error> {
        Ok(Trial {
            poster: Poster::new(&config)?,
            sealer: Sealer::new(vapid, config.contact.clone()),
            config,
        })
    }

    /// How many of the actor's devices took the push.
    pub async fn send(&self, room: &Mailroom, actor: &Actor) -> Result<usize, mailroom::Error> {
        let mut taken = 0;
        for device in room.own_devices(actor).await? {
            if matches!(self.ask(&device).await, Answer::Status(200..=299, _)) {
                taken += 1;
            }
        }
        Ok(taken)
    }

    async fn ask(&self, device: &Owed) -> Answer {
        let private = self.config.allow_private_hosts;
        let checked = endpoint::check(&device.endpoint, &self.config.hosts, private);
        let Ok(endpoint) = checked else {
            return Answer::Forbidden;
        };
        let notice = trial(self.config.web_base.trim_end_matches('/'));
        match self
            .sealer
            .seal(device, &endpoint, &notice, self.config.clock.now())
        {
            Ok(sealed) => self.poster.post(sealed).await,
            Err(cause) => {
                tracing::warn!(subscription = %device.subscription, %cause, "trial push not sealed");
                Answer::Forbidden
            }
        }
    }
}
