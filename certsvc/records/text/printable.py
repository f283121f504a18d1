"""Which characters the forms' typeface prints, known here without opening it.

The ranges are those of Tinos in all four faces, without control, format, private and unassigned characters:
what `templates.faces` accepts, as a test checks. So a value that the press would refuse is refused when its
row is judged [text, Typeface].
"""

import re
import unicodedata

_RANGES = """
0020-007E 00A0-00AC 00AE-0377 037A-037F 0384-038A 038C 038E-03A1 03A3-052F 0591-05C7 05D0-05EA 05F0-05F4
1AB0-1ABE 1C80-1C88 1D00-1DF5
1DFB-1F15 1F18-1F1D 1F20-1F45 1F48-1F4D 1F50-1F57 1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FC4 1FC6-1FD3
1FD6-1FDB 1FDD-1FEF 1FF2-1FF4
1FF6-1FFE 2000-200A 2010-2029 202F-205F 2070-2071 2074-208E 2090-209C 20A0-20BE 20F0 2100-214F 2153-2154
215B-215E 2184 2190-2195 21A8
2202 2206 220F 2211-2212 2215 2219-221A 221E-221F 2229 222B 2248 2260-2261 2264-2265 2302 2310 2320-2321 2500
2502 250C 2510 2514 2518
251C 2524 252C 2534 253C 2550-256C 2580 2584 2588 258C 2590-2593 25A0-25A1 25AA-25AC 25B2 25BA 25BC 25C4
25CA-25CC 25CF 25D8-25D9 25E6
263A-263C 2640 2642 2660 2663 2665-2666 266A-266B 266F 2C60-2C7F 2DE0-2E42 A640-A69F A717-A7AE A7B0-A7B7
A7F7-A7FF AB30-AB65 FB01-FB04
FB1D-FB36 FB38-FB3C FB3E FB40-FB41 FB43-FB44 FB46-FB4F FE20-FE2F FFFC-FFFD
"""
_UNPRINTABLE = re.compile(
    "[^" + "".join("-".join(f"\\u{code}" for code in span.split("-")) for span in _RANGES.split()) + "]"
)


def unprintable_place(text: str) -> int:
    """The place, counted from 1, of the first character that cannot be printed, as it is or as a capital; 0
    if all can.
    """
    found = _UNPRINTABLE.search(text)
    if found is not None:
        return found.start() + 1
    if _UNPRINTABLE.search(unicodedata.normalize("NFC", text.upper())) is None:
        return 0
    return next((place for place, char in enumerate(text, 1) if _UNPRINTABLE.search(char.upper())), len(text))
