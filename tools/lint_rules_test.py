"""Each rule of tools/lint.py: what it catches, and what it lets pass."""

import os
import tempfile
import unittest

from tools import lint


def rules(path, text, exists=lambda _: True):
    return [f.rule for f in lint.check_file(path, text, exists)]


def guarded(path, body):
    guard = "KEEPSIM_" + path.replace("/", "_").replace(".", "_").upper() + "_"
    return f"#ifndef {guard}\n#define {guard}\n{body}\n#endif\n"


class Clock(unittest.TestCase):
    def test_catches_every_way_to_ask_the_machine(self):
        for call in (
            "auto t = std::chrono::steady_clock::now();",
            "auto t = absl::Now();",
            "clock_gettime(CLOCK_REALTIME, &ts);",
            "long t = time(nullptr);",
            "long t = std::time(0);",
        ):
            self.assertEqual(rules("sim/net/a.cc", call + "\n"), ["clock"], call)

    def test_live_and_tools_may(self):
        line = "auto t = std::chrono::steady_clock::now();\n"
        self.assertEqual(rules("sim/live/a.cc", line), [])
        self.assertEqual(rules("tools/keepsim/a.cc", line), [])

    def test_time_of_something_is_no_call_of_the_clock(self):
        for line in ("Instant t = event.time();", "x = time(now);", "int time = 0;"):
            self.assertEqual(rules("sim/net/a.cc", line + "\n"), [], line)

    def test_comments_and_strings_are_not_code(self):
        self.assertEqual(rules("sim/net/a.cc", "// not absl::Now()\n"), [])
        self.assertEqual(rules("sim/net/a.cc", "/* absl::Now()\n absl::Now() */ int x;\n"), [])
        self.assertEqual(rules("sim/net/a.cc", 'Say("absl::Now() \\" absl::Now()");\n'), [])
        self.assertEqual(rules("sim/net/a.cc", '/* a */ absl::Now(); // b\n'), ["clock"])


class Random(unittest.TestCase):
    def test_catches_foreign_generators_and_distributions(self):
        for line in (
            "std::mt19937_64 g;",
            "std::exponential_distribution<double> d;",
            "absl::BitGen gen;",
            "int x = rand();",
            "int x = std::rand();",
            "std::shuffle(a, b, g);",
        ):
            self.assertEqual(rules("sim/world/a.cc", line + "\n"), ["random"], line)

    def test_a_member_called_random_is_fine(self):
        self.assertEqual(rules("sim/world/a.cc", "plan.random(3); Random(key);\n"), [])

    def test_tests_may_not_depend_on_luck_either(self):
        self.assertEqual(rules("tests/sim/a.cc", "std::random_device d;\n"), ["random"])
        self.assertEqual(rules("tests/sim/a.cc", "std::mt19937 g(7);\n"), [])


class Words(unittest.TestCase):
    def test_folders_of_the_loop_have_rules_of_their_own(self):
        for folder, expected in (("world", ["libm"]), ("metrics", [])):
            self.assertEqual(rules(f"sim/{folder}/a.cc", "x = std::log(y);\n"), expected)
        include = '#include "absl/container/flat_hash_map.h"\n'
        self.assertEqual(rules("sim/engine/a.cc", include), ["unordered"])
        self.assertEqual(rules("sim/engine/a.cc", "#include <unordered_map>\n"), ["unordered"])
        self.assertEqual(rules("sim/run/a.cc", include), [])

    def test_sleep_mutex_locale_thread(self):
        self.assertEqual(rules("tests/sim/run/a.cc", "sleep(1);\n"), ["sleep"])
        self.assertEqual(rules("sim/run/a.cc", "absl::MutexLock l(&m);\n"), ["mutex"])
        self.assertEqual(rules("sim/run/a.cc", "std::setlocale(LC_ALL, n);\n"), ["locale"])
        self.assertEqual(rules("sim/world/a.cc", "std::thread t;\n"), ["thread"])
        self.assertEqual(rules("sim/run/a.cc", "std::thread t;\n"), [])

    def test_leftovers_in_comments_too(self):
        self.assertEqual(rules("sim/run/a.cc", "// TODO: later\n"), ["leftover"])
        self.assertEqual(rules("scenarios/BUILD.bazel", "# FIXME\n"), ["leftover"])

    def test_tests_do_not_skip_themselves(self):
        self.assertEqual(rules("tests/a.cc", "GTEST_SKIP();\n"), ["skipped-test"])
        self.assertEqual(rules("tests/a.cc", "TEST(A, DISABLED_B) {}\n"), ["skipped-test"])

    def test_build_rules_and_flags(self):
        self.assertEqual(rules("sim/net/BUILD.bazel", "cc_library(\n"), ["plain-rule"])
        self.assertEqual(rules("sim/net/BUILD.bazel", "keepsim_cc_library(\n"), [])
        self.assertEqual(rules("sim/net/BUILD.bazel", 'copts = ["-ffast-math"]\n'), ["fast-math"])

    def test_a_reason_allows_a_line(self):
        bad = "absl::Now();  // lint: allow(clock) stamps the report, not the run\n"
        self.assertEqual(rules("sim/run/a.cc", bad), [])
        above = "// lint: allow(clock) stamps the report\nabsl::Now();\n"
        self.assertEqual(rules("sim/run/a.cc", above), [])
        self.assertEqual(rules("sim/run/a.cc", "absl::Now();  // lint: allow(clock)\n"), ["allow"])
        other = "absl::Now();  // lint: allow(random) wrong rule\n"
        self.assertEqual(rules("sim/run/a.cc", other), ["clock"])


