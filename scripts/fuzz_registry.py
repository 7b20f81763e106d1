"""Spoil registries in all sorts of ways, and count what did not hold.

What is done to them and what has to hold is in ``tests/registry_mutations.py``. Seed and number are all that a spoiled
registry depends on, so ``--number`` repeats one. Exits with 1 if something did not hold; the smallest registry that is
found to show it is printed, as Python writes bytes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from fuzz import OvertimeError, at_most, blank  # noqa: E402 - found by the line above, as is the next

from tests.registry_mutations import Bench, seeded  # noqa: E402

GROUP = 100
"""Registries that one process tries in a row."""
LONGEST = 20
"""Seconds for one registry."""
SHRINKING = 60
"""Seconds to find a smaller registry that shows a fault."""


class Result(NamedTuple):
    """What became of one registry."""

    number: int
    kind: str
    state: str
    """What it turned out to be, or `fault`."""
    fault: str = ""


def run(seed: int, numbers: range) -> list[Result]:
    """Try some registries in a workspace of their own."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        return [tried(bench, number, *seeded(seed, number)) for number in numbers]


def tried(bench: Bench, number: int, kind: str, data: bytes) -> Result:
    """What becomes of a registry, crashes included."""
    try:
        with at_most(LONGEST):
            return Result(number, kind, bench.try_(data).state)
    except OvertimeError:
        return Result(number, kind, "fault", f"takes longer than {LONGEST} s")
    except (Exception, SystemExit) as error:
        fault = f"{type(error).__name__}: {error}".replace(str(bench.root), "")
        return Result(number, kind, "fault", fault)


def run_all(seed: int, numbers: range, jobs: int) -> Iterator[Result]:
    """Try all of them. What takes its process along is told, as far as it can be said which one it was."""
    groups = [numbers[start : start + GROUP] for start in range(0, len(numbers), GROUP)]
    with ProcessPoolExecutor(jobs) as pool:
        futures = {pool.submit(run, seed, group): group for group in groups}
        for future in as_completed(futures):
            if future.exception() is None:
                yield from future.result()
            else:
                group, error = futures[future], future.exception()
                yield Result(group[0], f"one of {group[0]} to {group[-1]}", "fault", f"crash: {type(error).__name__}")


def shrunk(bench: Bench, data: bytes, fault: str) -> bytes:
    """A smaller registry in which the same goes wrong: pieces are left out as long as it does."""
    ends, size = time.monotonic() + SHRINKING, len(data) // 2
    while size:
        at = 0
        while at < len(data) and time.monotonic() < ends:
            smaller = data[:at] + data[at + size :]
            if blank(tried(bench, 0, "", smaller).fault) == blank(fault):
                data = smaller
            else:
                at += size
        size //= 2
    return data


def tell(seed: int, results: list[Result], seconds: float) -> bool:
    """Tell what happened; whether all held."""
    kinds = Counter(result.kind for result in results)
    states = Counter(result.state for result in results)
    for kind, count in sorted(kinds.items()):
        print(f"{count:7,}  {kind}")
    print(f"\n{len(results):,} registries in {seconds:.0f} s: ", end="")
    print(", ".join(f"{count:,} {state}" for state, count in states.most_common()))
    faults: dict[str, list[Result]] = {}
    for result in results:
        if result.fault:
            faults.setdefault(blank(result.fault), []).append(result)
    for found in sorted(faults.values(), key=len, reverse=True):
        first = found[0]
        print(
            f"\n{len(found):,} times, first with --seed {seed} --number {first.number} ({first.kind}):\n{first.fault}"
        )
        if not first.fault.startswith("crash"):
            with tempfile.TemporaryDirectory() as folder:
                print(shrunk(Bench(Path(folder)), seeded(seed, first.number).data, first.fault))
    return not faults


def arguments() -> Any:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=5_000, metavar="N", help="how many registries")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="J")
    parser.add_argument("--number", type=int, metavar="I", help="only this one of the same --seed")
    return parser.parse_args()


def main() -> None:
    """Try the registries, tell what happened, and exit with 1 if something did not hold."""
    given, began = arguments(), time.monotonic()
    numbers = range(given.count) if given.number is None else range(given.number, given.number + 1)
    print(f"--seed {given.seed} --count {given.count}", flush=True)
    results = sorted(run_all(given.seed, numbers, given.jobs))
    sys.exit(0 if tell(given.seed, results, time.monotonic() - began) else 1)


if __name__ == "__main__":
    main()
