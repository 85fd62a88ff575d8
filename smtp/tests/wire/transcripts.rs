//! The same transcripts as without sockets, over TCP and TLS, with a mailroom behind them. Trace ids are what they are.

use crate::common::{self, Line, Transcript, matches};
use crate::town::Town;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transcripts_hold_over_sockets() {
    let town = Town::new().await;
    let scripts = common::load();
    let mut played = 0;
    for script in scripts.iter().filter(|script| !script.fake_only) {
        play(&town, script).await;
        played += 1;
    }
    assert!(played >= 30, "{played}");
}

async fn play(town: &Town, script: &Transcript) {
    let mut config = town.config();
    config.limits = script.limits.clone();
    let open = town.open(script.door, config).await;
    let mut client = open.client().await;
    for (at, line) in &script.lines {
        let place = format!("{}:{at}", script.name);
        match line {
            Line::Send { bytes, times } => client.send(&bytes.repeat(*times)).await,
            Line::Expect { text, times } => {
                for _ in 0..*times {
                    let said = client
                        .line()
                        .await
                        .unwrap_or_else(|| panic!("{place}: closed, expected {text}"));
                    let (said, text) = (without_trace(&said), without_trace(text));
                    assert!(matches(&text, &said), "{place}: {said:?} is not {text:?}");
                }
            }
            Line::Handshake => client.handshake().await,
            Line::Closed => assert_eq!(client.line().await, None, "{place}: still open"),
            Line::Letter(_) | Line::Refusal(_) => {}
        }
    }
    open.stop.cancel();
    open.served.await.unwrap();
}

/// "… trace 7", "… [trace 9]" → "… trace N": every trace id is its own.
fn without_trace(line: &str) -> String {
    let Some((before, after)) = line.split_once("trace ") else {
        return line.to_owned();
    };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}trace N{rest}")
}
