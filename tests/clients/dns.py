#!/usr/bin/env python3
"""A DNS server on loopback for one test: a zone given on the command line, NXDOMAIN for everything else. UDP and TCP.

usage: dns.py PORT NAME=TYPE:VALUE ...      TYPE: A, AAAA, CNAME, MX (preference 10), TXT, PTR, SRV, TLSA and DNSKEY (hex)
"""
import socket
import socketserver
import struct
import sys
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DNSKEY": 48,
         "TLSA": 52}


def wire(name):
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def data(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "MX":
        return struct.pack(">H", 10) + wire(value)
    if kind == "AAAA":
        return socket.inet_pton(socket.AF_INET6, value)
    if kind == "TXT":
        raw = value.encode()
        return b"".join(bytes([len(raw[i:i + 255])]) + raw[i:i + 255] for i in range(0, len(raw), 255))
    if kind == "SRV":
        numbers, target = value.rsplit(" ", 1)
        return struct.pack(">3H", *map(int, numbers.split())) + wire(target)
    if kind in ("TLSA", "DNSKEY"):
        return bytes.fromhex(value)
    return wire(value)


zone = {}
for record in sys.argv[2:]:
    name, rest = record.split("=", 1)
    kind, value = rest.split(":", 1)
    zone.setdefault((name.lower(), TYPES[kind]), []).append(data(kind, value))
names = {name for name, _ in zone}


def answer(query):
    ident, flags, questions = struct.unpack(">3H", query[:6])
    labels, place = [], 12
    while query[place]:
        labels.append(query[place + 1:place + 1 + query[place]].decode("ascii", "replace"))
        place += query[place] + 1
    kind, _ = struct.unpack(">2H", query[place + 1:place + 5])
    question = query[12:place + 5]
    name = ".".join(labels).lower()
    found = zone.get((name, kind), [])
    known = name in names or any(other.endswith("." + name) for other in names)
    head = struct.pack(">6H", ident, 0x8580 | (0 if known else 3), 1, len(found), 0 if found else 1, 0)
    body = b"".join(b"\xc0\x0c" + struct.pack(">2HIH", kind, 1, 60, len(one)) + one for one in found)
    if not found:
        start = wire("ns.example") + wire("root.example") + struct.pack(">5I", 1, 60, 60, 60, 60)
        body = wire("example") + struct.pack(">2HIH", TYPES["SOA"], 1, 60, len(start)) + start
    return head + question + body


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        query, sock = self.request
        sock.sendto(answer(query), self.client_address)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        while len(size := self.rfile.read(2)) == 2:
            reply = answer(self.rfile.read(struct.unpack(">H", size)[0]))
            self.wfile.write(struct.pack(">H", len(reply)) + reply)


socketserver.ThreadingTCPServer.allow_reuse_address = True
port = int(sys.argv[1])


def bound(server, handler):
    """A port that was free for TCP may be another test's for a moment as a resolver's UDP port."""
    for _ in range(100):
        try:
            return server(("127.0.0.1", port), handler)
        except OSError:
            time.sleep(0.1)
    return server(("127.0.0.1", port), handler)


tcp = bound(socketserver.ThreadingTCPServer, Tcp)
udp = bound(socketserver.ThreadingUDPServer, Udp)
threading.Thread(target=tcp.serve_forever, daemon=True).start()
print("ready", flush=True)
udp.serve_forever()
