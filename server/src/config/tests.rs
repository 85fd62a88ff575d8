//! The template is a good configuration, and mistakes are refused with their line.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::template;

fn good() -> String {
    template::text(&template::Answers::for_domain("tinh.example"))
}

#[test]
fn the_template_is_a_good_configuration() {
    let config = Config::parse(&good(), "mẫu").unwrap();
    assert_eq!(config.site.domain, "tinh.example");
    assert_eq!(
        config.policy().retry_delays_secs,
        mailroom::Policy::default().retry_delays_secs
    );
}

#[test]
fn mistakes_are_refused_with_their_line() {
    let line = |text: &str, part: &str| text.lines().position(|l| l.contains(part)).unwrap() + 1;
    for (from, to) in [
        ("recipients_max = 1000", "recipients_max = 1"),
        ("recipients_max = 1000", "recipents_max = 1000"),
        ("recipients_max = 1000", "recipients_max = \"nhiều\""),
        ("slip_minutes = 15", "slip_minutes = 0"),
        ("web = \"https://", "web = \"http://"),
        ("level = \"info\"", "level = info"),
    ] {
        assert!(good().contains(from), "{from}");
        let text = good().replace(from, to);
        let fault = Config::parse(&text, "c.toml").unwrap_err();
        let line = line(&text, to);
        assert!(
            fault.reason.en.contains(&format!("line {line}")),
            "{to}: {fault}"
        );
        assert!(fault.remedy.is_some() && fault.exit == Exit::Config);
    }
}
