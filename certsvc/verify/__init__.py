"""Bytes → facts → judgement: is this file, byte for byte, what we published?

`pdf/` proves a file from its bytes, `judging` combines the result with the digest register, `report` is what
everybody sees; `processes/examiner` runs the proof in a disposable process. Nothing here imports `signing` or
`templates`, so that a mistake in signing cannot certify itself.
"""
