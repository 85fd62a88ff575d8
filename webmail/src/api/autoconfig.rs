//! Mail programs that configure themselves: Thunderbird's autoconfig and Outlook's autodiscover. Public; tells host names
//! and ports, nothing about accounts.

use crate::app::App;
use crate::asked::Asked;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

fn xml(text: String) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml; charset=utf-8"),
        )],
        text,
    )
        .into_response()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat
pub async fn mozilla(State(app): State<App>, Asked(asked): Asked) -> Response {
    let domain = asked
        .get("emailaddress")
        .rsplit_once('@')
        .map_or_else(String::new, |(_, domain)| escaped(domain));
    let domain = match domain.is_empty() {
        true => app
            .room
            .domains()
            .await
            .ok()
            .and_then(|all| all.into_iter().next())
            .unwrap_or_default(),
        false => domain,
    };
    let c = &app.config.clients;
    let (host, name) = (escaped(&c.host), escaped(&app.config.province_name));
    let (imaps, submissions) = (c.imaps_port, c.submissions_port);
    xml(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
 <emailProvider id="{domain}">
  <domain>{domain}</domain>
  <displayName>{name}</displayName>
  <displayShortName>congthu</displayShortName>
  <incomingServer type="imap">
   <hostname>{host}</hostname><port>{imaps}</port><socketType>SSL</socketType>
   <authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
  </incomingServer>
  <outgoingServer type="smtp">
   <hostname>{host}</hostname><port>{submissions}</port><socketType>SSL</socketType>
   <authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
  </outgoingServer>
 </emailProvider>
</clientConfig>
"#
    ))
}

/// [MS-OXDSCLI] 2.2.4: the plain settings form.
pub async fn outlook(State(app): State<App>, body: Bytes) -> Response {
    let text = String::from_utf8_lossy(&body);
    let address = text
        .split_once("<EMailAddress>")
        .and_then(|(_, rest)| rest.split_once("</EMailAddress>"))
        .map_or_else(String::new, |(address, _)| escaped(address.trim()));
    let c = &app.config.clients;
    let host = escaped(&c.host);
    let protocol = |kind: &str, port: u16| {
        format!(
            "<Protocol><Type>{kind}</Type><Server>{host}</Server><Port>{port}</Port><LoginName>{address}</LoginName>\
             <DomainRequired>off</DomainRequired><SPA>off</SPA><SSL>on</SSL><AuthRequired>on</AuthRequired></Protocol>"
        )
    };
    xml(format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
<Account><AccountType>email</AccountType><Action>settings</Action>{}{}</Account></Response></Autodiscover>
"#,
        protocol("IMAP", c.imaps_port),
        protocol("SMTP", c.submissions_port)
    ))
}
