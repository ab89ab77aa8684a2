#!/usr/bin/python3
"""keepsim slurm against a real Slurm: two nodes on this machine, loopback only, all of it started
here and ended here by process id."""

import glob
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from typing import Callable, List

KEEPSIM = os.path.abspath("tools/keepsim")
PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "scontrol", "sinfo"]
START_S = 60
JOBS_S = 120

SWEEP = """
inline_scenario {
  horizon: "%s"
  groups {
    name: "g" count: 10 start { spread: "60s" }
    path { both { latency { constant: "80ms" } loss: 0.02 } }
    random_faults { fault: CRASH gap { exponential { mean: "20m" } } length { constant: "9m" } }
  }
}
axes { fields { path: "groups[g].keep_alive" values: ["10s", "20s", "40s", "60s"] } }
replications: %d
metrics { metric: "detection.broker.p50_s" }
"""

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={dir}/mrun/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=1
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
StateSaveLocation={dir}/state
SlurmctldPidFile={dir}/state/slurmctld.pid
SlurmctldLogFile={dir}/log/slurmctld.log
SlurmdSpoolDir={dir}/spool.%n
SlurmdPidFile={dir}/state/slurmd.%n.pid
SlurmdLogFile={dir}/log/slurmd.%n.log
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=1000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=1000
PartitionName=sweep Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why Slurm cannot be started here; "" if it can."""
    if os.geteuid() != 0:
        return "slurmd and munged start as root only"
    missing = [p for p in PROGRAMS if shutil.which(p) is None and not os.path.exists("/usr/sbin/" + p)]
    if missing:
        return "missing: %s; tools/with-deps --test installs slurm and munge" % ", ".join(missing)
    try:
        if socket.gethostbyname(socket.gethostname().split(".")[0]) not in ("127.0.0.1", "127.0.1.1"):
            return "this machine's name is not that of its loopback address"
    except OSError as error:
        return "this machine's name has no address: %s" % error
    return ""


def free_ports(n: int) -> List[int]:
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def wait(condition: Callable[[], object], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


class Cluster:
    """munged, slurmctld and two slurmd, in the foreground, as children."""

    def __init__(self) -> None:
        # Short: the socket's path must fit 108 bytes.
        self.dir = tempfile.mkdtemp(prefix="ks", dir="/tmp")
        os.chmod(self.dir, 0o755)
        for name, mode in (("munge", 0o700), ("mrun", 0o755), ("log", 0o755), ("state", 0o755)):
            os.mkdir(self.path(name))
            os.chmod(self.path(name), mode)
        for node in ("n1", "n2"):
            os.mkdir(self.path("spool." + node))
        with open(self.path("munge/key"), "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(self.path("munge/key"), 0o400)
        with open(self.path("slurm.conf"), "w") as file:
            file.write(
                CONFIGURATION.format(
                    host=socket.gethostname().split(".")[0], dir=self.dir, ports=free_ports(3)
                )
            )
        self.environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "TEST_", "BUILD_WORK"))
        }
        self.environment["SLURM_CONF"] = self.path("slurm.conf")
        self.environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
        self.daemons: List[subprocess.Popen] = []

    def path(self, name: str) -> str:
        return os.path.join(self.dir, name)

    def daemon(self, *command: str) -> None:
        with open(self.path("log/%s.out" % os.path.basename(command[0])), "ab") as log:
            self.daemons.append(
                subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
            )

    def start(self) -> None:
        self.daemon(
            "munged",
            "--foreground",
            "--key-file=" + self.path("munge/key"),
            "--socket=" + self.path("mrun/munge.socket"),
            "--pid-file=" + self.path("mrun/munged.pid"),
            "--log-file=" + self.path("log/munged.log"),
            "--seed-file=" + self.path("munge/seed"),
        )
        wait(lambda: os.path.exists(self.path("mrun/munge.socket")), START_S, "munged")
        self.daemon("slurmctld", "-D")
        self.daemon("slurmd", "-D", "-N", "n1")
        self.daemon("slurmd", "-D", "-N", "n2")
        wait(lambda: self.run("sinfo", "-h", "-N", "-o", "%t").count("idle") == 2, START_S, self.logs())

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return done.stdout

    def logs(self) -> str:
        text = "the nodes do not come up"
        for name in sorted(glob.glob(self.path("log/*"))):
            with open(name, errors="replace") as file:
                text += "\n--- %s\n%s" % (name, file.read()[-1500:])
        return text

    def stop(self) -> None:
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


@unittest.skipIf(why_not(), why_not())
class SlurmTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.cluster = Cluster()
        try:
            cls.cluster.start()
        except BaseException:
            cls.cluster.stop()
            raise

    @classmethod
    def tearDownClass(cls) -> None:
        cls.cluster.stop()

    def file(self, name: str, horizon: str, replications: int) -> str:
        path = self.cluster.path(name)
        with open(path, "w") as out:
            out.write(SWEEP % (horizon, replications))
        return path

    def keepsim(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [KEEPSIM, *args], capture_output=True, text=True, env=self.cluster.environment
        )

    def states(self, job: str) -> List[str]:
        shown = self.cluster.run("scontrol", "show", "job", job)
        return re.findall(r"JobState=(\w+)", shown)

    def content(self, folder: str) -> str:
        return self.keepsim("sweep", "--digest", folder).stdout

    def log(self, out: str) -> str:
        text = ""
        for name in sorted(glob.glob(out + "/slurm/*.log")):
            with open(name) as file:
                text += "--- %s\n%s\n" % (name, file.read())
        return text

    def test_an_array_and_its_merge_give_what_one_machine_gives(self) -> None:
        # A name that a shell would take apart.
        file = self.file("it's a sweep.textproto", "1h", 3)
        out = self.cluster.path("out's $HOME")
        done = self.keepsim("slurm", file, "--shards", "3", "--out", out, "--submit",
                            "--sbatch=--time=5")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        array, merge = re.search(r"job array (\d+), then merge job (\d+)", done.stdout).groups()
        wait(lambda: self.states(merge)[-1:] == ["COMPLETED"], JOBS_S,
             "jobs do not end: %s" % done.stdout)
        self.assertEqual(self.states(array), ["COMPLETED"] * 3, self.log(out))
        self.assertIn("12 of 12 runs", self.log(out))
        self.assertTrue(os.path.exists(out + "/report.html"))
        alone = self.keepsim("sweep", file, "--out", self.cluster.path("alone"))
        self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertEqual(self.content(out), self.content(self.cluster.path("alone")))
        self.assertEqual(len(self.content(out)), 33)
        for i in (1, 2, 3):
            self.assertIn("shard %d/3: 4 of 12 runs" % i, self.log(out))
        again = self.keepsim("slurm", file, "--shards", "3", "--out", out)
        self.assertEqual(again.returncode, 2)
        self.assertIn("is there already", again.stderr)

    def test_a_job_killed_and_requeued_goes_on_where_it_was(self) -> None:
        file = self.file("long.textproto", "16h", 30)
        out = self.cluster.path("killed")
        done = self.keepsim("slurm", file, "--shards", "2", "--out", out, "--submit")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        array, merge = re.search(r"job array (\d+), then merge job (\d+)", done.stdout).groups()
        store = out + "/shards/1/sweep.sqlite-wal"
        wait(lambda: os.path.exists(store) and os.path.getsize(store) > 200_000, JOBS_S, "no run")
        # Slurm asks it to stop, which it does; its script waits to be killed.
        pid = self.pid_of(out + "/shards/1")
        self.cluster.run("scontrol", "requeue", array + "_1")
        wait(lambda: not os.path.exists("/proc/%d" % pid), JOBS_S, "it does not stop")

        def begin_again() -> bool:
            # Slurm holds a requeued job back for two minutes; nobody needs to wait for that.
            self.cluster.run("scontrol", "update", "JobId=" + array + "_1", "StartTime=now")
            return self.states(merge)[-1:] in (["COMPLETED"], ["CANCELLED"], ["FAILED"])

        wait(begin_again, JOBS_S, "jobs do not end")
        self.assertEqual(self.states(merge), ["COMPLETED"], self.log(out))
        with open(out + "/slurm/shard-1.log") as log:
            text = log.read()
        self.assertRegex(text, r"going on: \d+ of 120 runs are there")
        self.assertIn("120 of 120 runs", self.log(out))
        alone = self.keepsim("sweep", file, "--out", self.cluster.path("long_alone"))
        self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertEqual(self.content(out), self.content(self.cluster.path("long_alone")))

    def pid_of(self, folder: str) -> int:
        """The keepsim that writes to `folder`."""
        for name in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(name, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if folder.encode() in words and words[1] == b"sweep":
                return int(name.split("/")[2])
        self.fail("no keepsim writes to " + folder)


class ScriptsTest(unittest.TestCase):
    """What needs no Slurm."""

    def test_one_task_of_an_array_again_is_its_part_and_no_more(self) -> None:
        with tempfile.TemporaryDirectory() as work:
            file = os.path.join(work, "s.textproto")
            with open(file, "w") as out:
                out.write(SWEEP % ("1h", 1))
            done = subprocess.run([KEEPSIM, "slurm", file, "--shards", "4", "--out", work + "/o"],
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            # What `sbatch --array=3 shards.sbatch` sets.
            task = {"ARRAY_TASK_ID": "3", "ARRAY_TASK_COUNT": "1", "ARRAY_TASK_MIN": "3"}
            env = {**os.environ, **{"SLURM_" + name: value for name, value in task.items()}}
            run = subprocess.run(["bash", work + "/o/slurm/shards.sbatch"], capture_output=True,
                                 text=True, env=env)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("shard 3/4: 1 of 4 runs", run.stderr)
            self.assertEqual(os.listdir(work + "/o/shards"), ["3"])

    def test_bad_input(self) -> None:
        with tempfile.TemporaryDirectory() as work:
            file = os.path.join(work, "s.textproto")
            with open(file, "w") as out:
                out.write(SWEEP % ("1h", 1))
            for args, said in (
                (("--shards", "2"), "--out DIR"),
                (("--out", work + "/o"), "slurm needs --shards N"),
                (("--out", work + "/o", "--shards", "5"), "has only 4 runs"),
                (("--out", work + "/o", "--shards", "2", "--sbatch", "x"), "a flag of sbatch"),
                (("--out", "/proc/no", "--shards", "2"), "cannot be made"),
            ):
                run = subprocess.run(
                    [KEEPSIM, "slurm", file, *args], capture_output=True, text=True
                )
                self.assertEqual(run.returncode, 2, args)
                self.assertIn(said, run.stderr)
            self.assertFalse(os.path.exists(work + "/o"))
            env = {k: v for k, v in os.environ.items() if not k.startswith("TEST_")}
            run = subprocess.run([KEEPSIM, "sweep", file, "--shard", "auto"], capture_output=True,
                                 text=True, env=env)
            self.assertEqual(run.returncode, 2)
            self.assertIn("--shard auto: none of", run.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
