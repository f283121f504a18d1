"""The console at `/staff`: pages for who signed in (`api/console/staff.py`); they show and do what `/v1`
does, to the same callers.
"""
