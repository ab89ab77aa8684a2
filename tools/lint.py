#!/usr/bin/python3
"""The project's own rules, which no compiler knows. Each message names the replacement.

    tools/lint.py [ROOT]

A line that must break a rule says so and why, at its end or on the line above:

    // lint: allow(RULE) because ...
"""

import os
import re
import subprocess
import sys
from typing import Callable, Iterable, List, NamedTuple, Optional


class Finding(NamedTuple):
    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


# ---- which folder may include which: the arrows of docs/README.md ----------------------------

# sim/base is open to all. "world/plan" opens only the headers sim/world/plan*.
LAYERS = {
    "sim/base": [],
    "sim/mqtt": [],
    "sim/net": [],
    "sim/engine": [],
    "sim/trace": [],
    "sim/check": ["sim/trace"],
    "sim/metrics": ["sim/trace"],
    "sim/world": ["sim/mqtt", "sim/net", "sim/engine", "sim/trace"],
    "sim/scenario": ["sim/world/plan", "sim/mqtt", "sim/net", "sim/trace"],
    "sim/run": ["sim/scenario", "sim/world", "sim/trace", "sim/check", "sim/metrics"],
    "sim/live": ["sim/mqtt", "sim/trace"],
}

# Headers of libraries that stop at some layer.
LIBRARIES = [
    (
        re.compile(r"google/protobuf/|.*\.pb\.h$"),
        # sim/metrics: RunSummary, the message that machines read, is named by its fields.
        ("sim/scenario", "sim/metrics", "sim/run", "tools", "tests"),
        "protobuf stops at sim/scenario; hand on the plain structs of sim/world/plan.h",
    ),
    (
        re.compile(r"mpfr\.h$|gmp\.h$"),
        ("sim/base", "tools", "tests"),
        "multiple precision stays in sim/base; sample from its quantile tables",
    ),
    (
        re.compile(r"Random123/"),
        ("sim/base", "tools/deps", "tests/sim/base"),
        "draw through sim/base, which gives each draw its address",
    ),
    (
        re.compile(r"openssl/"),
        ("sim/live", "tools/deps", "tests/live"),
        "encryption is sim/live's: TlsSession (sim/live/tls.h)",
    ),
]

# ---- what is not said where ---------------------------------------------------------------


class Ban(NamedTuple):
    rule: str
    pattern: "re.Pattern[str]"
    within: tuple
    besides: tuple
    message: str


def _ban(rule, pattern, message, within=("sim",), besides=()):
    return Ban(rule, re.compile(pattern), tuple(within), tuple(besides), message)


# Inside the event loop's folders; sim/base builds the tables, the others render.
_LOOP = ("sim/mqtt", "sim/net", "sim/engine", "sim/world")

