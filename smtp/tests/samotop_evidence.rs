//! Why sessions are our own (docs/decisions/0001): what samotop's core and parser do with four inputs. The day one of these
//! tests fails, upstream has changed and the decision is open again.
#![allow(clippy::unwrap_used, clippy::panic)]

use samotop_core::smtp::command::{MailBody, SmtpCommand};
use samotop_core::smtp::{
    DriverControl, Esmtp, Interpret, Interpretter, ParseError, Parser, SmtpContext, SmtpSession,
    StartTls, extension,
};
use samotop_parser::SmtpParserPeg;

fn data_context() -> SmtpContext {
    let mut context = SmtpContext::default();
    context.session.mode = Some(SmtpSession::DATA_MODE);
    context
}

fn parse_data(
    input: &[u8],
    context: &SmtpContext,
) -> Result<(usize, MailBody<Vec<u8>>), ParseError> {
    SmtpParserPeg.parse(input, context)
}

/// 1 and 5: what was sent in clear text behind STARTTLS stays in the session's buffer and runs after the handshake, and the
/// EHLO of before still counts.
#[tokio::test]
async fn clear_text_behind_starttls_is_run() {
    let interpretter = Interpretter::default()
        .parse::<StartTls>()
        .with(SmtpParserPeg)
        .and_apply(StartTls)
        .parse::<SmtpCommand>()
        .with(SmtpParserPeg)
        .and_apply(Esmtp);
    let mut context = SmtpContext::default();
    context.session.extensions.enable(&extension::STARTTLS);
    context.session.peer_name = Some("client.example".into());
    context.session.input = b"STARTTLS\r\nMAIL FROM:<evil@b.example>\r\n".to_vec();

    let used = interpretter.interpret(&mut context).await.unwrap().unwrap();
    // As its driver does: only the consumed bytes go, nothing is forgotten for TLS.
    context.session.input = context.session.input.split_off(used);
    assert!(matches!(
        context.session.pop_control(),
        Some(DriverControl::Response(_))
    ));
    assert_eq!(context.session.pop_control(), Some(DriverControl::StartTls));
    assert_eq!(context.session.input, b"MAIL FROM:<evil@b.example>\r\n");

    interpretter.interpret(&mut context).await.unwrap();
    let Some(DriverControl::Response(reply)) = context.session.pop_control() else {
        panic!("no reply");
    };
    assert!(
        reply.starts_with(b"250"),
        "{}",
        String::from_utf8_lossy(&reply)
    );
}

/// 2: a body in TCVN3 or windows-1258 is never taken: not as a chunk, not as an end, however much of it is there.
#[test]
fn bodies_that_are_not_utf8_never_end() {
    let body = b"C\xabng v\xa8n\r\n.\r\nQUIT\r\n";
    let taken = parse_data(body, &data_context());
    assert!(matches!(taken, Err(ParseError::Incomplete)), "{taken:?}");
    let ours = parse_data("Công văn\r\n.\r\n".as_bytes(), &data_context());
    assert!(matches!(ours, Ok((_, MailBody::Chunk { .. }))), "{ours:?}");
}

/// 3: a command line has no bound; the parser asks for more at any length and the driver keeps it all.
#[test]
fn a_line_has_no_bound() {
    let line = vec![b'A'; 16 << 20];
    let parsed: Result<(usize, SmtpCommand), _> =
        SmtpParserPeg.parse(&line, &SmtpContext::default());
    assert!(matches!(parsed, Err(ParseError::Incomplete)), "{parsed:?}");
}

/// 4: a line of dots is taken a byte or two a call, and every call walks over all that is left (`rest:$([_]*)`): quadratic.
#[test]
fn dots_are_taken_one_by_one() {
    let line = [vec![b'.'; 2_000], b"\r\n.\r\n".to_vec()].concat();
    let (mut rest, mut context, mut calls) = (line.as_slice(), data_context(), 0);
    while let Ok((used, body)) = parse_data(rest, &context) {
        calls += 1;
        rest = rest.get(used..).unwrap();
        let MailBody::Chunk {
            ends_with_new_line, ..
        } = body
        else {
            break;
        };
        context.session.mode = Some(if ends_with_new_line {
            SmtpSession::DATA_MODE
        } else {
            SmtpSession::DATA_PARTIAL_MODE
        });
    }
    assert!(calls >= 900, "only {calls} calls for 2000 dots");
}
