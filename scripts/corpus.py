"""Fetch the corpus of ``make fuzz``: the Python files of large packages, as their source distributions have them.

Nothing of them is built, installed or run, so ``pip download`` is not for this: it runs each package's build. Instead
pip's own finder says where the pinned archive is (with the index, the proxy and the credentials that pip is configured
with), pip's session fetches it, it must have the checksum below, and only its regular ``.py`` files are unpacked.

What is there already is not fetched again; a package that was interrupted is begun again.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

CORPUS = Path(__file__).resolve().parent.parent / ".corpus"
ENOUGH = 20_000
"""Python files, in all."""


class Package(NamedTuple):
    """One source distribution."""

    name: str
    version: str
    sha256: str

    @property
    def folder(self) -> Path:
        """Where its files go."""
        return CORPUS / f"{self.name}-{self.version}"


PACKAGES = (
    Package("ansible", "9.13.0", "b389a97d1e85c2b2ad6ace9e94f410111f69cc5aa3845c930c873b34c0ddd6e2"),
    Package("apache-airflow", "2.10.5", "1a2b1f1082d530fee039989cdff7192fcfd98d8e909d1c5650e61e10c418e488"),
    Package("django", "5.1.4", "de450c09e91879fa5a307f696e57c851955c910a438a35e6b4c895e86bedc82a"),
    Package("homeassistant", "2024.3.3", "f62f2c9efa330ca82f70441f93d29361fa87c506c3065baf02b5d85559cdbe70"),
    Package("pandas", "2.2.3", "4f18ba62b61d7e192368b84517265a99b4d7ee8912f8708660fb4a366cc82667"),
    Package("scipy", "1.14.1", "5a275584e726026a5699459aa72f828a610821006228e841b94275c4a7c08417"),
    Package("sqlalchemy", "2.0.36", "7f2767680b6d2398aea7082e45a774b2b0767b5c8d8ffb9c8b683088ea9b29c5"),
    Package("sympy", "1.13.3", "b27fd2c6530e0ab39e275fc9b683895367e51d5da91baa8d3d64db2565fec4d9"),
)


class Index:
    """The package index as pip sees it. pip promises nothing about these parts of it: no other part may be used."""

    def __init__(self, finder: Any, session: Any) -> None:
        self._finder, self._session = finder, session

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Index]:
        """Ask as ``pip download`` would, for source distributions only, whatever Python they are made for."""
        command = import_module("pip._internal.commands").create_command("download")
        options, _ = command.parse_args(["--no-deps", "--no-binary", ":all:", "--no-cache-dir", "--quiet"])
        with command.main_context():
            session = command.get_default_session(options)
            yield cls(command._build_package_finder(options, session, ignore_requires_python=True), session)

    def fetch(self, package: Package, archive: IO[bytes]) -> None:
        """Write the archive of a package. Raises LookupError if there is none, or one with another checksum."""
        specifiers = import_module("pip._vendor.packaging.specifiers")
        exactly = specifiers.SpecifierSet(f"=={package.version}")
        found = self._finder.find_best_candidate(package.name, exactly).best_candidate
        if found is None:
            raise LookupError("the index does not offer it")
        digest = hashlib.sha256()
        as_it_is = {"Accept-Encoding": "identity"}
        with self._session.get(found.link.url_without_fragment, headers=as_it_is, stream=True) as response:
            response.raise_for_status()
            for chunk in response.iter_content(1 << 20):
                digest.update(chunk)
                archive.write(chunk)
        if digest.hexdigest() != package.sha256:
            raise LookupError(f"{found.link.filename} has another checksum: {digest.hexdigest()}")
        archive.seek(0)


def unpack(archive: IO[bytes], folder: Path) -> None:
    """Unpack the regular ``.py`` files of an archive; `folder` is there when all of them are, and not before."""
    folder.parent.mkdir(exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with tarfile.open(fileobj=archive) as members:
            for member in members:
                if member.isreg() and member.name.endswith(".py"):
                    members.extract(member, unfinished, filter="data")
        unfinished.chmod(0o755)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def counted(folder: Path) -> tuple[int, int]:
    """How many Python files there are in a folder, and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*.py") if path.is_file()]
    return len(sizes), sum(sizes)


def fetch(packages: Iterable[Package]) -> bool:
    """Fetch and unpack; return whether that went well for all."""
    succeeded = True
    with Index.open() as index:
        for package in packages:
            began = time.perf_counter()
            with tempfile.TemporaryFile() as archive:
                try:
                    index.fetch(package, archive)
                    size = archive.seek(0, 2)
                    archive.seek(0)
                    unpack(archive, package.folder)
                except (OSError, LookupError, tarfile.TarError) as error:
                    print(f"{package.name} {package.version}: {error}", file=sys.stderr)
                    succeeded = False
                else:
                    took = f"{size / 1e6:.1f} MB in {time.perf_counter() - began:.0f} s"
                    print(f"fetched {package.name} {package.version}: {took}", flush=True)
    return succeeded


def main() -> None:
    """Fetch what is missing, and say what is there."""
    missing = [package for package in PACKAGES if not package.folder.is_dir()]
    succeeded = fetch(missing) if missing else True
    total = 0
    for package in PACKAGES:
        files, size = counted(package.folder)
        total += files
        print(f"{package.folder.name:24}{files:8,} files{size / 1e6:8.1f} MB")
    print(f"{'in ' + CORPUS.name:24}{total:8,} files, {len(missing)} of {len(PACKAGES)} packages were missing")
    sys.exit(0 if succeeded and total >= ENOUGH else 1)


if __name__ == "__main__":
    main()
