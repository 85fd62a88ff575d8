//! Styles, scripts and icons: embedded, named by their content, compressed once. Nothing here depends on who asks.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_embed::Embed;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, OnceLock};

#[derive(Embed)]
#[folder = "assets/"]
struct Files;

/// One file with its forms on the wire.
struct Asset {
    media_type: &'static str,
    tag: String,
    plain: Bytes,
    brotli: OnceLock<Option<Bytes>>,
    gzip: OnceLock<Option<Bytes>>,
}

/// Files by plain name, and plain names by hashed name.
static SHELF: LazyLock<(HashMap<String, Asset>, HashMap<String, String>)> = LazyLock::new(|| {
    let mut files = HashMap::new();
    let mut names = HashMap::new();
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else {
            continue;
        };
        let hash = file.metadata.sha256_hash();
        let tag: String = hash.iter().take(6).map(|b| format!("{b:02x}")).collect();
        names.insert(hashed(&name, &tag), name.to_string());
        let asset = Asset {
            media_type: media_type(&name),
            tag,
            plain: Bytes::from(file.data.into_owned()),
            brotli: OnceLock::new(),
            gzip: OnceLock::new(),
        };
        files.insert(name.into_owned(), asset);
    }
    (files, names)
});

fn hashed(name: &str, tag: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.{tag}.{ending}"),
        None => format!("{name}.{tag}"),
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        _ => "application/octet-stream",
    }
}

/// The address of a file as pages write it; the plain name leads nowhere, which a test notices.
pub fn url(name: &str) -> String {
    match SHELF.0.get(name) {
        Some(asset) => format!("/t/{}", hashed(name, &asset.tag)),
        None => format!("/t/{name}"),
    }
}

impl Asset {
    fn brotli(&self) -> Option<&Bytes> {
        self.brotli
            .get_or_init(|| {
                let mut out = Vec::new();
                let settings = brotli::enc::BrotliEncoderParams {
                    quality: 9,
                    lgwin: 20,
                    ..Default::default()
                };
                let written =
                    brotli::BrotliCompress(&mut self.plain.as_ref(), &mut out, &settings).is_ok();
                (written && self.worth_it(out.len())).then(|| Bytes::from(out))
            })
            .as_ref()
    }

    fn gzip(&self) -> Option<&Bytes> {
        self.gzip
            .get_or_init(|| {
                let mut packer =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                packer.write_all(&self.plain).ok()?;
                let out = packer.finish().ok()?;
                self.worth_it(out.len()).then(|| Bytes::from(out))
            })
            .as_ref()
    }

    fn worth_it(&self, packed: usize) -> bool {
        !self.media_type.starts_with("image/png") && packed < self.plain.len()
    }

    fn answer(&self, asked: &HeaderMap, caching: &'static str) -> Response {
        let tag = format!("\"{}\"", self.tag);
        let mut head = HeaderMap::new();
        if let Ok(value) = tag.parse() {
            head.insert(header::ETAG, value);
        }
        head.insert(
            header::CACHE_CONTROL,
            header::HeaderValue::from_static(caching),
        );
        head.insert(
            header::VARY,
            header::HeaderValue::from_static("Accept-Encoding"),
        );
        if text(asked, header::IF_NONE_MATCH).contains(&tag) {
            return (StatusCode::NOT_MODIFIED, head).into_response();
        }
        head.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static(self.media_type),
        );
        let takes = text(asked, header::ACCEPT_ENCODING);
        let (coding, body) = if let (true, Some(packed)) = (takes.contains("br"), self.brotli()) {
            (Some("br"), packed)
        } else if let (true, Some(packed)) = (takes.contains("gzip"), self.gzip()) {
            (Some("gzip"), packed)
        } else {
            (None, &self.plain)
        };
        if let Some(coding) = coding {
            head.insert(
                header::CONTENT_ENCODING,
                header::HeaderValue::from_static(coding),
            );
        }
        (head, body.clone()).into_response()
    }
}

fn text(asked: &HeaderMap, name: header::HeaderName) -> String {
    asked
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// `GET /t/{name}`: a hashed name never changes its content.
pub async fn serve(Path(name): Path<String>, asked: HeaderMap) -> Response {
    let (files, names) = &*SHELF;
    match names.get(&name).and_then(|plain| files.get(plain)) {
        Some(asset) => asset.answer(&asked, "public, max-age=31536000, immutable"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file under a fixed name (`/favicon.ico`, `/sw.js`): asked again each time, answered by its tag.
pub fn fixed(name: &str, asked: &HeaderMap) -> Response {
    match SHELF.0.get(name) {
        Some(asset) => asset.answer(asked, "no-cache"),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Bytes on the wire (brotli where it helps) of all files with this ending: the budget's measure.
#[cfg(test)]
pub(crate) fn wire_bytes(ending: &str) -> usize {
    SHELF
        .0
        .iter()
        .filter(|(name, _)| name.ends_with(ending))
        .map(|(_, asset)| asset.brotli().map_or(asset.plain.len(), Bytes::len))
        .sum()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashed_names_are_kept_for_ever_and_others_are_not_there() {
        let address = url("app.css");
        let name = address.strip_prefix("/t/").unwrap();
        assert_ne!(name, "app.css");
        let mut asked = HeaderMap::new();
        asked.insert(header::ACCEPT_ENCODING, "gzip, br".parse().unwrap());
        let answer = serve(Path(name.to_owned()), asked.clone()).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_ENCODING], "br");
        assert!(
            answer.headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        let tag = answer.headers()[header::ETAG].clone();
        asked.insert(header::IF_NONE_MATCH, tag);
        let answer = serve(Path(name.to_owned()), asked.clone()).await;
        assert_eq!(answer.status(), StatusCode::NOT_MODIFIED);
        let answer = serve(Path("app.css".to_owned()), asked).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn scripts_and_styles_keep_the_budget() {
        assert!(wire_bytes(".js") <= 30 * 1024, "{}", wire_bytes(".js"));
        assert!(wire_bytes(".css") <= 15 * 1024, "{}", wire_bytes(".css"));
        for name in Files::iter() {
            assert!(
                !name.ends_with("woff2") && !name.ends_with("ttf"),
                "no web fonts"
            );
        }
    }
}
