"""The marks of a second page as page content; apart from `copies`, which lays the page out, for whoever fills
needs no layout.
"""

import datetime as dt

from certsvc.templates.marks import TIME_FACE, time_line
from certsvc.templates.slots import CopiedMark, font_name


def marks_content(marks: tuple[CopiedMark, ...], signed_at: dt.datetime | None) -> bytes:
    """The operators that draw the marks with that time (ISO 32000-2 clauses 8.10 and 14.6); nothing is drawn
    without one.
    """
    return b"".join(_mark(mark, signed_at) for mark in marks)


def _mark(mark: CopiedMark, signed_at: dt.datetime | None) -> bytes:
    picture = line = b""
    if signed_at is not None:
        place = b"q 1 0 0 1 %.3f %.3f cm\n" % (mark.x, mark.y)
        picture = b"%b/%b Do\nQ\n" % (place, mark.resource.encode("ascii"))
        line = b"%b%b\nQ\n" % (place, time_line(signed_at, mark.width, font=font_name(TIME_FACE)))
    return b"/Figure <</MCID %d>> BDC\n%bEMC\n/Span <</MCID %d>> BDC\n%bEMC\n" % (
        mark.picture_mcid,
        picture,
        mark.time_mcid,
        line,
    )
