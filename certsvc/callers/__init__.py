"""Who calls: API keys, local accounts, browser sessions, the OpenID provider.

keys       API keys, and what every way of signing in ends in: a caller (`ApiKey`)
accounts   local accounts: password and one-time code            proofs     the mathematics of both
sessions   browsers that signed in                                journeys   a sign-in under way
provider   the OpenID provider: its keys, tokens, sign-in page   subjects   who a token says somebody is

Routes and use cases know nothing of callers but `ApiKey`.
"""
