// Neither writing nor reading a trace takes memory that grows with it.
#include <sys/resource.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sim/trace/reader.h"
#include "sim/trace/writer.h"

namespace keepsim {
namespace {

constexpr int64_t kRecords = 5000000;  // 200 MB as records, three directories
constexpr uint32_t kClients = 200000;
constexpr int64_t kPiece = 10000;
constexpr int64_t kMostGrowthKb = 80 << 10;

int64_t PeakKb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TraceRecord At(int64_t i) {
  TraceRecord r;
  r.at = Instant{i * 1000};
  r.entity = static_cast<uint32_t>(1 + i * 7919 % kClients);
  r.counter = static_cast<uint32_t>(i);
  r.kind = RecordKind::kConnectAttempt;
  r.a = i;
  return r;
}

TEST(TraceMemory, IsThatOfADirectoryAndABlock) {
  const std::string path = testing::TempDir() + "/long.kst";
  const int64_t before = PeakKb();
  TraceHeader header;
  header.horizon = Seconds(3600);
  auto writer = TraceWriter::Create(path, header);
  ASSERT_TRUE(writer.ok()) << writer.status();
  TraceFooter footer;
  std::vector<TraceRecord> piece;
  for (int64_t i = 0; i < kRecords; i += kPiece) {
    piece.clear();
    for (int64_t n = i; n < i + kPiece; ++n) {
      piece.push_back(At(n));
      AddToDigest(piece.back(), footer.digest);
    }
    ASSERT_TRUE((*writer)->Append(piece).ok());
  }
  ASSERT_TRUE((*writer)->Finish(footer).ok());
  EXPECT_LT(PeakKb() - before, kMostGrowthKb);

  auto reader = TraceReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  TraceRecord r;
  for (int64_t i = 0; i < kRecords; ++i) {
    const auto more = (*reader)->Next(&r);
    ASSERT_TRUE(more.ok() && *more) << more.status();
    ASSERT_EQ(r.a, i);
  }
  EXPECT_FALSE((*reader)->Next(&r).value());
  // Of one client, who has 25 records, 25 blocks of 2442 at most.
  const uint64_t all = (*reader)->bytes_read();
  auto one = TraceReader::Open(path);
  ASSERT_TRUE(one.ok());
  ASSERT_TRUE((*one)->Select({.entities = {{77, 77}}}).ok());
  int64_t found = 0;
  while ((*one)->Next(&r).value()) {
    EXPECT_EQ(r.entity, 77u);
    ++found;
  }
  EXPECT_EQ(found, kRecords / kClients);
  EXPECT_LT((*one)->bytes_read(), all / 10);
  EXPECT_LT(PeakKb() - before, kMostGrowthKb);
}

}  // namespace
}  // namespace keepsim
