//! DKIM signatures, RSA and Ed25519. A broken signature is the same as none.  (RFC 6376 §6.1, RFC 8463)

use crate::limits::DKIM_SIGNATURES_MAX;
use mail_auth::{AuthenticatedMessage, DkimOutput, MessageAuthenticator};

pub(super) async fn check<'x>(
    dns: &MessageAuthenticator,
    message: &'x AuthenticatedMessage<'x>,
) -> Vec<DkimOutput<'x>> {
    if message.dkim_headers.len() > DKIM_SIGNATURES_MAX {
        return Vec::new();
    }
    dns.verify_dkim(message).await
}
