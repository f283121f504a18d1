"""Which examples the properties are tried with: the same ones at every run, however long each takes."""

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("same")
