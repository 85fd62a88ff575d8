//! How a dialogue begins: greeting and EHLO, TLS, signing in. What follows is the parent's.

use super::*;

pub(super) async fn open(
    stream: TcpStream,
    opening: &Opening<'_>,
    evidence: &mut Evidence,
) -> Result<Talk, Failure> {
    let plain = |outcome| Failure {
        outcome,
        again: Again::No,
    };
    let lost = |words: String| plain(later(Blame::Server, "4.4.2", words));
    let wire = Wire::new(stream, opening.helo).map_err(|cause| lost(cause.to_string()))?;
    let mut trusted = false;
    if opening.implicit_tls {
        trusted = handshake(&wire, opening, evidence).await?;
    }
    let hello = ClientId::Domain(opening.own_name.to_string());
    let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(wire.clone()), &hello);
    let greeted = match timeout(opening.timeouts.greeting, greeted).await {
        Ok(Ok(connection)) => connection,
        failed => return Err(refused_greeting(&wire, heard(&wire, failed), opening)),
    };
    let mut talk = Talk {
        offers: Offers::from_lines(&wire.reply_lines()),
        connection: greeted,
        wire,
        evidence: Evidence::default(),
        encrypted: opening.implicit_tls,
        trusted,
        transactions: 0,
        broken: false,
        manner: Manner::default(),
        turned: false,
        timeouts: opening.timeouts,
    };
    if !opening.implicit_tls && !matches!(opening.need, Need::Clear) {
        talk.starttls(opening, evidence).await?;
    }
    if let Some(credentials) = opening.credentials {
        talk.sign_in(credentials, opening).await.map_err(plain)?;
    }
    talk.evidence = evidence.clone();
    Ok(talk)
}

/// Tells a refused greeting from an EHLO the server does not know (RFC 5321 §3.2: then HELO).
fn refused_greeting(wire: &Wire, heard: Result<Reply, Silence>, opening: &Opening<'_>) -> Failure {
    match heard {
        Err(Silence(words)) => Failure {
            outcome: later(Blame::Server, "4.4.2", words),
            again: Again::No,
        },
        Ok(reply) => {
            let spoken = wire.has_spoken();
            let stage = if spoken {
                Stage::Hello
            } else {
                Stage::Greeting
            };
            let unknown = spoken && !opening.helo && matches!(reply.code, 500..=504 | 550);
            let fate = outcome(stage, &reply).unwrap_or_else(|| {
                later(
                    Blame::Server,
                    "4.5.0",
                    format!("unexpected answer: {} {}", reply.code, reply.text),
                )
            });
            Failure {
                outcome: fate,
                again: if unknown { Again::WithHelo } else { Again::No },
            }
        }
    }
}

/// Runs the TLS handshake on the wire; true when the certificate proves the host.
pub(super) async fn handshake(
    wire: &Wire,
    opening: &Opening<'_>,
    evidence: &mut Evidence,
) -> Result<bool, Failure> {
    let must = opening.need.must_encrypt() || opening.credentials.is_some();
    let again = if must { Again::No } else { Again::InClear };
    let failed = |words: String| Failure {
        outcome: later(Blame::Server, "4.7.5", words + opening.need.demand()),
        again,
    };
    let verifier = Verifier::new(&opening.need, &opening.roots);
    let config = verifier
        .client_config()
        .map_err(|cause| failed(format!("TLS: {cause}")))?;
    let name = ServerName::try_from(opening.host.to_string())
        .map_err(|_| failed(format!("TLS: {} is not a server name", opening.host)))?;
    let shaken = timeout(opening.timeouts.handshake, wire.upgrade(config, name)).await;
    evidence.certificate = verifier.found();
    match shaken {
        Ok(Ok(facts)) => {
            evidence.tls = facts;
            Ok(matches!(evidence.certificate.as_str(), "trusted" | "dane"))
        }
        Ok(Err(cause)) => Err(failed(format!("TLS handshake: {cause}"))),
        Err(_) => Err(failed("TLS handshake: no answer in time".to_string())),
    }
}

impl Talk {
    pub(super) async fn starttls(
        &mut self,
        opening: &Opening<'_>,
        evidence: &mut Evidence,
    ) -> Result<(), Failure> {
        let must = opening.need.must_encrypt() || opening.credentials.is_some();
        let again = if must { Again::No } else { Again::InClear };
        let failed = |words: String| Failure {
            outcome: later(Blame::Server, "4.7.4", words + opening.need.demand()),
            again,
        };
        if !self.offers.starttls {
            return if must {
                Err(failed(
                    "server offers no STARTTLS, which is required".into(),
                ))
            } else {
                Ok(())
            };
        }
        match self.say("STARTTLS\r\n", self.timeouts.hello).await {
            Ok(reply) if reply.code == 220 => {}
            Ok(reply) => {
                return Err(failed(format!(
                    "STARTTLS refused: {} {}",
                    reply.code, reply.text
                )));
            }
            Err(Silence(words)) => return Err(failed(format!("STARTTLS: {words}"))),
        }
        self.trusted = handshake(&self.wire, opening, evidence).await?;
        self.encrypted = true;
        // What was offered in clear is forgotten (RFC 3207 §4.2).
        let hello = format!("EHLO {}\r\n", opening.own_name);
        match self.say(&hello, self.timeouts.hello).await {
            Ok(reply) if reply.is_positive() => {
                self.offers = Offers::from_lines(&self.wire.reply_lines());
                Ok(())
            }
            Ok(reply) => Err(failed(format!(
                "EHLO inside TLS refused: {} {}",
                reply.code, reply.text
            ))),
            Err(Silence(words)) => Err(failed(format!("EHLO inside TLS: {words}"))),
        }
    }

    pub(super) async fn sign_in(
        &mut self,
        credentials: &Credentials,
        opening: &Opening<'_>,
    ) -> Result<(), Outcome> {
        let refused = |words: &str| later(Blame::Destination, "4.7.8", words.to_string());
        if !self.encrypted && !matches!(opening.need, Need::Clear) {
            return Err(refused("credentials are not sent in clear text"));
        }
        let mechanism = match (self.offers.auth_plain, self.offers.auth_login) {
            (true, _) => Mechanism::Plain,
            (false, true) => Mechanism::Login,
            _ => {
                return Err(refused(
                    "the route has credentials but the server offers neither AUTH PLAIN nor LOGIN",
                ));
            }
        };
        let secret = LettreCredentials::new(credentials.user.clone(), credentials.password.clone());
        let broken = |_| refused("AUTH: the server's challenge makes no sense");
        let mut command = Auth::new(mechanism, secret.clone(), None).map_err(broken)?;
        for _ in 0..CHALLENGES_MAX {
            self.wire.expect();
            let said = timeout(self.timeouts.hello, self.connection.command(command)).await;
            let response: Option<Response> = match &said {
                Ok(Ok(response)) => Some(response.clone()),
                _ => None,
            };
            match (self.heard(said), response) {
                (Ok(reply), _) if reply.code / 100 == 2 => return Ok(()),
                (Ok(reply), Some(response)) if reply.code == 334 => {
                    command = Auth::new_from_response(mechanism, secret.clone(), &response)
                        .map_err(broken)?;
                }
                (Ok(reply), _) => {
                    return Err(outcome(Stage::Auth, &reply)
                        .unwrap_or_else(|| refused("AUTH: unexpected answer")));
                }
                (Err(Silence(words)), _) => {
                    return Err(later(Blame::Server, "4.4.2", format!("AUTH: {words}")));
                }
            }
        }
        Err(refused("AUTH: too many challenges"))
    }
}
