"""Markdown pages: the fenced blocks that are Python, and the page with other code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from markdown_it import MarkdownIt

from ssot_lsp.embedded import Piece, Pieces, lines_of, parses
from ssot_lsp.text import Text

_LANGUAGES = ("python", "python3", "py", "py3", "ipython", "ipython3")
_LANGUAGE = re.compile(r"\s*\{?\s*\.?(?:code-block\}?\s+|code-cell\}?\s+)?([\w+-]*)")
"""```` ```python ````, also as Pandoc, Quarto and MyST have it: `{.python}`, `{python}`, `{code-block} python`."""
_MAY_HAVE_ANY = re.compile(r"(?:```|~~~).*py", re.IGNORECASE)
_IGNORED = re.compile(r"\s*<!--\s*ssot:\s*ignore\s*-->\s*")


class Block(NamedTuple):
    """A fenced block."""

    first: int
    """The row of its first line of code, from 0."""
    lines: tuple[str, ...]
    """Its lines of code with what stands before them, and their ends."""


class Page(NamedTuple):
    """A page's text, and the Python in it."""

    text: str
    blocks: tuple[Block, ...]
    pieces: Pieces
    note: str = ""
    """Nothing: blocks that do not parse are no mistakes, pages show what is left out by dots."""

    def with_source(self, source: str) -> str:
        """The page after a change of the pieces' source text. Raises LostPieceError."""
        parts, text, end = list[str](), Text(self.text), 0
        for block, piece, code in zip(self.blocks, self.pieces.pieces, self.pieces.restored(source), strict=True):
            if code != piece.code:
                begin = text.line_starts[block.first]
                parts += (self.text[end:begin], *_rewritten(block, piece, code))
                end = begin + sum(map(len, block.lines))
        return "".join([*parts, self.text[end:]])


def _rewritten(block: Block, piece: Piece, code: str) -> Iterator[str]:
    """The lines of a block with other code in it; what is as it was stays as it was written."""
    before, after = lines_of(piece.code), lines_of(code)
    for what, start, end, new_start, new_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield from block.lines[start:end]
        else:
            yield from (
                f"{piece.prefix if line.strip() else piece.prefix.rstrip()}{line}" for line in after[new_start:new_end]
            )


def read_page(source: str) -> Page:
    """The Python of a Markdown page."""
    text = Text(source)
    blocks, pieces = list[Block](), list[Piece]()
    for token in MarkdownIt("commonmark").parse(source) if _MAY_HAVE_ANY.search(source) else ():
        if token.type != "fence" or token.map is None or not _is_python(token.info) or _is_ignored(text, token.map[0]):
            continue
        block = Block(token.map[0] + 1, tuple(_lines(text, token.map[0] + 1, token.content.count("\n"))))
        piece = _piece(block, token.content)
        if piece is not None and parses(Pieces([piece]).source):
            blocks.append(block)
            pieces.append(piece)
    line_end = "\r\n" if "\r\n" in source else "\n"
    return Page(source, tuple(blocks), Pieces(pieces, line_end))


def _is_python(info: str) -> bool:
    language = _LANGUAGE.match(info)
    return language is not None and language[1].lower() in _LANGUAGES


def _is_ignored(text: Text, row: int) -> bool:
    """Whether the last line above a row that is not empty says that the block is to be left alone."""
    above = (text.line(before) for before in range(row - 1, -1, -1))
    return _IGNORED.fullmatch(next((line for line in above if line.strip()), "")) is not None


def _lines(text: Text, first: int, count: int) -> Iterator[str]:
    for row in range(first, min(first + count, len(text.line_starts))):
        end = text.line_starts[row + 1] if row + 1 < len(text.line_starts) else len(text.source)
        yield text.source[text.line_starts[row] : end]


def _piece(block: Block, content: str) -> Piece | None:
    """The code of a block; None if its lines do not all have the same before them, or are not what was read."""
    prefixes, code = set[str](), list[str]()
    for written, line in zip(block.lines, content.split("\n"), strict=False):
        bare = written.rstrip("\r\n")
        if not bare.endswith(line):
            return None
        if line.strip():
            prefixes.add(bare[: len(bare) - len(line)])
        code.append(f"{line}{written[len(bare) :]}")
    if len(prefixes) != 1:
        return None
    return Piece("".join(code), block.first, prefixes.pop())
