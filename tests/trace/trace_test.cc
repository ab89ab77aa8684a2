// Trace files: there and back, cut short at every byte, bits flipped.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/trace/reader.h"
#include "sim/trace/spill.h"
#include "sim/trace/writer.h"

namespace keepsim {
namespace {

std::vector<TraceRecord> Records(int n) {
  std::vector<TraceRecord> records;
  for (int i = 0; i < n; ++i) {
    TraceRecord r;
    r.at = kStart + Milliseconds(i / 3 * 7);
    r.entity = static_cast<uint32_t>(1 + i % 3);
    r.counter = static_cast<uint32_t>(i / 3);
    r.kind = i % 2 == 0 ? RecordKind::kHostUp : RecordKind::kDeclared;
    r.code = static_cast<uint16_t>(i % 2);
    r.conn = static_cast<uint32_t>(i);
    r.a = int64_t{-5} * i;
    r.b = int64_t{1} << (i % 62);
    records.push_back(r);
  }
  return records;
}

std::string WriteTrace(const std::vector<TraceRecord>& records) {
  const std::string path = testing::TempDir() + "/test.kst";
  TraceHeader header;
  header.scenario = "scenario bytes";
  header.scenario_name = "test";
  header.seed = 7;
  header.tie_order = "canonical";
  header.horizon = Seconds(10);
  header.groups.push_back({"fleet", 1, 3});
  auto writer = TraceWriter::Create(path, header);
  EXPECT_TRUE(writer.ok()) << writer.status();
  EXPECT_TRUE((*writer)->Append(absl::MakeConstSpan(records)).ok());
  TraceFooter footer;
  for (const TraceRecord& r : records) AddToDigest(r, footer.digest);
  footer.summary_json = "{}";
  EXPECT_TRUE((*writer)->Finish(footer).ok());
  std::ifstream in(path, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

// All records, or the error.
absl::StatusOr<std::vector<TraceRecord>> ReadAll(const std::string& bytes, bool damaged = false) {
  auto reader = TraceReader::OpenBytes(bytes, "test.kst", {.allow_damaged = damaged});
  if (!reader.ok()) return reader.status();
  std::vector<TraceRecord> records;
  while (true) {
    TraceRecord r;
    const auto more = (*reader)->Next(&r);
    if (!more.ok()) return more.status();
    if (!*more) return records;
    records.push_back(r);
  }
}

TEST(TraceTest, ComesBackAsItWasWritten) {
  const std::vector<TraceRecord> records = Records(50000);  // several blocks
  const std::string bytes = WriteTrace(records);
  const auto back = ReadAll(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, records);
  auto reader = TraceReader::OpenBytes(bytes, "test.kst");
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->header().seed, 7u);
  EXPECT_EQ((*reader)->header().scenario, "scenario bytes");
}

TEST(TraceTest, AFileCutShortAnywhereIsRefused) {
  const std::string bytes = WriteTrace(Records(90));
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(ReadAll(bytes.substr(0, n)).ok()) << n << " of " << bytes.size();
    (void)ReadAll(bytes.substr(0, n), /*damaged=*/true);
  }
}

TEST(TraceTest, AFlippedBitIsNoticedAndNeverCrashes) {
  const std::vector<TraceRecord> records = Records(90);
  const std::string bytes = WriteTrace(records);
  for (size_t n = 0; n < bytes.size(); ++n) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = bytes;
      bad[n] = static_cast<char>(bad[n] ^ (1 << bit));
      const auto back = ReadAll(bad);
      if (back.ok()) {
        EXPECT_EQ(*back, records) << "byte " << n << " bit " << bit << " lied";
      }
      (void)ReadAll(bad, /*damaged=*/true);
    }
  }
}

TEST(TraceTest, GarbageNeverCrashes) {
  const RandomSource luck(3, 0);
  for (uint64_t i = 0; i < 2000; ++i) {
    std::string bytes;
    for (uint64_t n = luck.Draw64(Purpose::kTest, i << 16) % 300; bytes.size() < n;) {
      bytes += static_cast<char>(luck.Draw64(Purpose::kTest, (i << 16) + 1 + bytes.size()));
    }
    EXPECT_FALSE(ReadAll(bytes).ok());
  }
}

TEST(SorterTest, MergesSpilledRunsIntoCanonicalOrder) {
  const std::vector<TraceRecord> records = Records(30000);
  RecordSorter sorter(testing::TempDir(), size_t{1} << 16);  // far less than the records take
  for (size_t entity = 1; entity <= 3; ++entity) {
    std::vector<TraceRecord> own;
    for (const TraceRecord& r : records) {
      if (r.entity == entity) own.push_back(r);
    }
    ASSERT_TRUE(sorter.Add(0, own).ok());
  }
  EXPECT_GT(sorter.spilled_bytes(), 0u);
  std::vector<TraceRecord> merged;
  ASSERT_TRUE(sorter
                  .Merge([&](absl::Span<const TraceRecord> part) {
                    merged.insert(merged.end(), part.begin(), part.end());
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(merged, records);
}

}  // namespace
}  // namespace keepsim
