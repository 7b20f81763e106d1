"""Whether the editor still lives."""

from __future__ import annotations

import asyncio
import os

_OFTEN = 3.0
"""Seconds."""


async def death_of(process: int) -> None:
    """Wait until a process that `lives` does not."""
    while lives(process):
        await asyncio.sleep(_OFTEN)


def lives(process: int) -> bool:
    """Whether a process is seen to live.

    A client in another container has a number that means nothing here, and not every system can be asked: then our
    input ends when the client does.
    """
    if os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
