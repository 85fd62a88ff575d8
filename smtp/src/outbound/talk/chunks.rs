//! A letter by BDAT (RFC 3030): which pieces go when, and what each answer means. A server nobody knows yet gets one harmless
//! line in the first chunk: if it does not know BDAT after all, that line is all it may take for a command. A letter is never
//! sent to a server that has refused everybody, unless it went in the same write as its envelope. Remembers nothing.

use super::*;

/// How the letter goes over this connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pieces {
    /// One chunk, in the same write as the envelope.
    OneWrite,
    /// One chunk, once somebody is accepted.
    OneChunk,
    /// One line first, with the envelope where the server takes several commands at once; then the rest.
    LineFirst,
}

impl Talk {
    /// Does this letter go by BDAT?
    pub(super) fn takes_chunks(&self) -> bool {
        self.offers.chunking && self.manner != Manner::Data
    }

    fn pieces(&self, form: &[u8]) -> Pieces {
        match (self.manner, self.offers.pipelining) {
            (Manner::Proven, true) if form.len() <= limits::ONE_WRITE_BYTES => Pieces::OneWrite,
            (Manner::Proven, false) => Pieces::OneChunk,
            _ => Pieces::LineFirst,
        }
    }

    /// Envelope and first chunk in one write (RFC 3030 §2, §4.2), then the replies one by one.
    pub(super) async fn pipelined_chunks(
        &mut self,
        mail: &str,
        planned: &[(usize, String)],
        form: &[u8],
        turn: &mut Turn,
    ) {
        let whole = self.pieces(form) == Pieces::OneWrite;
        let (first, rest) = if whole {
            (form, &[][..])
        } else {
            first_line(form)
        };
        let mut group = envelope(mail, planned).into_bytes();
        group.extend_from_slice(command(first.len(), whole).as_bytes());
        group.extend_from_slice(first);
        // A kept connection that ends before any answer was closed while it was idle; any other one may have taken everything.
        let unheard = if whole && self.transactions == 1 {
            Blame::Unknown
        } else {
            Blame::Server
        };
        if let Err(Silence(words)) = self.put(&group, self.timeouts.final_dot).await {
            let everybody = planned.iter().map(|(index, _)| *index);
            return turn.all(everybody, &self.lost(unheard, words));
        }
        let after = if whole { Blame::Unknown } else { unheard };
        if !self.envelope_answers(planned, (unheard, after), turn).await {
            return;
        }
        if whole {
            self.last_answer(turn).await;
        } else if self.first_answer(turn).await {
            self.chunk(rest, true, turn).await;
        }
    }

    /// Step by step, after somebody was accepted.
    pub(super) async fn chunks(&mut self, form: &[u8], turn: &mut Turn) {
        match self.pieces(form) {
            Pieces::OneChunk | Pieces::OneWrite => self.chunk(form, true, turn).await,
            Pieces::LineFirst => {
                let (line, rest) = first_line(form);
                self.chunk(line, false, turn).await;
                if !turn.accepted.is_empty() && !self.broken {
                    self.chunk(rest, true, turn).await;
                }
            }
        }
    }

    async fn chunk(&mut self, bytes: &[u8], last: bool, turn: &mut Turn) {
        let command = command(bytes.len(), last);
        let wrote = match self.put(command.as_bytes(), self.timeouts.data).await {
            Ok(()) => self.put(bytes, self.timeouts.final_dot).await,
            Err(silence) => Err(silence),
        };
        match wrote {
            Err(Silence(words)) if last => turn.all_accepted(&self.doubt(words)),
            Err(Silence(words)) => self.turn_to_data(words, turn),
            Ok(()) if last => self.last_answer(turn).await,
            Ok(()) => {
                self.first_answer(turn).await;
            }
        }
    }

