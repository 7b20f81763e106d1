"""Lines, offsets and edits, against the plainest possible ways to say the same."""

from __future__ import annotations

import ast
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssot_lsp.text import Position, Span, Text, TextEdit, apply_edits, composed, minimal_edit

# What other libraries take for line ends, and characters of one to four bytes.
TEXTS = st.text(alphabet="ab \t\r\n\f\v\x1c\x1d\x1e\x85\u2028\u2029éß€\U0001d4b3\ufeff", max_size=40)
CRLF = st.text(alphabet="ab\r\n", max_size=12)


def split(source: str) -> list[str]:
    """The lines with their ends, one character at a time."""
    lines, line = [], ""
    for index, character in enumerate(source):
        line += character
        if character == "\n" or (character == "\r" and source[index + 1 : index + 2] != "\n"):
            lines.append(line)
            line = ""
    return [*lines, line]


def inside_crlf(source: str, offset: int) -> bool:
    return source[max(offset - 1, 0) : offset + 1] == "\r\n"


@given(TEXTS)
def test_lines(source: str) -> None:
    text, lines = Text(source), split(source)
    assert len(text.line_starts) == len(lines)
    assert [text.line(row) for row in range(len(lines))] == [line.rstrip("\r\n") for line in lines]
    assert text.line_starts == [sum(map(len, lines[:row])) for row in range(len(lines))]


@given(TEXTS, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9), TEXTS), max_size=5))
def test_an_edited_text_has_the_lines_of_a_new_one(source: str, edits: list[tuple[int, int, str]]) -> None:
    text = Text(source)
    assert text.line_starts  # else there is nothing to carry over
    for at, length, new in edits:
        start = min(at, len(text.source))
        end = min(start + length, len(text.source))
        source = text.source[:start] + new + text.source[end:]
        text = text.edited(TextEdit(Span(start, end), new))
        assert (text.source, text.line_starts) == (source, Text(source).line_starts)


@given(TEXTS)
def test_line_spans_lie_in_order_and_hold_no_line_end(source: str) -> None:
    text = Text(source)
    spans = [text.line_span(row) for row in range(len(text.line_starts))]
    assert "".join(source[a.end : b.start] for a, b in pairwise(spans)).strip("\r\n") == ""
    assert all(not set(source[slice(*span)]) & {"\r", "\n"} for span in spans)
    assert spans[0].start == 0
    assert spans[-1].end == len(source)


@given(TEXTS)
def test_offsets_and_positions_are_one_to_one(source: str) -> None:
    text = Text(source)
    for offset in range(len(source) + 1):
        position = text.position(offset)
        lines = split(source[:offset] + "x")
        if not inside_crlf(source, offset):
            assert position == Position(len(lines) - 1, len(lines[-1]) - 1)
            assert text.offset(position) == offset
        else:
            assert text.offset(position) == offset - 1  # no place between \r and \n: the end of the line


@given(TEXTS, st.integers(-5, 50), st.integers(-5, 50))
def test_places_outside_mean_the_nearest_end(source: str, row: int, column: int) -> None:
    text = Text(source)
    offset = text.offset(Position(row, column))
    assert 0 <= offset <= len(source)
    last = len(text.line_starts) - 1
    if row > last:
        assert offset == len(source)
    else:
        span = text.line_span(max(row, 0))
        assert offset == min(max(span.start + column, span.start), span.end)
    assert text.position(row) == text.position(max(0, min(row, len(source))))


@given(TEXTS)
def test_utf8_columns(source: str) -> None:
    text = Text(source)
    for row in range(len(text.line_starts)):
        line = text.line(row)
        for column in range(len(line) + 1):
            assert text.offset_of_utf8(row, len(line[:column].encode())) == text.line_starts[row] + column


