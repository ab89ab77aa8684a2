// Finding records by time, client and number, without reading the rest.
#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/trace/block.h"
#include "sim/trace/directory.h"
#include "sim/trace/frame.h"
#include "sim/trace/reader.h"
#include "sim/trace/trace.pb.h"
#include "sim/trace/writer.h"
#include "tests/trace/stories.h"

namespace keepsim {
namespace {

namespace format = trace_internal;

// A fleet of `clients`, whose records are spread evenly; every tenth one is a declaration.
std::vector<TraceRecord> Fleet(size_t records, uint32_t clients) {
  std::vector<TraceRecord> all;
  all.reserve(records);
  for (size_t i = 0; i < records; ++i) {
    TraceRecord r;
    r.at = Instant{static_cast<int64_t>(i) * 1000000};
    // Neighbours in time are far apart in number, as in a fleet.
    r.entity = static_cast<uint32_t>(1 + (i * 7919) % clients);
    r.counter = static_cast<uint32_t>(i);
    r.kind = i % 10 == 0 ? RecordKind::kDeclared : RecordKind::kConnectAttempt;
    r.code = i % 20 == 0 ? 1 : 2;
    r.a = static_cast<int64_t>(i);
    all.push_back(r);
  }
  return all;
}

std::string Write(const std::string& name, const std::vector<TraceRecord>& records) {
  std::string path = testing::TempDir() + "/" + name;
  TraceHeader header;
  header.horizon = Seconds(86400);
  auto writer = TraceWriter::Create(path, header);
  EXPECT_TRUE(writer.ok()) << writer.status();
  EXPECT_TRUE((*writer)->Append(records).ok());
  TraceFooter footer;
  for (const TraceRecord& r : records) {
    if (r.is_outcome()) AddToDigest(r, footer.digest);
  }
  EXPECT_TRUE((*writer)->Finish(footer).ok());
  return path;
}

std::vector<TraceRecord> Rest(TraceReader& reader) {
  std::vector<TraceRecord> records;
  TraceRecord r;
  while (true) {
    const auto more = reader.Next(&r);
    EXPECT_TRUE(more.ok()) << more.status();
    if (!more.ok() || !*more) return records;
    records.push_back(r);
  }
}

std::vector<TraceRecord> Filtered(const std::vector<TraceRecord>& all, const TraceSelection& s) {
  std::vector<TraceRecord> some;
  for (const TraceRecord& r : all) {
    const bool entity =
        s.entities.empty() || std::any_of(s.entities.begin(), s.entities.end(), [&](const auto& e) {
          return r.entity >= e.first && r.entity <= e.last;
        });
    if (entity && r.at >= s.from && r.at <= s.to) some.push_back(r);
  }
  return some;
}

std::string Bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// The same records as a file of format 1: blocks, one index over them, footer.
std::string OldFile(const std::vector<TraceRecord>& records) {
  std::string bytes(format::kMagic);
  bytes.resize(format::kPreambleSize);
  format::PutUint32(format::kOldFormatVersion, bytes.data() + 8);
  const auto frame = [&](format::FrameType type, const std::string& payload) {
    const uint64_t at = bytes.size();
    bytes += format::FrameHeader(type, payload) + payload;
    return at;
  };
  trace_format::Header header;
  header.set_engine_version(kEngineVersion);
  frame(format::FrameType::kHeader, header.SerializeAsString());
  trace_format::Index index;
  trace_format::Footer footer;
  Digest digest;
  format::ColumnWriter columns;
  for (size_t i = 0; i < records.size(); i += format::kBlockRecords) {
    const auto part = absl::MakeConstSpan(records).subspan(i, format::kBlockRecords);
    const format::BlockSummary s = format::Summarize(part);
    auto* b = index.add_blocks();
    b->set_offset(frame(format::FrameType::kBlock, format::EncodeBlock(part, s, &columns)));
    b->set_count(s.count);
    b->set_first_ns(s.first.ns);
    b->set_last_ns(s.last.ns);
    b->set_min_entity(s.min_entity);
    b->set_max_entity(s.max_entity);
    for (const TraceRecord& r : part) AddToDigest(r, digest);
  }
  footer.set_outcome_records(records.size());
  footer.set_digest(digest.Hex());
  footer.set_index_offset(frame(format::FrameType::kIndex, index.SerializeAsString()));
  std::string trailer(8, '\0');
  format::PutUint64(frame(format::FrameType::kFooter, footer.SerializeAsString()), trailer.data());
  return bytes + trailer + std::string(format::kEndMagic);
}

std::vector<TraceSelection> Selections() {
  return {{},
          {.entities = {{17, 17}}},
          {.entities = {{0, 0}, {3, 5}, {999, 999}}},
          {.from = Instant{100000000000}, .to = Instant{101000000000}},
          {.from = Instant{2000000000}, .to = Instant{3000000000000}, .entities = {{4, 4}}},
          {.from = Instant{1} + Seconds(90000)},
          {.entities = {{1, 4000000}}},
          {.entities = {{5000000, 5000001}}}};
}

TEST(TraceSelection, GivesWhatReadingAllAndChoosingGives) {
  for (const size_t n : {size_t{0}, size_t{1}, size_t{5000}, size_t{300000}}) {
    const std::vector<TraceRecord> records = Fleet(n, 1000);
    auto reader = TraceReader::Open(Write(absl::StrCat("selected_", n), records));
    ASSERT_TRUE(reader.ok()) << reader.status();
    auto old = TraceReader::OpenBytes(OldFile(records), "old");
    ASSERT_TRUE(old.ok()) << old.status();
    EXPECT_EQ((*reader)->format_version(), 2u);
    EXPECT_EQ((*old)->format_version(), 1u);
    for (const TraceSelection& s : Selections()) {
      const std::vector<TraceRecord> expected = Filtered(records, s);
      for (TraceReader* r : {reader->get(), old->get()}) {
        ASSERT_TRUE(r->Select(s).ok());
        EXPECT_EQ(Rest(*r), expected);
      }
    }
    // And Seek() ends it: everything again, digest and all.
    for (TraceReader* r : {reader->get(), old->get()}) {
      ASSERT_TRUE(r->Seek(kStart).ok());
      EXPECT_EQ(Rest(*r).size(), n);
    }
  }
}

TEST(TraceSelection, ReadsLittleOfALargeFile) {
  // More than two million records need two directories.
  const std::vector<TraceRecord> records = Fleet(2200000, 100000);
  const std::string path = Write("large", records);
  const auto size = static_cast<uint64_t>(Bytes(path).size());
  for (const TraceSelection& s :
       {TraceSelection{.entities = {{77777, 77777}}},
        TraceSelection{.from = Instant{0} + Seconds(2100), .to = Instant{0} + Seconds(2101)}}) {
    auto reader = TraceReader::Open(path);
    ASSERT_TRUE(reader.ok());
    ASSERT_TRUE((*reader)->Select(s).ok());
    const std::vector<TraceRecord> found = Rest(**reader);
    EXPECT_EQ(found, Filtered(records, s));
    EXPECT_FALSE(found.empty());
    EXPECT_LT((*reader)->bytes_read(), size / 10) << size;
  }
  auto reader = TraceReader::Open(path);
  ASSERT_TRUE(reader.ok());
  ASSERT_TRUE((*reader)->Seek(Instant{0} + Seconds(2100)).ok());
  EXPECT_EQ(Rest(**reader).size(), 100000u);
  EXPECT_LT((*reader)->bytes_read(), size / 10);
}

TEST(TraceSelection, DeclarationsAreFoundByNumber) {
  const std::vector<TraceRecord> records = Fleet(2200000, 1000);
  auto reader = TraceReader::Open(Write("declared", records));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->declaration_count(), 220000);
  for (const int64_t n : {1, 2, 205, 206, 104857, 209715, 209716, 220000}) {
    const auto r = (*reader)->Declaration(n);
    ASSERT_TRUE(r.ok()) << r.status();
    EXPECT_EQ(r->a, (n - 1) * 10);
  }
  EXPECT_FALSE((*reader)->Declaration(220001).ok());
  EXPECT_FALSE((*reader)->Declaration(0).ok());
  auto old = TraceReader::OpenBytes(OldFile(Fleet(100, 3)), "old");
  ASSERT_TRUE(old.ok());
  EXPECT_EQ((*old)->declaration_count(), -1);
}

TEST(TraceSelection, OfADamagedTraceWhatIsWholeIsLookedAt) {
  const std::vector<TraceRecord> records = Fleet(20000, 10);
  const std::string bytes = Bytes(Write("whole", records));
  auto reader = TraceReader::OpenBytes(bytes.substr(0, bytes.size() / 2), "cut", {true});
  ASSERT_TRUE(reader.ok());
  const TraceSelection s{.entities = {{3, 3}}};
  ASSERT_TRUE((*reader)->Select(s).ok());
  const std::vector<TraceRecord> found = Rest(**reader);
  const std::vector<TraceRecord> all = Filtered(records, s);
  EXPECT_FALSE(found.empty());
  EXPECT_LT(found.size(), all.size());
  EXPECT_TRUE(std::equal(found.begin(), found.end(), all.begin()));
  EXPECT_FALSE((*reader)->damage().ok());
}

TEST(Directory, HostileOnesAreRefused) {
  format::Directory directory;
  EXPECT_FALSE(format::DecodeDirectory("", 0, 100, &directory).ok());
  EXPECT_FALSE(format::DecodeDirectory("\xff\xff", 0, 100, &directory).ok());
  format::Directory one;
  one.blocks.push_back({50, {}});
  EXPECT_TRUE(format::DecodeDirectory(format::EncodeDirectory(one), 0, 100, &directory).ok());
  EXPECT_FALSE(format::DecodeDirectory(format::EncodeDirectory(one), 51, 100, &directory).ok());
  EXPECT_FALSE(format::DecodeDirectory(format::EncodeDirectory(one), 0, 50, &directory).ok());

  const std::vector<format::Holding> held = {format::MakeHolding(3, 0), format::MakeHolding(3, 7),
                                             format::MakeHolding(9, 2)};
  format::ColumnWriter columns;
  const std::string payload = format::EncodeClients(held, &columns);
  std::vector<format::Holding> read;
  ASSERT_TRUE(format::DecodeClients(payload, {0, 3, 9}, 8, &read).ok());
  EXPECT_EQ(read, held);
  EXPECT_FALSE(format::DecodeClients(payload, {0, 3, 9}, 7, &read).ok());
  EXPECT_FALSE(format::DecodeClients(payload, {0, 4, 9}, 8, &read).ok());
  EXPECT_FALSE(format::DecodeClients(payload, {0, 3, 8}, 8, &read).ok());
  trace_format::Clients bomb;
  bomb.set_columns_size(0xFFFFFFFF);
  EXPECT_THAT(std::string(format::DecodeClients(bomb.SerializeAsString(), {}, 8, &read).message()),
              testing::HasSubstr("4294967295"));
}

}  // namespace
}  // namespace keepsim
