//! `POST /soan`: sends a composed letter, or saves it as a draft. Whatever goes wrong, the form comes back filled in.

use crate::app::App;
use crate::fault::Fault;
use crate::flash::pair;
use crate::form::Fields;
use crate::lang::Lang;
use crate::letter;
use crate::limits;
use crate::page::compose::{self, Asks, Form, Kept};
use crate::page::list;
use crate::session::Signed;
use crate::shell::go;
use crate::time;
use crate::view::address::{self, Typed};
use axum::Json;
use axum::extract::multipart::Field;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use mailroom::directory::Recipient;
use mailroom::submit::{Draft, DraftFile, Unsendable};
use mailroom::{Access, Mailroom};
use store::{AccountId, EmailId, Role};

/// Which recipients of a letter, by field.
struct Addressed {
    to: Vec<String>,
    cc: Vec<String>,
    bcc: Vec<String>,
    asks: Asks,
}

/// What became of a letter.
enum Sent {
    /// It left; where its sender goes now.
    Away(String),
    /// The form again, with what is to be cleared up first.
    Asks(Response),
}

/// A script asks with `ngay` for the next page in the same answer: on a slow link the redirect costs a second.
pub async fn post(
    State(app): State<App>,
    me: Signed,
    head: HeaderMap,
    multipart: Multipart,
) -> Result<Response, Fault> {
    let slot = app
        .uploads
        .clone()
        .acquire_owned()
        .await
        .map_err(|_| Fault::Later)?;
    let read = tokio::time::timeout(
        limits::UPLOAD_TIME_MAX,
        read(multipart, app.config.upload_bytes_max),
    );
    let (fields, files) = read.await.map_err(|_| Fault::TooLarge)??;
    if !me.csrf_fits(fields.get("csrf")) {
        return Err(Fault::Stale);
    }
    let form = form_of(&app, &me, &fields).await?;
    let json = head
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/json"));
    let answer = match fields.get("viec") {
        "nhap" => save(&app, &me, form, files, json).await,
        word => match send(&app, &me, form, files, word == "gui-van").await? {
            // The letter has left: a list that cannot be drawn now is asked for again, never told as a failure to send.
            Sent::Away(place) if fields.get("ngay") == "1" => Ok(list::at(&app, &me, &place)
                .await
                .unwrap_or_else(|_| go(&place))),
            Sent::Away(place) => Ok(go(&place)),
            Sent::Asks(page) => Ok(page),
        },
    };
    drop(slot);
    answer
}

/// Fields and files, bounded by the body limit and by number.
async fn read(
    mut multipart: Multipart,
    bytes_max: usize,
) -> Result<(Fields, Vec<DraftFile>), Fault> {
    let mut fields = Vec::new();
    let mut files = Vec::new();
    let mut left = bytes_max;
    while let Some(field) = multipart
        .next_field()
        .await
        .map_err(|cause| refused(&cause))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        match file_name {
            // A file field without a file sends an empty name.
            Some(file) if !file.is_empty() => {
                if files.len() == limits::FILES_MAX {
                    return Err(Fault::TooLarge);
                }
                let media_type = field
                    .content_type()
                    .unwrap_or("application/octet-stream")
                    .to_owned();
                let content = bytes_of(field, left).await?;
                left -= content.len();
                files.push(DraftFile {
                    name: viet::safe_file_name(&file),
                    media_type,
                    content,
                });
            }
            Some(_) => drop(bytes_of(field, 0).await),
            None => {
                let value = bytes_of(field, limits::COMPOSE_TEXT_BYTES_MAX).await?;
                let value = String::from_utf8_lossy(&value).into_owned();
                fields.push((name, value));
            }
        }
    }
    Ok((Fields::from_pairs(fields), files))
}

async fn bytes_of(mut field: Field<'_>, bytes_max: usize) -> Result<Bytes, Fault> {
    let mut out = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|cause| refused(&cause))? {
        if out.len() + chunk.len() > bytes_max {
            return Err(Fault::TooLarge);
        }
        out.extend_from_slice(&chunk);
    }
    Ok(out.freeze())
}

fn refused(cause: &axum::extract::multipart::MultipartError) -> Fault {
    tracing::info!(%cause, "a composed letter did not arrive whole");
    match cause.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Fault::TooLarge,
        _ => Fault::Bad(String::new()),
    }
}

