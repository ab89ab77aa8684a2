// The bytes are those that protobuf writes.
#include "sim/trace/column_writer.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sim/base/zig_zag.h"
#include "sim/trace/trace.pb.h"

namespace keepsim::trace_internal {
namespace {

// Those at which a number takes a byte more.
std::vector<uint64_t> Edges() {
  std::vector<uint64_t> values = {0, ~uint64_t{0}};
  for (int bit = 0; bit < 64; ++bit) {
    for (const int64_t off : {-1, 0, 1}) {
      values.push_back((uint64_t{1} << bit) + static_cast<uint64_t>(off));
    }
  }
  return values;
}

TEST(ColumnWriter, WritesWhatProtobufWrites) {
  const std::vector<uint64_t> values = Edges();
  ColumnWriter writer;
  for (const size_t n : {values.size(), size_t{1}, size_t{0}, size_t{20}}) {
    using Columns = trace_format::Columns;
    Columns message;
    for (size_t i = 0; i < n; ++i) {
      message.add_at(values[i]);
      message.add_entity(static_cast<int64_t>(values[i]));
      message.add_conn(static_cast<uint32_t>(values[i]));
    }
    writer.Clear();
    writer.Add(Columns::kAtFieldNumber, n, [&](size_t i) { return values[i]; });
    writer.Add(Columns::kEntityFieldNumber, n,
               [&](size_t i) { return ZigZag(static_cast<int64_t>(values[i])); });
    writer.Add(Columns::kConnFieldNumber, n,
               [&](size_t i) { return static_cast<uint32_t>(values[i]); });
    EXPECT_EQ(std::string(writer.bytes()), message.SerializeAsString());
  }
}

TEST(ZigZag, ComesBack) {
  for (const uint64_t v : Edges()) {
    EXPECT_EQ(UnZigZag(ZigZag(static_cast<int64_t>(v))), static_cast<int64_t>(v));
  }
  EXPECT_EQ(ZigZag(-1), 1u);
  EXPECT_EQ(ZigZag(1), 2u);
  EXPECT_EQ(ZigZag(std::numeric_limits<int64_t>::min()), ~uint64_t{0});
}

}  // namespace
}  // namespace keepsim::trace_internal
