//! What lies outside the installation: a time server, and a stranger's mail server whose one box sends back.

use congthu_tests::Smtp;
use congthu_tests::site::LAN;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::time::{SystemTime, UNIX_EPOCH};

/// A time server that is `ahead` seconds ahead.
pub fn clock(ahead: i64) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut query = [0u8; 64];
        while let Ok((48, from)) = socket.recv_from(&mut query) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let seconds = now.as_secs() as i64 + 2_208_988_800 + ahead;
            let mut answer = [0u8; 48];
            (answer[0], answer[1]) = (0x24, 2);
            answer[24..32].copy_from_slice(&query[40..48]);
            for place in [32, 40] {
                answer[place..place + 4].copy_from_slice(&(seconds as u32).to_be_bytes());
                let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
                answer[place + 4..place + 8].copy_from_slice(&(fraction as u32).to_be_bytes());
            }
            if socket.send_to(&answer, from).is_err() {
                return;
            }
        }
    });
    at
}

/// A mail server elsewhere whose one box sends everything on to Lan.
pub fn outside(at: Ipv4Addr, back: String) {
    let listener = TcpListener::bind((at, 25)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let back = back.clone();
            // Whoever hangs up early ends only its own session.
            std::thread::spawn(move || forward(stream, &back).is_ok());
        }
    });
}

fn forward(stream: TcpStream, back: &str) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    out.write_all(b"220 mx.ngoai.example\r\n")?;
    let mut letter: Option<String> = None;
    while let Some(line) = lines.next().transpose()? {
        let reply = match &mut letter {
            Some(text) if line == "." => {
                let mut smtp = Smtp::connect(back)?;
                smtp.ehlo()?;
                smtp.send("chuyen@ngoai.example", &[LAN], text.trim_end().as_bytes())?;
                letter = None;
                "250 taken and sent back"
            }
            Some(text) => {
                text.push_str(&line);
                text.push_str("\r\n");
                continue;
            }
            None if line == "DATA" => {
                letter = Some(String::new());
                "354 go"
            }
            None if line == "QUIT" => return out.write_all(b"221 bye\r\n"),
            None => "250 ok",
        };
        out.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}
