#!/usr/bin/env python3
"""Medians of a results file of tests/bench/compare as a Markdown table, with the ratio to the first peer."""
import json, statistics, sys

ROWS = [  # (measure, path in the driver's JSON, words, larger is better)
    ("smtp20", "delivered_msgs_per_s", "2 KB, 20 kept connections: visible/s", True),
    ("smtp20", "final_250_ms.p50", "... final 250 p50 ms", False),
    ("smtp20", "final_250_ms.p99", "... final 250 p99 ms", False),
    ("smtp1", "accepted_per_s", "2 KB, one connection: accepted/s", True),
    ("smtp20k", "delivered_msgs_per_s", "20 KB, 20 connections: visible/s", True),
    ("smtp200k", "delivered_msgs_per_s", "200 KB, 10 connections: visible/s", True),
    ("rcpt50", "deliveries_per_s", "2 KB to 50 recipients: mailbox deliveries/s", True),
    ("idle-latency", "from_250_ms.p50", "250 to EXISTS p50 ms", False),
    ("sessions", "sessions_per_s", "phone-like sessions/s over TLS", True),
    ("idle-mem", "pss_mb_per_1000", "1,000 idle TLS connections: PSS MB", False),
    ("seed", "append_per_s", "APPEND, 4 connections: letters/s", True),
    ("imap10k", "select_ms.p50", "10,000 letters: SELECT p50 ms", False),
    ("imap10k", "fetch_flags_all.msgs_per_s", "FETCH 1:* (FLAGS UID) letters/s", True),
    ("imap10k", "fetch_envelope_all_again.msgs_per_s", "FETCH 1:* ENVELOPE letters/s", True),
    ("imap10k", "newest50_ms.p50", "newest 50 ENVELOPE+BODYSTRUCTURE p50 ms", False),
    ("imap10k", "fetch_body_again.msgs_per_s", "BODY.PEEK[] letters/s", True),
    ("imap10k", "search_subject.p50_ms", "SEARCH SUBJECT p50 ms", False),
    ("imap10k", "search_text.p50_ms", "SEARCH TEXT p50 ms", False),
    ("imap10k", "store_one_ms.p50", "STORE one p50 ms", False),
    ("imap10k", "append_per_s_1conn", "APPEND, one connection: letters/s", True),
]


def pick(record, path):
    for word in path.split("."):
        record = record.get(word) if isinstance(record, dict) else None
    return record if isinstance(record, (int, float)) else None


def main():
    records = []
    for line in open(sys.argv[1], encoding="utf-8"):
        try:
            records.append(json.loads(line))
        except ValueError:
            print("unreadable line:", line[:200], file=sys.stderr)
    peers = list(dict.fromkeys(r["peer"] for r in records))
    print("| measure | " + " | ".join(peers) + " | ratios to " + peers[0] + " |")
    print("|---" * (len(peers) + 2) + "|")
    for measure, path, words, _ in ROWS:
        cells = []
        for peer in peers:
            values = [v for r in records if r["peer"] == peer and r["measure"] == measure and (v := pick(r, path)) is not None]
            cells.append(statistics.median(values) if values else None)
        if not any(cell is not None for cell in cells):
            continue
        base = cells[0]
        ratios = ", ".join(f"{cell / base:.2f}" if base and cell is not None else "-" for cell in cells[1:])
        print(f"| {words} | " + " | ".join("-" if c is None else f"{c:,.2f}" if c < 100 else f"{c:,.0f}" for c in cells) + f" | {ratios} |")
    for record in records:
        if record.get("error") or record.get("errors") or record.get("first_error"):
            print("note:", record["peer"], record["measure"], record.get("error") or record.get("errors") or record.get("first_error"))


main()
