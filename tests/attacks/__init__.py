"""Greedy and hostile clients against a running service, and what everybody else notices of them.

`python -m tests.attacks` starts a service, lets each attack run for a bounded time, and meanwhile looks codes
up and asks `/livez` as strangers do. It reports how long these took and what was not answered.
"""
