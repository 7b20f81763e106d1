"""Run programs as whole processes: how long they take, how much memory all their processes need, what they find."""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

INTERVAL = 0.01
"""Seconds between two looks at the memory."""
MEGABYTE = 1_000_000

_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


class FailedError(Exception):
    """A program did not do its work; the text says which and how."""


class Place(NamedTuple):
    """Where something was found, as a program prints it."""

    path: str
    row: int
    """From 1."""


class Command(NamedTuple):
    """A program with its arguments, and how to read what it prints."""

    name: str
    task: str
    """Programs that do the same must find the same, however they do it."""
    arguments: tuple[str, ...]
    finding: re.Pattern[str]
    """A printed line that is a finding, with groups `path` and `row`."""


class Run(NamedTuple):
    """One process that ended by itself."""

    seconds: float
    """From its start until it has ended."""
    cpu: float
    """Seconds of all its processes together, in user and system mode."""
    found: tuple[Place, ...]
    """Sorted; a place for each finding."""


def run(command: Command, folder: Path, environment: Mapping[str, str]) -> Run:
    """Run a program to its end. Raises FailedError if it could not work."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        with started(command, folder, environment, out, err) as process:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        return Run(seconds, usage.ru_utime + usage.ru_stime, outcome(command, process.returncode, out, err))


def peak_memory(command: Command, folder: Path, environment: Mapping[str, str]) -> tuple[float, tuple[Place, ...]]:
    """The most megabytes that a program's processes have needed together, and what it has found.

    Memory that is shared counts once (PSS). Looks at it every `INTERVAL`, through /proc: on Linux only.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        most = 0
        with started(command, folder, environment, out, err) as process:
            while process.poll() is None:
                most = max(most, sum(map(memory, family(process.pid, processes()))))
                time.sleep(INTERVAL)
        return most / MEGABYTE, outcome(command, process.returncode, out, err)


@contextmanager
def started(
    command: Command, folder: Path, environment: Mapping[str, str], out: IO[bytes], err: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program in a session of its own, which ends with the block."""
    process = subprocess.Popen(
        command.arguments,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:  # we were interrupted
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def outcome(command: Command, code: int, out: IO[bytes], err: IO[bytes]) -> tuple[Place, ...]:
    """What a program has found. Raises FailedError unless its exit code is 0 for nothing or 1 for something."""
    texts = []
    for file in (out, err):
        file.seek(0)
        texts.append(file.read().decode("utf-8", "replace"))
    found = places(command.finding, texts[0])
    if code not in (0, 1) or (found and code == 0):
        said = " | ".join([*texts[1].splitlines()[-3:], *texts[0].splitlines()[-1:]])
        raise FailedError(f"{command.name}: exit code {code} with {len(found)} findings: {said}")
    return found


def places(finding: re.Pattern[str], printed: str) -> tuple[Place, ...]:
    """Where a program's lines say that something was found, sorted."""
    matches = map(finding.match, printed.splitlines())
    return tuple(sorted(Place(match["path"], int(match["row"])) for match in matches if match))


class Process(NamedTuple):
    """What /proc says of a process."""

    number: int
    parent: int
    session: int


def processes() -> list[Process]:
    """All that are running."""
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - a hundred times a second
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - the same
                    fields = file.read().rpartition(b")")[2].split()  # a program's name may hold anything
            except OSError:  # it has ended meanwhile
                continue
            found.append(Process(int(name), int(fields[1]), int(fields[3])))
    return found


def family(number: int, among: Iterable[Process]) -> set[int]:
    """A process that leads its session, with all that it has started, also what has lost its parent since."""
    members = {number}
    others = list(among)
    while True:
        more = {p.number for p in others if p.parent in members or p.session == number} - members
        if not more:
            return members
        members |= more


def memory(number: int) -> int:
    """The bytes that a process needs: its share of what is shared, else all that is resident; 0 once it has ended."""
    try:
        with open(f"/proc/{number}/smaps_rollup", "rb") as file:  # noqa: PTH123 - a hundred times a second
            match = _PSS.search(file.read())
        if match:
            return int(match[1]) * 1024
        with open(f"/proc/{number}/statm", "rb") as file:  # noqa: PTH123 - the same
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def median(runs: Sequence[Run]) -> float:
    """The median of the seconds."""
    return statistics.median(run.seconds for run in runs)


def use_cores(count: int) -> int:
    """Let this process and all that it starts use so many cores, where the system can; return how many it may use."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
