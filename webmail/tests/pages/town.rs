//! A small province with pages, and a browser without scripts: cookies, forms, redirects. Every test has its own.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use mailroom::people::{NewAccount, PrincipalKindWord};
use mailroom::receive::{Incoming, Peer, RcptTo, Verdict};
use mailroom::{Clock, Mailroom, Policy};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use store::Store;
use tower::ServiceExt;

/// 22/11/2026 05:46 here.
pub const START: i64 = 1_795_301_185_000;
pub const SECRET: &str = "con-trau-di-truoc-97";

pub struct Town {
    pub room: Mailroom,
    pub router: Router,
    _folder: tempfile::TempDir,
}

impl Town {
    pub async fn new() -> Town {
        Town::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut webmail::Config)) -> Town {
        Town::that(Policy::default(), change).await
    }

    /// Of a province with this policy.
    pub async fn that(policy: Policy, change: impl FnOnce(&mut webmail::Config)) -> Town {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(store::testing::config(folder.path(), None))
            .await
            .unwrap();
        let clock = Clock::Held(Arc::new(AtomicI64::new(START)));
        let policy = Policy {
            host_name: "thu.tinh.example".into(),
            web_base: "https://thu.tinh.example".into(),
            ..policy
        };
        let room = Mailroom::new(store, policy, clock.clone()).unwrap();
        settle(&room).await;
        let mut config = webmail::Config {
            province_name: "Tỉnh Mẫu".into(),
            vapid_public_key: "BKey".into(),
            clock,
            ..webmail::Config::default()
        };
        change(&mut config);
        Town {
            router: webmail::router(config, room.clone()),
            room,
            _folder: folder,
        }
    }

    pub fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            cookies: Vec::new(),
            token: String::new(),
        }
    }

    /// Signed in as `local`@tinh.example.
    pub async fn signed_in(&self, local: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser
            .post(
                "/dang-nhap",
                &[("ten", local), ("mat-khau", SECRET), ("ve", "/")],
            )
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        browser.get("/").await;
        assert!(!browser.token.is_empty());
        browser
    }

    pub async fn id(&self, local: &str) -> i64 {
        let address = format!("{local}@tinh.example");
        self.room
            .find_address(&address)
            .await
            .unwrap()
            .unwrap()
            .id
            .0
    }

    /// A letter from outside.
    pub async fn receive(&self, to: &str, raw: &str) {
        self.receive_bytes(to, raw.replace('\n', "\r\n").into_bytes())
            .await;
    }

    /// The same, as it is on the wire.
    pub async fn receive_bytes(&self, to: &str, raw: Vec<u8>) {
        self.receive_noted(to, raw, Vec::new()).await;
    }

    /// The same, with what the checks said of it.
    pub async fn receive_noted(&self, to: &str, raw: Vec<u8>, reasons: Vec<String>) {
        let address = format!("{to}@tinh.example");
        let incoming = Incoming {
            trace: self.room.new_trace(),
            peer: Peer::default(),
            mail_from: "khach@gmail.example".into(),
            recipients: vec![RcptTo {
                resolved: self.room.resolve(&address).await.unwrap(),
                address,
                notify: None,
                orcpt: None,
            }],
            raw: raw.into(),
            smtputf8: false,
            auth_results: String::new(),
            proven: false,
            verdict: Verdict::Inbox,
            reasons,
            envid: None,
            ret: None,
        };
        self.room.receive(incoming).await.unwrap().unwrap();
    }
}

