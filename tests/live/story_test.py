"""One story on two arms: simulated, and live against the real mosquitto. The client's half is the
same code on both; what must agree is what that code did, and what the broker did in return.

The traces are normalised to what the clients' ends and the watcher see: packets sent and received,
connections made and ended, wills. Per client, the same events come in the same order, and each at the
same time to GRANULARITY_S plus what this machine was late. Only the end of the silent client may
differ by the period of mosquitto's scan, whose phase nobody outside knows.
"""

import collections
import os
import re
import subprocess
import tempfile
import unittest

import brokers

KEEPSIM = os.path.abspath("tools/keepsim")
LIVE_ARM = os.path.abspath("tests/live/story_live")
STORY = os.path.abspath("tests/live/story.textproto")
GRANULARITY_S = 0.25
SCAN_S = 6 + 1  # whole seconds

LINE = re.compile(r"(?P<at>\d+\.\d+) (?P<client>\S+)\s+\S+\s+(?P<kind>\w+)\s*(?P<rest>.*)")


def normalised(text):
    """Client to list of (event, seconds)."""
    story = collections.defaultdict(list)
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        if not match:
            continue
        kind, rest = match["kind"], match["rest"]
        event = None
        if kind == "packet_sent" and rest.startswith("up "):
            event = "sends " + rest[3:]
        elif kind == "packet_received" and rest.startswith("down "):
            event = "receives " + rest[5:]
        elif kind in ("connect_attempt", "frozen"):  # "connected" is the CONNACK over again
            event = kind
        elif kind == "will_delivered":
            event = "the watcher has the will"
        elif kind == "closed" and rest.startswith("client closed by peer"):
            event = "closed by the broker"
        elif kind == "closed" and rest.startswith("broker keep alive timeout"):
            # Who is frozen does not see it; the live arm, though silent, does.
            event = "closed by the broker"
        if event:
            story[match["client"]].append((event, float(match["at"])))
    return {client: settled(events) for client, events in story.items()}


def settled(events):
    """The will comes to the watcher by another connection than the end to the client: which is first
    is no one's promise."""
    ends = [e for e in events if e[0] in ("closed by the broker", "the watcher has the will")]
    return [e for e in events if e not in ends] + sorted(ends)


class StoryTest(unittest.TestCase):
    maxDiff = None

    def arms(self):
        why_not = brokers.missing("mosquitto")
        if why_not:
            self.skipTest(why_not)
        mosquitto = brokers.Mosquitto()
        self.addCleanup(mosquitto.close)
        live = subprocess.run([LIVE_ARM, STORY, str(mosquitto.port)], capture_output=True, text=True,
                              timeout=120, check=True)
        folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        every = "idle/0,busy/0,careful/0,silent/0,pair/0,pair/1"
        subprocess.run([KEEPSIM, "run", STORY, "--out", folder, "--packets", every], check=True,
                       stdout=subprocess.DEVNULL, timeout=120)
        simulated = subprocess.run([KEEPSIM, "show", folder + "/trace.kst"], capture_output=True,
                                   text=True, check=True, timeout=120)
        return normalised(simulated.stdout), normalised(live.stdout), float(live.stderr.split()[-1])

    def test_both_arms_tell_it(self):
        simulated, live, late_s = self.arms()
        self.assertEqual(set(simulated), set(live))
        self.check_the_story(simulated)
        for client, events in simulated.items():
            self.assertEqual([e for e, _ in events], [e for e, _ in live[client]], client)
            for (event, at), (_, live_at) in zip(events, live[client]):
                end = event in ("closed by the broker", "the watcher has the will")
                by_scan = client == "silent/0" and end
                allowed = (SCAN_S if by_scan else GRANULARITY_S) + 10 * late_s
                self.assertLessEqual(abs(at - live_at), allowed,
                                     f"{client} {event}: simulated {at} s, live {live_at} s")

    def check_the_story(self, story):
        """What the two have to agree on is the story meant, not an empty one."""
        def times(client, event):
            return [round(at, 1) for e, at in story[client + "/0"] if e.startswith(event)]

        self.assertEqual(times("idle", "sends PINGREQ"), [2, 4, 6, 8, 10, 12, 14])
        self.assertEqual(times("busy", "sends PINGREQ"), [2, 6.5, 8.5, 10.5, 12.5, 14.5])
        self.assertEqual(times("busy", "sends PUBLISH"), [3, 4.5])
        self.assertEqual(times("careful", "receives PUBCOMP"), [4])
        self.assertEqual(times("silent", "sends PINGREQ"), [2, 4])
        self.assertEqual(len(times("silent", "closed by the broker")), 1)
        self.assertEqual(len(times("silent", "the watcher has the will")), 1)
        came = [at for event, at in story["pair/1"] if event.startswith("receives CONNACK")]
        self.assertEqual(times("pair", "closed by the broker"), [round(came[0], 1)])
        self.assertEqual(times("pair", "the watcher has the will"), [round(came[0], 1)])


if __name__ == "__main__":
    unittest.main()
