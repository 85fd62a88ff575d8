//! DKIM signatures, RSA and Ed25519. A broken signature is the same as none, and a slow key costs only its own signature.
//! (RFC 6376 §6.1, RFC 8463)

use super::late::{Looks, no_answer};
use crate::limits::DKIM_SIGNATURES_MAX;
use futures_util::future::join_all;
use mail_auth::{AuthenticatedMessage, DkimOutput, MessageAuthenticator};

/// The message once per signature, each with that signature alone: their keys are fetched side by side.
pub(super) fn singles<'x>(message: &AuthenticatedMessage<'x>) -> Vec<AuthenticatedMessage<'x>> {
    if message.dkim_headers.len() > DKIM_SIGNATURES_MAX {
        return Vec::new();
    }
    let each = message.dkim_headers.iter().map(|one| AuthenticatedMessage {
        dkim_headers: vec![one.clone()],
        errors: Vec::new(),
        ..message.clone()
    });
    // Signatures that cannot be read need no key; they are told all the same.
    let unreadable = AuthenticatedMessage {
        dkim_headers: Vec::new(),
        ..message.clone()
    };
    let some = !message.errors.is_empty();
    each.chain(some.then_some(unreadable)).collect()
}

pub(super) async fn check<'x>(
    dns: &MessageAuthenticator,
    singles: &'x [AuthenticatedMessage<'x>],
    looks: &Looks,
) -> Vec<DkimOutput<'x>> {
    let each = singles.iter().map(|single| {
        let silent = || {
            let signature = single.dkim_headers.first().map(|one| &one.header);
            let late = DkimOutput::temp_err(no_answer());
            vec![match signature {
                Some(signature) => late.with_signature(signature),
                None => late,
            }]
        };
        looks.ask("dkim", dns.verify_dkim(single), silent)
    });
    join_all(each).await.into_iter().flatten().collect()
}
