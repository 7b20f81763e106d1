"""Many words, looked for in a text all at once.

In native code that we have anyway: of the schema validator's regular expressions, which Rust's engine matches in one
pass over the text, whatever the number of words. Python's own take them one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

_MOST = 5_000
"""Words; with more of them it takes longer to get ready than is won."""
_STAR = r"import(?:[*\\\t\f]| [ \t\f\\*])"


def finder(words: Collection[str]) -> Callable[[bytes], bool]:
    """A test of a file's bytes: whether one of the words may be in it, or an `import *`.

    It may be wrong, but never in a no. The words are ASCII, or it always says yes.
    """
    if len(words) > _MOST or not all(word.isascii() for word in words):
        return lambda data: True
    from jsonschema_rs import validator_for  # noqa: PLC0415 - not every run looks through files

    pattern = "|".join([*(re.escape(word) for word in sorted(words)), _STAR])
    matches = validator_for({"pattern": pattern}).is_valid
    # in Latin-1 every byte is a character, and those of ASCII are themselves
    return lambda data: matches(data.decode("latin-1"))
