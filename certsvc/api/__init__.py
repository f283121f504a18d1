"""HTTP: the contract for systems (`/v1`), for everyone (`/v`, pages), and for operators (health).

`app` puts it together, `problems` turns our errors into RFC 9457 documents, `access` finds who calls.
Routers are thin: parse, call a use case, answer.
"""
