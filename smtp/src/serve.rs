//! The only file that knows sockets: accepts, speaks TLS, carries bytes between a peer and its session.

use crate::{Config, Door};
use mailroom::Mailroom;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Serves one listener until `shutdown`.
pub async fn serve(
    config: Arc<Config>,
    _door: Door,
    listener: TcpListener,
    _room: Mailroom,
    shutdown: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((mut stream, _peer)) = accepted else {
            continue;
        };
        let line = format!("421 4.3.2 {} not ready\r\n", config.host_name);
        if let Err(cause) = stream.write_all(line.as_bytes()).await {
            tracing::debug!(%cause, "peer went away");
        }
    }
}
