#include "sim/trace/spill.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/trace/stories.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

// The records of each entity, as its cell would hand them over.
std::vector<std::vector<TraceRecord>> ByEntity(const std::vector<TraceRecord>& records) {
  std::vector<std::vector<TraceRecord>> cells(51);
  for (const TraceRecord& r : records) cells[r.entity].push_back(r);
  return cells;
}

std::vector<TraceRecord> Merged(RecordSorter& sorter) {
  std::vector<TraceRecord> all;
  const absl::Status status = sorter.Merge([&](absl::Span<const TraceRecord> part) {
    all.insert(all.end(), part.begin(), part.end());
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  return all;
}

TEST(RecordSorter, NothingGivesNothing) {
  RecordSorter sorter(testing::TempDir(), 1 << 20);
  EXPECT_TRUE(Merged(sorter).empty());
}

TEST(RecordSorter, CellsInAnyOrderGiveTheCanonicalOrder) {
  const std::vector<TraceRecord> records = ManyRecords(50000);
  const std::vector<std::vector<TraceRecord>> cells = ByEntity(records);
  for (const bool backwards : {false, true}) {
    for (const size_t limit : {size_t{1}, size_t{1} << 20, size_t{1} << 30}) {
      RecordSorter sorter(testing::TempDir(), limit);
      for (size_t i = 0; i < cells.size(); ++i) {
        std::vector<TraceRecord> cell = cells[backwards ? cells.size() - 1 - i : i];
        ASSERT_TRUE(sorter.Add(0, cell).ok());
      }
      EXPECT_EQ(sorter.spilled_bytes() > 0, limit < (size_t{1} << 30));
      EXPECT_EQ(Merged(sorter), records);
    }
  }
}

TEST(RecordSorter, ThreadsMayAddAtTheSameTime) {
  const std::vector<TraceRecord> records = ManyRecords(60000);
  const std::vector<std::vector<TraceRecord>> cells = ByEntity(records);
  RecordSorter sorter(testing::TempDir(), 1 << 20, /*lanes=*/4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < cells.size(); i += 4) {
        ASSERT_TRUE(sorter.Add(t, cells[i]).ok());
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(Merged(sorter), records);
}

// Numbers of every size, and of either sign where they have one.
TEST(RecordSorter, KeepsEveryNumber) {
  std::vector<TraceRecord> records;
  for (int bit = 0; bit < 64; ++bit) {
    for (const int64_t off : {-1, 0, 1}) {
      const uint64_t v = (uint64_t{1} << bit) + static_cast<uint64_t>(off);
      TraceRecord r;
      r.at = Instant{static_cast<int64_t>(v)};
      r.entity = static_cast<uint32_t>(v);
      r.counter = static_cast<uint32_t>(records.size()) << (bit % 20);
      r.kind = static_cast<RecordKind>(v >> 3);
      r.code = static_cast<uint16_t>(v);
      r.conn = static_cast<uint32_t>(v >> 5);
      r.a = static_cast<int64_t>(v);
      r.b = -static_cast<int64_t>(v >> 1);
      records.push_back(r);
    }
  }
  for (const bool backwards : {false, true}) {
    if (backwards) std::reverse(records.begin(), records.end());
    RecordSorter sorter(testing::TempDir(), 1 << 20);
    ASSERT_TRUE(sorter.Add(0, records).ok());
    std::vector<TraceRecord> sorted = records;
    std::sort(sorted.begin(), sorted.end(), CanonicalLess);
    EXPECT_EQ(Merged(sorter), sorted);
  }
}

// As the end of a run has them.
TEST(RecordSorter, ManyRecordsOfOneInstant) {
  std::vector<TraceRecord> records;
  for (uint32_t i = 0; i < 40000; ++i) {
    TraceRecord r;
    r.at = Instant{i % 2 == 0 ? 5 : 7};
    r.entity = i * 7919 % 20011;
    r.counter = i;
    records.push_back(r);
  }
  RecordSorter sorter(testing::TempDir(), 1);
  ASSERT_TRUE(sorter.Add(0, records).ok());
  std::sort(records.begin(), records.end(), CanonicalLess);
  EXPECT_EQ(Merged(sorter), records);
}

TEST(RecordSorter, TemporaryFilesHaveNoName) {
  const fs::path dir = fs::path(testing::TempDir()) / "spill_names";
  fs::create_directory(dir);
  RecordSorter sorter(dir.string(), 1);
  ASSERT_TRUE(sorter.Add(0, ManyRecords(20000)).ok());
  EXPECT_GT(sorter.spilled_bytes(), 0u);
  EXPECT_TRUE(fs::is_empty(dir));
  EXPECT_EQ(Merged(sorter).size(), 20000u);
}

TEST(RecordSorter, AFolderThatIsNotThereIsNamed) {
  RecordSorter sorter(testing::TempDir() + "/no_such_folder", 1);
  const absl::Status status = sorter.Add(0, ManyRecords(20000));
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("no_such_folder"));
}

TEST(RecordSorter, AFullDiskIsAnError) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {100000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  RecordSorter sorter(testing::TempDir(), 1);
  const absl::Status status = sorter.Add(0, ManyRecords(20000));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
}

TEST(RecordSorter, AnErrorOfTheReceiverEndsTheMerge) {
  RecordSorter sorter(testing::TempDir(), 1);
  ASSERT_TRUE(sorter.Add(0, ManyRecords(50000)).ok());
  int calls = 0;
  const absl::Status status = sorter.Merge([&](absl::Span<const TraceRecord>) {
    ++calls;
    return absl::CancelledError("enough");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace keepsim
