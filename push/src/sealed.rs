//! From a notice to a request: encryption (RFC 8291), VAPID (RFC 8292) and the headers of RFC 8030. The one file that knows the
//! `web-push` crate's builder. Sends nothing.

use crate::endpoint::Endpoint;
use crate::limits;
use crate::words::{Kind, Notice};
use crate::{Error, Vapid};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use mailroom::device::Owed;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use store::PrincipalId;
use web_push::{ContentEncoding, SubscriptionInfo, VapidSignature, WebPushMessageBuilder};

/// A request ready to be posted.
pub struct Sealed {
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// Seals notices; keeps one VAPID signature per push service for some hours.
pub struct Sealer {
    vapid: Vapid,
    contact: String,
    signatures: Mutex<HashMap<String, (VapidSignature, i64)>>,
}

impl Sealer {
    pub fn new(vapid: Vapid, contact: String) -> Sealer {
        Sealer {
            vapid,
            contact,
            signatures: Mutex::default(),
        }
    }

    /// `Err`: this device's keys are unusable, or signing failed. `now` is unix ms.
    pub fn seal(
        &self,
        owed: &Owed,
        endpoint: &Endpoint,
        notice: &Notice,
        now: i64,
    ) -> Result<Sealed, Error> {
        let keys = (url_safe(&owed.p256dh), url_safe(&owed.auth));
        let info = SubscriptionInfo::new(endpoint.url.clone(), keys.0, keys.1);
        let signature = self.signature(&info, endpoint, now)?;
        let mut builder = WebPushMessageBuilder::new(&info);
        builder.set_payload(ContentEncoding::Aes128Gcm, &notice.payload);
        builder.set_vapid_signature(signature);
        builder.set_ttl(notice.ttl_secs);
        builder.set_urgency(notice.urgency);
        let topic = self.topic(owed.principal, notice.kind);
        builder.set_topic(topic.clone());
        let message = builder
            .build()
            .map_err(|cause| Error::Key(format!("sealing a push: {cause}")))?;
        let payload = message
            .payload
            .ok_or_else(|| Error::Key("sealing a push: no payload".into()))?;
        let mut headers = vec![
            ("TTL", message.ttl.to_string()),
            ("Urgency", notice.urgency.to_string()),
            ("Topic", topic),
            (
                "Content-Encoding",
                payload.content_encoding.to_str().to_string(),
            ),
            ("Content-Type", "application/octet-stream".to_string()),
        ];
        headers.extend(payload.crypto_headers);
        Ok(Sealed {
            url: endpoint.url.clone(),
            headers,
            body: payload.content,
        })
    }

    fn signature(
        &self,
        info: &SubscriptionInfo,
        endpoint: &Endpoint,
        now: i64,
    ) -> Result<VapidSignature, Error> {
        let mut kept = self
            .signatures
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Renewed at half of its life.
        if let Some((signature, until)) = kept.get(&endpoint.audience)
            && now + limits::VAPID_LIFE_SECS * 500 < *until
        {
            return Ok(signature.clone());
        }
        let mut builder = self.vapid.builder().add_sub_info(info);
        builder.add_claim("sub", self.contact.as_str());
        // The crate leaves the port out of the audience; RFC 8292 §2 wants the origin (RFC 6454 §6.1).
        builder.add_claim("aud", endpoint.audience.as_str());
        builder.add_claim("exp", now / 1_000 + limits::VAPID_LIFE_SECS);
        let signature = builder
            .build()
            .map_err(|cause| Error::Key(format!("signing a push: {cause}")))?;
        if kept.len() >= limits::SIGNATURES_MAX {
            kept.clear();
        }
        kept.insert(
            endpoint.audience.clone(),
            (signature.clone(), now + limits::VAPID_LIFE_SECS * 1_000),
        );
        Ok(signature)
    }

    /// Looks random to the push service, is the same for the same person and kind.
    fn topic(&self, principal: PrincipalId, kind: Kind) -> String {
        let mac = self.vapid.mac(format!("{principal} {kind:?}").as_bytes());
        URL_SAFE_NO_PAD.encode(mac.get(..18).unwrap_or_default())
    }
}

/// Browsers give unpadded base64url; some libraries pad or use the other alphabet.
fn url_safe(key: &str) -> String {
    let trimmed = key.trim().trim_end_matches('=');
    match STANDARD_NO_PAD
        .decode(trimmed)
        .or_else(|_| STANDARD.decode(trimmed))
    {
        Ok(bytes) => URL_SAFE_NO_PAD.encode(bytes),
        Err(_) => trimmed.to_string(),
    }
}
