//! Rspamd over HTTP: the letter to /checkv2, its action back. Its wish for greylisting is not followed: mail from pools of
//! addresses would never arrive.  (rspamd.com/doc/architecture/protocol.html)

use super::Envelope;
use super::engine::Word;
use crate::limits::ENGINE_REPLY_BYTES_MAX;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// What is read of the answer.
#[derive(serde::Deserialize)]
struct Answer {
    action: String,
    #[serde(default)]
    score: f64,
}

pub(super) async fn ask(at: SocketAddr, envelope: &Envelope<'_>, raw: &[u8]) -> io::Result<Word> {
    let stream = TcpStream::connect(at).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let mut request = hyper::Request::post("/checkv2").header("Host", at.to_string());
    let fields = [
        ("IP", envelope.ip.to_string()),
        ("Helo", envelope.helo.to_owned()),
        ("From", envelope.mail_from.to_owned()),
    ];
    let recipients = envelope.rcpt_to.iter().map(|to| ("Rcpt", to.clone()));
    for (name, value) in fields.into_iter().chain(recipients) {
        // An address that fits no header field is left out: the engine needs it least of all.
        if let Ok(value) = hyper::header::HeaderValue::from_str(&value) {
            request = request.header(name, value);
        }
    }
    let request = request
        .body(Full::new(Bytes::copy_from_slice(raw)))
        .map_err(io::Error::other)?;
    let exchange = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        let body = Limited::new(response.into_body(), ENGINE_REPLY_BYTES_MAX as usize);
        body.collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .map_err(io::Error::other)
    };
    // The connection is driven beside the exchange; when it fails, the exchange fails with it.
    let driven = async {
        if let Err(cause) = connection.await {
            tracing::debug!(%cause, "connection to rspamd ended");
        }
        std::future::pending().await
    };
    tokio::select! {
        answer = exchange => read(&answer?),
        never = driven => never,
    }
}

fn read(answer: &[u8]) -> io::Result<Word> {
    let answer: Answer = serde_json::from_slice(answer).map_err(io::Error::other)?;
    let why = format!("rspamd: {} (score {:.1})", answer.action, answer.score);
    Ok(match answer.action.as_str() {
        "reject" => Word::Spam(why),
        "add header" | "rewrite subject" => Word::Junk(why),
        "quarantine" => Word::Suspicious(why),
        _ => Word::Clean,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        let word = |action: &str| {
            read(format!("{{\"action\":\"{action}\",\"score\":7.25,\"x\":1}}").as_bytes()).unwrap()
        };
        assert!(matches!(word("reject"), Word::Spam(_)));
        assert_eq!(
            word("add header"),
            Word::Junk("rspamd: add header (score 7.2)".into())
        );
        for action in ["no action", "greylist", "soft reject", "something new"] {
            assert_eq!(word(action), Word::Clean);
        }
        assert!(read(b"not json").is_err());
    }
}
