"""Letters and marks that look like the ones that were meant.

Old fonts and keyboards give Ð, ð (U+00D0, U+00F0, Icelandic) and Ɖ (U+0189, African) for Đ, đ; word
processors and telephones give curly apostrophes and long hyphens. These are replaced by what was meant
[rules, W-REPAIRED-UNICODE]. Cyrillic and Greek letters among Latin ones are not, for nobody can know where
such a text comes from: `mixes_scripts` finds them [text, Look-alike letters].
"""

import re

_WRONG_D = str.maketrans("ÐðƉ", "ĐđĐ")
_HAS_WRONG_D = re.compile("[ÐðƉ]")

_APOSTROPHES = "\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201b\u2032\u2035\ua78b\ua78c\uff07"
_HYPHENS = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
_FULL_STOPS = "\u2024\ufe52\uff0e"
_TYPOGRAPHIC = {
    ord(form): mark
    for mark, forms in (("'", _APOSTROPHES), ("-", _HYPHENS), (".", _FULL_STOPS))
    for form in forms
}
_HAS_TYPOGRAPHIC = re.compile(f"[{_APOSTROPHES}{_HYPHENS}{_FULL_STOPS}]")

_LATIN = (
    "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1d00-\u1d25\u1e00-\u1eff\u2c60-\u2c7f"
    "\ua722-\ua787\ua78b-\ua7ff\uab30-\uab5a\uab60-\uab64\ufb00-\ufb06"
)
_GREEK = "\u00b5\u0370-\u0373\u0376-\u037d\u037f\u0386\u0388-\u03ff\u1d26-\u1d2a\u1f00-\u1fff"
_CYRILLIC = "\u0400-\u0481\u048a-\u052f\u1c80-\u1c8f\u1d2b\ua640-\ua66e\ua680-\ua69d"
_LIKE_LATIN = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧΪΫΆΈΉΊΌΎινορυϊϋίόύϲϳϹͿᾸᾹῘῙῨῩ" + _CYRILLIC
"""Greek letters drawn like Latin ones, or nearly; and all Cyrillic letters, for which none of our texts has a
use within a Latin word.
"""

_HAS_LATIN = re.compile(f"[{_LATIN}]")
_HAS_OTHER = re.compile(f"[{_GREEK}{_CYRILLIC}]")
_HAS_LIKE_LATIN = re.compile(f"[{_LIKE_LATIN}]")
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f])+")


def with_d(text: str) -> str:
    """The text with Đ and đ in place of letters that look like them."""
    return text.translate(_WRONG_D) if _HAS_WRONG_D.search(text) else text


def with_plain_marks(name: str) -> str:
    """A name with ' - and . in place of their typographic forms."""
    return name.translate(_TYPOGRAPHIC) if has_typographic(name) else name


def has_typographic(name: str) -> bool:
    """Whether a name holds a typographic form of ' - or ."""
    return _HAS_TYPOGRAPHIC.search(name) is not None


def mixes_scripts(text: str, *, is_name: bool) -> bool:
    """Whether Latin letters stand together with letters of another script that may be taken for them.

    In a name any Cyrillic or Greek letter beside Latin ones counts; elsewhere only one that looks Latin, in a
    word with Latin ones, so that β, α and µ stay what they are.
    """
    if _HAS_OTHER.search(text) is None:
        return False
    if is_name:
        return _HAS_LATIN.search(text) is not None
    return any(_HAS_LATIN.search(word) and _HAS_LIKE_LATIN.search(word) for word in _WORD.findall(text))