BANS = [
    _ban(
        "clock",
        r"\b(system|steady|high_resolution|utc|file)_clock\b|\babsl::(Now|GetCurrentTimeNanos)\b"
        r"|\b(clock_gettime|gettimeofday|timespec_get|ftime)\b|(?<![\w.>:])(std::|::)?time\s*\("
        r"(\s*\)|\s*(NULL|nullptr|0|&\w+)\s*\))",
        "take `now` as an argument (sim/base/time.h); only sim/live asks the machine",
        besides=("sim/live",),
    ),
    _ban(
        "sleep",
        r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|\babsl::SleepFor\b"
        r"|(?<![\w.>:])(std::|::)?sleep\s*\(",
        "schedule an event or return a deadline; only sim/live waits",
        within=("sim", "tests"),
        besides=("sim/live", "tests/live", "tests/conformance"),
    ),
    _ban(
        "random",
        r"\bstd::(random_device|mt19937(_64)?|minstd_rand0?|ranlux\w+|knuth_b|default_random_engine"
        r"|\w+_distribution|shuffle|sample|generate_canonical)\b"
        r"|\babsl::(BitGen|InsecureBitGen|BitGenRef|Uniform|Exponential|Gaussian|Poisson|Bernoulli"
        r"|LogUniform|Zipf|Beta)\b"
        r"|(?<![\w.>:])(std::|::)?(s?rand|rand_r|[dlm]rand48|random|arc4random\w*)\s*\(",
        "use an addressed draw (sim/base): std's and absl's differ by library and by version",
    ),
    _ban(
        "random",
        r"\bstd::random_device\b|\babsl::(Insecure)?BitGen\b|(?<![\w.>:])(std::|::)?s?rand\s*\(",
        "use an addressed draw (sim/base) with a seed in the test: a failure must come again",
        within=("tests",),
    ),
    _ban(
        "libm",
        r"\bstd::(log|log2|log10|log1p|exp|exp2|expm1|pow|sqrt|cbrt|sin|cos|tan|tgamma|lgamma|erf"
        r"|erfc)\s*\(|#include <cmath>|#include <math\.h>",
        "libm rounds differently from machine to machine: compile a table (sim/base)",
        within=_LOOP,
    ),
    _ban(
        "unordered",
        r"#include\s*(<unordered_(map|set)>|\"absl/container/(flat|node)_hash_(map|set)\.h\")",
        "its order differs per process: use a sorted vector, an index or absl/container/btree_map.h",
        within=_LOOP,
    ),
    _ban(
        "mutex",
        r"\babsl::(Mutex|MutexLock|Notification|BlockingCounter)\b",
        "use std::mutex: Debian's libabsl is not instrumented and --config=tsan misreads its locks",
        within=("sim", "tools", "tests"),
    ),
    _ban(
        "locale",
        r"\b(setlocale|std::locale|imbue|localtime(_r)?|mktime|strftime)\b",
        "render integers and fixed formats (absl::StrFormat): output is the same everywhere",
    ),
    _ban(
        "thread",
        r"\bstd::(thread|jthread|async)\b|\bthread_local\b",
        "a cell is single-threaded; only sim/run spreads cells over threads",
        within=("sim",),
        # A failed check says which cell its thread was in.
        besides=("sim/run", "sim/live", "sim/base/check.cc"),
    ),
    _ban(
        "leftover",
        r"\b(TODO|FIXME|XXX|HACK)\b",
        "finish it, or name it under the limits in docs/",
        within=("sim", "tools", "tests", "scenarios"),
        besides=("tools/lint.py", "tools/lint_rules_test.py"),
    ),
    _ban(
        "skipped-test",
        r"\bGTEST_SKIP\b|\bDISABLED_\w",
        "a test that skips itself proves nothing: make it run, or give its target a tag",
        within=("tests", "tools"),
        besides=("tools/lint.py", "tools/lint_rules_test.py"),
    ),
    _ban(
        "plain-rule",
        r"(?<!\w)(cc_library|cc_binary|cc_test)\(",
        "use keepsim_cc_library, keepsim_cc_binary or keepsim_cc_test (//tools:cc.bzl): the flags "
        "make results the same on every machine",
        within=("sim", "tools", "tests"),
        besides=("tools/deps", "tools/cc.bzl"),
    ),
    _ban(
        "fast-math",
        r"-ffast-math|-Ofast|-funsafe-math|-ffp-contract=(fast|on)|-march=native",
        "leave it out: results must be the same bits on every machine",
        within=("sim", "tools", "tests", ".bazelrc"),
        besides=("tools/lint.py", "tools/lint_rules_test.py", "tools/cc.bzl"),
    ),
]

# The rules on words apply to these alone; the rest of the tree is prose or data.
_CODE = (".cc", ".h", ".proto", ".py", ".sh", ".bzl", ".bazel", ".bazelrc", ".mjs", ".js")
_CXX = (".cc", ".h")
_BUILD = (".bazel", ".bzl")
_CXX_RULES = {"clock", "sleep", "random", "libm", "unordered", "mutex", "locale", "thread"}

# ---- file length --------------------------------------------------------------------------

MAX_LINES = 600
# Files that are long for a reason, and the reason.
LONG_FILES = {
    "sim/scenario/scenario.proto": "one schema, read as one reference page; half of it is comments",
    "sim/run/BUILD.bazel": "one target per noun; the package is the room where all others meet",
}

# -------------------------------------------------------------------------------------------

_ALLOW = re.compile(r"lint: allow\(([\w-]+)\)\s*(\S.*)?$")
_INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == f or path.startswith(f + "/") for f in folders)


def _without_comments(lines: List[str]) -> List[str]:
    """C++ lines with comments and the insides of string literals blanked."""
    out = []
    in_block = False
    for line in lines:
        # An include's name looks like a string and is wanted.
        if not in_block and _INCLUDE.match(line):
            out.append(line)
            continue
        kept = []
        i = 0
        while i < len(line):
            if in_block:
                end = line.find("*/", i)
                if end < 0:
                    break
                in_block = False
                i = end + 2
            elif line.startswith("//", i):
                break
            elif line.startswith("/*", i):
                in_block = True
                i += 2
            elif line[i] == '"':
                end = i + 1
                while end < len(line) and line[end] != '"':
                    end += 2 if line[end] == "\\" else 1
                kept.append('""')
                i = end + 1
            else:
                kept.append(line[i])
                i += 1
        out.append("".join(kept))
    return out


def _layer(path: str) -> Optional[str]:
    return next((layer for layer in LAYERS if _inside(path, [layer])), None)


