"""Clients of Paho Python, each with a loop of its own, idle, receiving or publishing.

    paho_python.py ADDRESS KEEP_ALIVE_S MEAN_GAP_S QOS [NAME PORT]...   a gap of 0 publishes nothing

Prints "NAME connected|lost SECONDS", on the clock that never jumps.
"""

import heapq
import random
import sys
import time

import paho.mqtt.client as mqtt


def main():
    address, keep_alive, gap, qos = sys.argv[1:5]
    gap = float(gap)
    clients = []
    for name, port in zip(sys.argv[5::2], sys.argv[6::2]):
        client = mqtt.Client(name)
        note = lambda event, name=name: print(f"{name} {event} {time.monotonic():.6f}", flush=True)
        client.on_connect = lambda *_, note=note: note("connected")
        client.on_disconnect = lambda *_, note=note: note("lost")
        client.connect_async(address, int(port), int(keep_alive))  # the loop connects, and tries again
        client.loop_start()
        clients.append(client)
        time.sleep(0.37)  # other phases
    due = [(time.monotonic() + random.expovariate(1 / gap), i) for i in range(len(clients)) if gap]
    heapq.heapify(due)
    while True:
        if not due:
            time.sleep(3600)
        at, i = heapq.heappop(due)
        time.sleep(max(0.0, at - time.monotonic()))
        clients[i].publish("t", b"x", int(qos))
        heapq.heappush(due, (at + random.expovariate(1 / gap), i))


main()
