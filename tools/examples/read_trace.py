#!/usr/bin/python3
"""Reads a KeepSim trace with protobuf and zlib alone, without reading what is not asked for.

    protoc --python_out=. sim/trace/trace.proto
    PYTHONPATH=. tools/examples/read_trace.py trace.kst [--client fleet/17] [--from 60] [--to 90]

Prints the records as JSON lines: at_ns, entity, counter, kind, code, conn, a, b, as numbers. What they mean
stands in sim/trace/record.h; the file is described in docs/trace-format.md.
"""

import argparse
import json
import os
import struct
import sys
import zlib

from sim.trace import trace_pb2

MAGIC, END_MAGIC = b"KEEPSIM\n", b"KEEPEND\n"
HEADER, BLOCK, INDEX, FOOTER, DIRECTORY, CLIENTS = range(1, 7)
MAX_PAYLOAD = 64 << 20
MAX_COLUMNS = 2048 * 64 + 256  # of a block of at most 2048 records
MAX_CLIENT_COLUMNS = 2 << 20


class Damaged(Exception):
    pass


def inflate(data: bytes, size: int, most: int) -> bytes:
    """Never more than was stated, and never more than there can be."""
    if size > most:
        raise Damaged(f"columns of {size} bytes")
    worker = zlib.decompressobj()
    plain = worker.decompress(data, size + 1)
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
        return message.FromString(payload)

    def entity(self, client: str) -> int:
        """The number of "GROUP/INDEX"."""
        group, _, index = client.partition("/")
        for g in self.header.groups:
            if g.name == group and index.isdigit() and int(index) < g.count:
                return g.first_entity + int(index)
        raise SystemExit(f"{client}: there is no such client")

    def _blocks_of(self, directory, entity: int) -> set:
        """Numbers of the blocks that hold the client."""
        for place in directory.clients:
            if not place.first_entity <= entity <= place.last_entity:
                continue
            clients = self._message(place.offset, CLIENTS, trace_pb2.Clients)
            columns = trace_pb2.ClientColumns.FromString(
                inflate(clients.columns, clients.columns_size, MAX_CLIENT_COLUMNS)
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
        c = trace_pb2.Columns.FromString(inflate(block.columns, block.columns_size, MAX_COLUMNS))
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


def main() -> None:
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
        sys.exit(f"{arguments.trace}: {damage}")
    if arguments.verbose:
        print(f"{trace.bytes_read} of {trace.size} bytes read", file=sys.stderr)


if __name__ == "__main__":
    main()
