//! A small IMAP client in clear text, to look at what is in the mailboxes. Literals are read whole.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

pub struct Imap {
    stream: BufReader<TcpStream>,
    tags: u32,
}

impl Imap {
    pub fn connect(address: &str) -> std::io::Result<Imap> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(crate::PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut imap = Imap {
            stream: BufReader::new(stream),
            tags: 0,
        };
        imap.line()?;
        Ok(imap)
    }

    /// Signs in; panics when refused.
    pub fn login(address: &str, user: &str, password: &str) -> Imap {
        let mut imap = Imap::connect(address).unwrap();
        let said = imap.say(&format!("LOGIN \"{user}\" \"{password}\""));
        assert!(said.ok, "{}", said.text());
        imap
    }

    /// One line with the literals that belong to it.
    fn line(&mut self) -> std::io::Result<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            whole.extend_from_slice(&line);
            let text = String::from_utf8_lossy(&line);
            let size = text
                .trim_end()
                .strip_suffix('}')
                .and_then(|text| text.rsplit('{').next())
                .and_then(|digits| digits.parse::<usize>().ok());
            match size {
                None => return Ok(whole),
                Some(size) => {
                    let start = whole.len();
                    whole.resize(start + size, 0);
                    self.stream.read_exact(&mut whole[start..])?;
                }
            }
        }
    }

    /// A command and everything that answers it.
    pub fn say(&mut self, command: &str) -> Said {
        self.try_say(command)
            .unwrap_or_else(|cause| panic!("{command}: {cause}"))
    }

    pub fn try_say(&mut self, command: &str) -> std::io::Result<Said> {
        self.tags += 1;
        let tag = format!("a{}", self.tags);
        self.stream
            .get_mut()
            .write_all(format!("{tag} {command}\r\n").as_bytes())?;
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            if line.starts_with(b"+") || line.starts_with(format!("{tag} ").as_bytes()) {
                let status = String::from_utf8_lossy(&line).into_owned();
                let ok = status.starts_with(&format!("{tag} OK")) || status.starts_with('+');
                return Ok(Said { ok, lines, status });
            }
            lines.push(line);
        }
    }

    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Header fields named so, of every message of a mailbox.
    pub fn header_field(&mut self, mailbox: &str, field: &str) -> Vec<String> {
        let said = self.say(&format!("EXAMINE \"{mailbox}\""));
        assert!(said.ok, "{}", said.text());
        let said = self.say(&format!(
            "FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS ({field})])"
        ));
        let prefix = format!("{}:", field.to_lowercase());
        said.lines
            .iter()
            .flat_map(|line| {
                String::from_utf8_lossy(line)
                    .lines()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|line| line.to_lowercase().starts_with(&prefix))
            .map(|line| line[prefix.len()..].trim().to_owned())
            .collect()
    }
}

/// An answer: untagged lines, and the tagged (or continuation) one.
pub struct Said {
    pub ok: bool,
    pub lines: Vec<Vec<u8>>,
    pub status: String,
}

impl Said {
    pub fn text(&self) -> String {
        let mut text: String = self
            .lines
            .iter()
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        text.push_str(&self.status);
        text
    }
}
