"""The parts of one import statement, and the operations on them that keep every comment with its name.

LibCST parses the statement, without loss, into its parts; what we do not touch goes out as it came in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import libcst as cst

from ssot_lsp.rewrite.refusal import RefusalError

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Gap:
    """What stands between two names: nothing but white space, line ends and comments."""

    lead: str
    """White space before what follows, on its line."""
    newline: str = ""
    """The first line end in the gap; empty if all is on one line (a backslash continues a line)."""
    behind: str = ""
    """White space and comment behind what came before, on its line."""
    above: tuple[str, ...] = ()
    """Whole lines between, with their line ends: comments that speak of what follows."""

    @classmethod
    def parse(cls, text: str) -> Gap:
        """Take a gap's text apart."""
        match = _LINE_END.search(text)
        if match is None or text[: match.start()].endswith("\\"):
            return cls(text)
        lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text[match.end() :])
        return cls(lines[-1], match[0], text[: match.start()], tuple(lines[:-1]))

    @property
    def text(self) -> str:
        """The gap as it is written."""
        return "".join((self.behind, self.newline, *self.above, self.lead))


@dataclass(frozen=True, slots=True)
class Item:
    """One imported name as it travels from statement to statement."""

    name: str
    asname: str | None = None
    above: tuple[str, ...] = ()
    """The comments above it, without indentation."""
    behind: str = ""
    """The comment behind it."""

    @property
    def code(self) -> str:
        """The alias as Python writes it."""
        return f"{self.name} as {self.asname}" if self.asname else self.name

    @property
    def local(self) -> str:
        """The name that it binds."""
        return self.asname or self.name

    @property
    def comments(self) -> tuple[str, ...]:
        """The comments that belong to it."""
        return (*self.above, *([self.behind] if self.behind else []))

    @property
    def has_comment(self) -> bool:
        """Whether comments belong to it."""
        return bool(self.above or self.behind)

    def with_comments(self, above: tuple[str, ...], behind: str) -> Item:
        """The same name with these comments."""
        return Item(self.name, self.asname, above, behind)


