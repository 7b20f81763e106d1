"""Many words, looked for in a file's bytes all at once.

In native code that we have anyway: of the schema validator's regular expressions, which Rust's engine matches in one
pass over the text, whatever the number of words. Python's own take them one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable


def finder(words: Iterable[str], *patterns: str) -> Callable[[bytes], bool]:
    """A test of bytes: whether one of the words, which are ASCII, stands in them, or one of the patterns matches.

    The patterns are regular expressions of the dialect of JSON Schema. To them, each byte is one character.
    """
    from jsonschema_rs import validator_for  # noqa: PLC0415 - not every run looks through files

    matches = validator_for({"pattern": "|".join([*(re.escape(word) for word in words), *patterns])}).is_valid
    # in Latin-1 every byte is a character, and those of ASCII are themselves
    return lambda data: matches(data.decode("latin-1"))
