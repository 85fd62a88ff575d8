//! Another server's MX on loopback: takes everything and remembers what it said 250 to, per recipient. It can keep callers
//! waiting at the door, so that a queue grows behind it. Never refuses.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// One recipient of one letter that was answered with 250.
#[derive(Clone, Debug)]
pub struct Taken {
    pub recipient: String,
    pub message_id: String,
    /// The run of the program that opened this connection.
    pub run: usize,
    pub connection: usize,
}

#[derive(Default)]
struct State {
    taken: Vec<Taken>,
    held: bool,
    run: usize,
    connections: usize,
}

/// A running sink; it ends with the test's process.
#[derive(Clone)]
pub struct Sink {
    pub port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Sink {
    /// `pause`: how long at most it thinks before it answers the final dot.
    pub fn start(pause: Duration) -> Sink {
        Sink::start_at(0, pause)
    }

    /// The same at a port of its own; 0 is any that is free.
    pub fn start_at(port: u16, pause: Duration) -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let sink = Sink {
            port: listener.local_addr().unwrap().port(),
            state: Arc::default(),
        };
        let shared = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), sink) = (stream, shared.clone()) else {
                    return;
                };
                // A client that is killed in the middle of a word ends its own session only.
                std::thread::spawn(move || sink.session(stream, pause).is_ok());
            }
        });
        sink
    }

    /// New callers wait before the greeting until `open`.
    pub fn hold(&self) {
        self.state.0.lock().unwrap().held = true;
    }

    pub fn open(&self) {
        self.state.0.lock().unwrap().held = false;
        self.state.1.notify_all();
    }

    /// The program is about to be started again: connections from now on belong to another run.
    pub fn next_run(&self) {
        self.state.0.lock().unwrap().run += 1;
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.state.0.lock().unwrap().taken.clone()
    }

    /// How many recipients were answered with 250.
    pub fn count(&self) -> usize {
        self.state.0.lock().unwrap().taken.len()
    }

    pub fn connections(&self) -> usize {
        self.state.0.lock().unwrap().connections
    }

    fn session(&self, stream: TcpStream, pause: Duration) -> std::io::Result<()> {
        let (run, connection) = {
            let mut state = self.state.0.lock().unwrap();
            state.connections += 1;
            let here = (state.run, state.connections);
            drop(self.state.1.wait_while(state, |state| state.held).unwrap());
            here
        };
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream.try_clone()?);
        let mut out = stream;
        out.write_all(b"220 sink.example ESMTP\r\n")?;
        let mut recipients: Vec<String> = Vec::new();
        let mut thoughts = 0_u64;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" => "250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
                "RCPT" => {
                    let path = line.split(['<', '>']).nth(1).unwrap_or_default();
                    recipients.push(path.to_owned());
                    "250 2.1.5 ok\r\n"
                }
                "DATA" => {
                    out.write_all(b"354 go on\r\n")?;
                    let message_id = letter(&mut lines)?;
                    thoughts = thoughts
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(u64::from(self.port));
                    std::thread::sleep(
                        pause.mul_f64((thoughts >> 40) as f64 / (1_u64 << 24) as f64),
                    );
                    let took = recipients.drain(..).map(|recipient| Taken {
                        recipient,
                        message_id: message_id.clone(),
                        run,
                        connection,
                    });
                    self.state.0.lock().unwrap().taken.extend(took);
                    "250 2.0.0 taken\r\n"
                }
                "QUIT" => {
                    out.write_all(b"221 2.0.0 bye\r\n")?;
                    return Ok(());
                }
                "RSET" => {
                    recipients.clear();
                    "250 2.0.0 ok\r\n"
                }
                _ => "250 2.0.0 ok\r\n",
            };
            out.write_all(answer.as_bytes())?;
        }
    }
}

/// Reads a letter to its final dot; its Message-ID.
fn letter(lines: &mut impl BufRead) -> std::io::Result<String> {
    let mut message_id = String::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(message_id);
        }
        let text = String::from_utf8_lossy(&line);
        if let Some(id) = text.strip_prefix("Message-ID:") {
            message_id = id.trim().to_owned();
        }
    }
}
