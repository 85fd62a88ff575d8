#!/usr/bin/env python3
"""Sends letters with Python's smtplib in every way a mail program does, and says what it did. Loopback only.

usage: send.py HOW HOST:PORT FROM TO CA [USER PASSWORD]
HOW: starttls | implicit | plain | smtputf8 | chunking
"""
import smtplib
import ssl
import sys
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

how, at, sender, to, ca = sys.argv[1:6]
login = sys.argv[6:8]
host, port = at.rsplit(":", 1)
context = ssl.create_default_context(cafile=ca)


def letter(policy):
    message = EmailMessage(policy=policy)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = f"Thử gửi bằng smtplib, cách {how}"
    message["Message-ID"] = f"<smtplib-{how}@ngoai.example>"
    message.set_content("Kính gửi đồng chí,\n\nĐây là thư thử.\n.dòng bắt đầu bằng dấu chấm\n")
    return message


if how == "implicit":
    server = smtplib.SMTP_SSL("localhost", int(port), context=context, timeout=60)
else:
    server = smtplib.SMTP("localhost", int(port), timeout=60)
with server:
    server.ehlo("may-khach.example")
    if how in ("starttls", "smtputf8", "chunking") and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo("may-khach.example")
        print("tls", server.sock.version())
    if login:
        server.login(*login)
    if how == "smtputf8":
        assert server.has_extn("smtputf8"), server.esmtp_features
        refused = server.send_message(letter(SMTPUTF8), sender, [to])
        assert not refused, refused
    elif how == "chunking":
        # smtplib has no BDAT (RFC 3030): said by hand over its socket, in three pieces, the last one empty.
        assert server.has_extn("chunking"), server.esmtp_features
        raw = letter(SMTP).as_bytes()
        for command in (f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>"):
            code, text = server.docmd(command)
            assert code == 250, (command, code, text)
        half = len(raw) // 2
        for piece, last in ((raw[:half], ""), (raw[half:], ""), (b"", " LAST")):
            server.sock.sendall(f"BDAT {len(piece)}{last}\r\n".encode() + piece)
            code, text = server.getreply()
            assert code == 250, (code, text)
    else:
        refused = server.send_message(letter(SMTP), sender, [to])
        assert not refused, refused
print("sent")
