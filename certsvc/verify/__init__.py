"""Bytes → facts → judgement: is this file, byte for byte, what we published?

`pdf/` proves a file from its bytes, `judging` joins the outcome with the digest register, `report` is what
everybody gets to see; `processes/examiner` runs the proof in a disposable process. Nothing here imports
`signing` or `templates`: a signing mistake cannot certify itself.
"""
