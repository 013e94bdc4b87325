"""Load and faults: what the package keeps of its promises while servers are killed, frozen, full or simply busy.

``make stress`` runs every row and writes ``docs/reliability.md``; ``python -m benchmarks.stress --rows NAME …`` runs
some of them. All servers are real, started here on 127.0.0.1, and stopped whatever happens.
"""
