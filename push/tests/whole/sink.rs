//! A push service on loopback that plays the browser's side too: hands out subscriptions, checks VAPID (RFC 8292) and the headers
//! of RFC 8030, and decrypts with its own implementation of RFC 8188 and 8291 on aws-lc-rs primitives.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A device: its keys and what its service answers.
struct Device {
    key: PrivateKey,
    auth: [u8; 16],
    answers: Vec<(u16, Option<&'static str>)>,
}

#[derive(Clone, Debug)]
pub struct Told {
    pub device: String,
    pub at: Instant,
    pub headers: HashMap<String, String>,
    pub claims: serde_json::Value,
    pub text: serde_json::Value,
    /// Bytes on the wire.
    pub bytes: usize,
}

#[derive(Clone)]
pub struct Sink {
    port: u16,
    devices: Arc<Mutex<HashMap<String, Device>>>,
    told: Arc<Mutex<Vec<Told>>>,
    /// The application server key that the page gave to the browser.
    server_key: String,
}

pub struct Subscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
}

impl Sink {
    pub async fn new(server_key: &str) -> Sink {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Sink {
            port: listener.local_addr().unwrap().port(),
            devices: Arc::default(),
            told: Arc::default(),
            server_key: server_key.to_string(),
        };
        let shared = sink.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let sink = shared.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let sink = sink.clone();
                        async move { Ok::<_, Infallible>(sink.answer(request).await) }
                    });
                    let stream = hyper_util::rt::TokioIo::new(stream);
                    // The client closes when it likes.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(stream, service)
                        .await;
                });
            }
        });
        sink
    }

    /// A new device; `answers` are given in turn, then 201 for ever.
    pub fn device(&self, name: &str, answers: &[(u16, Option<&'static str>)]) -> Subscription {
        let key = PrivateKey::generate(&ECDH_P256).unwrap();
        let mut auth = [0; 16];
        aws_lc_rs::rand::fill(&mut auth).unwrap();
        let public = key.compute_public_key().unwrap();
        let subscription = Subscription {
            endpoint: format!("http://127.0.0.1:{}/push/{name}", self.port),
            p256dh: URL_SAFE_NO_PAD.encode(public.as_ref()),
            auth: URL_SAFE_NO_PAD.encode(auth),
        };
        let mut answers = answers.to_vec();
        answers.reverse();
        self.devices
            .lock()
            .unwrap()
            .insert(name.into(), Device { key, auth, answers });
        subscription
    }

    pub fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let name = request
            .uri()
            .path()
            .trim_start_matches("/push/")
            .to_string();
        let headers: HashMap<String, String> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_string()))
            .collect();
        assert_eq!(request.method(), "POST");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        assert!(body.len() <= 4_096, "RFC 8291 §4");
        let claims = self.check_vapid(&headers);
        let mut devices = self.devices.lock().unwrap();
        let device = devices.get_mut(&name).expect("a device of this sink");
        assert_eq!(headers["content-encoding"], "aes128gcm");
        let text = serde_json::from_slice(&open(device, &body)).expect("JSON");
        self.told.lock().unwrap().push(Told {
            device: name,
            at: Instant::now(),
            headers,
            claims,
            text,
            bytes: body.len(),
        });
        let (status, retry) = device.answers.pop().unwrap_or((201, None));
        let mut response = Response::builder().status(status);
        if let Some(retry) = retry {
            response = response.header("retry-after", retry);
        }
        response.body(Full::new(Bytes::from("{}"))).unwrap()
    }

    /// RFC 8292 §2, §3: a signed token for this origin by the key the browser was given.
    fn check_vapid(&self, headers: &HashMap<String, String>) -> serde_json::Value {
        let field = headers["authorization"]
            .strip_prefix("vapid ")
            .expect("vapid scheme");
        let part = |name: &str| {
            let found = field
                .split(',')
                .map(str::trim)
                .find_map(|part| part.strip_prefix(name));
            found.expect("t and k").to_string()
        };
        let (token, key) = (part("t="), part("k="));
        assert_eq!(key, self.server_key);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let key = URL_SAFE_NO_PAD.decode(key).unwrap();
        signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
            .verify(
                signed.as_bytes(),
                &URL_SAFE_NO_PAD.decode(signature).unwrap(),
            )
            .expect("VAPID signature");
        let (head, claims) = signed.split_once('.').unwrap();
        let head: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
        assert_eq!(head["alg"], "ES256");
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims["aud"], format!("http://127.0.0.1:{}", self.port));
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let exp = claims["exp"].as_u64().unwrap();
        assert!(exp > now && exp <= now + 86_400, "exp within a day");
        claims
    }
}

/// HKDF-SHA256 with one block of output (RFC 5869).
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8], len: usize) -> Vec<u8> {
    let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret);
    let expanded = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref()),
        &[info, &[1]].concat(),
    );
    expanded.as_ref()[..len].to_vec()
}

/// RFC 8291 §3.4 and RFC 8188 §2: one record, delimiter 2.
fn open(device: &Device, body: &[u8]) -> Vec<u8> {
    let (salt, rest) = body.split_at(16);
    let (record_size, rest) = rest.split_at(4);
    let (id_len, rest) = (usize::from(rest[0]), &rest[1..]);
    assert_eq!(id_len, 65);
    let (sender, sealed) = rest.split_at(id_len);
    assert!(sealed.len() <= u32::from_be_bytes(record_size.try_into().unwrap()) as usize);
    let peer = UnparsedPublicKey::new(&ECDH_P256, sender);
    let secret = agree(&device.key, peer, (), |secret| Ok(secret.to_vec())).unwrap();
    let own = device.key.compute_public_key().unwrap();
    let info = [b"WebPush: info\0".as_slice(), own.as_ref(), sender].concat();
    let ikm = hkdf(&device.auth, &secret, &info, 32);
    let key = hkdf(salt, &ikm, b"Content-Encoding: aes128gcm\0", 16);
    let nonce = hkdf(salt, &ikm, b"Content-Encoding: nonce\0", 12);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
    let nonce = Nonce::assume_unique_for_key(nonce.try_into().unwrap());
    let mut text = sealed.to_vec();
    let opened = key
        .open_in_place(nonce, Aad::empty(), &mut text)
        .expect("decrypts");
    let end = opened.iter().rposition(|byte| *byte != 0).unwrap();
    assert_eq!(opened[end], 2, "the last record");
    opened[..end].to_vec()
}
