//! The little of XML that office files need: elements by local name, attributes, text. Namespaces are not looked up, no
//! entity is defined or fetched, and a part that breaks in the middle gives what came before.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

/// What a reader of a format hears.
pub(crate) enum Heard<'a> {
    /// An element begins.
    Start(&'a str, &'a BytesStart<'a>),
    /// An element ends; empty ones end too.
    End(&'a str),
    Text(&'a str),
}

/// Reads a part from the beginning until `hear` says false, the part ends or breaks.
pub(crate) fn read(part: &str, mut hear: impl FnMut(Heard<'_>) -> bool) {
    let mut reader = Reader::from_str(part);
    reader.config_mut().check_end_names = false;
    loop {
        let go_on = match reader.read_event() {
            Ok(Event::Start(start)) => {
                hear(Heard::Start(local(start.local_name().as_ref()), &start))
            }
            Ok(Event::Empty(start)) => {
                let name = start.local_name();
                let name = local(name.as_ref());
                hear(Heard::Start(name, &start)) && hear(Heard::End(name))
            }
            Ok(Event::End(end)) => hear(Heard::End(local(end.local_name().as_ref()))),
            Ok(Event::Text(text)) => hear(Heard::Text(&text.xml10_content())),
            Ok(Event::CData(text)) => hear(Heard::Text(&text.xml10_content())),
            Ok(Event::GeneralRef(reference)) => match resolve(&reference) {
                Some(c) => hear(Heard::Text(c.encode_utf8(&mut [0; 4]))),
                None => true,
            },
            Ok(Event::Eof) | Err(_) => false,
            Ok(_) => true,
        };
        if !go_on {
            return;
        }
    }
}

fn local<T: AsRef<str> + ?Sized>(name: &T) -> &str {
    name.as_ref()
}

/// The five names XML has, and numbers.
fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return Some(c);
    }
    Some(match reference.xml10_content().as_ref() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// An attribute by its local name.
pub(crate) fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    start
        .attributes()
        .with_checks(false)
        .filter_map(Result::ok)
        .find(|one| local(one.key.local_name().as_ref()) == name)
        .and_then(|one| {
            one.normalized_value(XmlVersion::Implicit1_0)
                .ok()
                .map(|value| value.into_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(part: &str) -> String {
        let mut out = String::new();
        read(part, |heard| {
            match heard {
                Heard::Start(name, start) => {
                    out.push_str(&format!("<{name}"));
                    out.push_str(&attribute(start, "v").map_or(String::new(), |v| format!(" {v}")));
                }
                Heard::End(name) => out.push_str(&format!(">{name}")),
                Heard::Text(text) => out.push_str(text),
            }
            true
        });
        out
    }

    #[test]
    fn parts_are_heard_as_they_are_written() {
        for (part, want) in [
            ("<a:p x:v='1'>t&amp;t&#7841;<b/></a:p>", "<p 1t&tạ<b>b>p"),
            ("<p><![CDATA[<x>]]></p>", "<p<x>>p"),
            ("<p>cut <off", "<pcut "),
            (
                "<!DOCTYPE p [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><p>&e;.</p>",
                "<p.>p",
            ),
            ("", ""),
        ] {
            assert_eq!(heard(part), want, "{part}");
        }
    }
}
