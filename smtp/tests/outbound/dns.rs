//! A DNS server on loopback (UDP) that answers from a table. An unknown name is NXDOMAIN; a name with other types has none.

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub struct Dns {
    at: SocketAddr,
    pub asked: Arc<Mutex<Vec<String>>>,
}

/// A line is "name TYPE value…": "dich.example MX 10 mx1.dich.example"; type FAIL answers SERVFAIL, SLOW nothing.
pub async fn dns(table: &[&str]) -> Dns {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    let table: Vec<Vec<String>> = table
        .iter()
        .map(|line| line.split_whitespace().map(str::to_string).collect())
        .collect();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    tokio::spawn(async move {
        let mut block = [0; 4096];
        while let Ok((count, from)) = socket.recv_from(&mut block).await {
            let Ok(query) = Message::from_vec(&block[..count]) else {
                continue;
            };
            log.lock().unwrap().push(query.queries[0].to_string());
            let asked = query.queries[0].name().to_ascii();
            let asked = asked.trim_end_matches('.').to_ascii_lowercase();
            if table.iter().any(|row| row[0] == asked && row[1] == "SLOW") {
                continue;
            }
            let reply = answer(&table, &query).to_vec().unwrap();
            socket.send_to(&reply, from).await.unwrap();
        }
    });
    Dns { at, asked }
}

fn answer(table: &[Vec<String>], query: &Message) -> Message {
    let question = query.queries[0].clone();
    let mut reply = query.clone();
    reply.metadata.message_type = MessageType::Response;
    reply.metadata.recursion_available = true;
    reply.additionals.clear();
    let mut name = question.name().clone();
    let mut known = false;
    loop {
        let text = name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
        let rows: Vec<&Vec<String>> = table.iter().filter(|row| row[0] == text).collect();
        known |= !rows.is_empty();
        if rows.iter().any(|row| row[1] == "FAIL") {
            reply.metadata.response_code = ResponseCode::ServFail;
            return reply;
        }
        let kind = question.query_type();
        for row in rows.iter().filter(|row| row[1] == kind.to_string()) {
            reply.add_answer(Record::from_rdata(name.clone(), 60, data(kind, &row[2..])));
        }
        let alias = rows.iter().find(|row| row[1] == "CNAME");
        match alias {
            Some(row) if reply.answers.len() < 8 => {
                let target = Name::from_ascii(format!("{}.", row[2])).unwrap();
                reply.add_answer(Record::from_rdata(
                    name,
                    60,
                    RData::CNAME(CNAME(target.clone())),
                ));
                name = target;
            }
            _ => break,
        }
    }
    if !known {
        reply.metadata.response_code = ResponseCode::NXDomain;
    }
    reply
}

fn data(kind: RecordType, words: &[String]) -> RData {
    let host = |text: &str| Name::from_ascii(format!("{}.", text.trim_end_matches('.'))).unwrap();
    match kind {
        RecordType::MX => RData::MX(MX::new(words[0].parse().unwrap(), host(&words[1]))),
        RecordType::A => RData::A(A(words[0].parse().unwrap())),
        RecordType::AAAA => RData::AAAA(AAAA(words[0].parse().unwrap())),
        RecordType::PTR => RData::PTR(PTR(host(&words[0]))),
        RecordType::TXT => {
            let text = words.join(" ");
            let strings = text
                .as_bytes()
                .chunks(255)
                .map(|part| String::from_utf8_lossy(part).into_owned());
            RData::TXT(TXT::new(strings.collect()))
        }
        other => panic!("no {other} in this table"),
    }
}

impl Dns {
    pub fn resolver(&self) -> TokioResolver {
        resolver_at(self.at)
    }
}

/// A resolver that asks one server, once.
pub fn resolver_at(at: SocketAddr) -> TokioResolver {
    let mut udp = ConnectionConfig::udp();
    udp.port = at.port();
    let server = NameServerConfig::new(at.ip(), true, vec![udp]);
    let mut builder = TokioResolver::builder_with_config(
        ResolverConfig::from_name_servers(vec![server]),
        TokioRuntimeProvider::default(),
    );
    let options = builder.options_mut();
    options.use_hosts_file = ResolveHosts::Never;
    options.attempts = 1;
    options.timeout = Duration::from_secs(1);
    builder.build().unwrap()
}