def _check_include(path: str, header: str) -> Optional[str]:
    for pattern, folders, message in LIBRARIES:
        if pattern.match(header) and not _inside(path, folders):
            return message
    here, there = _layer(path), _layer(header)
    if header.startswith(("tools/", "tests/")) and path.startswith("sim/"):
        return f"sim/ knows nothing of {header.split('/')[0]}/: move what is shared into sim/base"
    if here is None or there is None or here == there or there == "sim/base":
        return None
    if any(_inside(header, [o]) or header.startswith(o + ".") or header.startswith(o + "_")
           for o in LAYERS[here]):
        return None
    may = ", ".join(["sim/base"] + LAYERS[here])
    return f"{here} may include only {may}: let the folder above introduce the two"


def check_file(path: str, text: str, exists: Callable[[str], bool] = lambda _: True) -> List[Finding]:
    """Findings in one file. `path` is relative to the root, as is what `exists` is asked."""
    findings = []
    lines = text.split("\n")
    code = _without_comments(lines) if path.endswith(_CXX) else lines

    def allowed(number: int, rule: str) -> bool:
        for n in (number, number - 1):
            match = _ALLOW.search(lines[n - 1]) if 1 <= n <= len(lines) else None
            if match and match.group(1) == rule:
                return True
        return False

    def add(number: int, rule: str, message: str) -> None:
        if not allowed(number, rule):
            findings.append(Finding(path, number, rule, message))

    if path.endswith(_CODE):
        bans = [
            b
            for b in BANS
            if _inside(path, b.within)
            and not _inside(path, b.besides)
            and (path.endswith(_CXX) or b.rule not in _CXX_RULES)
            and (path.endswith(_BUILD) or b.rule != "plain-rule")
        ]
        for number, line in enumerate(lines, 1):
            match = _ALLOW.search(line)
            if match and not match.group(2) and path.endswith(_CXX):
                add(number, "allow", "say why behind it: // lint: allow(RULE) because ...")
            for ban in bans:
                # Leftovers hide in comments; the others are about code.
                text_of_line = line if ban.rule == "leftover" else code[number - 1]
                if ban.pattern.search(text_of_line):
                    add(number, ban.rule, ban.message)
        if len(lines) - 1 > MAX_LINES and path not in LONG_FILES:
            add(
                1,
                "long-file",
                f"{len(lines) - 1} lines, more than {MAX_LINES}: split it, one noun per file "
                "(or name it with a reason in LONG_FILES of tools/lint.py)",
            )
    if path.endswith(_CXX):
        for number, line in enumerate(lines, 1):
            match = _INCLUDE.match(line)
            message = _check_include(path, match.group(1)) if match else None
            if message:
                add(number, "layer", f"{match.group(1)}: {message}")
    if path.endswith(".h") and _inside(path, ("sim", "tools", "tests")):
        guard = "KEEPSIM_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper() + "_"
        if not re.search(rf"^#ifndef {guard}\n#define {guard}$", text, re.M):
            add(1, "guard", f"guard the header with {guard}")
    if path.endswith(".md"):
        for number, line in enumerate(lines, 1):
            for target in _LINK.findall(line):
                file = target.split("#")[0]
                if not file or re.match(r"[a-z]+:", file):
                    continue
                resolved = os.path.normpath(os.path.join(os.path.dirname(path), file))
                if not exists(resolved):
                    add(number, "link", f"{target} leads nowhere: name a file of this tree")
    for number, line in enumerate(lines, 1):
        if re.search(r"(?<![\w.])/(home|Users|root)/\w", line) and not path.endswith("lint_rules_test.py"):
            add(number, "machine-path", "a path of one machine: make it relative, or use $HOME")
        if line.endswith((" ", "\t", "\r")) and not path.endswith(".md"):
            add(number, "whitespace", "remove the white space at the end of the line")
    if text and not text.endswith("\n"):
        add(len(lines), "whitespace", "end the file with a newline")
    return findings


def tree_files(root: str) -> List[str]:
    """Files of the tree: those git does not ignore, or all but built ones where git is absent."""
    command = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listing = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
        ).stdout
        names = {n for n in listing.decode().split("\0") if n}
    except (FileNotFoundError, subprocess.CalledProcessError):
        names = set()
        for folder, folders, files in os.walk(root):
            built = (".git", ".cache", "__pycache__", "node_modules")
            folders[:] = [f for f in folders if f not in built and not f.startswith("bazel-")]
            names |= {os.path.relpath(os.path.join(folder, f), root) for f in files}
    return sorted(n for n in names if os.path.isfile(os.path.join(root, n)))


def check_tree(root: str) -> List[Finding]:
    findings = []
    for path in tree_files(root):
        try:
            with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
                text = file.read()
        except UnicodeDecodeError:
            continue  # data
        if "\0" in text:
            continue
        findings += check_file(path, text, lambda p: os.path.exists(os.path.join(root, p)))
    return findings


def main(argv: List[str]) -> int:
    root = argv[1] if len(argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    findings = check_tree(root)
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
