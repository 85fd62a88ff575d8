#!/usr/bin/env python3
"""dkimpy (Debian's python3-dkim) as the other side of DKIM and ARC. Asks no DNS: keys are given as NAME=TXT.

usage: dkim_peer.py verify NAME=TXT ...                  < letter   prints "dkim N of M" and, where it is sealed, "arc pass"
       dkim_peer.py sign DOMAIN SELECTOR ALGORITHM KEY   < letter   prints the signed letter; KEY: RSA as PEM, or Ed25519 in base64
       dkim_peer.py seal DOMAIN SELECTOR HOST KEY        < letter   prints the letter sealed with ARC; it has results of HOST on top
"""
import sys

# The folder of this file holds other clients, named like modules that dkimpy needs (dns).
del sys.path[0]

import dkim

letter = sys.stdin.buffer.read()
if sys.argv[1] == "verify":
    keys = dict(pair.split("=", 1) for pair in sys.argv[2:])

    def txt(name, timeout=5):
        found = keys.get(name.decode().rstrip("."))
        return found.encode() if found else None

    def passes(index):
        try:
            return dkim.DKIM(letter).verify(idx=index, dnsfunc=txt)
        except dkim.ValidationError:
            return False

    count = letter.split(b"\r\n\r\n")[0].lower().count(b"\ndkim-signature:") + letter.lower().startswith(b"dkim-signature:")
    good = sum(passes(index) for index in range(count))
    print(f"dkim {good} of {count}")
    if b"arc-seal:" in letter.lower():
        verdict, _, why = dkim.arc_verify(letter, dnsfunc=txt)
        print("arc", verdict.decode(), "" if verdict == b"pass" else why)
elif sys.argv[1] == "seal":
    domain, selector, host, key = (word.encode() for word in sys.argv[2:6])
    fields = dkim.arc_sign(letter, selector, domain, key, host,
                           include_headers=[b"from", b"to", b"subject", b"date", b"message-id"])
    sys.stdout.buffer.write(b"".join(fields) + letter)
else:
    domain, selector, algorithm, key = (word.encode() for word in sys.argv[2:6])
    signature = dkim.sign(letter, selector, domain, key, signature_algorithm=algorithm,
                          canonicalize=(b"relaxed", b"relaxed"), include_headers=[b"from", b"to", b"subject"])
    sys.stdout.buffer.write(signature + letter)
