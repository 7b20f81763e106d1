"""Jupyter notebooks: the cells that are Python, and the notebook's bytes with other code in them, all else as it was.

The format is nbformat 4 ("The Jupyter Notebook format"): JSON, in which a cell's source is a string or a list of lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from ssot_lsp.embedded import Piece, Pieces, lines_of, parses
from ssot_lsp.files import UnreadableFileError
from ssot_lsp.places import Places
from ssot_lsp.text import Text, TextEdit, apply_edits

_LANGUAGES = ("python", "ipython")
_CELL_MAGIC = re.compile(r"\s*%%(\w*)")
_RUNS_PYTHON = ("time", "timeit", "capture", "prun")
"""Cell magics of IPython that run what is below them in the notebook's own namespace."""


class Notebook(NamedTuple):
    """A notebook's JSON, and the Python in it."""

    text: str
    cells: tuple[int, ...]
    """Which of its cells the pieces are, from 0."""
    pieces: Pieces
    note: str = ""
    """Which cells are left alone because they do not parse, or why all are; empty if none is."""

    def with_source(self, source: str) -> str:
        """The JSON after a change of the pieces' source text. Raises LostPieceError."""
        places = Places(self.text)
        edits = list[TextEdit]()
        for index, piece, code in zip(self.cells, self.pieces.pieces, self.pieces.restored(source), strict=True):
            if code != piece.code:
                edits.append(_rewritten(self.text, places, index, code))
        return apply_edits(self.text, edits)


def read_notebook(text: str) -> Notebook:
    """The Python of a notebook. Raises UnreadableFileError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"not a notebook: {error}") from error
    cells = value.get("cells") if isinstance(value, dict) else None
    version = value.get("nbformat") if isinstance(value, dict) else None
    if isinstance(version, int) and version < 4:
        return Notebook(text, (), Pieces([]), f"left alone: nbformat {version} is older than 4")
    if not isinstance(cells, list) or not isinstance(version, int):
        raise UnreadableFileError("not a notebook")
    found = [*_code(cells)] if _language(value) in _LANGUAGES else []
    whole = [(index, code) for index, code in found if _is_readable(code)]
    broken = [str(index + 1) for index, code in found if not _is_readable(code)]
    named = f"cell{'s' * (len(broken) > 1)} {', '.join(broken)}"
    places, written = Places(text), Text(text)
    pieces = Pieces(
        [Piece(code, 0, cell=index + 1) for index, code in whole],
        row_in_file=lambda piece, line: written.position(_written(places, text, piece.cell - 1, line)).row,
    )
    note = f"{named} left alone: no Python that parses" if broken else ""
    return Notebook(text, tuple(index for index, _ in whole), pieces, note)


def _language(value: dict[str, Any]) -> str:
    """The language of a notebook's code, in lower case; Python if it does not say."""
    metadata = value.get("metadata")
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        of_key = metadata.get(key) if isinstance(metadata, dict) else None
        language = of_key.get(name) if isinstance(of_key, dict) else None
        if isinstance(language, str):
            return language.lower()
    return "python"


def _code(cells: Sequence[Any]) -> Iterator[tuple[int, str]]:
    """The code cells that are Python: their places among all, and what is in them."""
    for index, cell in enumerate(cells):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source")
        lines = [source] if isinstance(source, str) else source
        if not (isinstance(lines, list) and all(isinstance(line, str) for line in lines)):
            continue
        code = "".join(lines)
        magic = _CELL_MAGIC.match(code)
        if code.strip() and (magic is None or magic[1] in _RUNS_PYTHON) and _is_of_python(cell):
            yield index, code


def _is_of_python(cell: dict[str, Any]) -> bool:
    """Whether a cell has no other language than its notebook, as Visual Studio Code notes it."""
    metadata = cell.get("metadata")
    own = metadata.get("vscode") if isinstance(metadata, dict) else None
    return not isinstance(own, dict) or own.get("languageId", "python") == "python"


def _is_readable(code: str) -> bool:
    try:
        code.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return parses(Pieces([Piece(code, 0)]).source)


def _written(places: Places, text: str, index: int, line: int) -> int:
    """Where in the JSON a line of a cell's code begins, or the string that it is in."""
    path = ("cells", index, "source")
    at = places.locate(path).start
    for _, element in places.parts(path):
        at = element.start
        line -= json.loads(text[slice(*element)]).count("\n")
        if line < 0:
            break
    return at


def _rewritten(text: str, places: Places, index: int, code: str) -> TextEdit:
    """The edit of the JSON that gives a cell other code, in lines where it is written in lines."""
    path = ("cells", index, "source")
    span = places.locate(path)
    old = text[slice(*span)]
    # who writes other letters as escapes does so with all of them
    is_ascii = old.isascii() and "\\u" in old
    if not old.startswith("["):
        return TextEdit(span, json.dumps(code, ensure_ascii=is_ascii))
    elements = [text[slice(*element)] for _, element in places.parts(path)]
    before, after = [json.loads(element) for element in elements], lines_of(code)
    lines = list[str]()
    for what, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            lines += elements[start:end]
        else:
            lines += (json.dumps(line, ensure_ascii=is_ascii) for line in after[new_start:new_end])
    if not lines:
        return TextEdit(span, "[]")
    spans = [element for _, element in places.parts(path)]
    opening, closing = text[span.start + 1 : spans[0].start], text[spans[-1].end : span.end - 1]
    comma = text[spans[0].end : spans[1].start] if len(spans) > 1 else f",{opening or ' '}"
    return TextEdit(span, f"[{opening}{comma.join(lines)}{closing}]")
