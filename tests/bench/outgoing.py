#!/usr/bin/env python3
"""Medians of a results file of tests/bench/outgoing as a Markdown table, with the ratio to the first peer."""
import json, statistics, sys

WORDS = {
    "queued_1": "queue filled, one destination: letters/s",
    "queued_100": "queue filled, 100 destinations: letters/s",
    "whole_1": "submission to delivery, one destination: letters/s",
    "whole_100": "submission to delivery, 100 destinations: letters/s",
}
records = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
peers = list(dict.fromkeys(record["peer"] for record in records))
print("| measure | " + " | ".join(peers) + " | ratios to " + peers[0] + " |")
print("|---" * (len(peers) + 2) + "|")
for measure, words in WORDS.items():
    rates = []
    for peer in peers:
        values = [r["letters_per_s"] for r in records if r["peer"] == peer and r["measure"] == measure]
        rates.append(statistics.median(values) if values else None)
    if rates[0] is None:
        continue
    ratios = ", ".join(f"{rate / rates[0]:.2f}" if rate else "-" for rate in rates[1:])
    print(f"| {words} | " + " | ".join(f"{rate:,.0f}" if rate else "-" for rate in rates) + f" | {ratios} |")
