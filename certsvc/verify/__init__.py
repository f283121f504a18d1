"""Bytes → facts → judgement: is this file, byte for byte, what we published?

`examining` proves a file from its bytes (`geometry`, `trust`, pyHanko), `apart` does so in a
disposable process, `judging` joins the outcome with the digest register, `report` is what everybody
gets to see. Nothing here imports `signing` or `templates`: a signing mistake cannot certify itself.
"""
