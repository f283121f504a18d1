"""From `requested` to `issued`: claim, number, fill, sign, prove, publish.

producing  one chunk from claim to published rows        ordering, rosters  what is to be made, and by whom
pressing   the chunk, in a process without the database (`process`); `contents`, `warming` serve it
"""
