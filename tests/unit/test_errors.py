"""Every family of errors has its HTTP status, and every code of ours its words in both languages."""

import pickle
from http import HTTPStatus

from certsvc.api.problems import status_of
from certsvc.errors import CertsvcError, InputError


def _families(root: type[CertsvcError]) -> set[type[CertsvcError]]:
    return {root} | {each for child in root.__subclasses__() for each in _families(child)}


def test_every_family_has_a_status() -> None:
    """Subclasses as their family; the base alone is never raised."""
    for family in _families(CertsvcError) - {CertsvcError}:
        status = status_of(family("some_code", "vi", "en"))
        assert isinstance(status, HTTPStatus)
        assert status >= 400


def test_codes_may_override_their_family() -> None:
    """An InputError is a 422 but for what HTTP has a better word for."""
    input_error = next(each for each in _families(CertsvcError) if each.__name__ == "InputError")
    statuses = {
        code: status_of(input_error(code, "", ""))
        for code in ("rejected", "too_large_unpacked", "not_a_table", "not_utf8", "no_key")
    }
    assert statuses == {
        "rejected": 422,
        "too_large_unpacked": 413,
        "not_a_table": 415,
        "not_utf8": 415,
        "no_key": 401,
    }


def test_an_error_says_its_code_and_english_message_only() -> None:
    """Facts and errors are not in its text, which is logged."""
    error = CertsvcError("some_code", "tiếng Việt", "English", errors=[{"field": "canary"}], fact="canary")
    assert str(error) == "some_code: English"
    assert error.facts == {"fact": "canary"}


def test_an_error_comes_back_whole_from_another_process() -> None:
    """Processes that fill and sign report by pickle: family, code, words, items and facts arrive."""
    sent = InputError("some_code", "vi", "en", errors=[{"field": "birth_date"}], retry_after_s=3)
    came = pickle.loads(pickle.dumps(sent))
    assert type(came) is InputError
    assert (came.code, came.message_vi, came.message_en, came.errors, came.facts) == (
        sent.code,
        "vi",
        "en",
        ({"field": "birth_date"},),
        {"retry_after_s": 3},
    )
