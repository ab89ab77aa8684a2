"""keepsim sweep as a user and a scheduler meet it: killed, stopped, in two processes, on a full disk."""

import os
import pty
import random
import re
import resource
import shlex
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

from tests.tools.store_case import ENVIRONMENT, KEEPSIM, Killed, keepsim, written

COMPARISON = os.path.abspath("scenarios/broker_comparison/sweep.textproto")

# Long enough to be killed several times: 80 runs of a hundredth of a second.
SWEEP = """
inline_scenario {
  horizon: "6h"
  groups {
    name: "g" count: 20 start { spread: "60s" }
    path { both { latency { lognormal { median: "80ms" sigma: 0.6 } } loss: 0.02 } }
    random_faults { fault: CRASH gap { exponential { mean: "1h" } } length { constant: "9m" } }
  }
}
axes { fields { path: "groups[g].keep_alive" values: ["10s", "20s", "40s", "60s"] } }
axes { fields { path: "groups[g].path.both.loss" range { from: "0" to: "0.4" step: "0.1" } } }
replications: 4
metrics { metric: "detection.broker.p50_s" }
"""
RUNS = 80

def content(text):
    return re.search(r"of (\d+) runs, content ([0-9a-f]{32})", text).group(2)


def normal_user(read_only_folder):
    """What to put before a command so that permissions bind it; None: cannot be done here."""
    if os.geteuid() != 0:
        return []
    for prefix in (
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
        # In a sandbox there is no other user; a root without this right is bound like one.
        ["setpriv", "--bounding-set=-dac_override,-dac_read_search"],
    ):
        try:
            works = subprocess.run([*prefix, "true"], capture_output=True)
            touched = subprocess.run([*prefix, "touch", read_only_folder + "/x"],
                                     capture_output=True)
        except FileNotFoundError:
            return None
        if works.returncode == 0 and touched.returncode != 0:
            return prefix
        if os.path.exists(read_only_folder + "/x"):
            os.remove(read_only_folder + "/x")
    return None


class SweepTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        cls.file = cls.path("sweep.textproto")
        with open(cls.file, "w") as file:
            file.write(SWEEP)
        whole = keepsim("sweep", cls.file, "--out", cls.path("whole"))
        assert whole.returncode == 0, whole.stderr
        cls.report = whole.stdout
        cls.digest = content(whole.stdout)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.work, name)

    def start(self, out, *args):
        return subprocess.Popen(
            [KEEPSIM, "sweep", self.file, "--out", self.path(out), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )

    def runs_in(self, out):
        """Runs that a store holds whole; its file and every run must be sound."""
        file = self.path(out) + "/sweep.sqlite"
        if not os.path.exists(file):
            return 0
        db = sqlite3.connect(file)
        try:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            if not db.execute("SELECT name FROM sqlite_schema WHERE name = 'run'").fetchone():
                return 0
            runs = db.execute("SELECT count(*) FROM run").fetchone()[0]
            broken = db.execute(
                "SELECT count(*) FROM run WHERE NOT EXISTS (SELECT 1 FROM value "
                "WHERE value.point = run.point AND value.seed = run.seed)"
            ).fetchone()[0]
            stray = db.execute(
                "SELECT count(*) FROM value WHERE NOT EXISTS (SELECT 1 FROM run "
                "WHERE value.point = run.point AND value.seed = run.seed)"
            ).fetchone()[0]
            self.assertEqual((broken, stray), (0, 0))
            return runs
        finally:
            db.close()

    def test_killed_at_any_moment_it_goes_on_and_ends_the_same(self):
        luck = random.Random(1)
        killed = Killed(self.path("killed"), "sweep", self.file)
        runs, cut = 0, 0

        def moment(process):
            if killed.kills < 8:
                # Before there is a store, or while it is made.
                time.sleep(0.002 * 1.6**killed.kills)
            else:
                # Well into the runs: some time after the next one has been written.
                killed.after(1)(process)
                time.sleep(luck.uniform(0, 0.03))

        while True:
            done = killed.once(moment)
            if done is not None:
                out, err = done
                break
            before, runs = runs, self.runs_in("killed")
            self.assertGreaterEqual(runs, before)  # nothing is lost
            cut += 0 < runs < RUNS
            if runs == RUNS:  # killed while it reported
                out, err = self.start("killed").communicate()
                break
        self.assertGreaterEqual(cut, 3, "hardly ever killed in the middle")
        self.assertEqual(content(out), self.digest)
        self.assertEqual(self.runs_in("killed"), RUNS)
        self.assertEqual(out.replace(self.path("killed"), self.path("whole")), self.report)
        # The last one took up where the killed ones ended.
        self.assertIn(f"keepsim: going on: {runs} of {RUNS} runs are there", err)

    def test_stopped_by_a_signal_it_can_be_resumed(self):
        for number, name in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")):
            process = self.start(name, "--threads", "1")
            deadline = time.monotonic() + 30
            while written(self.path(name)) == 0 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(number)
            _, err = process.communicate()
            self.assertEqual(process.returncode, 130, err)
            self.assertIn("the same command goes on", err)
            runs = self.runs_in(name)
            self.assertTrue(0 < runs < RUNS, runs)
            again = keepsim("sweep", self.file, "--out", self.path(name), "--resume")
            self.assertEqual(again.returncode, 0, again.stderr)
            self.assertEqual(again.stdout.replace(self.path(name), self.path("whole")), self.report)

    def test_two_processes_can_share_a_store(self):
        processes = [self.start("shared") for _ in range(2)]
        for process in processes:
            out, err = process.communicate()
            self.assertEqual(process.returncode, 0, err)
            self.assertEqual(content(out), self.digest)
        self.assertEqual(self.runs_in("shared"), RUNS)

    def test_shards_merge_in_any_order_into_the_same_bytes(self):
        env = {"SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1"}
        for i in (1, 2, 3):
            shard = keepsim("sweep", self.file, "--out", self.path(f"s{i}"),
                            env={**env, "SLURM_ARRAY_TASK_ID": str(i)})
            self.assertEqual(shard.returncode, 0, shard.stderr)
            self.assertIn(f"shard {i}/3 by SLURM_ARRAY_TASK_ID", shard.stderr)
        self.assertEqual(sum(self.runs_in(f"s{i}") for i in (1, 2, 3)), RUNS)
        first = keepsim("merge", *(self.path(f"s{i}") for i in (1, 2, 3)), "--out", self.path("m1"))
        self.assertEqual((first.returncode, content(first.stdout)), (0, self.digest), first.stderr)
        # Another cut, another order.
        for i in (1, 2):
            keepsim("sweep", self.file, "--out", self.path(f"t{i}"), "--shard", f"{i}/2")
        keepsim("merge", self.path("t2"), self.path("t1"), "--out", self.path("m2"))
        stores = []
        for merged in ("m1", "m2"):
            with open(self.path(merged) + "/sweep.sqlite", "rb") as file:
                stores.append(file.read())
        self.assertEqual(stores[0], stores[1])
        digest = keepsim("sweep", "--digest", self.path("m1"))
        self.assertEqual(digest.stdout, self.digest + "\n")
        part = keepsim("merge", self.path("s2"), "--out", self.path("part"))
        self.assertIn("runs are missing", part.stderr)
        self.assertEqual(part.returncode, 4)
        rest = keepsim("sweep", self.file, "--out", self.path("part"))
        self.assertEqual(content(rest.stdout), self.digest)
        again = keepsim("merge", self.path("s2"), "--out", self.path("part"))
        self.assertEqual(again.returncode, 2)
        self.assertIn("is there already", again.stderr)

    def test_parts_change_only_where_their_points_do(self):
        # The name is of the scenario, and would be that of the file.
        base = 'name: "parts"\n' + SWEEP.replace("replications: 4", "replications: 1")
        with open(self.path("fewer.textproto"), "w") as file:
            file.write(base)
        with open(self.path("changed.textproto"), "w") as file:
            # 0.3 becomes 0.35, and so do its four points.
            file.write(base.replace('range { from: "0" to: "0.4" step: "0.1" }',
                                    'values: ["0", "0.1", "0.2", "0.35", "0.4"]'))
        parts = {}
        for name in ("fewer", "changed"):
            split = keepsim("sweep", self.path(name + ".textproto"), "--split", "5",
                            "--out", self.path(name + "_parts"))
            self.assertEqual(split.returncode, 0, split.stderr)
            for i in range(1, 6):
                with open(self.path(f"{name}_parts/part{i}.textproto")) as file:
                    parts[name, i] = file.read()
        differ = [i for i in range(1, 6) if parts["fewer", i] != parts["changed", i]]
        self.assertEqual(differ, [4])
        folders = []
        for i in range(1, 6):
            folders.append(self.path(f"of_part{i}"))
            run = keepsim("sweep", self.path(f"fewer_parts/part{i}.textproto"), "--out", folders[-1])
            self.assertEqual(run.returncode, 0, run.stderr)
        fewer = self.path("fewer.textproto")
        merged = keepsim("merge", *folders, "--sweep", fewer, "--out", self.path("of_parts"))
        self.assertEqual(merged.returncode, 0, merged.stderr)
        whole = keepsim("sweep", fewer, "--out", self.path("fewer"))
        self.assertEqual(content(merged.stdout), content(whole.stdout))
        # The four points of the changed value are missing, and no others.
        more = keepsim("merge", *folders, "--sweep", self.path("changed.textproto"),
                       "--out", self.path("old_parts"))
        self.assertIn("16 of 20 runs", more.stdout)

    def test_other_schedulers(self):
        for env, said in (
            ({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "40"}, "shard 1/40 by JOB_COMPL"),
            ({"TEST_SHARD_INDEX": "39", "TEST_TOTAL_SHARDS": "40"}, "shard 40/40 by TEST_SHARD"),
            ({"GTEST_SHARD_INDEX": "1", "GTEST_TOTAL_SHARDS": "40"}, "shard 2/40 by GTEST_SHARD"),
        ):
            run = keepsim("sweep", self.file, env=env)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn(said, run.stderr)
            self.assertIn("2 of 80 runs", run.stdout)
        for env in (
            {"JOB_COMPLETION_INDEX": "0"},
            {"SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_COUNT": "9"},
        ):
            run = keepsim("sweep", self.file, env=env)
            self.assertEqual(run.returncode, 2, run.stderr)
            self.assertIn("say --shard I/N", run.stderr)

    def test_a_part_that_is_the_whole_is_said_too(self):
        one = keepsim("sweep", self.file, env={"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "1"})
        self.assertIn("shard 1/1 by JOB_COMPLETION_INDEX: 80 of 80 runs", one.stderr)
        self.assertNotIn("shard", keepsim("sweep", self.file).stderr)

    def test_a_point_too_large_for_the_memory_does_not_stop_the_others(self):
        def little_memory():
            resource.setrlimit(resource.RLIMIT_AS, (300_000 << 10, resource.RLIM_INFINITY))

        if keepsim("--version", preexec_fn=little_memory).returncode != 0:
            self.skipTest("a build under a sanitizer needs more address space")
        file = self.path("large.textproto")
        base = ('horizon: "1h" broker { accept_per_second: 1000 } '
                'groups { name: "g" count: %d path { both { latency { constant: "80ms" } } } }')
        with open(file, "w") as out:
            out.write("inline_scenario { " + base % 10 +
                      '} axes { fields { path: "groups[g].count" values: ["3", "1000000", "5"] } }')
        for _ in range(2):  # the second goes on with the first one's store
            run = keepsim("sweep", file, "--out", self.path("large"), preexec_fn=little_memory)
            self.assertEqual(run.returncode, 4, run.stderr)
            self.assertIn("3 points, 2 of 3 runs", run.stdout)
            self.assertIn("point 1, seed 1 (count=1000000): error: out of memory\n  again: keepsim",
                          run.stderr)
        self.assertEqual(self.runs_in("large"), 2)
        with open(file, "w") as out:
            out.write('name: "large" ' + base % 1000000)
        run = keepsim("run", file, preexec_fn=little_memory)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertTrue(run.stderr.endswith("keepsim: out of memory\n"), run.stderr)

    def test_progress_counts_runs_and_failures_and_goes_by_their_cost(self):
        file = self.path("progress.textproto")
        with open(file, "w") as out:
            out.write(SWEEP.replace('values: ["10s", "20s", "40s", "60s"]', 'values: ["10s", "60s"]')
                      .replace('horizon: "6h"', 'horizon: "3d"'))
        master, slave = pty.openpty()
        process = subprocess.Popen([KEEPSIM, "sweep", file, "--threads", "1"],
                                   stdout=subprocess.DEVNULL, stderr=slave, env=ENVIRONMENT)
        os.close(slave)
        shown = ""
        try:
            while more := os.read(master, 4096):
                shown += more.decode()
        except OSError:  # the other end is closed
            pass
        os.close(master)
        self.assertEqual(process.wait(), 0)
        lines = re.findall(r"(\d+\.\d) %, [^\r]* events/s, [^\r]* left, (\d+) of 40 runs", shown)
        between = [(float(share), int(runs)) for share, runs in lines if 0 < int(runs) < 20]
        self.assertTrue(between, shown)
        for share, runs in between:  # the expensive half goes first
            self.assertGreater(share, 100 * runs / 40)

    def test_a_full_disk_is_an_error_and_no_damage(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))

        full = keepsim("sweep", self.file, "--out", self.path("full"), preexec_fn=small_files)
        self.assertEqual(full.returncode, 2, full.stderr)
        self.assertIn("sweep.sqlite cannot be written", full.stderr)
        self.assertTrue(0 < self.runs_in("full") < RUNS)
        more = keepsim("sweep", self.file, "--out", self.path("full"))
        self.assertEqual((more.returncode, content(more.stdout)), (0, self.digest), more.stderr)

    def test_a_read_only_folder_is_an_error_for_a_normal_user(self):
        # Where a normal user can get at it: the folders of a root's build are the root's alone.
        with tempfile.TemporaryDirectory(dir="/tmp") as work:
            os.chmod(work, 0o755)
            program = shutil.copy(KEEPSIM, work + "/keepsim")
            file = shutil.copy(self.file, work + "/sweep.textproto")
            for path in (program, file):
                os.chmod(path, 0o755)
            shutil.copytree(self.path("whole"), work + "/store")
            os.mkdir(work + "/folder")
            for path in (work + "/folder", work + "/store"):
                os.chmod(path, 0o555)
            os.chmod(work + "/store/sweep.sqlite", 0o444)
            user = normal_user(work + "/folder")
            if user is None:
                self.skipTest("root cannot become a normal user here: no setpriv that may do it")
            for name, said in (
                ("folder", "sweep.sqlite cannot be opened"),
                ("folder/new", "cannot be made: Permission denied"),
                ("store", "sweep.sqlite cannot be written: attempt to write a readonly database"),
            ):
                run = subprocess.run([*user, program, "sweep", file, "--out", f"{work}/{name}"],
                                     capture_output=True, text=True, env=ENVIRONMENT)
                self.assertEqual(run.returncode, 2, (name, run.stdout, run.stderr))
                self.assertIn(said, run.stderr)
            self.assertEqual(os.listdir(work + "/folder"), [])
            # Reading needs no more than may be read.
            digest = subprocess.run([*user, program, "sweep", "--digest", work + "/store"],
                                    capture_output=True, text=True, env=ENVIRONMENT)
            self.assertEqual(digest.stdout, self.digest + "\n", digest.stderr)
            for path in (work + "/folder", work + "/store"):
                os.chmod(path, 0o755)

    def test_three_lines_of_pandas_read_the_table(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("python3-pandas is not installed")
        db = sqlite3.connect(self.path("whole") + "/sweep.sqlite")
        table = pandas.read_sql("SELECT * FROM results", db)
        db.close()
        p50 = table[(table.metric == "detection.broker.p50_s") & (table.of_group == "")]
        self.assertEqual(len(p50), RUNS)
        means = p50.groupby("keep_alive").result.mean()
        self.assertEqual(sorted(means.index), ["10s", "20s", "40s", "60s"])
        self.assertLess(means["10s"], means["40s"])

    def test_until_a_number_is_known(self):
        file = self.path("until.textproto")
        with open(file, "w") as out:
            out.write(SWEEP.replace(
                "replications: 4",
                'until { metric: "detection.broker.p50_s" relative_half_width: 0.06 least: 5 '
                'batch: 3 most: 60 }').replace('values: ["10s", "20s", "40s", "60s"]',
                                               'values: ["20s", "60s"]').replace('"0.4"', '"0.1"'))
        whole = keepsim("sweep", file, "--out", self.path("until"))
        self.assertEqual(whole.returncode, 0, whole.stderr)
        self.assertRegex(whole.stdout, r"4 points, (\d+) of \1 runs, content")
        self.assertIn("which hold whenever one stops", whole.stdout)
        self.assertRegex(whole.stdout, r"4 of 4 points got there,\s+with\s+\d+ to \d+ runs")
        wanted = content(whole.stdout)
        runs = self.runs_in("until")
        self.assertTrue(20 < runs < 240, runs)
        # Killed again and again.
        killed = Killed(self.path("until_killed"), "sweep", file)
        out, _ = killed.to_the_end(6)
        self.assertGreaterEqual(killed.kills, 2)
        self.assertEqual(content(out), wanted)
        # Shards have whole points, and parts of a build too.
        for i in (1, 2, 3):
            shard = keepsim("sweep", file, "--out", self.path(f"u{i}"), "--shard", f"{i}/3")
            self.assertEqual(shard.returncode, 0, shard.stderr)
            self.assertIn("of 4 points", shard.stderr)
        merged = keepsim("merge", *(self.path(f"u{i}") for i in (3, 1, 2)), "--out", self.path("um"))
        self.assertEqual((merged.returncode, content(merged.stdout)), (0, wanted), merged.stderr)
        self.assertNotIn("missing", merged.stderr)
        keepsim("sweep", file, "--split", "2", "--out", self.path("until_parts"))
        folders = [self.path(f"until_part{i}") for i in (1, 2)]
        for i, folder in enumerate(folders):
            part = keepsim("sweep", self.path(f"until_parts/part{i + 1}.textproto"), "--out", folder)
            self.assertEqual(part.returncode, 0, part.stderr)
        parts = keepsim("merge", *folders, "--sweep", file, "--out", self.path("until_collected"))
        self.assertEqual((parts.returncode, content(parts.stdout)), (0, wanted), parts.stderr)
        # Part of it is missing, and found to be.
        some = keepsim("merge", self.path("u2"), "--out", self.path("until_some"))
        self.assertIn("runs are missing", some.stderr)
        rest = keepsim("sweep", file, "--out", self.path("until_some"))
        self.assertEqual(content(rest.stdout), wanted)
        other = keepsim("sweep", self.file, "--out", self.path("until"))
        self.assertEqual(other.returncode, 2)

    def test_more_replications_take_over_the_runs_that_are_there(self):
        os.mkdir(self.path("edited"))
        file = self.path("edited/sweep.textproto")
        with open(file, "w") as out:
            out.write(SWEEP.replace("replications: 4", "replications: 5"))
        refused = keepsim("sweep", file, "--out", self.path("whole"))
        self.assertEqual(refused.returncode, 2, refused.stderr)
        commands = re.search("again: keepsim (.*), then keepsim (.*)", refused.stderr).groups()
        new = self.path("more")
        merge, sweep = (shlex.split(c.replace("NEW", new)) for c in commands)
        merged = keepsim(*merge)
        self.assertEqual(merged.returncode, 4, merged.stderr)
        self.assertIn("20 runs are missing", merged.stderr)
        rest = keepsim(*sweep)
        self.assertEqual(rest.returncode, 0, rest.stderr)
        self.assertIn("going on: 80 of 100 runs are there", rest.stderr)

    def test_compare_knows_groups_and_what_is_missing(self):
        whole = self.path("whole")
        for args in ((whole, whole), (whole, "--axis", "loss")):
            nope = keepsim("compare", *args, "--group", "nope")
            self.assertEqual((nope.returncode, nope.stdout), (2, ""))
            self.assertIn(f'there is no group "nope" in {whole}; it has g', nope.stderr)
            known = keepsim("compare", *args, "--group", "g")
            self.assertEqual(known.returncode, 0, known.stderr)
            self.assertNotIn("missing", known.stdout)
        keepsim("sweep", self.file, "--shard", "1/2", "--out", self.path("half"))
        half = keepsim("compare", whole, self.path("half"))
        self.assertEqual(half.returncode, 0, half.stderr)
        self.assertIn("B is not complete: 40 runs are missing", half.stdout)

    def test_bad_input(self):
        for args, said in (
            (("sweep",), "needs one sweep file"),
            (("sweep", self.file, "--shard", "0/3"), "--shard must be I/N"),
            (("sweep", self.file, "--shard", "4/3"), "--shard must be I/N"),
            (("sweep", self.file, "--threads", "0"), "--threads must be"),
            (("sweep", self.file, "--engine", "skip"), "--engine must be auto or events"),
            (("sweep", self.file, "--resume"), "--resume needs --out"),
            (("sweep", self.file, "--resume", "--out", self.path("no")), "nothing to resume"),
            (("sweep", self.file, "--out", "/proc/nowhere"), "cannot be made"),
            (("sweep", self.file, "--out", "/proc"), "cannot be opened"),
            (("sweep", self.file, "--print", "20"), "a point from 0 to 19"),
            (("sweep", self.file, "--split", "21", "--out", self.path("no")), "from 1 to 20"),
            (("sweep", self.file, "--split", "2"), "--split needs --out"),
            (("sweep", self.file, "--shard", "auto"), "--shard auto: none of"),
            (("sweep", COMPARISON, "--out", self.path("whole")), "does not fit: the base scenario"),
            (("sweep", "--digest", self.path("no")), "cannot be opened"),
            (("sweep", self.path("no.textproto")), "cannot be opened"),
            (("merge", self.path("whole")), "merge needs --out"),
            (("merge", "--out", self.path("x")), "needs the folders"),
            (("merge", self.path("no"), "--out", self.path("x")), "cannot be opened"),
        ):
            run = keepsim(*args)
            self.assertEqual(run.returncode, 2, (args, run.stdout, run.stderr))
            self.assertIn(said, run.stderr, args)
        self.assertFalse(os.path.exists(self.path("no")))

    def test_the_repro_line_repeats_the_failure(self):
        file = self.path("combination.textproto")
        with open(file, "w") as out:
            out.write(
                'inline_scenario { horizon: "1h" groups { name: "g" path { up { latency '
                '{ constant: "3s" } } } } }\n'
                'axes { fields { name: "lo" path: "groups[0].path.up.latency.min" '
                'values: ["1s", "5s"] } }\n'
                'axes { fields { name: "hi" path: "groups[0].path.up.latency.max" '
                'values: ["9s", "2s"] } }\n'
            )
        run = keepsim("sweep", file)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("4 of 4 runs", run.stdout)
        self.assertIn("point 3, seed 1 (lo=5s, hi=2s): error: groups[0].path.up.latency", run.stderr)
        line = re.search(r"again: (.*)", run.stderr).group(1)
        path = {"PATH": os.path.dirname(KEEPSIM) + ":" + os.environ["PATH"]}
        again = subprocess.run(line, shell=True, cwd=self.work, capture_output=True, text=True,
                               env={**ENVIRONMENT, **path})
        self.assertEqual(again.returncode, 2, again.stderr)
        self.assertIn("groups[0].path.up.latency", again.stderr)
        # A merge says the same.
        for i in (1, 2):
            keepsim("sweep", file, "--shard", f"{i}/2", "--out", self.path(f"failed{i}"))
        merged = keepsim("merge", self.path("failed1"), self.path("failed2"), "--out",
                         self.path("failed"))
        self.assertEqual(merged.returncode, 1, merged.stderr)
        self.assertEqual(merged.stderr, run.stderr)


if __name__ == "__main__":
    unittest.main()
