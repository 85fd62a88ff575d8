//! What every page has around its content: title, navigation, flash, form token, addresses of the assets.

use crate::app::App;
use crate::assets;
use crate::flash::Flash;
use crate::lang::{Count, Lang};
use crate::session::Signed;
use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Which entry of the navigation is current.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Here {
    Mail,
    Assigned,
    Compose,
    More,
    Outside,
}

pub struct Shell {
    pub lang: Lang,
    pub title: String,
    pub here: Here,
    pub csrf: String,
    pub signed_in: bool,
    pub flash: Option<Flash>,
    pub province: String,
    /// Documents that wait for this person, and how many of them are late.
    pub waiting: u32,
    pub late: u32,
    /// Address of the page's own module; "" where it has none.
    pub module: String,
    /// The page's own address where it answers a form directly, so that loading it again never sends the form; or "".
    pub place: String,
}

impl Shell {
    pub fn signed_out(app: &App, lang: Lang, title: String) -> Shell {
        Shell {
            lang,
            title,
            here: Here::Outside,
            csrf: String::new(),
            signed_in: false,
            flash: None,
            province: app.config.province_name.clone(),
            waiting: 0,
            late: 0,
            module: String::new(),
            place: String::new(),
        }
    }

    /// For a signed-in person; counts what waits in their own account.
    pub async fn of(app: &App, me: &Signed, here: Here, title: String) -> Shell {
        let (waiting, late) = match app.room.open(me.actor(), me.actor().principal.into()).await {
            Ok(access) => access.assigned_counts().await.unwrap_or_else(|cause| {
                tracing::warn!(%cause, "no count of documents");
                (0, 0)
            }),
            Err(_) => (0, 0),
        };
        Shell {
            here,
            csrf: me.csrf(),
            signed_in: true,
            waiting,
            late,
            ..Shell::signed_out(app, me.lang, title)
        }
    }

    pub fn flash(mut self, flash: Option<Flash>) -> Shell {
        self.flash = flash;
        self
    }

    pub fn module(mut self, name: &str) -> Shell {
        self.module = assets::url(name);
        self
    }

    pub fn t(&self, key: &str) -> String {
        self.lang.t(key)
    }
    pub fn tx(&self, key: &str, x: impl std::fmt::Display) -> String {
        self.lang.tx(key, x)
    }
    pub fn tn(&self, key: &str, n: impl Count) -> String {
        self.lang.tn(key, n)
    }
    pub fn txy(&self, key: &str, x: impl std::fmt::Display, y: impl std::fmt::Display) -> String {
        self.lang.txy(key, x, y)
    }
    pub fn tny(&self, key: &str, n: impl Count, y: impl std::fmt::Display) -> String {
        self.lang.tny(key, n, y)
    }
    /// An address in parts that a line may end behind: no word is cut.
    pub fn breaks<'a>(&self, address: &'a str) -> std::str::SplitInclusive<'a, [char; 4]> {
        address.split_inclusive(['@', '.', '-', '_'])
    }
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }
    pub fn is(&self, here: &str) -> bool {
        matches!(
            (self.here, here),
            (Here::Mail, "mail")
                | (Here::Assigned, "assigned")
                | (Here::Compose, "compose")
                | (Here::More, "more")
        )
    }
}

/// A rendered page.
pub fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (
            [(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            )],
            text,
        )
            .into_response(),
        Err(cause) => {
            tracing::error!(%cause, "template failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// 303 to a place of ours.
pub fn go(place: &str) -> Response {
    match HeaderValue::try_from(place) {
        Ok(place) => (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response(),
        Err(_) => (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response(),
    }
}
