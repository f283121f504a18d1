"""Strangers' files as packages, text and XML, read within limits; and how a file is refused."""
