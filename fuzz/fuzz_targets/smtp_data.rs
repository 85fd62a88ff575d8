//! The DATA receiver in pieces against a simple second reading of RFC 5321 §4.5.2 over the whole bytes.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use smtp::proto::body::{Body, BodyFault, Budget};
use smtp::proto::data::Receiver;

type Received = Option<(Result<Vec<u8>, ()>, Vec<u8>)>;

fuzz_target!(|bytes: &[u8]| {
    let Some((step, bytes)) = bytes.split_first() else { return };
    let expected = plain_reading(bytes);
    assert_eq!(receive(bytes, usize::from(*step).max(1)), expected);
    assert_eq!(receive(bytes, bytes.len().max(1)), expected);
});

/// The end is the first ".\r\n" at the start or after "\r\n"; a message with a CR or LF of its own is refused.
fn plain_reading(bytes: &[u8]) -> Received {
    let end = if bytes.starts_with(b".\r\n") {
        0
    } else {
        bytes.windows(5).position(|five| five == b"\r\n.\r\n")? + 2
    };
    let (content, rest) = (&bytes[..end], bytes[end + 3..].to_vec());
    let bare = (0..content.len()).any(|at| match content[at] {
        b'\r' => content.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || content[at - 1] != b'\r',
        _ => false,
    });
    if bare {
        return Some((Err(()), rest));
    }
    let mut body = Vec::new();
    for (at, byte) in content.iter().enumerate() {
        let line_start = at == 0 || content[at - 1] == b'\n';
        if !(line_start && *byte == b'.') {
            body.push(*byte);
        }
    }
    Some((Ok(body), rest))
}

fn receive(bytes: &[u8], step: usize) -> Received {
    let budget = Budget::new(1 << 24);
    let mut receiver = Receiver::new(Body::new(&budget, 1 << 22, 0));
    let mut input = BytesMut::new();
    let mut pieces = bytes.chunks(step);
    while let Some(piece) = pieces.next() {
        input.extend_from_slice(piece);
        if receiver.receive(&mut input) {
            let rest: Vec<u8> = input.iter().copied().chain(pieces.flatten().copied()).collect();
            let body = receiver.into_body().finish();
            let body = body.map(|whole| whole.bytes.to_vec()).map_err(|fault| {
                assert!(matches!(fault, BodyFault::BareCr | BodyFault::BareLf));
            });
            return Some((body, rest));
        }
        assert!(input.is_empty());
    }
    None
}
