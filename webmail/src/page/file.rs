//! An attachment or the whole letter as a download. Only pictures are ever shown by the browser itself; everything else
//! is handed over as a file, so that nothing a sender attached runs under our name.

use crate::app::App;
use crate::asked::Asked;
use crate::fault::Fault;
use crate::letter;
use crate::sanitise;
use crate::session::Signed;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use store::{AccountId, EmailId};

/// What an attachment may do in a browser: nothing.
const FILE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// `GET /thu/{account}/{email}/tep/{part}`
pub async fn attachment(
    State(app): State<App>,
    me: Signed,
    Path((account, email, part)): Path<(i64, i64, String)>,
    Asked(asked): Asked,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let opened = letter::open(&access, EmailId(email)).await?;
    let file = opened
        .letter
        .attachments
        .iter()
        .find(|file| file.part == part)
        .ok_or(Fault::NotFound)?
        .clone();
    let bytes = letter::part(opened.raw, part).await?;
    let picture = asked.has("xem") && sanitise::is_picture(&file.media_type);
    let mut answer = bytes.into_response();
    let head = answer.headers_mut();
    let media_type = match picture {
        true => HeaderValue::try_from(file.media_type.as_str()).ok(),
        false => None,
    };
    head.insert(
        header::CONTENT_TYPE,
        media_type.unwrap_or(HeaderValue::from_static("application/octet-stream")),
    );
    let how = if picture { "inline" } else { "attachment" };
    head.insert(header::CONTENT_DISPOSITION, disposition(how, &file.name)?);
    head.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(FILE_POLICY),
    );
    if picture {
        head.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=86400"),
        );
    }
    Ok(answer)
}

/// `GET /thu/{account}/{email}/thu-goc`: the bytes as received.
pub async fn source(
    State(app): State<App>,
    me: Signed,
    Path((account, email)): Path<(i64, i64)>,
) -> Result<Response, Fault> {
    let access = app.room.open(me.actor(), AccountId(account)).await?;
    let row = access.email(EmailId(email)).await?;
    let raw = access.body(row.mailbox, row.uid).await?;
    let name = match row.subject.trim() {
        "" => "thu.eml".to_owned(),
        subject => viet::safe_file_name(&format!("{subject}.eml")),
    };
    let mut answer = raw.into_response();
    let head = answer.headers_mut();
    head.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("message/rfc822"),
    );
    head.insert(
        header::CONTENT_DISPOSITION,
        disposition("attachment", &name)?,
    );
    head.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(FILE_POLICY),
    );
    Ok(answer)
}

/// Both forms of the name: ASCII for old programs, UTF-8 for all others. (RFC 6266 §4.3, RFC 8187)
fn disposition(how: &str, name: &str) -> Result<HeaderValue, Fault> {
    let name = viet::safe_file_name(name);
    let plain: String = viet::ascii_file_name(&name)
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut coded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            coded.push(char::from(byte));
        } else {
            coded.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::try_from(format!(
        "{how}; filename=\"{plain}\"; filename*=UTF-8''{coded}"
    ))
    .map_err(|_| Fault::Broken)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_both_forms() {
        for (name, wanted) in [
            (
                "Lịch trực.xls",
                "attachment; filename=\"Lich truc.xls\"; filename*=UTF-8''L%E1%BB%8Bch%20tr%E1%BB%B1c.xls",
            ),
            (
                "a\"b\r\nX: y.pdf",
                "attachment; filename=\"a_b  X_ y.pdf\"; filename*=UTF-8''a_b%20%20X_%20y.pdf",
            ),
        ] {
            assert_eq!(disposition("attachment", name).unwrap(), wanted);
        }
    }
}