class Layers(unittest.TestCase):
    def include(self, path, header):
        return rules(path, f'#include "{header}"\n')

    def test_arrows(self):
        for folder, header, ok in (
            ("mqtt", "sim/base/time.h", True),
            ("mqtt", "sim/mqtt/packet.h", True),
            ("mqtt", "sim/net/path.h", False),
            ("net", "sim/engine/event.h", False),
            ("base", "sim/mqtt/packet.h", False),
            ("metrics", "sim/trace/record.h", True),
            ("metrics", "sim/world/cell.h", False),
            ("check", "sim/metrics/incident.h", False),
            ("world", "sim/net/path.h", True),
            ("world", "sim/scenario/load.h", False),
            ("scenario", "sim/world/plan.h", True),
            ("scenario", "sim/world/plan_text.h", True),
            ("scenario", "sim/world/cell.h", False),
            ("run", "sim/world/cell.h", True),
            ("run", "sim/live/client.h", False),
            ("live", "sim/world/cell.h", False),
            ("run", "tools/keepsim/flags.h", False),
        ):
            found = self.include(f"sim/{folder}/a.cc", header)
            self.assertEqual(found, [] if ok else ["layer"], (folder, header))

    def test_tests_and_tools_are_free(self):
        self.assertEqual(self.include("tests/sim/net/a.cc", "sim/engine/event.h"), [])

    def test_libraries_stop_at_a_layer(self):
        self.assertEqual(rules("sim/world/a.cc", '#include "sim/scenario/scenario.pb.h"\n'),
                         ["layer"])
        self.assertEqual(rules("sim/scenario/a.cc", '#include "sim/scenario/scenario.pb.h"\n'), [])
        self.assertEqual(rules("sim/metrics/a.cc", "#include <mpfr.h>\n"), ["layer"])
        self.assertEqual(rules("sim/base/a.cc", "#include <mpfr.h>\n"), [])
        self.assertEqual(rules("sim/net/a.cc", "#include <Random123/philox.h>\n"), ["layer"])

    def test_the_message_names_what_is_allowed(self):
        finding = lint.check_file("sim/net/a.cc", '#include "sim/engine/event.h"\n')[0]
        self.assertIn("sim/net may include only sim/base", str(finding))
        self.assertEqual((finding.path, finding.line), ("sim/net/a.cc", 1))


class Files(unittest.TestCase):
    def test_length(self):
        self.assertEqual(rules("sim/net/a.cc", "int x;\n" * lint.MAX_LINES), [])
        self.assertEqual(rules("sim/net/a.cc", "int x;\n" * (lint.MAX_LINES + 1)), ["long-file"])
        self.assertEqual(rules("tests/data.csv", "1\n" * 5000), [])

    def test_guard(self):
        self.assertEqual(rules("sim/net/a_b.h", guarded("sim/net/a_b.h", "int x;")), [])
        self.assertEqual(rules("sim/net/a.h", "#pragma once\n"), ["guard"])
        self.assertEqual(rules("sim/net/b.h", guarded("sim/net/a.h", "int x;")), ["guard"])

    def test_links(self):
        tree = {"docs/map.md", "README.md"}
        text = "[a](map.md#x) [b](../README.md) [c](https://a.b/c) [d](#here) [e](gone.md)\n"
        self.assertEqual(rules("docs/a.md", text, lambda p: p in tree), ["link"])

    def test_machine_paths_and_whitespace(self):
        self.assertEqual(rules("docs/a.md", "see /home/me/x\n"), ["machine-path"])
        self.assertEqual(rules("docs/a.md", "see ~/x and sim/home/x\n"), [])
        self.assertEqual(rules("sim/a.txt", "a \nb"), ["whitespace", "whitespace"])


class Tree(unittest.TestCase):
    def test_without_git_all_but_built_files_are_seen(self):
        with tempfile.TemporaryDirectory() as root:
            for name in ("sim/a.cc", ".ci/run", "bazel-out/b.cc", "tools/__pycache__/c.py"):
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                    file.write("absl::Now();\n")
            self.assertEqual(lint.tree_files(root), [".ci/run", "sim/a.cc"])
            self.assertEqual([f.path for f in lint.check_tree(root)], ["sim/a.cc"])


if __name__ == "__main__":
    unittest.main()
