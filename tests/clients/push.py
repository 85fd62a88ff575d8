#!/usr/bin/env python3
"""A push service and the browser behind it, on loopback: takes a subscription's pushes, checks VAPID (RFC 8292) and headers
(RFC 8030), and decrypts them (RFC 8188, RFC 8291) with Debian's python3-cryptography, not with the code under test.

usage: push.py FILE-WITH-THE-DEMO'S-JSON-LINE
With "cases" in the file (coding, sender, raw: the letter's bytes) each is sent, and the push must name its sender.
"""
import base64
import hashlib
import hmac
import http.client
import http.cookiejar
import http.server
import json
import queue
import re
import smtplib
import struct
import sys
import threading
import time
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

with open(sys.argv[1]) as file:
    told = json.load(file)
LAN = "lan.nt@vamxanh.example"
password = next(account["password"] for account in told["accounts"] if account["address"] == LAN)
arrived = queue.Queue()
status = {"code": 201}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def un64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        arrived.put((self.path, dict((name.lower(), value) for name, value in self.headers.items()), body))
        self.send_response(status["code"])
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=service.serve_forever, daemon=True).start()
here = f"http://127.0.0.1:{service.server_port}"


class Device:
    def __init__(self, name):
        self.name, self.auth = name, b"0123456789abcdef"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public = self.key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        self.endpoint = f"{here}/push/{name}"

    def decrypt(self, body):
        """RFC 8188 §2 and RFC 8291 §3.4, written from the RFCs."""
        salt, (size,), idlen = body[:16], struct.unpack(">I", body[16:20]), body[20]
        sender = body[21:21 + idlen]
        assert idlen == 65 and len(body) - 21 - idlen <= size, "one record, keyed by a P-256 point"
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.key.exchange(ec.ECDH(), point)

        def hkdf(salt, secret, info, length):
            extracted = hmac.new(salt, secret, hashlib.sha256).digest()
            return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()[:length]

        secret = hkdf(self.auth, shared, b"WebPush: info\0" + self.public + sender, 32)
        key = hkdf(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
        nonce = hkdf(salt, secret, b"Content-Encoding: nonce\0", 12)
        text = AESGCM(key).decrypt(nonce, body[21 + idlen:], None).rstrip(b"\0")
        assert text.endswith(b"\x02"), "the last record ends with 2"
        return json.loads(text[:-1])


def check(headers):
    assert headers["content-encoding"] == "aes128gcm", headers
    assert headers["ttl"].isdigit() and headers.get("urgency") in ("normal", "high"), headers
    scheme, rest = headers["authorization"].split(" ", 1)
    assert scheme.lower() == "vapid", headers
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, claims, signature = parts["t"].split(".")
    raw = un64(signature)
    coded = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), un64(parts["k"]))
    public.verify(coded, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(un64(claims))
    assert claims["aud"] == here and time.time() < claims["exp"] < time.time() + 86_460, claims
    assert claims["sub"].startswith(("mailto:", "https:")), claims


jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
web = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
base = f"http://{told['http']}"


def post(path, fields, headers=None):
    data = urllib.parse.urlencode(fields).encode()
    request = urllib.request.Request(base + path, data, {"Origin": base, **(headers or {})})
    return web.open(request, timeout=60)


def subscribe(device):
    page = web.open(base + "/cai-dat/thong-bao", timeout=60).read().decode()
    token = re.search(r'name="csrf" value="([^"]+)"', page) or re.search(r'data-csrf="([^"]+)"', page) \
        or re.search(r'name="csrf" content="([^"]+)"', page)
    assert token, f"no CSRF token in the page of notices:\n{page[:2000]}"
    fields = {"csrf": token[1], "endpoint": device.endpoint, "p256dh": b64(device.public), "auth": b64(device.auth), "device": device.name}
    answer = post("/thong-bao/dang-ky", fields)
    assert answer.status < 400, answer.status
    return token[1]


def letter(subject):
    with smtplib.SMTP("127.0.0.1", int(told["smtp"].rsplit(":", 1)[1]), timeout=60) as server:
        server.ehlo("may-khach.example")
        server.sendmail("mai@ngoai.example", [LAN], f"From: mai@ngoai.example\r\nSubject: {subject}\r\n\r\nbi mat trong thu\r\n".encode())
        return time.monotonic()


def name_every_sender():
    """Each letter by SMTP as it is; each push to a device of its own, which was told nothing yet."""
    token = subscribe(Device("first"))
    post("/thong-bao/man-hinh-khoa", {"csrf": token, "hien": "nguoi-gui"})
    wrong = []
    for number, case in enumerate(told["cases"]):
        device = Device(f"coding-{number}")
        subscribe(device)
        with smtplib.SMTP("127.0.0.1", int(told["smtp"].rsplit(":", 1)[1]), timeout=60) as server:
            server.ehlo("may-khach.example")
            server.sendmail("mai@ngoai.example", [LAN], bytes(case["raw"]))
        path = ""
        while path != f"/push/{device.name}":
            path, headers, body = arrived.get(timeout=60)
        check(headers)
        shown = device.decrypt(body)["notification"]["body"]
        # Some of the old codings have no capitals with tones: case apart, every letter must be right.
        if shown.lower() != f"Thư mới từ {case['sender']}".lower():
            wrong.append(f"{case['coding']}: {shown!r}")
        print(f"{case['coding']}: {shown}")
    assert not wrong, "\n".join(wrong)


post("/dang-nhap", {"ten": LAN, "mat-khau": password, "ve": "/"})
assert any(jar), "signing in gave no cookie"
if "cases" in told:
    name_every_sender()
    print("done")
    sys.exit()
device = Device("may-1")
token = subscribe(device)
post("/thong-bao/thu", {"csrf": token})
_, headers, body = arrived.get(timeout=60)
check(headers)
assert device.decrypt(body)["notification"]["title"] == "Gửi thử"
accepted = letter("tieu de rat rieng tu")
path, headers, body = arrived.get(timeout=60)
took = time.monotonic() - accepted
check(headers)
notice = device.decrypt(body)
shown = notice["notification"]
words = f"{shown['title']} {shown.get('body', '')}"
assert "thư mới" in words, notice
# The lock screen and the push service learn a count, never the sender or the subject (UX 6).
assert "rieng tu" not in json.dumps(notice) and "bi mat" not in json.dumps(notice) and "mai@" not in json.dumps(notice), notice
assert notice["web_push"] == 8030 and shown["navigate"].startswith("http"), notice
assert len(body) <= 4096
print(f"push {1000 * took:.0f} ms after the 250: {words.strip()!r}, {len(body)} bytes")

# An assigned document is told too.
with open(f"{told['data']}/source-qlvb.token") as file:
    token = file.read().strip()
put = {"revision": 1, "document": {"number": "7", "notation": "UBND", "subject": "noi dung kin", "secrecy": "none", "urgency": 1},
       "assignees": [{"mailbox": LAN, "role": "lead"}], "assigned_by": "UBND", "assigned_at": "2026-11-20T08:00:00+07:00"}
connection = http.client.HTTPConnection(told["http"], timeout=60)
connection.request("PUT", "/api/v1/sources/qlvb/assignments/day-1", json.dumps(put),
                   {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
assert connection.getresponse().status == 201
while True:
    _, headers, body = arrived.get(timeout=180)
    check(headers)
    notice = device.decrypt(body)
    if "văn bản" in json.dumps(notice, ensure_ascii=False):
        break
assert "noi dung kin" not in json.dumps(notice), notice
print("document told:", notice["notification"]["title"])

# A device that is gone is forgotten.
status["code"] = 410
gone = Device("may-2")
subscribe(gone)
letter("thu hai")
seen = set()
while "/push/may-2" not in seen:
    path, _, _ = arrived.get(timeout=180)
    seen.add(path)
print("done")
