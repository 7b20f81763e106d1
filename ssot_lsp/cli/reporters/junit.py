"""For CI servers that show test results: JUnit XML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from ssot_lsp.cli.reporters.common import region_in_file, shown_path
from ssot_lsp.model import Report

# https://www.w3.org/TR/xml/#charsets: the rest cannot be written in XML 1.0, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(reports: Sequence[Report], root: Path, colour: bool) -> str:
    """A suite per file with diagnostics, in it a failed test per diagnostic; without any, one test that passes."""
    failed = [report for report in reports if report.diagnostics]
    suites = ET.Element("testsuites", _suite("ssot-lsp", sum(len(report.diagnostics) for report in failed)))
    for report in failed:
        path = shown_path(report.path, root)
        suite = ET.SubElement(suites, "testsuite", _suite(path, len(report.diagnostics)))
        for diagnostic in report.diagnostics:
            where = region_in_file(report.text, diagnostic.span)
            place = f"{where.row}:{where.column}"
            # The place is part of the name: servers take two tests of one name for one test.
            name = f"{diagnostic.code} {diagnostic.name} {place}"
            attributes = {"name": name, "classname": path, "file": path, "line": str(where.row), "time": "0"}
            case = ET.SubElement(suite, "testcase", attributes)
            failure = ET.SubElement(case, "failure", message=diagnostic.message, type=diagnostic.severity.label)
            failure.text = f"{path}:{place}: {diagnostic.code} {diagnostic.message}"
    if not failed:  # servers take a document without any test for a run that broke
        suites.set("tests", "1")
        suite = ET.SubElement(suites, "testsuite", _suite("ssot-lsp", 0) | {"tests": "1"})
        ET.SubElement(suite, "testcase", name="No errors found", classname="ssot-lsp", time="0")
    ET.indent(suites)
    document = _NOT_XML.sub("", ET.tostring(suites, encoding="unicode"))
    # ASCII with character references is UTF-8 as well, and no pipe can spoil it.
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + document.encode("ascii", "xmlcharrefreplace").decode("ascii")


def _suite(name: str, failures: int) -> dict[str, str]:
    counts = {"tests": str(failures), "failures": str(failures), "errors": "0", "skipped": "0"}
    return {"name": name, **counts, "time": "0"}
