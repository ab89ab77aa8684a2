// Sorting records takes memory that does not grow with them, and no more disk than they take
// packed.
#include <sys/resource.h>

#include "gtest/gtest.h"
#include "sim/trace/spill.h"

namespace keepsim {
namespace {

int64_t PeakKb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(SorterMemory, IsWhatItIsGiven) {
  constexpr size_t kLimit = size_t{16} << 20;
  constexpr int64_t kRecords = 5000000;  // 200 MB as records
  constexpr size_t kLanes = 4;           // so that there are more runs than are merged at once
  const int64_t before = PeakKb();
  RecordSorter sorter(testing::TempDir(), kLimit, kLanes);
  for (int64_t i = 0; i < kRecords; ++i) {
    // Back and forth, so that all must be sorted.
    const int64_t n = i * 7919 % kRecords;
    TraceRecord r;
    r.at = Instant{n * 1000};
    r.entity = static_cast<uint32_t>(1 + n * 7919 % 200000);
    r.counter = static_cast<uint32_t>(n);
    r.kind = RecordKind::kConnectAttempt;
    r.a = n;
    ASSERT_TRUE(sorter.Add(static_cast<size_t>(i) % kLanes, absl::MakeConstSpan(&r, 1)).ok());
  }
  EXPECT_GT(sorter.spilled_bytes(), 3 * kLimit);
  int64_t merged = 0;
  const absl::Status status = sorter.Merge([&](absl::Span<const TraceRecord> records) {
    for (const TraceRecord& r : records) EXPECT_EQ(r.a, merged++);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(merged, kRecords);
  EXPECT_LT(sorter.spilled_bytes(), 10 * kLimit);
  // Approximately: memory is taken in large pages.
  EXPECT_LT(PeakKb() - before, static_cast<int64_t>(kLimit >> 10) * 5 / 4);
}

}  // namespace
}  // namespace keepsim
