#!/usr/bin/python3
"""Reads a KeepSim trace with protobuf and zlib alone, without reading what is not asked for.

    protoc --python_out=. sim/trace/trace.proto
    PYTHONPATH=. tools/examples/read_trace.py trace.kst [--client fleet/17] [--from 60] [--to 90]

Prints the records as JSON lines: at_ns, entity, counter, kind, code, conn, a, b, as numbers. What they mean
stands in sim/trace/record.h; the file is described in docs/trace-format.md. A file that is none, is damaged or
was made by another engine version is refused with a message and exit code 2.
"""

import argparse
import json
import os
import signal
import struct
import sys
import zlib

from google.protobuf.message import DecodeError

from sim.trace import trace_pb2

# Of sim/trace/engine_version.h when this was written: what records mean is known for this one alone.
ENGINE_VERSION = "4"

MAGIC, END_MAGIC = b"KEEPSIM\n", b"KEEPEND\n"
HEADER, BLOCK, INDEX, FOOTER, DIRECTORY, CLIENTS = range(1, 7)
MAX_PAYLOAD = 64 << 20
MAX_COLUMNS = 2048 * 64 + 256  # of a block of at most 2048 records
MAX_CLIENT_COLUMNS = 2 << 20


class Damaged(Exception):
    pass


def parse(message, payload: bytes):
    try:
        return message.FromString(payload)
    except DecodeError:
        raise Damaged(f"no {message.DESCRIPTOR.name}") from None


def inflate(data: bytes, size: int, most: int) -> bytes:
    """Never more than was stated, and never more than there can be."""
    if size > most:
        raise Damaged(f"columns of {size} bytes")
    worker = zlib.decompressobj()
    try:
        plain = worker.decompress(data, size + 1)
    except zlib.error as error:
        raise Damaged(str(error)) from None
    if len(plain) != size or not worker.eof:
        raise Damaged("the columns do not inflate to their stated size")
    return plain


class Trace:
    def __init__(self, path: str) -> None:
        self.file = open(path, "rb")
        self.size = os.fstat(self.file.fileno()).st_size
        self.bytes_read = 0
        start = self._bytes(0, 12)
        if start[:8] != MAGIC:
            raise Damaged("not a trace")
        (self.version,) = struct.unpack("<I", start[8:])
        if self.version != 2:
            raise Damaged(f"format {self.version}: this example reads format 2")
        self.header = self._message(12, HEADER, trace_pb2.Header)
        engine = self.header.engine_version
        if engine != ENGINE_VERSION:
            raise Damaged(f"made by engine version {engine!r}: this example reads {ENGINE_VERSION!r}")
        footer_at, magic = struct.unpack("<Q8s", self._bytes(self.size - 16, 16))
        if magic != END_MAGIC:
            raise Damaged("cut off or altered at its end")
        self.footer = self._message(footer_at, FOOTER, trace_pb2.Footer)
        self.index = self._message(self.footer.index_offset, INDEX, trace_pb2.Index)

    def _bytes(self, offset: int, count: int) -> bytes:
        if offset < 0 or offset + count > self.size:
            raise Damaged(f"nothing at byte {offset}")
        self.file.seek(offset)
        self.bytes_read += count
        return self.file.read(count)

    def _message(self, offset: int, kind: int, message):
        head = self._bytes(offset, 9)
        length, crc, found = struct.unpack("<IIB", head)
        if found != kind or length > MAX_PAYLOAD:
            raise Damaged(f"no frame of kind {kind} at byte {offset}")
        payload = self._bytes(offset + 9, length)
        if zlib.crc32(payload, zlib.crc32(head[8:], zlib.crc32(head[:4]))) != crc:
            raise Damaged(f"a wrong checksum at byte {offset}")
        return parse(message, payload)

    def entity(self, client: str) -> int:
        """The number of "GROUP/INDEX"."""
        group, _, index = client.partition("/")
        for g in self.header.groups:
            if g.name == group and index.isdigit() and int(index) < g.count:
                return g.first_entity + int(index)
        raise KeyError(client)

    def _blocks_of(self, directory, entity: int) -> set:
        """Numbers of the blocks that hold the client."""
        for place in directory.clients:
            if not place.first_entity <= entity <= place.last_entity:
                continue
            clients = self._message(place.offset, CLIENTS, trace_pb2.Clients)
            columns = parse(
                trace_pb2.ClientColumns,
                inflate(clients.columns, clients.columns_size, MAX_CLIENT_COLUMNS),
            )
            at = position = 0
            for step, count in zip(columns.entity, columns.blocks):
                at += step
                if at == entity:
                    block, found = 0, set()
                    for difference in columns.block[position : position + count]:
                        block += difference
                        found.add(block)
                    return found
                position += count
        return set()

    def _records(self, offset: int):
        block = self._message(offset, BLOCK, trace_pb2.Block)
        c = parse(trace_pb2.Columns, inflate(block.columns, block.columns_size, MAX_COLUMNS))
        if any(len(column) != block.count for column in (c.at, c.entity, c.counter, c.kind, c.code, c.conn, c.a, c.b)):
            raise Damaged(f"columns of unequal length at byte {offset}")
        at, entity = block.first_ns, 0
        for i in range(block.count):
            at += c.at[i]
            entity += c.entity[i]
            yield {
                "at_ns": at,
                "entity": entity,
                "counter": c.counter[i],
                "kind": c.kind[i],
                "code": c.code[i],
                "conn": c.conn[i],
                "a": c.a[i],
                "b": c.b[i],
            }

    def records(self, entity=None, begin_ns=0, end_ns=(1 << 63) - 1):
        """Those of one client (None: all) within [begin_ns, end_ns], in order."""
        for place in self.index.directories:
            if place.last_ns < begin_ns or place.first_ns > end_ns:
                continue
            directory = self._message(place.offset, DIRECTORY, trace_pb2.Directory)
            held = None if entity is None else self._blocks_of(directory, entity)
            for number, block in enumerate(directory.blocks):
                if held is not None and number not in held:
                    continue
                if block.last_ns < begin_ns or block.first_ns > end_ns:
                    continue
                for record in self._records(block.offset):
                    if entity is not None and record["entity"] != entity:
                        continue
                    if begin_ns <= record["at_ns"] <= end_ns:
                        yield record


def refuse(name: str, why: object) -> None:
    print(f"{name}: {why}", file=sys.stderr)
    sys.exit(2)


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as other programs end before `| head`
    parser = argparse.ArgumentParser(description="Prints records of a KeepSim trace.")
    parser.add_argument("trace")
    parser.add_argument("--client", help="GROUP/INDEX")
    parser.add_argument("--from", dest="begin", type=float, default=0, help="seconds")
    parser.add_argument("--to", dest="end", type=float, default=9e9, help="seconds")
    parser.add_argument("--verbose", action="store_true", help="how much was read")
    arguments = parser.parse_args()
    try:
        trace = Trace(arguments.trace)
        entity = trace.entity(arguments.client) if arguments.client else None
        for record in trace.records(entity, round(arguments.begin * 1e9), round(arguments.end * 1e9)):
            print(json.dumps(record))
    except Damaged as damage:
        refuse(arguments.trace, damage)
    except KeyError as client:
        refuse(arguments.trace, f"there is no client {client}")
    except OSError as error:
        refuse(arguments.trace, error.strerror)
    if arguments.verbose:
        print(f"{trace.bytes_read} of {trace.size} bytes read", file=sys.stderr)


if __name__ == "__main__":
    main()