/// The form as sent; files that stay are looked up again, so that nobody can name another's.
async fn form_of(app: &App, me: &Signed, fields: &Fields) -> Result<Form, Fault> {
    let mut kept = Vec::new();
    for id in fields.all("giu").take(limits::FILES_MAX) {
        if let Some((account, email, part)) = kept_id(id) {
            let access = app.room.open(me.actor(), AccountId(account)).await?;
            let opened = letter::open(&access, EmailId(email)).await?;
            let file = opened.letter.attachments.iter().find(|f| f.part == part);
            if let Some(file) = file {
                kept.push(Kept {
                    id: id.to_owned(),
                    name: file.name.clone(),
                    size: me.lang.bytes(file.size as u64),
                });
            }
        }
    }
    let pair_or_none = |name: &str| match pair(fields.get(name)) {
        Some(_) => fields.get(name).to_owned(),
        None => String::new(),
    };
    Ok(Form {
        account: fields.number("tu").unwrap_or(me.actor().principal.0),
        to: fields.get("den").trim().to_owned(),
        cc: fields.get("dong-gui").trim().to_owned(),
        bcc: fields.get("gui-an").trim().to_owned(),
        subject: one_line(fields.get("trich-yeu")),
        text: fields.get("noi-dung").replace("\r\n", "\n"),
        urgency: fields
            .number("do-khan")
            .and_then(|n| u8::try_from(n).ok())
            .map_or(0, |n| n.min(3)),
        reply_to: pair_or_none("tra-loi"),
        forward_of: pair_or_none("chuyen-tiep"),
        draft: pair_or_none("nhap"),
        kept,
    })
}

fn one_line(text: &str) -> String {
    text.split(['\r', '\n'])
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}

fn kept_id(id: &str) -> Option<(i64, i64, &str)> {
    let (account, rest) = id.split_once('.')?;
    let (email, part) = rest.split_once('.')?;
    Some((account.parse().ok()?, email.parse().ok()?, part))
}

/// New files and those that stay, as bytes.
async fn all_files(
    app: &App,
    me: &Signed,
    form: &Form,
    new: Vec<DraftFile>,
) -> Result<Vec<DraftFile>, Fault> {
    let mut out = Vec::new();
    for kept in &form.kept {
        let Some((account, email, part)) = kept_id(&kept.id) else {
            continue;
        };
        let access = app.room.open(me.actor(), AccountId(account)).await?;
        let opened = letter::open(&access, EmailId(email)).await?;
        let Some(file) = opened
            .letter
            .attachments
            .iter()
            .find(|f| f.part == part)
            .cloned()
        else {
            continue;
        };
        let content = letter::part(opened.raw, part.to_owned()).await?;
        out.push(DraftFile {
            name: file.name,
            media_type: file.media_type,
            content: Bytes::from(content),
        });
    }
    out.extend(new);
    let total: usize = out.iter().map(|file| file.content.len()).sum();
    match total > app.config.upload_bytes_max || out.len() > limits::FILES_MAX {
        true => Err(Fault::TooLarge),
        false => Ok(out),
    }
}

async fn draft_of(
    app: &App,
    me: &Signed,
    access: &Access,
    form: &Form,
    addressed: &Addressed,
    new: Vec<DraftFile>,
) -> Result<Draft, Fault> {
    let email = |text: &str| pair(text).map(|(_, email)| EmailId(email));
    // A draft that another device replaced meanwhile is no reason to lose this text.
    let replaces = match email(&form.draft) {
        Some(id) if access.email(id).await.is_ok() => Some(id),
        _ => None,
    };
    let from = app
        .room
        .accounts_of(me.actor())
        .await?
        .into_iter()
        .find(|(id, ..)| *id == access.account())
        .map_or_else(|| me.actor().address.clone(), |(_, address, ..)| address);
    Ok(Draft {
        from,
        to: addressed.to.clone(),
        cc: addressed.cc.clone(),
        bcc: addressed.bcc.clone(),
        subject: form.subject.clone(),
        text: form.text.clone(),
        in_reply_to: email(&form.reply_to),
        forward_of: email(&form.forward_of),
        files: all_files(app, me, form, new).await?,
        replaces,
        urgency: form.urgency,
    })
}

async fn save(
    app: &App,
    me: &Signed,
    form: Form,
    new: Vec<DraftFile>,
    json: bool,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), AccountId(form.account)).await?;
    let plain = |field: &str| {
        address::parse(field)
            .iter()
            .filter(|typed| !typed.address.is_empty())
            .map(|typed| typed.address.clone())
            .collect::<Vec<_>>()
    };
    let addressed = Addressed {
        to: plain(&form.to),
        cc: plain(&form.cc),
        bcc: plain(&form.bcc),
        asks: Asks::default(),
    };
    let draft = draft_of(app, me, &access, &form, &addressed, new).await?;
    let id = access.save_draft(draft).await?;
    let thing = format!("{}.{id}", form.account);
    if !json {
        return Ok(go(&format!("/soan?nhap={thing}&tb=nhap")));
    }
    let opened = letter::open(&access, id).await?;
    let kept: Vec<String> = opened
        .letter
        .attachments
        .iter()
        .map(|file| format!("{thing}.{}", file.part))
        .collect();
    let saved = me.lang.tx("saved-at", time::hour(app.now()));
    Ok(Json(serde_json::json!({"nhap": thing, "giu": kept, "loi": saved})).into_response())
}

