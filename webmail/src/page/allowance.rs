//! "Gửi ra ngoài hệ thống" on a person's page: what was sent today, what may be sent, and other limits until a day. For administrators
//! of the person's unit; the mailroom refuses everybody else, and oneself.

use crate::app::App;
use crate::fault::Fault;
use crate::form::Fields;
use crate::lang::Lang;
use crate::page::admin;
use crate::session::{Posted, Signed};
use crate::shell::go;
use crate::time;
use axum::extract::{Path, State};
use axum::response::Response;
use mailroom::allowance::Given;
use mailroom::outgoing::SentToday;
use mailroom::policy::DayLimits;
use store::SentDay;

/// What the page shows of it.
pub struct Sending {
    /// (words, what the account sent and may send)
    pub account: Vec<(&'static str, String)>,
    /// The unit's name and the same for it.
    pub unit: Option<(String, Vec<(&'static str, String)>)>,
    pub stopped: bool,
    pub given: Option<GivenShown>,
    /// What stands in the form, and what was wrong with it.
    pub typed: Typed,
    pub fault: String,
}

pub struct GivenShown {
    pub until: String,
    pub by: String,
    pub reason: String,
}

#[derive(Default)]
pub struct Typed {
    pub messages: String,
    pub recipients: String,
    pub strangers: String,
    pub until: String,
    pub reason: String,
}

impl Typed {
    fn of(fields: &Fields) -> Typed {
        let word = |name| fields.get(name).trim().chars().take(300).collect();
        Typed {
            messages: word("thu"),
            recipients: word("nguoi"),
            strangers: word("la"),
            until: word("den"),
            reason: word("ly-do"),
        }
    }

    fn given(&self) -> Given {
        // What is no number is refused as out of range, in words.
        let number = |text: &str| text.replace(['.', ' '], "").parse().unwrap_or(0);
        Given {
            limits: DayLimits {
                messages: number(&self.messages),
                recipients: number(&self.recipients),
                strangers: number(&self.strangers),
            },
            last_day: self.until.clone(),
            reason: self.reason.clone(),
        }
    }
}

fn rows(lang: Lang, sent: &SentDay, most: &DayLimits) -> Vec<(&'static str, String)> {
    let of = |sent: i64, most: i64| match most {
        0 => lang.t("sending-unlimited"),
        most => lang.txy("sending-of", lang.number(sent), lang.number(most)),
    };
    vec![
        ("sending-sent-messages", of(sent.messages, most.messages)),
        (
            "sending-sent-recipients",
            of(sent.recipients, most.recipients),
        ),
        ("sending-sent-strangers", of(sent.strangers, most.strangers)),
    ]
}

impl Sending {
    pub async fn of(app: &App, me: &Signed, address: &str) -> Result<Sending, Fault> {
        let today = app.room.account_limits(me.actor(), address).await?;
        Ok(Sending::shown(me.lang, today))
    }

    fn shown(lang: Lang, today: SentToday) -> Sending {
        let alarmed = |sent: &SentDay| sent.alarmed_at.is_some();
        // No limit is no number to begin from.
        let number = |limit: i64| match limit {
            0 => String::new(),
            limit => limit.to_string(),
        };
        Sending {
            account: rows(lang, &today.account, &today.account_limits),
            stopped: alarmed(&today.account)
                || today.unit.as_ref().is_some_and(|(_, sent)| alarmed(sent)),
            unit: today
                .unit
                .map(|(name, sent)| (name, rows(lang, &sent, &today.unit_limits))),
            given: today.allowance.map(|given| GivenShown {
                until: time::full(given.until_at - 1),
                by: admin::who(lang, given.set_by),
                reason: given.reason,
            }),
            typed: Typed {
                messages: number(today.account_limits.messages),
                recipients: number(today.account_limits.recipients),
                strangers: number(today.account_limits.strangers),
                ..Typed::default()
            },
            fault: String::new(),
        }
    }
}

/// `POST /quan-tri/nguoi/{address}/gioi-han`
pub async fn change(
    State(app): State<App>,
    Path(address): Path<String>,
    posted: Posted,
) -> Result<Response, Fault> {
    let (me, fields) = (&posted.me, &posted.fields);
    let person = admin::person_of(&app, me, &address).await?;
    let room = &app.room;
    let word = match fields.get("viec") {
        "dat" => {
            let typed = Typed::of(fields);
            match room
                .allowance_set(me.actor(), &address, typed.given())
                .await
            {
                Ok(()) => "gh-dat",
                Err(mailroom::Error::Bad(fault)) => {
                    let mut sending = Sending::of(&app, me, &address).await?;
                    (sending.typed, sending.fault) = (typed, fault);
                    return Ok(admin::refused(&app, me, person, sending).await);
                }
                Err(cause) => return Err(cause.into()),
            }
        }
        "thuong" => {
            room.allowance_end(me.actor(), &address).await?;
            "gh-thuong"
        }
        "lai-tu-dau" => {
            room.account_limits_reset(me.actor(), &address).await?;
            "gh-lai-tu-dau"
        }
        _ => return Err(Fault::Bad(String::new())),
    };
    Ok(go(&format!("{}?tb={word}", person.href)))
}
