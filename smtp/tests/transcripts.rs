//! Every transcript in tests/transcripts/smtp, over the session without sockets: at once, in small pieces, byte by byte.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Bench, Line, Transcript, matches};

/// Bytes of a transcript beyond which single bytes would only take time.
const BYTE_BY_BYTE_MAX: usize = 200_000;

#[test]
fn transcripts_hold_in_any_pieces() {
    let scripts = common::load();
    assert!(
        scripts.len() >= 20,
        "only {} transcripts found",
        scripts.len()
    );
    for script in &scripts {
        let bytes: usize = script.lines.iter().map(|(_, line)| sent(line)).sum();
        let steps: &[usize] = if bytes > BYTE_BY_BYTE_MAX || script.at_once {
            &[65_536]
        } else {
            &[65_536, 7, 1]
        };
        for step in steps {
            play(script, *step);
        }
    }
}

fn sent(line: &Line) -> usize {
    match line {
        Line::Send { bytes, times } => bytes.len() * times,
        _ => 0,
    }
}

fn play(script: &Transcript, step: usize) {
    let mut bench = Bench::new(script.door, script.limits.clone());
    for (at, line) in &script.lines {
        let place = format!("{}:{at} in steps of {step}", script.name);
        match line {
            Line::Send { bytes, times } => send(&mut bench, bytes, *times, step),
            Line::Expect { text, times } => {
                for _ in 0..*times {
                    let said = bench
                        .line()
                        .unwrap_or_else(|| panic!("{place}: nothing said, expected {text}"));
                    assert!(matches(text, &said), "{place}: {said:?} is not {text:?}");
                }
            }
            Line::Handshake => bench.handshake(),
            Line::Closed => assert!(bench.closed(), "{place}: still open"),
            Line::Letter(text) => assert_eq!(
                bench.letters.pop().as_deref(),
                Some(text.as_str()),
                "{place}"
            ),
            Line::Refusal(text) => assert_eq!(
                bench.refusals.pop().as_deref(),
                Some(text.as_str()),
                "{place}"
            ),
        }
    }
    assert_eq!(
        bench.line(),
        None,
        "{}: said more than expected",
        script.name
    );
    assert_eq!(
        bench.letters,
        Vec::<String>::new(),
        "{}: letters nobody expected",
        script.name
    );
    assert!(
        bench.input_peak <= 4_096 + 65_536,
        "{}: {} bytes waited",
        script.name,
        bench.input_peak
    );
}

/// Many short pieces are put together up to the step, as a network does.
fn send(bench: &mut Bench, bytes: &[u8], times: usize, step: usize) {
    let at_once = (step / bytes.len().max(1)).clamp(1, times.max(1));
    let bundle = bytes.repeat(at_once);
    for _ in 0..times / at_once {
        bench.send(&bundle, step);
    }
    bench.send(&bytes.repeat(times % at_once), step);
}
