"""`ssot-lsp registry bridge`: modules at deprecated paths that hand on what has moved, written and deleted."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import click

from ssot_lsp.askers import Asker, askers
from ssot_lsp.bridges import Bridge, NoBridgeError, bridge_at, bridged_names
from ssot_lsp.cli.changes import unified_diff
from ssot_lsp.cli.options import CHANGED_MEANWHILE, CLEAN, FOUND, Options, fail, load_project, note
from ssot_lsp.files import ChangedFileError, RefusedWriteError, create_file, delete_file, read_bytes
from ssot_lsp.model import ObjectRef
from ssot_lsp.modules import Answer
from ssot_lsp.project import Project
from ssot_lsp.registry.bridge import OPENING, bridged_by
from ssot_lsp.rules import did_you_mean

_MOST_PLACES = 3


@click.command()
@click.argument("references", nargs=-1, metavar="[MODULE|REFERENCE]...")
@click.option("--all", "all_modules", is_flag=True, help="Every deprecated module that nothing provides.")
@click.option("--remove", is_flag=True, help="Delete the bridges that nobody asks for any more.")
@click.option("--diff", is_flag=True, help="Print what would be written or deleted, and do neither.")
@click.option("--registry", type=click.Path(path_type=Path), metavar="FILE", help="The registry to use.")
def bridge(references: tuple[str, ...], *, all_modules: bool, remove: bool, diff: bool, registry: Path | None) -> None:
    """Write bridges: modules at deprecated paths that hand on what has moved, and warn whoever asks.

    A bridge supplies all that the registry says of its module, or it is not written. Nothing is ever overwritten. Exits
    with 0 if all is done, 1 if something was refused or there is a diff, 2 if it could not run, 3 if a file changed
    meanwhile.
    """
    project = load_project(Options(registry=registry))
    if remove:
        if all_modules:
            fail("--remove looks at all bridges anyway, unless modules are named: it goes without --all")
        modules = [_module(reference) for reference in references]
        sys.exit(_remove(project, modules or _bridges(project), diff=diff))
    if not project.has_registry:
        fail("there is no registry")
    if bool(references) == all_modules:
        fail("name the deprecated modules, or give --all")
    modules = [_spoken_of(project, reference) for reference in references]
    sys.exit(_write(project, sorted({*modules}) if modules else _unprovided(project), diff=diff))


def _module(reference: str) -> str:
    try:
        return ObjectRef.parse(reference).module
    except ValueError as error:
        fail(f"{reference}: {error}")


def _spoken_of(project: Project, reference: str) -> str:
    """The module of a reference of which the registry speaks."""
    module, ref = _module(reference), ObjectRef.parse(reference)
    if project.registry.match(ref) is None and not project.registry.speaks_below(ref.dotted):
        fail(f"{reference}: the registry says nothing of it")
    return module


def _unprovided(project: Project) -> list[str]:
    """The deprecated modules that nothing provides, and of which something has moved."""
    modules = project.modules
    missing = (m for m in project.registry.deprecated_modules if modules.exists(m) is Answer.NO)
    return [module for module in missing if any(bridged_names(module, project.registry, modules))]


# Writing


def _write(project: Project, modules: Sequence[str], *, diff: bool) -> int:
    """Write the bridges at some modules, outer ones first; gives the exit code."""
    code = CLEAN
    made: list[Bridge] = []
    for module in modules:
        try:
            made.append(bridge_at(module, project.registry, project.modules))
        except NoBridgeError as error:
            note(f"error: {module}: not written: {error}{_missing(project, error)}")
            code = FOUND
    written = set[Path]()
    for found in made:
        new = dict.fromkeys(found.files[:-1], b"") | {found.files[-1]: found.text.encode()}
        new = {path: data for path, data in new.items() if path not in written}
        written.update(new)
        if diff:
            for path, data in new.items():
                _print_diff(project, path, None, data)
        elif not _created(project, found, new):
            code = FOUND
            written.difference_update(new)
    _tell_of_others(project, made)
    return FOUND if diff and made else code


def _missing(project: Project, error: NoBridgeError) -> str:
    """What is not there, name by name, and what may have been meant."""
    told = []
    for name, target in error.missing.items():
        guesses = tuple(map(str, islice(project.modules.elsewhere(target), _MOST_PLACES)))
        told.append(" ".join(filter(None, (f"`{name}` is to be `{target}`.", did_you_mean(guesses)))))
    return f": {' '.join(told)}" if told else ""


def _created(project: Project, made: Bridge, new: dict[Path, bytes]) -> bool:
    """Write the files of a bridge, all or none."""
    done: list[Path] = []
    folders: list[Path] = []
    try:
        for path, data in new.items():
            if not path.parent.exists():
                path.parent.mkdir()
                folders.append(path.parent)
            create_file(path, data, project.root)
            done.append(path)
    except (RefusedWriteError, OSError) as error:
        for other in done:
            other.unlink()
        for folder in reversed(folders):
            with suppress(OSError):
                folder.rmdir()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        note(f"error: {made.module}: not written: {project.relative(path)}: {reason}")
        return False
    for path in done[:-1]:
        click.echo(f"wrote {project.relative(path)}")
    count = f"{len(made.names)} name{'s' * (len(made.names) > 1)}"
    lazily = f", imported when asked for, since `{made.circular[0]}` imports this module" if made.circular else ""
    click.echo(f"wrote {project.relative(done[-1])}: {count}{lazily}")
    return True


def _tell_of_others(project: Project, made: Iterable[Bridge]) -> None:
    """Tell which names are asked of the modules that the bridges do not supply."""
    by_module = {found.module: found for found in made}
    asked: dict[str, dict[str, Asker]] = {}
    for module, asker in askers(project, {module: found.files[-1] for module, found in by_module.items()}):
        is_supplied = asker.name in by_module[module].names or f"{module}.{asker.name}" in by_module
        if asker.name and not (is_supplied or asker.name.startswith("__")):
            asked.setdefault(module, {}).setdefault(asker.name, asker)
    for module, names in sorted(asked.items()):
        told = ", ".join(f"`{name}` ({_place(project, asker)})" for name, asker in sorted(names.items()))
        note(f"note: {module}: asked for too, and in no place to which an entry leads: {told}")


def _place(project: Project, asker: Asker) -> str:
    return f"{project.relative(asker.path)}:{asker.row + 1}"


def _print_diff(project: Project, path: Path, old: bytes | None, new: bytes | None) -> None:
    """Show a file that comes or goes as git does, which tells of empty ones too."""
    name = project.relative(path)
    what = "new" if old is None else "deleted"
    click.echo(f"diff --git a/{name} b/{name}\n{what} file mode 100644")
    lines = [*unified_diff(old or b"", new or b"", name)]
    for number, line in enumerate(lines):
        absent = number == (0 if old is None else 1)
        click.echo(line[:4] + b"/dev/null\n" if absent else line, nl=False)


# Removing


def _bridges(project: Project) -> list[str]:
    """The modules that begin as a bridge does."""
    found = []
    for file in project.modules.files:
        with suppress(OSError):
            if read_bytes(file).startswith(OPENING.rstrip().encode()):
                found.append(project.modules.name_of(file)[0])
    return found


def _remove(project: Project, modules: Sequence[str], *, diff: bool) -> int:
    """Delete the bridges among some modules that nobody asks for; gives the exit code."""
    own: dict[str, tuple[Path, bytes]] = {}
    for module in sorted({*modules}, reverse=True):  # what is in a package before the package
        there = project.modules.find(module)
        if there is None or there.path is None:
            note(f"note: {module}: nothing is there")
        elif (data := _unchanged(module, there.path)) is None:
            name = project.relative(there.path)
            click.echo(f"kept {name}: it is no bridge, or no longer as it was written", err=diff)
        else:
            own[module] = there.path, data
    code = CLEAN
    asked: dict[str, list[Asker]] = {}
    gone = set[Path]()

    def still(module: str) -> list[Asker]:
        return [asker for asker in asked.get(module, ()) if asker.path not in gone]

    packages = {p: path for module, (path, _) in own.items() for p, path in _empty_packages(project, module)}
    for module, asker in askers(project, {m: path for m, (path, _) in own.items()} | packages) if own else ():
        asked.setdefault(module, []).append(asker)
    for module, (path, data) in own.items():
        others = _others(path.parent, gone) if path.name == "__init__.py" else set()
        if found := still(module):
            click.echo(f"kept {project.relative(path)}: {_why(project, found)}", err=diff)
        elif others:
            click.echo(f"kept {project.relative(path)}: there are other files in its package", err=diff)
        else:
            code = max(code, _deleted(project, path, data, gone, diff=diff))
            for package, init in _empty_packages(project, module) if path in gone else ():
                if not still(package) and not _others(init.parent, gone):
                    code = max(code, _deleted(project, init, b"", gone, diff=diff))
    return FOUND if diff and gone else code


def _unchanged(module: str, path: Path) -> bytes | None:
    """The bytes of a file that is a bridge and as it was written, but for its layout."""
    try:
        data = read_bytes(path)
        return data if bridged_by(module, data.decode()) is not None else None
    except (OSError, UnicodeDecodeError):
        return None


def _empty_packages(project: Project, module: str) -> Iterable[tuple[str, Path]]:
    """The packages around a module whose `__init__.py` is empty, from the inside out."""
    while module := module.rpartition(".")[0]:
        found = project.modules.find(module)
        if found is None or found.path is None or found.path.name != "__init__.py" or found.path.stat().st_size:
            return
        yield module, found.path


def _others(folder: Path, gone: set[Path]) -> set[Path]:
    """What is in a package besides its `__init__.py`, what is gone, and what Python has compiled of that."""
    return {path for path in folder.iterdir() if path.name not in ("__init__.py", "__pycache__")} - gone


def _why(project: Project, found: Sequence[Asker]) -> str:
    places = sorted({(project.relative(asker.path), asker.row + 1, asker.why) for asker in found})
    told = ", ".join(f"{path}:{row}{f' ({why})' if why else ''}" for path, row, why in places[:_MOST_PLACES])
    more = f" and {len(places) - _MOST_PLACES} more" if len(places) > _MOST_PLACES else ""
    return f"asked for in {told}{more}"


def _deleted(project: Project, path: Path, data: bytes, gone: set[Path], *, diff: bool) -> int:
    """Delete a file, and with a package's its folder; gives the exit code."""
    name = project.relative(path)
    if diff:
        _print_diff(project, path, data, None)
        gone.update((path, path.parent) if path.name == "__init__.py" else (path,))
        return CLEAN
    try:
        delete_file(path, data, project.root)
    except ChangedFileError as error:
        note(f"error: {name}: {error}")
        return CHANGED_MEANWHILE
    except (RefusedWriteError, OSError) as error:
        note(f"error: {name}: not deleted: {error}")
        return FOUND
    gone.add(path)
    click.echo(f"deleted {name}")
    if path.name == "__init__.py":
        _remove_folder(path.parent)
        gone.add(path.parent)
    return CLEAN


def _remove_folder(folder: Path) -> None:
    """Remove a folder in which at most compiled modules are left, whose sources are all gone."""
    with suppress(OSError):
        for compiled in folder.glob("__pycache__/*.pyc"):
            compiled.unlink()
        if (folder / "__pycache__").exists():
            (folder / "__pycache__").rmdir()
        folder.rmdir()