@dataclass(frozen=True, slots=True)
class Layout:
    """An import statement in parts: `head` and `module`, `middle`, then names with a gap before, between and behind."""

    head: str
    module: str
    middle: str
    aliases: tuple[str, ...]
    commas: tuple[str, ...]
    """The commas between the names, with the white space before each."""
    gaps: tuple[Gap, ...]
    """One more than there are names."""
    trailing_comma: str
    tail: str
    """`)`, or nothing."""

    @classmethod
    def parse(cls, statement: str) -> Layout:
        """Take the text of one `import` or `from … import` statement apart.

        Raises RefusalError if it is not exactly one such statement.
        """
        try:
            module = cst.parse_module(statement)
        except cst.ParserSyntaxError as error:
            raise RefusalError(f"not a statement: {statement!r}") from error
        line = module.body[0] if len(module.body) == 1 else None
        node = line.body[0] if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1 else None
        code = module.code_for_node
        if isinstance(node, cst.Import):
            head = "import" + code(node.whitespace_after_import)
            return cls._assemble(module, head, "", "", node.names, outer=(Gap(""), Gap("")), tail="")
        if isinstance(node, cst.ImportFrom):
            head = "from" + code(node.whitespace_after_from)
            path = "".join(map(code, node.relative)) + (code(node.module) if node.module else "")
            middle = code(node.whitespace_before_import) + "import" + code(node.whitespace_after_import)
            opening = closing = Gap("")
            if isinstance(node.names, cst.ImportStar):
                return cls(head, path, middle, ("*",), (), (opening, closing), "", "")
            if node.lpar and node.rpar:
                middle += "("
                opening, closing = (
                    Gap.parse(code(n)) for n in (node.lpar.whitespace_after, node.rpar.whitespace_before)
                )
            tail = ")" if node.rpar else ""
            return cls._assemble(module, head, path, middle, node.names, outer=(opening, closing), tail=tail)
        raise RefusalError(f"not an import statement with names: {statement!r}")

    @classmethod
    def _assemble(
        cls,
        module: cst.Module,
        head: str,
        path: str,
        middle: str,
        names: Sequence[cst.ImportAlias],
        *,
        outer: tuple[Gap, Gap],
        tail: str,
    ) -> Layout:
        code = module.code_for_node
        aliases = tuple(code(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for alias in names)
        found = [alias.comma for alias in names if isinstance(alias.comma, cst.Comma)]
        commas = [code(comma.whitespace_before) + "," for comma in found]
        between = [Gap.parse(code(comma.whitespace_after)) for comma in found]
        trailing = ""
        closing = outer[1]
        if len(found) == len(aliases):  # a comma behind the last name, and then all the space is its
            trailing = commas.pop()
            closing = Gap.parse(between.pop().text + closing.text)
        return cls(head, path, middle, aliases, tuple(commas), (outer[0], *between, closing), trailing, tail)

    @property
    def code(self) -> str:
        """The statement as Python writes it."""
        parts = [self.head, self.module, self.middle, self.gaps[0].text]
        for i, alias in enumerate(self.aliases):
            is_last = i == len(self.aliases) - 1
            parts += (alias, self.trailing_comma if is_last else self.commas[i], self.gaps[i + 1].text)
        return "".join((*parts, self.tail))

    @property
    def is_wrapped(self) -> bool:
        """Whether it stands on several lines, inside parentheses."""
        return any(gap.newline for gap in self.gaps)

    @property
    def is_one_per_line(self) -> bool:
        """Whether every name begins a line."""
        return all(gap.newline for gap in self.gaps[:-1])

    @property
    def own_comments(self) -> list[str]:
        """The comments that belong to the statement and to none of its names: behind `(`, and above `)`."""
        lines = [self.gaps[0].behind, *self.gaps[-1].above]
        return [line.strip() for line in lines if "#" in line]

    def with_module(self, module: str) -> Layout:
        """The statement with another module path."""
        middle = " " + self.middle if self.middle.startswith("import") else self.middle
        head = self.head if self.head[-1:].isspace() or module.startswith(".") else self.head + " "
        return replace(self, head=head, module=module, middle=middle)

    def with_alias(self, index: int, code: str) -> Layout:
        """The statement with another alias (`A as B`) in the place of that name."""
        return replace(self, aliases=(*self.aliases[:index], code, *self.aliases[index + 1 :]))

    def comments(self, index: int) -> tuple[tuple[str, ...], str]:
        """The comments that belong to a name: those above it, and the one behind it."""
        above = tuple(line.strip() for line in self.gaps[index].above if line.strip())
        return above, self.gaps[index + 1].behind.strip()

    def without(self, index: int) -> Layout:
        """The statement without that name and its comments. It must have another."""
        before, after = self.gaps[index], self.gaps[index + 1]
        is_last = index == len(self.aliases) - 1
        at = index - 1 if is_last else index
        return replace(
            self,
            aliases=self.aliases[:index] + self.aliases[index + 1 :],
            commas=self.commas[:at] + self.commas[at + 1 :],
            gaps=(
                *self.gaps[:index],
                _join(before, after, is_first=index == 0, is_last=is_last),
                *self.gaps[index + 2 :],
            ),
        )

    def can_hold(self, item: Item) -> bool:
        """Whether the layout has room for the item's comments."""
        return not item.has_comment or (self.is_wrapped and self.is_one_per_line)

    def with_item(self, item: Item, *, at_end: bool = False) -> Layout:
        """The statement with one more name, in its own style; where names are sorted, in its place among them."""
        index = len(self.aliases) if at_end else self._place(item)
        gap = self.gaps[index]
        is_last = index == len(self.aliases)
        if self.is_wrapped and self.is_one_per_line:
            model = self.gaps[0]
            above = tuple(model.lead + comment + model.newline for comment in item.above)
            before = Gap(model.lead, model.newline, gap.behind, above)
            behind = "  " + item.behind if item.behind else ""
            after = Gap(gap.lead, gap.newline or (model.newline if behind else ""), behind, gap.above)
        elif is_last:
            before, after = Gap(" "), gap
        else:
            before, after = gap, Gap(" ")
        commas = (*self.commas[:index], ",", *self.commas[index:]) if self.aliases else ()
        return replace(
            self,
            aliases=(*self.aliases[:index], item.code, *self.aliases[index:]),
            commas=commas,
            gaps=(*self.gaps[:index], before, after, *self.gaps[index + 1 :]),
        )

    def fitting(self, index: int, indentation: int, limit: int) -> Layout:
        """The statement with a line begun before a name, if it is wrapped already and that line would be too long."""
        index = max(index, 1)
        gap = self.gaps[index]
        model = next((gap for gap in self.gaps if gap.newline), None)
        if model is None or self.is_one_per_line or gap.newline or gap.behind or index == len(self.aliases):
            return self
        lines = _LINE_END.split(("x" * indentation) + self.code)
        # what cannot be told is which of the lines it is: none may be too long
        if max(map(len, lines)) <= limit:
            return self
        lead = next((gap.lead for gap in self.gaps[:-1] if gap.newline), model.lead + "    ")
        return replace(self, gaps=(*self.gaps[:index], Gap(lead, model.newline), *self.gaps[index + 1 :]))

    def _place(self, item: Item) -> int:
        for key in (_by_letter, _by_kind, str.casefold):
            keys = [key(alias) for alias in self.aliases]
            if len(keys) > 1 and keys == sorted(keys):
                return sum(other <= key(item.code) for other in keys)
        return len(self.aliases)


def _by_letter(alias: str) -> str:
    return alias


def _by_kind(alias: str) -> str:
    """As isort sorts by default: CONSTANTS, then Classes, then functions."""
    name = alias.split(maxsplit=1)[0]
    kind = "0" if name.isupper() and len(name) > 1 else "1" if name[:1].isupper() else "2"
    return kind + alias


def _join(before: Gap, after: Gap, *, is_first: bool, is_last: bool) -> Gap:
    """The gap that is left where a name, with the comments above and behind it, is taken out between two gaps."""
    if is_last:
        if after.newline or before.behind.strip():
            newline = after.newline or before.newline
            return Gap(after.lead if after.newline else "", newline, before.behind, after.above)
        return after
    if before.newline:
        return replace(before, above=after.above)
    if after.newline and not (is_first and not after.above):
        return replace(after, behind="")
    return before
