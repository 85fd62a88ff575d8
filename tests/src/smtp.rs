//! A small SMTP dialogue in clear text, for what real clients cannot be made to say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub struct Smtp {
    stream: BufReader<TcpStream>,
}

impl Smtp {
    /// Connects and reads the greeting.
    pub fn connect(address: &str) -> std::io::Result<Smtp> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(crate::PATIENCE))?;
        stream.set_write_timeout(Some(crate::PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut smtp = Smtp {
            stream: BufReader::new(stream),
        };
        smtp.reply()?;
        Ok(smtp)
    }

    /// A whole reply: code and text lines.
    pub fn reply(&mut self) -> std::io::Result<(u16, String)> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let code = line
                .get(..3)
                .and_then(|code| code.parse().ok())
                .unwrap_or(0);
            let last = line.as_bytes().get(3) != Some(&b'-');
            text.push_str(&line);
            if last {
                return Ok((code, text));
            }
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends a command line and reads its reply.
    pub fn say(&mut self, command: &str) -> std::io::Result<(u16, String)> {
        self.write(format!("{command}\r\n").as_bytes())?;
        self.reply()
    }

    /// EHLO, MAIL, RCPT, DATA and the message; the final reply's code and text. Lines must be CRLF already.
    pub fn send(
        &mut self,
        from: &str,
        to: &[&str],
        message: &[u8],
    ) -> std::io::Result<(u16, String)> {
        for command in [format!("MAIL FROM:<{from}>")]
            .into_iter()
            .chain(to.iter().map(|to| format!("RCPT TO:<{to}>")))
        {
            let (code, text) = self.say(&command)?;
            if code >= 400 {
                return Ok((code, text));
            }
        }
        let (code, text) = self.say("DATA")?;
        if code != 354 {
            return Ok((code, text));
        }
        self.write(message)?;
        self.write(b"\r\n.\r\n")?;
        self.reply()
    }

    /// Signs in with AUTH PLAIN in clear text, as the demo allows on loopback.
    pub fn sign_in(&mut self, user: &str, password: &str) -> std::io::Result<(u16, String)> {
        self.say("AUTH PLAIN")?;
        self.say(&base64(format!("\0{user}\0{password}").as_bytes()))
    }

    pub fn ehlo(&mut self) -> std::io::Result<(u16, String)> {
        self.say("EHLO may-khach.example")
    }

    /// Whatever else comes until the peer closes; for connections that should be dead.
    pub fn rest(mut self, wait: Duration) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.stream.get_ref().set_read_timeout(Some(wait)).is_ok() {
            // A reset or a time-out ends it as well as a close.
            let _ended = self.stream.read_to_end(&mut bytes);
        }
        bytes
    }
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            if place <= three.len() {
                text.push(char::from(
                    LETTERS[(bits >> (18 - 6 * place) & 63) as usize],
                ));
            } else {
                text.push('=');
            }
        }
    }
    text
}
