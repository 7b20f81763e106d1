"""Files: decoded as Python decodes them, found as git sees them, replaced whole or not at all."""

from __future__ import annotations

import ast
import codecs
import os
import random
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssot_lsp.files import (
    ChangedFileError,
    RefusedWriteError,
    UnreadableFileError,
    create_file,
    decode,
    delete_file,
    find_python_files,
    glob_matcher,
    replace_file,
)

BOM = codecs.BOM_UTF8

# every one of these is a file that CPython compiles
READABLE = {
    "plain UTF-8": ("é = '日本'\n".encode(), "utf-8"),
    "empty": (b"", "utf-8"),
    "byte order mark": (BOM + "é = 1\n".encode(), "utf-8"),
    "byte order mark and cookie": (BOM + b"# coding: utf-8\nx = 1\n", "utf-8"),
    "cookie": (b"# coding: latin-1\nx = '\xe9'\n", "latin-1"),
    "cookie with =": (b"# vim: set fileencoding=cp1252 :\nx = '\x80'\n", "cp1252"),
    "cookie, Emacs": (b"# -*- coding: iso-8859-15 -*-\nx = '\xa4'\n", "iso-8859-15"),
    "cookie, Emacs with line ends": (b"# -*- coding: utf-8-unix -*-\nx = '\xc3\xa9'\n", "utf-8"),
    "cookie, Emacs latin-1 with line ends": (b"# -*- coding: latin-1-unix -*-\nx = '\xe9'\n", "latin-1"),
    "cookie, Emacs iso-latin-1": (b"# -*- coding: iso-latin-1-unix -*-\nx = '\xe9'\n", "latin-1"),
    "cookie utf_8": (b"# coding: utf_8\nx = '\xc3\xa9'\n", "utf-8"),
    "cookie UTF8": (b"# coding: UTF8\nx = '\xc3\xa9'\n", "utf-8"),
    "cookie utf-8-sig without a mark": (b"# coding: utf-8-sig\nx = '\xc3\xa9'\n", "utf-8"),
    "cookie in line 2": (b"#!/usr/bin/python\n# coding: latin-1\nx = '\xe9'\n", "latin-1"),
    "cookie in line 2 below a blank one": (b" \t\f\n# coding: latin-1\nx = '\xe9'\n", "latin-1"),
    "cookie in line 2, CRLF": (b"#!/usr/bin/python\r\n# coding: latin-1\r\nx = '\xe9'\r\n", "latin-1"),
    "cookie in line 2 below a long one": (b"#" * 1200 + b"\n# coding: latin-1\nx = '\xe9'\n", "latin-1"),
    "cookie in line 3 is none": (b"#\n#\n# coding: latin-1\nx = '\xc3\xa9'\n", "utf-8"),
    "cookie below code is none": (b"x = 1\n# coding: latin-1\ny = '\xc3\xa9'\n", "utf-8"),
    "cookie in a string is none": (b"x = 'coding: latin-1'\ny = '\xc3\xa9'\n", "utf-8"),
    "cookie behind code is none": (b"x = 1 # coding: latin-1\ny = '\xc3\xa9'\n", "utf-8"),
    "form feed": (b"x = 1\n\x0cy = 2\n", "utf-8"),
}