@given(st.lists(st.sampled_from(["é = 1", "'🙂'; ß = ä", "x\t=\t'\u2028'; y", "f(ü, 'é', *ö)", "", "# é\f", "\fz"])))
def test_the_columns_of_ast(lines: list[str]) -> None:
    source = "\r\n".join(lines)
    text = Text(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            start = text.offset_of_utf8(node.lineno - 1, node.col_offset)
            end = text.offset_of_utf8((node.end_lineno or 0) - 1, node.end_col_offset or 0)
            assert source[start:end] == node.id


@st.composite
def edited(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> tuple[str, list[TextEdit]]:
    """A text, and edits of it that do not overlap, in any order."""
    source = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(source)), max_size=8, unique=True)))
    spans = [Span(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    return source, draw(st.permutations([TextEdit(span, draw(texts)) for span in spans]))


@given(edited())
def test_edits_are_applied_as_if_one_by_one_from_the_end(case: tuple[str, list[TextEdit]]) -> None:
    source, edits = case
    expected = source
    for span, new_text in sorted(edits, reverse=True):
        expected = expected[: span.start] + new_text + expected[span.end :]
    assert apply_edits(source, edits) == expected


@given(TEXTS, st.data())
def test_insertions_at_one_place_keep_their_order(source: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(source)))
    edits = [TextEdit(Span(at, at), word) for word in data.draw(st.lists(st.sampled_from(["z", "a", "m"])))]
    inserted = "".join(edit.new_text for edit in edits)
    assert apply_edits(source, edits) == source[:at] + inserted + source[at:]


def test_an_insertion_before_and_after_a_replacement() -> None:
    edits = [TextEdit(Span(1, 2), "B"), TextEdit(Span(2, 2), ")"), TextEdit(Span(1, 1), "(")]
    assert apply_edits("abc", edits) == "a(B)c"


@pytest.mark.parametrize(
    "spans",
    [[(0, 2), (1, 3)], [(0, 2), (0, 2)], [(0, 4), (1, 2)], [(-1, 0)], [(3, 9)], [(2, 1)], [(9, 9)], [(0, 2), (1, 1)]],
)
def test_edits_that_overlap_or_lie_outside_are_refused(spans: list[tuple[int, int]]) -> None:
    for order in (spans, spans[::-1]):
        with pytest.raises(ValueError, match="overlap"):
            apply_edits("abcde", [TextEdit(Span(*span), "x") for span in order])


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_a_minimal_edit_does_the_same(before: str, old: str, new: str, after: str) -> None:
    source, span = before + old + after, Span(len(before), len(before + old))
    edit = minimal_edit(span, old, new)
    assert (edit is None) == (old == new)
    if edit is not None:
        assert span.contains(edit.span)
        assert apply_edits(source, [edit]) == before + new + after


@given(st.text("ab", max_size=8), st.text("ab", max_size=8))
def test_a_minimal_edit_touches_neither_common_beginning_nor_end(old: str, new: str) -> None:
    edit = minimal_edit(Span(0, len(old)), old, new)
    if edit is not None:
        left = old[slice(*edit.span)]
        assert not (left and edit.new_text and (left[0] == edit.new_text[0] or left[-1] == edit.new_text[-1]))


@given(CRLF, CRLF)
def test_a_minimal_edit_never_cuts_a_line_end_in_two(old: str, new: str) -> None:
    edit = minimal_edit(Span(0, len(old)), old, new)
    if edit is not None:
        assert not inside_crlf(old, edit.span.start)
        assert not inside_crlf(old, edit.span.end)


@given(CRLF, CRLF)
def test_a_minimal_edit_never_writes_half_a_line_end(old: str, new: str) -> None:
    """An editor that normalizes what is inserted would turn a lone carriage return into a line end of its own."""
    edit = minimal_edit(Span(0, len(old)), old, new)
    if edit is not None:
        tail = len(old) - edit.span.end
        assert not inside_crlf(new, edit.span.start)
        assert not inside_crlf(new, len(new) - tail)


@given(st.text("ab\n", max_size=12), st.text("ab\n", max_size=12))
def test_a_minimal_edit_where_all_lines_end_alike(old: str, new: str) -> None:
    windows = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    edit = minimal_edit(Span(0, len(windows[0])), *windows)
    if edit is not None:
        removed = windows[0][slice(*edit.span)]
        for part in (removed, edit.new_text):
            assert part.count("\r") == part.count("\n") == part.count("\r\n")


@given(TEXTS, st.data())
def test_contains(source: str, data: st.DataObject) -> None:
    places = st.integers(0, len(source))
    outer, inner = (Span(*sorted((data.draw(places), data.draw(places)))) for _ in range(2))
    assert outer.contains(inner) == (inner.start in range(outer.start, outer.end + 1) and inner.end <= outer.end)


def edits_of(source: str, data: st.DataObject) -> list[TextEdit]:
    """Edits that do not overlap, with something between any two of them."""
    offsets = sorted(data.draw(st.sets(st.integers(0, len(source)), max_size=8)))
    spans = [Span(*offsets[i : i + 2]) for i in range(0, len(offsets) - 1, 2)]
    return [TextEdit(span, data.draw(st.text("XYZ\n", max_size=4))) for span in spans]


@given(st.text("abcdef\n", max_size=20), st.data())
def test_edits_are_composed(source: str, data: st.DataObject) -> None:
    first = edits_of(source, data)
    between = apply_edits(source, first)
    second = edits_of(between, data)
    assert apply_edits(source, composed(source, first, second)) == apply_edits(between, second)
