#include "sim/trace/diff.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/trace/writer.h"
#include "tests/trace/stories.h"

namespace keepsim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RecordSource From(std::vector<TraceRecord> records) {
  return [records = std::move(records),
          i = size_t{0}](TraceRecord* r) mutable -> absl::StatusOr<bool> {
    if (i == records.size()) return false;
    *r = records[i++];
    return true;
  };
}

TEST(FirstDifference, NoneBetweenEquals) {
  const std::vector<TraceRecord> records = ManyRecords(100);
  const auto d = FirstDifference(From(records), From(records), true);
  ASSERT_TRUE(d.ok());
  EXPECT_FALSE(d->has_value());
}

TEST(FirstDifference, NamesTheRecordTheFieldsAndWhatCameBefore) {
  const std::vector<TraceRecord> left = ManyRecords(100);
  std::vector<TraceRecord> right = left;
  right[42].a += 1;
  right[42].conn += 1;
  right[50].b += 1;
  const auto d = FirstDifference(From(left), From(right), true, 3);
  ASSERT_TRUE(d.ok() && d->has_value());
  EXPECT_EQ((*d)->index, 42u);
  EXPECT_EQ(*(*d)->left, left[42]);
  EXPECT_EQ(*(*d)->right, right[42]);
  EXPECT_THAT((*d)->before, ElementsAre(left[39], left[40], left[41]));
  EXPECT_THAT((*d)->fields, ElementsAre("conn", "a"));
}

TEST(FirstDifference, AnEndIsADifference) {
  const std::vector<TraceRecord> left = ManyRecords(100);
  const std::vector<TraceRecord> right(left.begin(), left.begin() + 7);
  const auto d = FirstDifference(From(left), From(right), true);
  ASSERT_TRUE(d.ok() && d->has_value());
  EXPECT_EQ((*d)->index, 7u);
  EXPECT_EQ(*(*d)->left, left[7]);
  EXPECT_FALSE((*d)->right.has_value());
  EXPECT_TRUE((*d)->fields.empty());
  EXPECT_THAT((*d)->ToText(RecordText(TraceHeader()), RecordText(TraceHeader())),
              HasSubstr("> (ended)"));
}

TEST(FirstDifference, PacketLevelIsPassedOverUnlessAskedFor) {
  const std::vector<TraceRecord> left = ManyRecords(200);
  std::vector<TraceRecord> right;
  for (const TraceRecord& r : left) {
    if (r.is_outcome()) right.push_back(r);
  }
  ASSERT_LT(right.size(), left.size());
  EXPECT_FALSE(FirstDifference(From(left), From(right), false)->has_value());
  EXPECT_TRUE(FirstDifference(From(left), From(right), true)->has_value());
}

TEST(FirstDifference, AnErrorOfASourceIsPassedOn) {
  const RecordSource broken = [](TraceRecord*) -> absl::StatusOr<bool> {
    return absl::DataLossError("byte 7");
  };
  EXPECT_EQ(FirstDifference(From({}), broken, true).status().code(), absl::StatusCode::kDataLoss);
}

std::unique_ptr<TraceReader> Stored(const char* name, const std::string& selector,
                                    const std::vector<TraceRecord>& records) {
  const std::string path = testing::TempDir() + "/" + name;
  TraceHeader header;
  header.packet_selector = selector;
  header.groups = {{"fleet", 1, 50}};
  auto writer = TraceWriter::Create(path, header);
  TraceFooter footer;
  for (const TraceRecord& r : records) {
    if (r.is_outcome()) AddToDigest(r, footer.digest);
  }
  EXPECT_TRUE((*writer)->Append(records).ok());
  EXPECT_TRUE((*writer)->Finish(footer).ok());
  return *TraceReader::Open(path);
}

TEST(FirstDifference, OfTracesComparesPacketLevelIfBothHaveTheSame) {
  const std::vector<TraceRecord> all = ManyRecords(200);
  std::vector<TraceRecord> outcome, altered = all;
  for (const TraceRecord& r : all) {
    if (r.is_outcome()) outcome.push_back(r);
  }
  const auto packet = std::find_if(altered.begin(), altered.end(),
                                   [](const TraceRecord& r) { return !r.is_outcome(); });
  packet->a += 1;
  EXPECT_FALSE(
      FirstDifference(*Stored("all", "all", all), *Stored("outcome", "", outcome))->has_value());
  const auto d = FirstDifference(*Stored("all", "all", all), *Stored("altered", "all", altered));
  ASSERT_TRUE(d.ok() && d->has_value());
  EXPECT_EQ(*(*d)->right, *packet);
}

}  // namespace
}  // namespace keepsim
