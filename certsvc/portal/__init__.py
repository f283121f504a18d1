"""BHXH's portal: handing documents in, none twice.

`client` speaks its protocol and says what is certain, `sending` keeps the record of it.
"""
