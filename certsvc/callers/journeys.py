"""The way to the OpenID provider and back, as far as those need to know who have none."""

from certsvc.errors import Forbidden

CALLBACK = "/staff/callback"
"""Where the provider sends a browser back to."""


def sign_in_failed() -> Forbidden:
    return Forbidden(
        "sign_in_failed",
        "Đăng nhập không thành công hoặc đã quá lâu; hãy bắt đầu lại.",
        "Signing in did not succeed, or took too long; please start again.",
    )
