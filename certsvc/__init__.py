"""certsvc fills, signs and verifies sick-leave and recovery certificates for F0 cases.

`docs/architecture.md` is the map.
"""

__version__ = "0.1.0"