@pytest.mark.parametrize(("data", "encoding"), READABLE.values(), ids=READABLE)
def test_decodes_what_python_compiles(data: bytes, encoding: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(data)  # the premise
    file = decode(data)
    body = data.removeprefix(BOM)
    assert file.source == body.decode(encoding)
    assert file.bom == data.startswith(BOM)
    assert file.encode(file.source) == data


UNREADABLE = {
    "not UTF-8": (b"x = '\xe9'\n", "utf-8"),
    "not UTF-8 behind a mark": (BOM + b"x = '\xe9'\n", "utf-8"),
    "unknown encoding": (b"# coding: klingon\nx = 1\n", "klingon"),
    "not a text encoding": (b"# coding: hex\n78\n", "hex"),
    "rot13, which is none of bytes": (b"# coding: rot13\nx = 1\n", "rot13"),
    "not what the cookie says": (b"# coding: ascii\nx = '\xe9'\n", "ascii"),
    "UTF-16": ("x = 1\n".encode("utf-16"), "utf-8"),
    "undefined": (b"# coding: undefined\nx = 1\n", "undefined"),
    "mark and another cookie": (BOM + b"# coding: latin-1\nx = 1\n", "encoding problem"),
}


@pytest.mark.parametrize(("data", "named"), UNREADABLE.values(), ids=UNREADABLE)
def test_refuses_what_python_refuses(data: bytes, named: str) -> None:
    with pytest.raises((SyntaxError, ValueError, LookupError)):
        ast.parse(data)  # the premise
    with pytest.raises(UnreadableFileError) as caught:
        decode(data)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


COOKIES = st.sampled_from(
    [
        *(
            "utf-8",
            "latin-1",
            "cp1252",
            "utf-7",
            "utf-16",
            "utf-32",
            "shift_jis",
            "iso2022_jp",
            "big5",
            "gb18030",
            "hz",
        ),
        *(
            "idna",
            "punycode",
            "unicode_escape",
            "raw_unicode_escape",
            "hex",
            "zlib",
            "bz2",
            "rot13",
            "undefined",
            "mbcs",
        ),
        *("ascii", "utf-8-sig", "cp037", "", "-", ".", "..", "x.y", "\u00e9", "a" * 500, "aliases", "charmap"),
    ]
)


@given(st.sampled_from([b"", BOM]), COOKIES, st.binary(max_size=60))
def test_decoding_is_faithful_or_refused(mark: bytes, cookie: str, body: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in (mark + b"# coding: " + cookie.encode() + b"\n" + body, mark + body):
            try:
                file = decode(data)
            except UnreadableFileError as error:
                assert str(error)
            else:
                assert file.encode(file.source) == data


def test_text_that_the_encoding_lacks_is_refused() -> None:
    file = decode(b"# coding: latin-1\nx = 1\n")
    with pytest.raises(RefusedWriteError, match="iso-8859-1"):
        file.encode("x = '日'\n")


def tree(root: Path, content: Mapping[str, str]) -> None:
    for name, text in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text(text, "utf-8")
        else:
            path.mkdir(exist_ok=True)


def found(root: Path, *paths: str) -> list[str]:
    given_paths = [root / path for path in paths] or [root]
    return [Path(path).relative_to(root).as_posix() for path in find_python_files(given_paths, root)]


WALKS: dict[str, tuple[dict[str, str], list[str]]] = {
    "suffixes": (
        dict.fromkeys(["a.py", "b.pyi", "c.pyw", "d.pyc", "e.txt", "f.py.bak", "py", "g.PYC"], ""),
        ["a.py", "b.pyi", "c.pyw"],
    ),
    "sorted": (
        dict.fromkeys(["b/c.py", "b/a.py", "a/z.py", "z.py", "a.py"], ""),
        ["a.py", "z.py", "a/z.py", "b/a.py", "b/c.py"],
    ),
    "passed over": (
        dict.fromkeys(
            ["a.py", ".hidden/a.py", ".git/a.py", "__pycache__/a.py", "node_modules/a.py", "x/.y/a.py", "x/a.py"], ""
        ),
        ["a.py", "x/a.py"],
    ),
    "hidden files are files": (dict.fromkeys([".a.py", "b.py"], ""), [".a.py", "b.py"]),
    "environments": (
        dict.fromkeys(
            ["a.py", "env/pyvenv.cfg", "env/lib/b.py", "x/any_name/pyvenv.cfg", "x/any_name/c.py", "x/d.py"], ""
        ),
        ["a.py", "x/d.py"],
    ),
    "pattern": ({".gitignore": "gen_*.py\n", "gen_a.py": "", "a.py": "", "x/gen_b.py": ""}, ["a.py"]),
    "anchored": ({".gitignore": "/build\n", "build/a.py": "", "x/build/b.py": ""}, ["x/build/b.py"]),
    "middle slash anchors": ({".gitignore": "x/gen\n", "x/gen/a.py": "", "y/x/gen/b.py": ""}, ["y/x/gen/b.py"]),
    "directory only": ({".gitignore": "gen/\n", "gen.py": "", "gen/a.py": "", "x/gen/b.py": ""}, ["gen.py"]),
    "negation": (
        {".gitignore": "*.py\n!keep.py\n", "a.py": "", "keep.py": "", "x/keep.py": ""},
        ["keep.py", "x/keep.py"],
    ),
    "no re-inclusion below an ignored folder": (
        {".gitignore": "gen/\n!gen/keep.py\n", "gen/keep.py": "", "a.py": ""},
        ["a.py"],
    ),
    "re-inclusion below an ignored content": (
        {".gitignore": "gen/*\n!gen/keep.py\n", "gen/keep.py": "", "gen/a.py": ""},
        ["gen/keep.py"],
    ),
    "nested adds": ({"x/.gitignore": "a.py\n", "a.py": "", "x/a.py": "", "x/b.py": ""}, ["a.py", "x/b.py"]),
    "nested anchors at itself": ({"x/.gitignore": "/a.py\n", "x/a.py": "", "x/y/a.py": ""}, ["x/y/a.py"]),
    "nested negation wins": (
        {".gitignore": "*_pb2.py\n", "x/.gitignore": "!*_pb2.py\n", "a_pb2.py": "", "x/b_pb2.py": ""},
        ["x/b_pb2.py"],
    ),
    "nested ignore wins over an outer negation": (
        {".gitignore": "!a.py\n", "x/.gitignore": "a.py\n", "a.py": "", "x/a.py": ""},
        ["a.py"],
    ),
    "stars": ({".gitignore": "**/gen/**\n", "gen/a.py": "", "x/gen/y/b.py": "", "c.py": ""}, ["c.py"]),
    "comments and blanks": ({".gitignore": "# a.py\n\n  \n\\#b.py\n", "a.py": "", "#b.py": ""}, ["a.py"]),
    "only some files, in any folder": (
        {".gitignore": "*\n!*/\n!a.py\n", "a.py": "", "b.py": "", "x/a.py": "", "x/y/a.py": "", "x/y/b.py": ""},
        ["a.py", "x/a.py", "x/y/a.py"],
    ),
    "a re-included file below an ignored content": (
        {".gitignore": "x/**\n!a.py\n", "x/a.py": "", "x/b.py": "", "x/y/a.py": ""},
        ["x/a.py"],
    ),
    "a re-included folder is not its files": (
        {".gitignore": "*.py\n", "x/.gitignore": "!gen/\n", "x/gen/a.py": ""},
        [],
    ),
    "CRLF": ({".gitignore": "a.py\r\nb.py\r\n", "a.py": "", "b.py": "", "c.py": ""}, ["c.py"]),
    "odd patterns are no accident": (
        {".gitignore": "!\n/\n//\n[\n\\\n***\n!/\n[a-\n[]\n[!]\na\\\n**a**\n", "x.py": "", "y/x.py": ""},
        [],
    ),
}


@pytest.mark.parametrize(("content", "expected"), WALKS.values(), ids=WALKS)
def test_walk(tmp_path: Path, content: dict[str, str], expected: list[str]) -> None:
    tree(tmp_path, content)
    actual = found(tmp_path)
    if "[\n" not in content.get(".gitignore", ""):  # of those only that they do not end the walk is asked
        assert actual == expected


def test_an_odd_pattern_does_not_switch_off_the_others(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "[\na.py\n!\n", "a.py": "", "b.py": ""})
    assert found(tmp_path) == ["b.py"]


NAMES = ["a", "b", "gen"]
PATTERNS = [
    *(
        "a.py",
        "/a.py",
        "*.py",
        "!a.py",
        "!b.py",
        "gen/",
        "!gen/",
        "/gen",
        "gen/*",
        "!gen/a.py",
        "**/a.py",
        "a/**",
        "a/*/b.py",
    ),
    *(
        "/a/b",
        "?.py",
        "[ab].py",
        "[!a].py",
        "!/gen",
        "gen/**/a.py",
        "*",
        "!*/",
        "# x",
        "b",
        "!b",
        "a/",
        "a.py ",
        r"\!a.py",
    ),
]


@pytest.mark.parametrize("seed", range(40))
def test_walk_agrees_with_git(tmp_path: Path, seed: int) -> None:
    pick = random.Random(seed)
    folders = [""] + [f"{a}/" for a in NAMES] + [f"{a}/{b}/" for a in NAMES for b in NAMES]
    content = {f"{folder}{name}.py": "" for folder in folders for name in NAMES}
    for folder in pick.sample(folders, pick.randint(1, 4)):
        content[f"{folder}.gitignore"] = "\n".join(pick.choices(PATTERNS, k=pick.randint(1, 4))) + "\n"
    tree(tmp_path, content)
    git(tmp_path, "init", "-q")
    listed = git(tmp_path, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    ignores = {name: text for name, text in content.items() if text}
    assert sorted(found(tmp_path)) == sorted(name for name in listed if name.endswith(".py")), ignores


def git(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_ignores_above_a_folder_that_is_named(tmp_path: Path) -> None:
    tree(
        tmp_path,
        {
            ".gitignore": "gen.py\n/x/own.py\n",
            "x/.gitignore": "other.py\n",
            "x/y/gen.py": "",
            "x/own.py": "",
            "x/y/other.py": "",
            "x/y/a.py": "",
        },
    )
    assert found(tmp_path, "x") == ["x/y/a.py"]
    assert found(tmp_path, "x/y") == ["x/y/a.py"]


def test_ignores_above_the_root_in_the_same_repository(tmp_path: Path) -> None:
    tree(tmp_path, {".git/HEAD": "ref: refs/heads/main\n", ".gitignore": "gen/\n", "app/gen/a.py": "", "app/b.py": ""})
    root = tmp_path / "app"
    assert list(find_python_files([root], root)) == [str(root / "b.py")]


def test_what_is_named_is_taken_once_in_order(tmp_path: Path) -> None:
    tree(tmp_path, {".gitignore": "a.py\n", "a.py": "", "b.txt": "", "x/c.py": "", ".h/d.py": ""})
    assert found(tmp_path, "x/c.py", "a.py", "b.txt", ".h/d.py", "x", "a.py") == ["x/c.py", "a.py", "b.txt", ".h/d.py"]


def test_a_hidden_folder_that_is_named_is_walked(tmp_path: Path) -> None:
    tree(tmp_path, {".h/d.py": ""})
    assert found(tmp_path, ".h") == [".h/d.py"]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    tree(tmp_path, {"x/a.py": ""})
    (tmp_path / "x" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "y").symlink_to(tmp_path / "x", target_is_directory=True)
    assert found(tmp_path) == ["x/a.py"]


def test_broken_links_are_passed_over(tmp_path: Path) -> None:
    tree(tmp_path, {"a.py": ""})
    (tmp_path / "b.py").symlink_to("nowhere.py")
    assert found(tmp_path) == ["a.py"]


def test_a_link_to_itself_does_not_hide_its_neighbours(tmp_path: Path) -> None:
    tree(tmp_path, {"a.py": "", "x/b.py": ""})
    (tmp_path / "loop.py").symlink_to("loop.py")
    assert found(tmp_path) == ["a.py", "x/b.py"]


def test_a_folder_named_like_a_file_is_a_folder(tmp_path: Path) -> None:
    tree(tmp_path, {"odd.py/a.py": "", ".gitignore/": ""})
    assert found(tmp_path) == ["odd.py/a.py"]


GLOBS = {
    ("tests/compat/**", "tests/compat/a.py"): True,
    ("tests/compat/**", "tests/compat/x/a.py"): True,
    ("tests/compat/**", "tests/a.py"): False,
    ("tests/compat/**", "x/tests/compat/a.py"): False,
    ("conftest.py", "x/conftest.py"): True,
    ("/conftest.py", "x/conftest.py"): False,
    ("*.pyi", "x/a.pyi"): True,
    ("legacy/", "x/legacy/a.py"): True,
    ("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"): False,
    ("a.b", "axb"): False,
}


@pytest.mark.parametrize(("case", "expected"), GLOBS.items(), ids=map(str, GLOBS))
def test_globs_are_gitignore_style(case: tuple[str, str], *, expected: bool) -> None:
    pattern, path = case
    assert glob_matcher([pattern])(path) is expected


def test_a_later_negative_glob_takes_back() -> None:
    matches = glob_matcher(["tests/**", "!tests/new/**"])
    assert matches("tests/old/a.py")
    assert not matches("tests/new/a.py")


@pytest.mark.parametrize("pattern", ["[", "!", "/", "//", "\\", "", "***", "[z-a]", "a\\"])
def test_no_glob_is_an_accident(pattern: str) -> None:
    glob_matcher([pattern])("tests/a.py")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    return path


def listing(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o664, 0o444, 0o777])
def test_replace_keeps_the_mode(target: Path, mode: int) -> None:
    target.chmod(mode)
    replace_file(target, b"old", b"new", target.parent)
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == mode
    assert listing(target) == ["a.py"]


@pytest.mark.parametrize("data", [b"", b"\r\n\x00\xff\r", b"x" * 1_000_000])
def test_replace_writes_bytes_as_they_are(target: Path, data: bytes) -> None:
    replace_file(target, b"old", data, target.parent)
    assert target.read_bytes() == data


def test_replace_refuses_what_changed(target: Path) -> None:
    with pytest.raises(ChangedFileError):
        replace_file(target, b"older", b"new", target.parent)
    assert target.read_bytes() == b"old"
    assert listing(target) == ["a.py"]


def test_replace_looks_again_before_the_rename(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        target.write_bytes(b"theirs")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ChangedFileError):
        replace_file(target, b"old", b"new", target.parent)
    assert target.read_bytes() == b"theirs"
    assert listing(target) == ["a.py"]


@pytest.mark.parametrize("failing", ["fsync", "replace", "chmod", "write"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_no_temporary_is_left(
    target: Path, monkeypatch: pytest.MonkeyPatch, failing: str, error: BaseException
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    elif failing == "write":
        monkeypatch.setattr(os, "fdopen", fail)
    else:
        monkeypatch.setattr(Path, failing, fail)
    with pytest.raises(type(error)):
        replace_file(target, b"old", b"new", target.parent)
    assert target.read_bytes() == b"old"
    assert listing(target) == ["a.py"]


def test_the_temporary_is_on_disk_before_the_rename(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        fsync(descriptor)

    def noted_replace(self: Path, to: Path) -> Path:
        assert self.parent == to.parent, "a rename between folders may be none"
        order.append("rename")
        return rename(self, to)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    replace_file(target, b"old", b"new", target.parent)
    assert order == ["file", "rename", "folder"]


def test_replace_refuses_a_hard_link(target: Path) -> None:
    os.link(target, target.with_name("b.py"))
    with pytest.raises(RefusedWriteError, match="hard link"):
        replace_file(target, b"old", b"new", target.parent)
    assert target.read_bytes() == b"old"


def test_replace_follows_a_link_inside_the_root(target: Path) -> None:
    link = target.with_name("link.py")
    link.symlink_to(target.name)
    target.chmod(0o640)
    replace_file(link, b"old", b"new", target.parent)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_replace_refuses_a_link_out_of_the_root(target: Path) -> None:
    root = target.parent / "root"
    root.mkdir()
    link = root / "link.py"
    link.symlink_to(target)
    with pytest.raises(RefusedWriteError, match="link"):
        replace_file(link, b"old", b"new", root)
    assert target.read_bytes() == b"old"


def test_replace_refuses_a_file_in_a_linked_folder_out_of_the_root(tmp_path: Path) -> None:
    tree(tmp_path, {"root/": "", "outside/a.py": "old"})
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside", target_is_directory=True)
    with pytest.raises(RefusedWriteError):
        replace_file(tmp_path / "root" / "link" / "a.py", b"old", b"new", tmp_path / "root")
    assert (tmp_path / "outside" / "a.py").read_bytes() == b"old"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_replace_refuses_a_file_of_another_owner(target: Path) -> None:
    os.chown(target, 65534, -1)
    with pytest.raises(RefusedWriteError, match="user"):
        replace_file(target, b"old", b"new", target.parent)
    assert target.read_bytes() == b"old"


def test_replace_refuses_a_file_of_another_owner_as_told(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: target.stat().st_uid + 1)
    with pytest.raises(RefusedWriteError, match="user"):
        replace_file(target, b"old", b"new", target.parent)


def test_replace_refuses_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    for path in (tmp_path / "pipe.py", tmp_path):
        with pytest.raises(RefusedWriteError, match="regular"):
            replace_file(path, b"", b"new", tmp_path)


def test_a_folder_that_may_not_be_written_is_an_os_error(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mkstemp(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    with pytest.raises(PermissionError):
        replace_file(target, b"old", b"new", target.parent)
    assert listing(target) == ["a.py"]


def test_create_makes_a_file_as_others_do(tmp_path: Path) -> None:
    new, other = tmp_path / "a/b/new.md", tmp_path / "other.md"
    create_file(new, b"text", tmp_path)
    other.write_bytes(b"text")
    assert new.read_bytes() == b"text"
    assert stat.S_IMODE(new.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)
    assert listing(new) == ["new.md"]


@pytest.mark.parametrize("there", ["file", "folder"])
def test_create_overwrites_nothing(tmp_path: Path, there: str) -> None:
    tree(tmp_path, {"file": "old", "folder/": ""})
    with pytest.raises(FileExistsError):
        create_file(tmp_path / there, b"new", tmp_path)
    assert (tmp_path / "file").read_bytes() == b"old"


def test_create_looks_again_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.md"
    monkeypatch.setattr(os, "fsync", lambda _: path.write_bytes(b"theirs"))
    with pytest.raises(FileExistsError):
        create_file(path, b"ours", tmp_path)
    assert path.read_bytes() == b"theirs"
    assert listing(path) == ["new.md"]


@pytest.mark.parametrize("name", ["link/new.md", "link/sub/new.md", "dangling.md"])
def test_create_refuses_what_a_link_leads_out_of_the_root(tmp_path: Path, name: str) -> None:
    tree(tmp_path, {"root/": "", "outside/": ""})
    (tmp_path / "root/link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "root/dangling.md").symlink_to(tmp_path / "outside/new.md")
    with pytest.raises(RefusedWriteError, match="link"):
        create_file(tmp_path / "root" / name, b"new", tmp_path / "root")
    assert list((tmp_path / "outside").iterdir()) == []


def test_create_writes_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "b.py"
    before = os.umask(0o027)
    try:
        create_file(path, b"new\r\n", tmp_path)
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new\r\n"
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o640
    assert listing(path) == ["b.py"]


@pytest.mark.parametrize("has_links", [True, False])
def test_create_never_overwrites(target: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(FileExistsError):
        create_file(target, b"new", target.parent)
    assert target.read_bytes() == b"old"
    assert listing(target) == ["a.py"]
    create_file(target.with_name("b.py"), b"new", target.parent)
    assert target.with_name("b.py").read_bytes() == b"new"
    assert listing(target) == ["a.py", "b.py"]


def test_create_leaves_nothing_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        create_file(tmp_path / "b.py", b"new", tmp_path)
    assert [*tmp_path.iterdir()] == []


def test_create_and_delete_stay_inside_the_root(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.mkdir()
    (other / "a.py").write_bytes(b"old")
    (root / "linked").symlink_to(other)
    with pytest.raises(RefusedWriteError, match="outside of the root"):
        create_file(root / "linked" / "b.py", b"new", root)
    with pytest.raises(RefusedWriteError, match="outside of the root"):
        delete_file(root / "linked" / "a.py", b"old", root)
    assert listing(other / "a.py") == ["a.py"]


def test_delete(target: Path) -> None:
    with pytest.raises(ChangedFileError):
        delete_file(target, b"older", target.parent)
    link = target.with_name("link.py")
    link.symlink_to(target)
    with pytest.raises(RefusedWriteError, match="symbolic link"):
        delete_file(link, b"old", target.parent)
    link.unlink()
    delete_file(target, b"old", target.parent)
    assert listing(target) == []


def test_delete_refuses_a_file_of_another_owner(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: target.stat().st_uid + 1, raising=False)
    with pytest.raises(RefusedWriteError, match="another user"):
        delete_file(target, b"old", target.parent)
    assert target.exists()
