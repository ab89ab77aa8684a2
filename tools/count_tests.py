#!/usr/bin/python3
"""Counts test results in the event file of one `bazel test`.

    tools/count_tests.py EVENTS.json STATUS

EVENTS.json is what --build_event_json_file wrote, STATUS what bazel exited with. Prints
"PASSED FAILED SKIPPED", and to standard error the name of each that failed.

A test case of a test.xml counts as one; a target without cases counts as one. A target that was
not built, timed out or died outside of its cases counts as one failed, and so does a command that
failed with no test to blame, or that ran no test at all.
"""

import json
import os
import sys
import urllib.parse
import xml.etree.ElementTree
from typing import Dict, List, NamedTuple, Tuple


class Counts(NamedTuple):
    passed: List[str]
    failed: List[str]
    skipped: List[str]


def count_xml(label: str, text: str) -> Counts:
    """The cases of one test.xml, in GoogleTest's words or Bazel's."""
    counts = Counts([], [], [])
    for case in xml.etree.ElementTree.fromstring(text).iter("testcase"):
        name = f"{label} {case.get('classname', '')}.{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed.append(name)
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            counts.skipped.append(name)
        else:
            counts.passed.append(name)
    return counts


def _read_xml(result: dict) -> str:
    for output in result.get("testActionOutput", []):
        if output.get("name") == "test.xml":
            url = urllib.parse.urlparse(output.get("uri", ""))
            path = urllib.parse.unquote(url.path)
            if url.scheme == "file" and os.path.isfile(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    return file.read()
    return ""


def count_attempt(label: str, result: dict) -> Counts:
    """The cases of one shard's last attempt; Bazel's own verdict has the last word."""
    passed = result.get("status") in ("PASSED", "FLAKY")
    counts = Counts([], [], [])
    text = _read_xml(result)
    if text:
        try:
            counts = count_xml(label, text)
        except xml.etree.ElementTree.ParseError as error:
            counts.failed.append(f"{label} (test.xml: {error})")
    if not passed and not counts.failed:
        counts.failed.append(f"{label} ({result.get('status', 'no status')})")
    elif passed and not any(counts):
        counts.passed.append(label)
    return counts


def count_events(lines: List[str], status: int) -> Counts:
    """All results of one build event file."""
    attempts: Dict[Tuple[str, int, int], Tuple[int, dict]] = {}
    not_built = set()
    tests = set()
    for line in lines:
        event = json.loads(line)
        name = event["id"]
        if "testResult" in name:
            at = name["testResult"]
            key = (at["label"], at.get("run", 1), at.get("shard", 1))
            attempt = at.get("attempt", 1)
            if attempt >= attempts.get(key, (0, {}))[0]:
                attempts[key] = (attempt, event.get("testResult", {}))
        elif "testSummary" in name:
            tests.add(name["testSummary"]["label"])
        elif "targetCompleted" in name:
            if not event.get("completed", {}).get("success") or "aborted" in event:
                not_built.add(name["targetCompleted"]["label"])
    total = Counts([], [], [])
    for (label, _, _), (_, result) in sorted(attempts.items()):
        for sum_, part in zip(total, count_attempt(label, result)):
            sum_.extend(part)
    ran = {label for label, _, _ in attempts}
    total.failed.extend(f"{label} (not built)" for label in sorted(not_built - ran))
    total.failed.extend(f"{label} (not run)" for label in sorted(tests - ran - not_built))
    if status != 0 and not total.failed:
        total.failed.append(f"(bazel exited with {status})")
    if status == 0 and not total.passed and not total.failed:
        total.failed.append("(no test ran)")
    return total


def main(argv: List[str]) -> int:
    lines = []
    if os.path.isfile(argv[1]):
        with open(argv[1], encoding="utf-8") as file:
            lines = [line for line in file if line.strip()]
    counts = count_events(lines, int(argv[2]))
    for name in counts.failed:
        print("FAILED " + name, file=sys.stderr)
    for name in counts.skipped:
        print("SKIPPED " + name, file=sys.stderr)
    print(len(counts.passed), len(counts.failed), len(counts.skipped))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
