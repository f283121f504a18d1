"""The compiled designs: each is in memory, or on disk, or is compiled now."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from certsvc.states import Slot
from certsvc.templates.compiler.caching import find_base, find_path, keep_base
from certsvc.templates.designs import PLAIN, Design, Trait
from certsvc.templates.slots import Base

FORMAT = 2
"""Raise it when the code changes what it makes of the same design: bases kept on disk are then made anew."""

_bases: dict[str, Base] = {}


def compile_base(
    design: Design,
    *,
    head_examined: bool,
    is_reissue: bool,
    traits: frozenset[Trait] = PLAIN,
    slots: Sequence[Slot] | None = None,
    cache: Path | None = None,
) -> Base:
    """The base of a design's variant that `slots` sign, in order (all of the variant if None).

    Compiled once a process, and once for all processes that name the same `cache` folder. Equal on every
    machine. Raises Broken if the design has a fault.
    """
    signing = tuple(design.slots(head_examined=head_examined) if slots is None else slots)
    name = _name(design, head_examined, is_reissue, traits, signing)
    if name in _bases:
        return _bases[name]
    base = find_base(cache, name) if cache else None
    if base is None:
        from certsvc.templates.compiler.compiling import compile_anew  # noqa: PLC0415 - loads WeasyPrint

        base = compile_anew(
            design,
            head_examined=head_examined,
            is_reissue=is_reissue,
            traits=traits,
            slots=signing,
            seed=name.encode("ascii"),
        )
        if cache:
            keep_base(cache, name, base)
    return _bases.setdefault(name, base)


def is_kept(
    design: Design, *, head_examined: bool, is_reissue: bool, slots: Sequence[Slot], cache: Path
) -> bool:
    """Whether that base, without traits, lies on disk, without reading it."""
    return find_path(cache, _name(design, head_examined, is_reissue, PLAIN, tuple(slots))).exists()


def _name(
    design: Design, head_examined: bool, is_reissue: bool, traits: frozenset[Trait], slots: tuple[Slot, ...]
) -> str:
    """What all that goes into a base hashes to."""
    tools = [f"{tool} {version(tool)}" for tool in ("weasyprint", "pydyf", "fonttools")]
    parts = [str(FORMAT), design.digest, str(head_examined), str(is_reissue), *sorted(traits), *slots, *tools]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
