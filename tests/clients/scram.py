"""Signs in by SCRAM-SHA-256 with Python's own smtplib or imaplib; the mechanism is written here from RFC 5802 with hashlib
and shares nothing with the server. Prints "in" when the server's proof was right too, else what the server said.

scram.py smtp|imap PORT USER SECRET
"""

import base64
import hashlib
import hmac
import imaplib
import os
import smtplib
import ssl
import sys


class Scram:
    def __init__(self, user, secret):
        self.user, self.secret = user.replace("=", "=3D").replace(",", "=2C"), secret
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        self.step = 0
        self.verified = False

    def answer(self, challenge=None):
        self.step += 1
        if self.step == 1:
            self.bare = f"n={self.user},r={self.nonce}"
            return "n,," + self.bare
        if self.step == 2:
            first = challenge.decode()
            fields = dict(part.split("=", 1) for part in first.split(","))
            assert fields["r"].startswith(self.nonce) and len(fields["r"]) > len(self.nonce)
            assert int(fields["i"]) >= 4096
            salted = hashlib.pbkdf2_hmac(
                "sha256", self.secret.encode(), base64.b64decode(fields["s"]), int(fields["i"])
            )
            client = hmac.digest(salted, b"Client Key", "sha256")
            stored = hashlib.sha256(client).digest()
            last = f"c=biws,r={fields['r']}"
            self.all = f"{self.bare},{first},{last}".encode()
            signature = hmac.digest(stored, self.all, "sha256")
            self.server = hmac.digest(salted, b"Server Key", "sha256")
            proof = bytes(one ^ other for one, other in zip(client, signature))
            return f"{last},p={base64.b64encode(proof).decode()}"
        told = base64.b64decode(challenge.decode().removeprefix("v="))
        self.verified = hmac.compare_digest(told, hmac.digest(self.server, self.all, "sha256"))
        return ""


def main():
    protocol, port, user, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    trust = ssl._create_unverified_context()
    scram = Scram(user, secret)
    try:
        if protocol == "smtp":
            with smtplib.SMTP_SSL("127.0.0.1", port, context=trust) as smtp:
                smtp.ehlo()
                assert "SCRAM-SHA-256" in smtp.esmtp_features["auth"].split(), smtp.esmtp_features
                smtp.auth("SCRAM-SHA-256", scram.answer)
        else:
            with imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trust) as imap:
                assert "AUTH=SCRAM-SHA-256" in imap.capabilities, imap.capabilities
                imap.authenticate("SCRAM-SHA-256", scram.answer)
                assert imap.select("INBOX")[0] == "OK"
    except (smtplib.SMTPAuthenticationError, imaplib.IMAP4.error) as cause:
        print(str(cause)[:200])
        return
    assert scram.verified, "the server did not prove itself"
    print("in")


main()
