// Writes a message of packed repeated varints, the same bytes that protobuf writes, in a fraction
// of the time: that is what a trace is made of. Inside sim/trace only.
#ifndef KEEPSIM_SIM_TRACE_COLUMN_WRITER_H_
#define KEEPSIM_SIM_TRACE_COLUMN_WRITER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace keepsim::trace_internal {

class ColumnWriter {
 public:
  // Adds the column of that field number, of `n` values value(0), value(1), ... In the order of the
  // numbers; nothing is written for n = 0.
  template <typename Value>
  void Add(uint32_t field, size_t n, const Value& value) {
    if (n == 0) return;
    // The buffer never becomes smaller, or its bytes would be set to zero each time.
    const size_t most = size_ + kMostHead + n * kMostVarint + kSlack;
    if (buffer_.size() < most) buffer_.resize(most);
    char* const begin = buffer_.data() + size_;
    char* const values = begin + kMostHead;
    char* to = values;
    for (size_t i = 0; i < n; ++i) to = PutVarint(value(i), to);
    const auto size = static_cast<size_t>(to - values);
    char* head = PutVarint(field << 3 | kPacked, begin);
    head = PutVarint(size, head);
    std::memmove(head, values, size);
    size_ = static_cast<size_t>(head + size - buffer_.data());
  }

  // What was added since the last Clear().
  absl::string_view bytes() const { return absl::string_view(buffer_).substr(0, size_); }
  void Clear() { size_ = 0; }

 private:
  static constexpr size_t kMostVarint = 10;
  static constexpr size_t kMostHead = 2 * kMostVarint;
  static constexpr size_t kSlack = 8;  // whole words are written
  static constexpr uint32_t kPacked = 2;

  static char* PutVarint(uint64_t v, char* to) {
    if (v < 0x80) {
      *to = static_cast<char>(v);
      return to + 1;
    }
    if (v >> 56 != 0) {
      for (; v >= 0x80; v >>= 7) *to++ = static_cast<char>(v | 0x80);
      *to = static_cast<char>(v);
      return to + 1;
    }
    // Eight groups of seven bits to eight bytes, without a branch for each.
    const int bytes = (std::bit_width(v) + 6) / 7;
    v = (v & 0x00FFFFFFF0000000) << 4 | (v & 0x000000000FFFFFFF);
    v = (v & 0x0FFFC0000FFFC000) << 2 | (v & 0x00003FFF00003FFF);
    v = (v & 0x3F803F803F803F80) << 1 | (v & 0x007F007F007F007F);
    v |= 0x8080808080808080 & ((uint64_t{1} << (8 * (bytes - 1))) - 1);
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(to, &v, 8);
    return to + bytes;
  }

  std::string buffer_;
  size_t size_ = 0;
};

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_COLUMN_WRITER_H_
