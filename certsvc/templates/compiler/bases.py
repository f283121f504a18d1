"""The compiled designs, from memory, from disk, or compiled now."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from certsvc.states import Slot
from certsvc.templates.compiler.caching import find_base, find_path, keep_base
from certsvc.templates.designs import PLAIN, Design, Trait
from certsvc.templates.slots import Base

FORMAT = 2
"""Raise it when the code makes something else of the same design: cached bases are then compiled again."""

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
    """The base of a design's variant that `slots` sign, in order (by default all of the variant's).

    Compiled once per process, and once for all processes with the same `cache` folder. Identical on every
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
    """Whether that base, without traits, is on disk; it is not read."""
    return find_path(cache, _name(design, head_examined, is_reissue, PLAIN, tuple(slots))).exists()


def _name(
    design: Design, head_examined: bool, is_reissue: bool, traits: frozenset[Trait], slots: tuple[Slot, ...]
) -> str:
    """A hash of everything that goes into a base."""
    tools = [f"{tool} {version(tool)}" for tool in ("weasyprint", "pydyf", "fonttools")]
    parts = [str(FORMAT), design.digest, str(head_examined), str(is_reissue), *sorted(traits), *slots, *tools]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