async fn settle(room: &Mailroom) {
    let console = room.console();
    room.domain_add(&console, "tinh.example", None)
        .await
        .unwrap();
    for (code, name, parent) in [
        ("P", "Tỉnh Mẫu", None),
        ("A", "Sở Nội vụ", Some("P")),
        ("B", "Sở Y tế", Some("P")),
    ] {
        room.unit_add(&console, code, name, parent, "department", "0290 2")
            .await
            .unwrap();
    }
    for (local, name, unit, kind) in [
        ("lan", "Nguyễn Thị Lan", "A", PrincipalKindWord::Individual),
        ("binh", "Lê Văn Bình", "B", PrincipalKindWord::Individual),
        ("dao", "Lê Thị Hồng Đào", "A", PrincipalKindWord::Individual),
        (
            "quantri",
            "Võ Minh Khang",
            "A",
            PrincipalKindWord::Individual,
        ),
        ("sonoivu", "Sở Nội vụ", "A", PrincipalKindWord::Unit),
    ] {
        let account = NewAccount {
            address: format!("{local}@tinh.example"),
            name: name.into(),
            unit_code: Some(unit.into()),
            kind: Some(kind),
            ..NewAccount::default()
        };
        room.account_add(&console, account, Some(SECRET))
            .await
            .unwrap();
    }
    room.unit_admin_set(&console, "quantri@tinh.example", "A", true)
        .await
        .unwrap();
    room.membership_set(
        &console,
        "lan@tinh.example",
        "sonoivu@tinh.example",
        "read write send_as",
        None,
    )
    .await
    .unwrap();
}

pub struct Browser {
    router: Router,
    pub cookies: Vec<(String, String)>,
    /// The form token of the page seen last.
    pub token: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub head: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
    pub fn place(&self) -> String {
        self.field("location")
    }
    pub fn field(&self, name: &str) -> String {
        self.head
            .get(name)
            .map_or_else(String::new, |v| v.to_str().unwrap().to_owned())
    }
    pub fn has(&self, words: &str) -> bool {
        self.text().contains(words)
    }
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
    /// The first `href` that starts so.
    pub fn link(&self, start: &str) -> String {
        let text = self.text();
        let at = text
            .find(&format!("\"{start}"))
            .unwrap_or_else(|| panic!("no link to {start} in {text}"));
        text[at + 1..]
            .split('"')
            .next()
            .unwrap()
            .replace("&#38;", "&")
            .replace("&amp;", "&")
    }
}

impl Browser {
    pub async fn send(&mut self, request: Request<Body>) -> Answer {
        let mut request = request;
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        if !cookies.is_empty() {
            request
                .headers_mut()
                .insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let peer: SocketAddr = "192.0.2.7:4000".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            let value = rest.split(';').next().unwrap();
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let body = axum::body::to_bytes(body, 64 * 1024 * 1024)
            .await
            .unwrap()
            .to_vec();
        let text = String::from_utf8_lossy(&body);
        if let Some((_, rest)) = text.split_once("data-csrf=\"") {
            self.token = rest.split('"').next().unwrap().to_owned();
        }
        Answer {
            status: parts.status,
            head: parts.headers,
            body,
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Follows redirects, as a person sees it.
    pub async fn see(&mut self, path: &str) -> Answer {
        let mut place = path.to_owned();
        for _ in 0..5 {
            let answer = self.get(&place).await;
            if !answer.status.is_redirection() {
                return answer;
            }
            place = answer.place();
        }
        panic!("{path} leads in a circle");
    }

    /// A form as it is, without a token.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, "thu.tinh.example")
            .header(header::ORIGIN, "https://thu.tinh.example")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    /// A form of a page seen before.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.token.clone();
        let mut all = vec![("csrf", token.as_str())];
        all.extend_from_slice(fields);
        self.post(path, &all).await
    }

    /// The compose form; files as (name, content).
    pub async fn compose(&mut self, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        let mut part = |head: String, content: &[u8]| {
            body.extend_from_slice(
                format!("--xyz\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes(),
            );
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        };
        part("name=\"csrf\"".into(), self.token.as_bytes());
        for (name, value) in fields {
            part(format!("name=\"{name}\""), value.as_bytes());
        }
        for (name, content) in files {
            part(
                format!("name=\"tep\"; filename=\"{name}\"\r\nContent-Type: text/plain"),
                content,
            );
        }
        body.extend_from_slice(b"--xyz--\r\n");
        let request = Request::post("/soan")
            .header(header::HOST, "thu.tinh.example")
            .header(header::ORIGIN, "https://thu.tinh.example")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }
}