    /// What the server says to the first of two chunks; true: it wants the rest. Nothing can have been taken yet, so
    /// whatever is wrong here is tried with DATA at once.
    async fn first_answer(&mut self, turn: &mut Turn) -> bool {
        let heard = self.hear(self.timeouts.data).await;
        if turn.accepted.is_empty() {
            // 503, or whatever: nobody was accepted (RFC 3030 §2).
            match heard {
                Ok(_) => self.reset().await,
                Err(_) => self.broken = true,
            }
            return false;
        }
        match heard {
            Ok(reply) if reply.code / 100 == 2 => return true,
            Ok(reply) if reply.code / 100 == 4 => {
                if let Some(fate) = outcome(Stage::Data, &reply) {
                    turn.all_accepted(&fate);
                }
                self.reset().await;
            }
            Ok(reply) => self.turn_to_data(format!("{} {}", reply.code, reply.text), turn),
            Err(Silence(words)) => self.turn_to_data(words, turn),
        }
        false
    }

    /// What the server says to the last chunk: the letter's fate.
    async fn last_answer(&mut self, turn: &mut Turn) {
        let heard = self.hear(self.timeouts.final_dot).await;
        if turn.accepted.is_empty() {
            match heard {
                Ok(_) => self.reset().await,
                Err(_) => self.broken = true,
            }
            return;
        }
        match heard {
            // The command was refused, not the letter (RFC 5321 §4.2.2).
            Ok(reply) if matches!(reply.code, 500..=504) => {
                self.turn_to_data(format!("{} {}", reply.code, reply.text), turn);
            }
            Ok(reply) => match outcome(Stage::FinalDot, &reply) {
                Some(fate) if reply.code >= 200 => {
                    if matches!(fate, Outcome::Sent(_)) {
                        self.manner = Manner::Proven;
                    }
                    turn.all_accepted(&fate);
                }
                _ => {
                    let words = format!("last chunk answered with {} {}", reply.code, reply.text);
                    turn.all_accepted(&self.doubt(words));
                }
            },
            Err(Silence(words)) => turn.all_accepted(&self.doubt(words)),
        }
    }

    /// BDAT failed and nothing was taken: this connection ends, and another one asks with DATA at once.
    fn turn_to_data(&mut self, words: String, turn: &mut Turn) {
        tracing::info!(host = %self.evidence.host, ip = %self.evidence.ip, %words, "BDAT failed, going on with DATA");
        metrics::counter!("congthu_outbound_data_after_bdat_total").increment(1);
        self.manner = Manner::Data;
        self.turned = true;
        let fate = self.lost(Blame::Server, format!("BDAT failed: {words}"));
        turn.all_accepted(&fate);
    }

    /// Nobody knows whether the letter was taken. The next attempt uses DATA.
    fn doubt(&mut self, words: String) -> Outcome {
        self.manner = Manner::Data;
        self.lost(Blame::Unknown, words)
    }
}

fn command(bytes: usize, last: bool) -> String {
    format!("BDAT {bytes}{}\r\n", if last { " LAST" } else { "" })
}

/// The first line of a letter: a field of ours or the sender's, never a command (its name ends in a colon).
fn first_line(form: &[u8]) -> (&[u8], &[u8]) {
    let end = form.windows(2).position(|two| two == b"\r\n");
    form.split_at_checked(end.map_or(0, |at| at + 2))
        .unwrap_or((&[], form))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_split_off_with_its_end() {
        let rows: [(&[u8], &[u8], &[u8]); 4] = [
            (b"A: b\r\nC: d\r\n", b"A: b\r\n", b"C: d\r\n"),
            (b"\r\nx\r\n", b"\r\n", b"x\r\n"),
            (b"\r\n", b"\r\n", b""),
            (b"", b"", b""),
        ];
        for (form, line, rest) in rows {
            assert_eq!(first_line(form), (line, rest), "{form:?}");
        }
        assert_eq!(command(12, false), "BDAT 12\r\n");
        assert_eq!(command(0, true), "BDAT 0 LAST\r\n");
    }
}
