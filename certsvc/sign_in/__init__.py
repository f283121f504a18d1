"""How people and their programs show who they are, apart from API keys (`callers.py`).

accounts   local accounts: password and one-time code            proofs     the mathematics of both
sessions   browsers that signed in                                subjects   who an OpenID token says somebody is
provider   the OpenID provider: its keys, its tokens, its sign-in page

Each ends in a caller (`ApiKey`): role, facility, holder. Routes and use cases know nothing else of it.
"""
