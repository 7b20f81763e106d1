"""Run a command many times, whatever comes of it, and say how often it failed: `often.py TIMES COMMAND...`.

What a run that fails says is printed whole. Exits with 1 if one has failed.
"""

from __future__ import annotations

import subprocess
import sys
import time


def main(times: int, command: list[str]) -> int:
    """Run the command so many times; how often it failed."""
    failed = 0
    for number in range(1, times + 1):
        began = time.monotonic()
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
        outcome = "passed" if done.returncode == 0 else f"FAILED with {done.returncode}"
        print(f"run {number} of {times}: {outcome} after {time.monotonic() - began:.0f} s", flush=True)
        if done.returncode != 0:
            failed += 1
            print(done.stdout, flush=True)
    print(f"{times - failed} of {times} runs passed")
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]), sys.argv[2:]) else 0)
