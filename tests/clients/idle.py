#!/usr/bin/env python3
"""Waits in IDLE with Python's imaplib over TLS and sends a letter from a second connection: the letter must be seen
arriving, without a poll. Loopback only.

usage: idle.py IMAPS SMTP CA USER PASSWORD
"""
import imaplib
import smtplib
import ssl
import sys
import time

imaps, smtp, ca, user, password = sys.argv[1:6]
context = ssl.create_default_context(cafile=ca)
client = imaplib.IMAP4_SSL("localhost", int(imaps.rsplit(":", 1)[1]), ssl_context=context, timeout=60)
client.login(user, password)
# imaplib keeps what was offered before signing in.
status, offered = client.capability()
assert b" IDLE" in b" ".join(offered), offered
status, [count] = client.select("INBOX")
assert status == "OK"
before = int(count)
tag = client._new_tag()
client.send(tag + b" IDLE\r\n")
line = client.readline()
assert line.startswith(b"+"), line
host, port = smtp.rsplit(":", 1)
with smtplib.SMTP(host, int(port), timeout=60) as server:
    server.ehlo("may-khach.example")
    server.sendmail("a@ngoai.example", [user], b"Subject: den trong IDLE\r\nMessage-ID: <idle@ngoai.example>\r\n\r\nthu\r\n")
    accepted = time.monotonic()
seen = None
while seen is None:
    line = client.readline()
    assert line, "the server closed the connection"
    if line.strip() == b"* %d EXISTS" % (before + 1):
        seen = time.monotonic()
client.send(b"DONE\r\n")
while not line.startswith(tag):
    line = client.readline()
    assert line, "the server closed the connection"
assert b"OK" in line, line
status, data = client.fetch(str(before + 1), "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
assert b"<idle@ngoai.example>" in data[0][1], data
client.logout()
print(f"EXISTS {1000 * (seen - accepted):.1f} ms after the 250")
