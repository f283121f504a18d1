"""The marks of a second page as page content; apart from `copies`, so that filling loads no layout code."""

import datetime as dt

from certsvc.templates.marks import TIME_FACE, time_line
from certsvc.templates.slots import CopiedMark, font_name


def marks_content(marks: tuple[CopiedMark, ...], signed_at: dt.datetime | None) -> bytes:
    """The operators that draw the marks with that time [ISO 32000-2 §8.10, §14.6]; without one, nothing."""
    return b"".join(_mark(mark, signed_at) for mark in marks)


def _mark(mark: CopiedMark, signed_at: dt.datetime | None) -> bytes:
    picture = line = b""
    if signed_at is not None:
        origin = b"q 1 0 0 1 %.3f %.3f cm\n" % (mark.x, mark.y)
        picture = b"%b/%b Do\nQ\n" % (origin, mark.resource.encode("ascii"))
        line = b"%b%b\nQ\n" % (origin, time_line(signed_at, mark.width, font=font_name(TIME_FACE)))
    figure = b"/Figure <</MCID %d>> BDC\n%bEMC\n" % (mark.picture_mcid, picture)
    return figure + b"/Span <</MCID %d>> BDC\n%bEMC\n" % (mark.time_mcid, line)
