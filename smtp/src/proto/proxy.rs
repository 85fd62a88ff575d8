//! The PROXY protocol header, versions 1 and 2: who the balancer's client is. Read only from balancers the site has listed;
//! never guessed.  (haproxy.org proxy-protocol.txt)

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the first bytes of a connection say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Header {
    /// Not enough bytes yet.
    Partial,
    /// This many bytes; the client's address, or None for a health check of the balancer itself.
    Whole {
        used: usize,
        client: Option<IpAddr>,
    },
    Bad,
}

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const V1_BYTES_MAX: usize = 107;
const V2_BYTES_MAX: usize = 16 + 512;

pub fn parse(bytes: &[u8]) -> Header {
    let v2_seen = bytes
        .iter()
        .zip(SIGNATURE)
        .take_while(|(a, b)| a == b)
        .count();
    if v2_seen == SIGNATURE.len() {
        return parse_v2(bytes);
    }
    let v1_seen = bytes
        .iter()
        .zip(b"PROXY ")
        .take_while(|(a, b)| a == b)
        .count();
    if v2_seen == bytes.len() || (v1_seen == bytes.len() && v1_seen < 6) {
        return Header::Partial;
    }
    if v1_seen == 6 {
        parse_v1(bytes)
    } else {
        Header::Bad
    }
}

fn parse_v1(bytes: &[u8]) -> Header {
    let Some(end) = bytes
        .windows(2)
        .take(V1_BYTES_MAX)
        .position(|pair| pair == b"\r\n")
    else {
        return if bytes.len() < V1_BYTES_MAX {
            Header::Partial
        } else {
            Header::Bad
        };
    };
    let line = bytes
        .get(..end)
        .and_then(|line| std::str::from_utf8(line).ok())
        .unwrap_or_default();
    let words: Vec<&str> = line.split(' ').collect();
    let used = end + 2;
    match words.as_slice() {
        ["PROXY", "UNKNOWN", ..] => Header::Whole { used, client: None },
        ["PROXY", "TCP4", client, _, from, to] if is_port(from) && is_port(to) => {
            match client.parse::<Ipv4Addr>() {
                Ok(ip) => Header::Whole {
                    used,
                    client: Some(ip.into()),
                },
                Err(_) => Header::Bad,
            }
        }
        ["PROXY", "TCP6", client, _, from, to] if is_port(from) && is_port(to) => {
            match client.parse::<Ipv6Addr>() {
                Ok(ip) => Header::Whole {
                    used,
                    client: Some(ip.into()),
                },
                Err(_) => Header::Bad,
            }
        }
        _ => Header::Bad,
    }
}

fn is_port(word: &str) -> bool {
    word.parse::<u16>().is_ok()
}

fn parse_v2(bytes: &[u8]) -> Header {
    let (Some(command), Some(family), Some(len)) = (
        bytes.get(12),
        bytes.get(13),
        bytes.get(14..16).and_then(|len| len.try_into().ok()),
    ) else {
        return Header::Partial;
    };
    let used = 16 + usize::from(u16::from_be_bytes(len));
    if used > V2_BYTES_MAX || command >> 4 != 2 {
        return Header::Bad;
    }
    let Some(body) = bytes.get(16..used) else {
        return Header::Partial;
    };
    let v4 = body
        .get(..4)
        .and_then(|ip| <[u8; 4]>::try_from(ip).ok())
        .filter(|_| body.len() >= 12);
    let v6 = body
        .get(..16)
        .and_then(|ip| <[u8; 16]>::try_from(ip).ok())
        .filter(|_| body.len() >= 36);
    match (command & 15, family, v4, v6) {
        (0, ..) => Header::Whole { used, client: None },
        (1, 0x11, Some(ip), _) => Header::Whole {
            used,
            client: Some(Ipv4Addr::from(ip).into()),
        },
        (1, 0x21, _, Some(ip)) => Header::Whole {
            used,
            client: Some(Ipv6Addr::from(ip).into()),
        },
        _ => Header::Bad,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &len, body].concat()
    }

    #[test]
    fn headers() {
        let four = v2(0x21, 0x11, &[192, 0, 2, 9, 10, 0, 0, 1, 1, 2, 0, 25]);
        let mut six_body = [0u8; 36];
        six_body[15] = 1;
        let six = v2(0x21, 0x21, &six_body);
        let rows: Vec<(Vec<u8>, Header)> = vec![
            (
                b"PROXY TCP4 192.0.2.9 10.0.0.1 4711 25\r\nEHLO".to_vec(),
                Header::Whole {
                    used: 39,
                    client: Some([192, 0, 2, 9].into()),
                },
            ),
            (
                b"PROXY TCP6 ::1 ::2 1 2\r\n".to_vec(),
                Header::Whole {
                    used: 24,
                    client: Some(Ipv6Addr::LOCALHOST.into()),
                },
            ),
            (
                b"PROXY UNKNOWN\r\n".to_vec(),
                Header::Whole {
                    used: 15,
                    client: None,
                },
            ),
            (
                four.clone(),
                Header::Whole {
                    used: 28,
                    client: Some([192, 0, 2, 9].into()),
                },
            ),
            (
                six,
                Header::Whole {
                    used: 52,
                    client: Some(Ipv6Addr::LOCALHOST.into()),
                },
            ),
            (
                v2(0x20, 0, &[]),
                Header::Whole {
                    used: 16,
                    client: None,
                },
            ),
            (v2(0x21, 0x11, &[1, 2, 3]), Header::Bad),
            (v2(0x31, 0x11, &[0; 12]), Header::Bad),
            (b"EHLO x\r\n".to_vec(), Header::Bad),
            (b"PROXY TCP4 x y 1 2\r\n".to_vec(), Header::Bad),
            (
                b"PROXY TCP4 192.0.2.9 10.0.0.1 99999 25\r\n".to_vec(),
                Header::Bad,
            ),
            ([b"PROXY ".to_vec(), vec![b'x'; 200]].concat(), Header::Bad),
        ];
        for (bytes, expected) in rows {
            assert_eq!(parse(&bytes), expected, "{bytes:?}");
        }
        for end in 0..four.len() {
            assert_eq!(parse(&four[..end]), Header::Partial, "{end}");
        }
        for end in 0..20 {
            assert_eq!(
                parse(&b"PROXY TCP4 192.0.2.9 10.0.0.1 1 2\r\n"[..end]),
                Header::Partial
            );
        }
    }
}
