"""The syllables of written Vietnamese: which strings of letters are one.

A closed list, kept as its ingredients: beginnings, rhymes, and where the tone mark goes. It is wider than the
dictionary (all that orthography allows, with both places of the mark, hoà and hòa), for it must hold every
name. Source: the spelling rules taught since Decision 240/QĐ (1984), with no loans but the rhymes of everyday
words such as xoong.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType

_LONGEST = 9
"""nghiêng has seven letters; a decomposed word may have a few more."""
_ANY = "b d đ h kh l m n nh p ph r s t th tr v x ch"
_BEFORE_BACK, _BEFORE_FRONT = "c g ng", "k gh ngh"

_FRONT_RHYMES = """
e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ich im in inh ip it iu ia iêc iêm iên iêng iêp iêt iêu y
"""
_BACK_RHYMES = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
o oc oi om on ong op ot oong ooc oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oe
oem oen oeo oet
ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
u uc ui um un ung up ut ua uâc uân uâng uât uây uê uêch uên uênh uêt uơ uôc uôi uôm uôn uông uôp uôt uy uya
uych uyn uynh uyp uyt uyu uyên uyêt
ư ưc ưi ưm ưn ưng ưt ưu ưa ươc ươi ươm ươn ương ươp ươt ươu
"""
_RHYMES_ALONE = (
    "i ich im in inh ip it iu ia y yêm yên yêng yêt yêu e ec em en eng eo ep et ê êch êm ên ênh êp êt êu"
)
_AFTER_QU = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc ân âng ât âu ây e en eng eo et ê ên ênh êch êt
êu
i ich in inh it iu y ych yn ynh yp yt yên yêt ơ ơi ơn ôc
"""
_AFTER_GI = """
a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây e ec em en eng eo ep et
ê êm ên êt êu
o oc oi om on ong op ot oa ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u uc ui um un ung up ut ua uôc uôi uôm
uôn uông uôt
ư ưc ưi ưng ưt ưu ưa ươc ươi ươm ươn ương ươp ươt
"""
_MERGED_WITH_GI = "i in im ip it iêc iêm iên iêng iêp iêt iêu"
"""gì and giếng are gi + ì and gi + iếng, written with one i."""

_VOWELS = frozenset("aăâeêioôơuưy")
_MARKED = "ơêôâăư"
_STOPS = ("c", "ch", "p", "t")
_TONES = {"\u0300": "huyền", "\u0301": "sắc", "\u0303": "ngã", "\u0309": "hỏi", "\u0323": "nặng"}
_AFTER_STOPS = frozenset({"\u0301", "\u0323"})


def is_syllable(word: str) -> bool:
    """Whether a word, in upper or lower case, is a Vietnamese syllable."""
    return len(word) <= _LONGEST and _is_syllable(word)


@lru_cache(maxsize=4096)
def _is_syllable(word: str) -> bool:
    """Without its tone the word must be in the list, and the mark where the rhyme takes it; a word that ends
    in c, ch, p or t has sắc or nặng.
    """
    bare, place, tone = _without_tone(word.lower())
    places = _toneless().get(bare)
    if places is None:
        return False
    if bare.endswith(_STOPS):
        return tone in _AFTER_STOPS and place in places
    return not tone or place in places


def _without_tone(word: str) -> tuple[str, int, str]:
    """The word without its tone mark, the place of the vowel that bears it, and the mark; all empty for a
    word with two marks.
    """
    bare, place, tone = "", -1, ""
    for char in unicodedata.normalize("NFD", word):
        if char not in _TONES:
            bare = unicodedata.normalize("NFC", bare + char)
        elif tone:
            return "", -1, ""
        else:
            place, tone = len(bare) - 1, char
    return bare, place, tone


@cache
def _toneless() -> Mapping[str, frozenset[int]]:
    """Every syllable without a tone, and the places where its mark may stand."""
    found: dict[str, frozenset[int]] = {}
    for onset, rhyme in _pairs():
        places = frozenset(len(onset) + place for place in _places(rhyme))
        found[onset + rhyme] = found.get(onset + rhyme, frozenset()) | places
    return MappingProxyType(found)


def _pairs() -> Iterator[tuple[str, str]]:
    for onsets, rhymes in (
        (_ANY, _FRONT_RHYMES + _BACK_RHYMES),
        (_BEFORE_FRONT, _FRONT_RHYMES),
        (_BEFORE_BACK, _BACK_RHYMES),
        ("qu", _AFTER_QU),
        ("gi", _AFTER_GI),
        ("g", _MERGED_WITH_GI),
    ):
        for onset in onsets.split():
            yield from ((onset, rhyme) for rhyme in rhymes.split())
    yield from (("", rhyme) for rhyme in (_RHYMES_ALONE + _BACK_RHYMES).split())


def _places(rhyme: str) -> set[int]:
    """Where the tone mark stands in a rhyme: on the last vowel with a mark of its own; else on the last vowel
    before a consonant, or on the last but one at the end.
    """
    vowels = [place for place, char in enumerate(rhyme) if char in _VOWELS]
    marked = [place for place in vowels if rhyme[place] in _MARKED]
    if marked:
        return {marked[-1]}
    if vowels[-1] < len(rhyme) - 1 or len(vowels) == 1:
        return {vowels[-1]}
    if rhyme in {"oa", "oe", "uy"}:
        return {0, 1}
    return {vowels[-2]}