async fn send(
    app: &App,
    me: &Signed,
    mut form: Form,
    new: Vec<DraftFile>,
    outside_is_fine: bool,
) -> Result<Sent, Fault> {
    let access = app.room.open(me.actor(), AccountId(form.account)).await?;
    let addressed = addressed(app, me, &form).await?;
    let unclear = !addressed.asks.unclear.is_empty();
    let ask_outside = !outside_is_fine && !addressed.asks.outside.is_empty();
    if unclear || ask_outside {
        keep_files(app, me, &access, &mut form, new).await?;
        let page = compose::page(app, me, form, addressed.asks, None).await?;
        return Ok(Sent::Asks(page));
    }
    let draft = draft_of(app, me, &access, &form, &addressed, new).await?;
    let files = draft.files.clone();
    match access.send(draft).await? {
        Ok(trace) => {
            let sent = access.mailbox_by_role(Role::Sent).await?;
            let newest = access.list(sent.id, None, 5, false).await?;
            let see = newest
                .iter()
                .find(|row| row.trace == Some(trace))
                .map_or_else(String::new, |row| {
                    format!("&xem={}.{}", form.account, row.email)
                });
            Ok(Sent::Away(format!("/?tb=gui{see}")))
        }
        Err(why) => {
            let new_only = files.into_iter().skip(form.kept.len()).collect();
            keep_files(app, me, &access, &mut form, new_only).await?;
            let asks = Asks {
                fault: unsendable(me.lang, &why),
                ..Asks::default()
            };
            let page = compose::page(app, me, form, asks, None).await?;
            Ok(Sent::Asks(page))
        }
    }
}

/// A browser cannot fill a file field again: files that came with a form we hand back are kept in a draft.
async fn keep_files(
    app: &App,
    me: &Signed,
    access: &Access,
    form: &mut Form,
    new: Vec<DraftFile>,
) -> Result<(), Fault> {
    if new.is_empty() {
        return Ok(());
    }
    let nobody = Addressed {
        to: Vec::new(),
        cc: Vec::new(),
        bcc: Vec::new(),
        asks: Asks::default(),
    };
    let draft = draft_of(app, me, access, form, &nobody, new).await?;
    let id = access.save_draft(draft).await?;
    form.draft = format!("{}.{id}", form.account);
    let opened = letter::open(access, id).await?;
    form.kept = opened
        .letter
        .attachments
        .iter()
        .map(|file| Kept {
            id: format!("{}.{}", form.draft, file.part),
            name: file.name.clone(),
            size: me.lang.bytes(file.size as u64),
        })
        .collect();
    Ok(())
}

async fn addressed(app: &App, me: &Signed, form: &Form) -> Result<Addressed, Fault> {
    let mut asks = Asks::default();
    let to = field(app, me, &form.to, &mut asks).await?;
    let cc = field(app, me, &form.cc, &mut asks).await?;
    let bcc = field(app, me, &form.bcc, &mut asks).await?;
    Ok(Addressed { to, cc, bcc, asks })
}

/// One field: names become addresses where they fit one person only; who is outside is noted.
async fn field(app: &App, me: &Signed, typed: &str, asks: &mut Asks) -> Result<Vec<String>, Fault> {
    let mut out = Vec::new();
    for one in address::parse(typed) {
        match named(&app.room, me, &one).await? {
            Ok(address) => {
                if matches!(
                    app.room.resolve(&address).await?,
                    Recipient::Elsewhere { .. }
                ) {
                    asks.outside.push(address.clone());
                }
                out.push(address);
            }
            Err(choices) => asks.unclear.push((one.name, choices)),
        }
    }
    Ok(out)
}

async fn named(
    room: &Mailroom,
    me: &Signed,
    typed: &Typed,
) -> Result<Result<String, Vec<String>>, Fault> {
    if !typed.address.is_empty() {
        return Ok(Ok(typed.address.clone()));
    }
    let found = room
        .suggest(me.actor(), &typed.name, limits::SUGGEST_ROWS)
        .await?;
    let wanted = viet::fold(&typed.name);
    let exact: Vec<_> = found
        .iter()
        .filter(|(name, _)| viet::fold(name) == wanted)
        .collect();
    match (found.as_slice(), exact.as_slice()) {
        ([(_, address)], _) | (_, [(_, address)]) => Ok(Ok(address.clone())),
        _ => Ok(Err(found
            .iter()
            .map(|(name, address)| address::written(name, address))
            .collect())),
    }
}

fn unsendable(lang: Lang, why: &Unsendable) -> String {
    match why {
        Unsendable::NoRecipient => lang.t("unsendable-nobody"),
        Unsendable::Unknown(who) => lang.tx("unsendable-unknown", who.join(", ")),
        Unsendable::Malformed(who) => lang.tx("unsendable-malformed", who.join(", ")),
        Unsendable::Full(who) => lang.tx("unsendable-full", who.join(", ")),
        Unsendable::TooLarge => lang.t("unsendable-too-large"),
        Unsendable::TooMany => lang.t("unsendable-too-many"),
        Unsendable::MayNotSendAs => lang.t("unsendable-not-as"),
        Unsendable::SendingLimit => lang.t("unsendable-limit"),
        Unsendable::DiskFull => lang.t("unsendable-disk"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_files_are_named_by_their_letter() {
        assert_eq!(kept_id("1.2.3.1"), Some((1, 2, "3.1")));
        assert_eq!(kept_id("1.2"), None);
        assert_eq!(kept_id("x.2.1"), None);
        assert_eq!(one_line("a\r\nBcc: x"), "a  Bcc: x");
    }
}
