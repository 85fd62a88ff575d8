//! "Xem nguyên bản": the document inside the sandboxed frame. No scripts, no cookies, no network; pictures that came with
//! the letter are written into it.

use crate::app::App;
use crate::fault::Fault;
use crate::letter;
use crate::limits;
use crate::sanitise;
use crate::session::Signed;
use crate::shell;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use mailroom::letter::Letter;
use store::{AccountId, EmailId};

#[derive(Template)]
#[template(path = "original.html")]
struct OriginalPage {
    lang: &'static str,
    title: String,
    nonce: String,
    sheet: String,
    html: String,
}

pub async fn show(
    State(app): State<App>,
    me: Signed,
    Path((account, email)): Path<(i64, i64)>,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let opened = letter::open(&access, EmailId(email)).await?;
    let html = opened.letter.html.clone().ok_or(Fault::NotFound)?;
    let pictures = pictures(&opened.letter, opened.raw.clone()).await?;
    let original = sanitise::original(&app, html, pictures)
        .await
        .map_err(|_| Fault::TooLarge)?;
    let mut random = [0u8; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Fault::Broken)?;
    let nonce = URL_SAFE_NO_PAD.encode(random);
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    );
    let mut answer = shell::html(&OriginalPage {
        lang: me.lang.code(),
        title: opened.letter.subject.clone(),
        nonce,
        sheet: original.sheet,
        html: original.html,
    });
    let head = answer.headers_mut();
    head.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::try_from(policy).map_err(|_| Fault::Broken)?,
    );
    head.insert(
        header::X_FRAME_OPTIONS,
        HeaderValue::from_static("SAMEORIGIN"),
    );
    Ok(answer)
}

/// Pictures of the letter as data: addresses, as many as fit the bound. (The frame has no cookies to fetch them with.)
async fn pictures(letter: &Letter, raw: Bytes) -> Result<sanitise::Pictures, Fault> {
    let mut left = limits::INLINE_IMAGE_BYTES_MAX;
    let mut out = Vec::new();
    for file in &letter.attachments {
        let Some(id) = &file.content_id else { continue };
        if !sanitise::is_picture(&file.media_type) || file.size > left {
            continue;
        }
        left -= file.size;
        let bytes = letter::part(raw.clone(), file.part.clone()).await?;
        let data = format!("data:{};base64,{}", file.media_type, STANDARD.encode(bytes));
        out.push((id.clone(), data));
    }
    Ok(out)
}
