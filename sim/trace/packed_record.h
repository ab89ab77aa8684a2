// One record after another in half the bytes, for records that are put aside until they are merged;
// inside sim/trace only. Not a format: this process alone reads what it packed.
//
//   control  uint32: how many bytes each number below takes, from bit 0 on
//   numbers  at (less that of the record before), a, b, entity (less that of the record before),
//            counter, conn, code, kind: little-endian, without the zeros at their end
#ifndef KEEPSIM_SIM_TRACE_PACKED_RECORD_H_
#define KEEPSIM_SIM_TRACE_PACKED_RECORD_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sim/base/zig_zag.h"
#include "sim/trace/record.h"

namespace keepsim::trace_internal {

// The first bytes of a number in memory are its lowest.
static_assert(std::endian::native == std::endian::little);

// Whole words are written and read, so a buffer needs that many bytes behind its last record.
inline constexpr size_t kPackedSlack = 8;
inline constexpr size_t kMostPackedBytes = 4 + 3 * 8 + 3 * 4 + 2 * 2;

// Returns where the next record begins. REQUIRES: kMostPackedBytes + kPackedSlack bytes at `to`.
inline char* Pack(const TraceRecord& before, const TraceRecord& r, char* to) {
  char* p = to + 4;
  uint32_t control = 0;
  int shift = 0;
  const auto put = [&](uint64_t v, int bits) {
    const auto bytes = static_cast<uint32_t>(std::bit_width(v) + 7) / 8;
    std::memcpy(p, &v, 8);
    p += bytes;
    control |= bytes << shift;
    shift += bits;
  };
  put(static_cast<uint64_t>(r.at.ns) - static_cast<uint64_t>(before.at.ns), 4);
  put(ZigZag(r.a), 4);
  put(ZigZag(r.b), 4);
  put(static_cast<uint32_t>(ZigZag(static_cast<int32_t>(r.entity - before.entity))), 3);
  put(r.counter, 3);
  put(r.conn, 3);
  put(r.code, 2);
  put(static_cast<uint16_t>(r.kind), 2);
  std::memcpy(to, &control, 4);
  return p;
}

// `r` is the record before, and becomes this one.
inline const char* Unpack(const char* from, TraceRecord* r) {
  static constexpr uint64_t kMasks[] = {0,           0xFF,         0xFFFF,         0xFFFFFF,
                                        0xFFFFFFFF,  0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF,
                                        ~uint64_t{0}};
  uint32_t control;
  std::memcpy(&control, from, 4);
  const char* p = from + 4;
  const auto take = [&](int bits) {
    const uint32_t bytes = control & ((1u << bits) - 1);
    control >>= bits;
    uint64_t v;
    std::memcpy(&v, p, 8);
    p += bytes;
    return v & kMasks[bytes];
  };
  r->at.ns = static_cast<int64_t>(static_cast<uint64_t>(r->at.ns) + take(4));
  r->a = UnZigZag(take(4));
  r->b = UnZigZag(take(4));
  r->entity += static_cast<uint32_t>(UnZigZag(take(3)));
  r->counter = static_cast<uint32_t>(take(3));
  r->conn = static_cast<uint32_t>(take(3));
  r->code = static_cast<uint16_t>(take(2));
  r->kind = static_cast<RecordKind>(take(2));
  return p;
}

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_PACKED_RECORD_H_
