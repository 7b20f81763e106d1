"""A few of the spoiled registries of `make fuzz-registry`, each time the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.registry_mutations import Bench, seeded

SEED = 20
COUNT = 150


@pytest.mark.parametrize("part", range(3))
def test_spoiled_registries(tmp_path: Path, part: int) -> None:
    bench, states = Bench(tmp_path), Counter[str]()
    for number in range(part, COUNT, 3):
        kind, data = seeded(SEED, number)
        try:
            states[bench.try_(data).state] += 1
        except Exception as error:
            raise AssertionError(
                f"make fuzz-registry FUZZ='--seed {SEED} --number {number}' ({kind}): {error}"
            ) from error
    assert min(states["unusable"], states["found"]) > COUNT // 15, states


def test_all_is_found() -> None:
    """The registries differ, and each way to spoil them is tried."""
    kinds = Counter(seeded(SEED, number).kind.partition(":")[0] for number in range(COUNT))
    assert kinds.keys() == {"bytes", "values", "meaning"}
    assert len({seeded(SEED, number).data for number in range(COUNT)}) == COUNT
