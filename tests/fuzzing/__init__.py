"""Any call that the OpenAPI document allows, and many that it does not, in long sequences: each answer must
be a documented one.

`python -m tests.fuzzing --minutes 10` runs it for long, on PostgreSQL with `--database postgresql`;
`tests/e2e/test_openapi.py` runs the same for a minute. What is sent and judged beyond schemathesis' own is in
`extensions.py`, what is left out, and why, in `schemathesis.toml`.
"""
