//! One transaction: the envelope in one write or step by step, the letter by DATA, and what each answer means for whom. The
//! letter by BDAT is `chunks`.

use super::*;

/// Bytes of the letter given to the connection at once.
const BLOCK_BYTES: usize = 64 * 1024;

impl Talk {
    /// Everything up to DATA in one write (RFC 2920 §3.1), then the replies one by one.
    pub(super) async fn pipelined(
        &mut self,
        mail: &str,
        planned: &[(usize, String)],
        form: &[u8],
        turn: &mut Turn,
    ) {
        if self.takes_chunks() {
            return self.pipelined_chunks(mail, planned, form, turn).await;
        }
        let mut group = envelope(mail, planned);
        group.push_str("DATA\r\n");
        if let Err(Silence(words)) = self.put(group.as_bytes(), self.timeouts.envelope).await {
            let everybody = planned.iter().map(|(index, _)| *index);
            return turn.all(everybody, &self.lost(Blame::Server, words));
        }
        let blames = (Blame::Server, Blame::Server);
        if self.envelope_answers(planned, blames, turn).await {
            match self.hear(self.timeouts.data).await {
                Ok(reply) => self.after_data(reply, form, turn).await,
                Err(Silence(words)) => turn.all_accepted(&self.lost(Blame::Server, words)),
            }
        }
    }

    /// The replies to MAIL and to each RCPT of a group that was written. False: the connection ended before all were heard;
    /// `blames` say what that means before the first of them and after it.
    pub(super) async fn envelope_answers(
        &mut self,
        planned: &[(usize, String)],
        blames: (Blame, Blame),
        turn: &mut Turn,
    ) -> bool {
        let mail_reply = match self.hear(self.timeouts.envelope).await {
            Ok(reply) => reply,
            Err(Silence(words)) => {
                let everybody = planned.iter().map(|(index, _)| *index);
                turn.all(everybody, &self.lost(blames.0, words));
                return false;
            }
        };
        let refused = outcome(Stage::Mail, &mail_reply);
        for (at, (index, _)) in planned.iter().enumerate() {
            match self.hear(self.timeouts.envelope).await {
                Ok(reply) => turn.rcpt(*index, refused.clone(), &reply),
                Err(Silence(words)) => {
                    let lost = self.lost(blames.1, words);
                    let lost = refused.unwrap_or(lost);
                    let unheard = planned.iter().skip(at).map(|(index, _)| *index);
                    turn.all(unheard, &lost);
                    turn.all_accepted(&lost);
                    return false;
                }
            }
        }
        true
    }

    pub(super) async fn step_by_step(
        &mut self,
        mail: &str,
        planned: &[(usize, String)],
        form: &[u8],
        turn: &mut Turn,
    ) {
        let everybody = || planned.iter().map(|(index, _)| *index);
        match self.say(mail, self.timeouts.envelope).await {
            Ok(reply) => {
                if let Some(refused) = outcome(Stage::Mail, &reply) {
                    turn.all(everybody(), &refused);
                    return self.reset().await;
                }
            }
            Err(Silence(words)) => return turn.all(everybody(), &self.lost(Blame::Server, words)),
        }
        for (at, (index, line)) in planned.iter().enumerate() {
            match self.say(line, self.timeouts.envelope).await {
                Ok(reply) => turn.rcpt(*index, None, &reply),
                Err(Silence(words)) => {
                    let lost = self.lost(Blame::Server, words);
                    turn.all(planned.iter().skip(at).map(|(index, _)| *index), &lost);
                    return turn.all_accepted(&lost);
                }
            }
        }
        if turn.accepted.is_empty() {
            return self.reset().await;
        }
        if self.takes_chunks() {
            return self.chunks(form, turn).await;
        }
        match self.say("DATA\r\n", self.timeouts.data).await {
            Ok(reply) => self.after_data(reply, form, turn).await,
            Err(Silence(words)) => turn.all_accepted(&self.lost(Blame::Server, words)),
        }
    }

    /// What follows DATA's reply. 354 with nobody accepted must still be ended, with an empty letter (RFC 2920 §3.1).
    pub(super) async fn after_data(&mut self, reply: Reply, form: &[u8], turn: &mut Turn) {
        if reply.code / 100 != 3 {
            let fate = outcome(Stage::Data, &reply).unwrap_or_else(|| {
                later(
                    Blame::Server,
                    "4.5.0",
                    format!("DATA answered with {} {}", reply.code, reply.text),
                )
            });
            turn.all_accepted(&fate);
            return self.reset().await;
        }
        let form = if turn.accepted.is_empty() {
            &[][..]
        } else {
            form
        };
        // lettre writes CRLF before the final dot, so the letter's own last CRLF stays behind.
        let form = form.strip_suffix(b"\r\n").unwrap_or(form);
        self.wire.expect();
        let said = self.connection.message_iter(form.chunks(BLOCK_BYTES));
        let said = moving(&self.wire, self.timeouts.final_dot, said).await;
        match self.heard(said) {
            Ok(reply) => match outcome(Stage::FinalDot, &reply) {
                Some(fate) => turn.all_accepted(&fate),
                None => {
                    let words = format!("final dot answered with {} {}", reply.code, reply.text);
                    turn.all_accepted(&self.lost(Blame::Unknown, words));
                }
            },
            Err(Silence(words)) => turn.all_accepted(&self.lost(Blame::Unknown, words)),
        }
    }

    /// Clears a transaction that did not end by itself.
    pub(super) async fn reset(&mut self) {
        match self.say("RSET\r\n", self.timeouts.envelope).await {
            Ok(reply) if reply.is_positive() => {}
            _ => self.broken = true,
        }
    }
}
