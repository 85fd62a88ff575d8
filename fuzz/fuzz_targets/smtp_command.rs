//! Command lines and what stands in them: the line reader in pieces, paths, parameters, SASL, the PROXY header.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use smtp::proto::address::{self, Path};
use smtp::proto::line::LineReader;
use smtp::proto::params::{self, Offers};
use smtp::proto::sasl::Exchange;
use smtp::proto::proxy;

const ALL: Offers =
    Offers { starttls: true, auth: true, requiretls: true, binarymime: true, mt_priority: true, future_release: true };

fuzz_target!(|bytes: &[u8]| {
    proxy::parse(bytes);
    assert_eq!(lines(bytes, bytes.len().max(1)), lines(bytes, 3), "pieces must not matter");
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok((Path::Mailbox(address), rest)) = address::parse_path(text) {
        let spelled = address.spelled();
        // One spelling: reading it again gives the same address.
        assert_eq!(address::parse_path(&format!("<{spelled}>")).map(|(path, _)| path), Ok(Path::Mailbox(address)));
        let _ = params::mail(rest, ALL);
        let _ = params::rcpt(rest);
    }
    let _ = params::mail(text, ALL);
    let _ = params::rcpt(text);
    let _ = Exchange::Plain.line(text);
});

fn lines(bytes: &[u8], step: usize) -> Vec<Option<Vec<u8>>> {
    let (mut reader, mut input, mut found) = (LineReader::default(), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(step) {
        input.extend_from_slice(piece);
        while let Some(line) = reader.next(&mut input, 64) {
            found.push(line.ok().map(|line| line.to_vec()));
        }
        assert!(input.len() <= 64 + piece.len());
    }
    found
}
