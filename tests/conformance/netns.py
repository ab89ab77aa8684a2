"""Two network namespaces joined by a veth pair: the client's side and the broker's side.

Loss is made where a packet is received (nftables, input hook), so that the sender's kernel
believes that it was sent, as on a real path. The kernel's settings are those of Linux 6.1, which
the model follows; what a newer kernel does otherwise is switched back (SYSCTLS).
"""

import ctypes
import os
import signal
import subprocess

CLIENT_ADDRESS = "10.77.0.1"
BROKER_ADDRESS = "10.77.0.2"

# Without the cache of the last connection's round trips every connection begins alike.
SYSCTLS = {
    "net/ipv4/tcp_syn_linear_timeouts": "0",  # 6.5 and later repeat the SYN four times at 1 s
    "net/ipv4/tcp_no_metrics_save": "1",
    "net/ipv4/tcp_congestion_control": "cubic",
}
os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # nft, mosquitto
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _call(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class NetworkPair:
    """A pair of namespaces. Use as a context; enter one side with `enter`."""

    def __init__(self):
        self._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._side = {}
        for side in ("client", "broker"):
            _call(_libc.unshare(CLONE_NEWNET))
            self._side[side] = os.open("/proc/self/ns/net", os.O_RDONLY)
        # Now in the broker's.
        run("ip", "link", "set", "lo", "up")
        here = f"/proc/{os.getpid()}/fd/{self._side['client']}"
        run("ip", "link", "add", "vb", "type", "veth", "peer", "name", "va", "netns", here)
        self._configure("vb", BROKER_ADDRESS)
        self.enter("client")
        run("ip", "link", "set", "lo", "up")
        self._configure("va", CLIENT_ADDRESS)
        self.leave()

    @staticmethod
    def _configure(device, address):
        run("ip", "addr", "add", f"{address}/24", "dev", device)
        run("ip", "link", "set", device, "up")
        run("nft", "add table inet loss; add chain inet loss input "
                   "{ type filter hook input priority 0; }")
        for name, value in SYSCTLS.items():
            try:
                with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
                    file.write(value)
            except OSError:
                # An older kernel has no linear timeouts; cubic takes the rights of the host.
                # Congestion control is the same for messages of a few bytes.
                pass

    def enter(self, side):
        _call(_libc.setns(self._side[side], CLONE_NEWNET))

    def leave(self):
        _call(_libc.setns(self._home, CLONE_NEWNET))

    def set_loss(self, percent, side, extra=""):
        """Drops `percent` % of the TCP segments that arrive at `side` from the other one; 100 cuts
        the path. (What a program says to itself, as Paho Python's threads do over a socket, is not
        on the path.)"""
        self.enter(side)
        chance = "" if percent >= 100 else f"numgen random mod 1000 < {round(percent * 10)}"
        rule = f'add rule inet loss input iifname != "lo" meta l4proto tcp {extra} {chance} counter drop'
        run("nft", "flush chain inet loss input" + (f"; {rule}" if percent > 0 else ""))
        self.leave()

    def close(self):
        for fd in (*self._side.values(), self._home):
            os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def fork(pair, side, function):
    """Runs `function` in a process of its own on one side; returns its id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        pair.enter(side)
        function()
        code = 0
    finally:
        os._exit(code)


def end(pid):
    """Ends a process that fork() made, whatever state it is in."""
    for number in (signal.SIGKILL, signal.SIGCONT):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass
