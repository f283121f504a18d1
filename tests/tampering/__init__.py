"""Attacks on signed certificates, each with the answer it must get; `python -m tests.tampering` writes them
as files.
"""
