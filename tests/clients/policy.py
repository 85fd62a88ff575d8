#!/usr/bin/env python3
"""Serves MTA-STS policies (RFC 8461) over HTTPS on port 443 of a loopback address, one per host name, until it is killed.

usage: policy.py IP CERT KEY HOST=MX ...      the policy of HOST is "enforce" and names MX
"""
import http.server
import ssl
import sys

ip, cert, key = sys.argv[1:4]
policies = dict(pair.split("=", 1) for pair in sys.argv[4:])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        mx = policies.get(self.headers["Host"])
        if mx is None or self.path != "/.well-known/mta-sts.txt":
            return self.send_error(404)
        text = f"version: STSv1\r\nmode: enforce\r\nmx: {mx}\r\nmax_age: 86400\r\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((ip, 443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
