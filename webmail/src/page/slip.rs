//! "Cấp mã đăng nhập một lần": makes a slip, shows it once as a link, a QR code and letters, and waits for the second
//! approver where two are needed. Nothing of it is stored here.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::flash::Flash;
use crate::page::admin;
use crate::session::{Posted, Signed};
use crate::shell::{self, Here, Shell, go};
use crate::time;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use qrcode::QrCode;
use qrcode::render::svg;
use store::{CredentialId, PrincipalId};

#[derive(Template)]
#[template(path = "slip.html")]
struct SlipPage {
    s: Shell,
    name: String,
    address: String,
    url: String,
    code: String,
    until: String,
    needs_second: bool,
    qr: String,
    back: String,
}

#[derive(Template)]
#[template(path = "waiting.html")]
struct Waiting {
    s: Shell,
    rows: Vec<(i64, String, String, String, String)>,
}

/// `POST /quan-tri/nguoi/{address}/phieu`
pub async fn make(
    State(app): State<App>,
    Path(address): Path<String>,
    posted: Posted,
) -> Result<Response, Fault> {
    let me = &posted.me;
    let person = admin::person_of(&app, me, &address).await?;
    let slip = app
        .room
        .slip_make(me.actor(), PrincipalId(person.id))
        .await?;
    let qr = qr(&slip.url)?;
    let s = Shell::of(&app, me, Here::More, me.lang.t("slip")).await;
    Ok(shell::html(&SlipPage {
        s,
        name: slip.name.clone(),
        address: slip.address.clone(),
        url: slip.url.clone(),
        code: slip.code.clone(),
        until: time::full(slip.expires_at),
        needs_second: slip.needs_second,
        qr,
        back: person.href,
    }))
}

/// The address as an SVG picture without styles or scripts, so that the policy needs no exception.
fn qr(url: &str) -> Result<String, Fault> {
    let code = QrCode::new(url.as_bytes()).map_err(|cause| {
        tracing::error!(%cause, "no QR code");
        Fault::Broken
    })?;
    let picture = code
        .render::<svg::Color<'_>>()
        .min_dimensions(240, 240)
        .dark_color(svg::Color("#000"))
        .light_color(svg::Color("#fff"))
        .build();
    // Inside a page the declaration of XML would be text.
    Ok(picture
        .find("<svg")
        .and_then(|at| picture.get(at..))
        .unwrap_or_default()
        .to_owned())
}

/// `GET /quan-tri/cho-duyet`
pub async fn waiting(
    State(app): State<App>,
    me: Signed,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    admin::units_of(&app, &me).await?;
    let rows = app
        .room
        .slips_waiting(me.actor())
        .await?
        .into_iter()
        .map(|(id, who, by, at)| (id.0, who.name, who.address, by, time::full(at)))
        .collect();
    let s = Shell::of(&app, &me, Here::More, me.lang.t("waiting-approvals"))
        .await
        .flash(Flash::of(&asked, me.lang));
    Ok(shell::html(&Waiting { s, rows }))
}

/// `POST /quan-tri/cho-duyet/{id}`
pub async fn approve(
    State(app): State<App>,
    Path(id): Path<i64>,
    posted: Posted,
) -> Result<Response, Fault> {
    app.room
        .slip_approve(posted.me.actor(), CredentialId(id))
        .await?;
    Ok(go("/quan-tri/cho-duyet?tb=duyet"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_needs_no_exception_of_the_policy() {
        let picture = qr("https://thu.tinh.example/khoi-phuc/ABCDEFGHJKMNPQRSTVWX").unwrap();
        assert!(picture.starts_with("<svg"));
        for word in ["style=", "<script", "<?xml", "<style"] {
            assert!(!picture.contains(word), "{word}");
        }
    }
}
