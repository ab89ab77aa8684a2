// Trace files: what is written is read, and nothing else ever is.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/trace/block.h"
#include "sim/trace/frame.h"
#include "sim/trace/reader.h"
#include "sim/trace/writer.h"
#include "tests/trace/stories.h"

namespace keepsim {
namespace {

constexpr size_t kBlock = trace_internal::kBlockRecords;

using ::testing::HasSubstr;

TraceHeader SampleHeader() {
  TraceHeader h;
  h.scenario = std::string("\x0a\x00\xff opaque", 10);
  h.scenario_name = "sample";
  h.scenario_digest = "00112233445566778899aabbccddeeff";
  h.seed = 0xFFFFFFFFFFFFFFFFu;
  h.overrides = {"groups[0].count=50", "seed=7"};
  h.build_commit = "abc1234";
  h.tie_order = "canonical";
  h.packet_selector = "fleet/0-9";
  h.horizon = Seconds(86400);
  h.groups = {{"fleet", 1, 30}, {"empty", 31, 0}, {"other", 31, 20}};
  h.watchers = {"dashboard"};
  h.faults = {"storm"};
  return h;
}

TraceFooter FooterOf(const std::vector<TraceRecord>& records) {
  TraceFooter f;
  for (const TraceRecord& r : records) {
    if (r.is_outcome()) AddToDigest(r, f.digest);
  }
  f.summary_json = "{\"scenario\": \"sample\"}";
  return f;
}

std::string PathOf(const std::string& name) { return testing::TempDir() + "/" + name; }

std::string FileBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Writes `records` and gives the file's path.
std::string Write(const std::string& name, const std::vector<TraceRecord>& records) {
  std::string path = PathOf(name);
  auto writer = TraceWriter::Create(path, SampleHeader());
  EXPECT_TRUE(writer.ok()) << writer.status();
  // In uneven pieces.
  size_t i = 0;
  for (size_t n = 1; i < records.size(); n = n * 2 + 1) {
    const auto piece = absl::MakeConstSpan(records).subspan(i, n);
    EXPECT_TRUE((*writer)->Append(piece).ok());
    i += piece.size();
  }
  EXPECT_TRUE((*writer)->Finish(FooterOf(records)).ok());
  return path;
}

struct Answer {
  std::vector<TraceRecord> records;
  absl::Status status;  // of opening, reading, or damage()
  bool footer = false;
};

Answer ReadAll(absl::StatusOr<std::unique_ptr<TraceReader>> reader) {
  Answer answer;
  if (!reader.ok()) {
    answer.status = reader.status();
    return answer;
  }
  TraceRecord r;
  while (true) {
    const absl::StatusOr<bool> more = (*reader)->Next(&r);
    if (!more.ok()) {
      answer.status = more.status();
      return answer;
    }
    if (!*more) break;
    answer.records.push_back(r);
  }
  answer.status = (*reader)->damage();
  answer.footer = (*reader)->footer().has_value();
  return answer;
}

TEST(TraceFile, RoundTrip) {
  for (const size_t n : {size_t{0}, size_t{1}, kBlock - 1, kBlock, size_t{40000}}) {
    const std::vector<TraceRecord> records = ManyRecords(n);
    const std::string path = Write(absl::StrCat("round_trip_", n), records);
    EXPECT_FALSE(Exists(path + ".tmp"));
    auto reader = TraceReader::Open(path);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_EQ((*reader)->header(), SampleHeader());
    ASSERT_TRUE((*reader)->footer().has_value());
    EXPECT_EQ((*reader)->footer()->digest, FooterOf(records).digest);
    EXPECT_EQ((*reader)->footer()->summary_json, FooterOf(records).summary_json);
    EXPECT_EQ((*reader)->footer()->outcome_records + (*reader)->footer()->packet_records, n);
    const Answer answer = ReadAll(std::move(reader));
    EXPECT_TRUE(answer.status.ok()) << answer.status;
    EXPECT_EQ(answer.records, records);
  }
}

TEST(TraceFile, ExtremeValuesSurvive) {
  std::vector<TraceRecord> records;
  TraceRecord r;
  r.at = Instant{std::numeric_limits<int64_t>::min() / 2};
  r.entity = 0xFFFFFFFF;
  r.counter = 0xFFFFFFFF;
  r.kind = static_cast<RecordKind>(63);
  r.code = 0xFFFF;
  r.conn = 0xFFFFFFFF;
  r.a = std::numeric_limits<int64_t>::min();
  r.b = std::numeric_limits<int64_t>::max();
  records.push_back(r);
  r.at = kNever;
  r.entity = 0;
  r.kind = static_cast<RecordKind>(0xFFFF);
  records.push_back(r);
  const Answer answer = ReadAll(TraceReader::Open(Write("extreme", records)));
  EXPECT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.records, records);
}

TEST(TraceFile, BlocksAreReadAWholeAtATime) {
  const std::vector<TraceRecord> records = ManyRecords(40000);
  auto reader = TraceReader::Open(Write("blocks", records));
  ASSERT_TRUE(reader.ok());
  std::vector<TraceRecord> all;
  size_t blocks = 0;
  TraceRecord first;
  ASSERT_TRUE(*(*reader)->Next(&first));
  all.push_back(first);  // the block's rest comes next
  while (true) {
    const auto block = (*reader)->NextBlock();
    ASSERT_TRUE(block.ok());
    if (block->empty()) break;
    ++blocks;
    all.insert(all.end(), block->begin(), block->end());
  }
  EXPECT_EQ(blocks, (40000 + kBlock - 1) / kBlock);
  EXPECT_EQ(all, records);
}

TEST(TraceFile, SeekFindsTheFirstRecordNotBefore) {
  const std::vector<TraceRecord> records = ManyRecords(40000);
  auto reader = TraceReader::Open(Write("seek", records));
  ASSERT_TRUE(reader.ok());
  for (const size_t i : {size_t{39999}, size_t{0}, kBlock, kBlock - 1, size_t{20000}}) {
    for (const int64_t before : {0, 1}) {
      ASSERT_TRUE((*reader)->Seek(records[i].at - Duration{before}).ok());
      TraceRecord r;
      ASSERT_TRUE(*(*reader)->Next(&r));
      EXPECT_EQ(r, records[i]);
    }
  }
  ASSERT_TRUE((*reader)->Seek(records.back().at + Duration{1}).ok());
  TraceRecord r;
  EXPECT_FALSE(*(*reader)->Next(&r));
  // From the start, everything is checked again.
  ASSERT_TRUE((*reader)->Seek(kLongAgo).ok());
  const Answer answer = ReadAll(*std::move(reader));
  EXPECT_TRUE(answer.status.ok());
  EXPECT_EQ(answer.records.size(), records.size());
}

TEST(TraceFile, CutOffAnywhereIsAnErrorAndNeverMore) {
  const std::vector<TraceRecord> records = ManyRecords(60);
  const std::string bytes = FileBytes(Write("truncated", records));
  ASSERT_LT(bytes.size(), 8000u);
  for (size_t n = 0; n < bytes.size(); ++n) {
    const Answer strict = ReadAll(TraceReader::OpenBytes(bytes.substr(0, n), "cut"));
    EXPECT_FALSE(strict.status.ok()) << n;
    EXPECT_THAT(std::string(strict.status.message()), HasSubstr("byte")) << n;
    const Answer lenient = ReadAll(TraceReader::OpenBytes(bytes.substr(0, n), "cut", {true}));
    EXPECT_FALSE(lenient.status.ok()) << n;
    EXPECT_FALSE(lenient.footer);
    EXPECT_TRUE(lenient.records.empty() || lenient.records == records) << n;
  }
}

// Cut off within the header, nobody can say what the records mean, and the error says so; from its
// last byte on, what is whole is read.
TEST(TraceFile, WithoutAHeaderNothingCanBeRead) {
  const std::string bytes = FileBytes(Write("headless", ManyRecords(60)));
  const uint64_t header_end = trace_internal::kPreambleSize + trace_internal::kFrameHeaderSize +
                              trace_internal::GetUint32(bytes.data() + 12);
  ASSERT_GT(header_end, 50u);
  ASSERT_LT(header_end, bytes.size() / 2);
  for (size_t n = 0; n < header_end; ++n) {
    const auto lenient = TraceReader::OpenBytes(bytes.substr(0, n), "cut", {true});
    EXPECT_EQ(lenient.status().code(), absl::StatusCode::kDataLoss) << n;
    EXPECT_THAT(std::string(lenient.status().message()),
                HasSubstr("nothing of it can be read: the header"))
        << n;
  }
  std::string altered = bytes;
  altered[30] ^= 1;
  EXPECT_THAT(std::string(TraceReader::OpenBytes(altered, "altered", {true}).status().message()),
              HasSubstr("damaged at byte 12 of"));
  for (size_t n = header_end; n < bytes.size(); ++n) {
    const Answer lenient = ReadAll(TraceReader::OpenBytes(bytes.substr(0, n), "cut", {true}));
    EXPECT_THAT(std::string(lenient.status.message()),
                testing::Not(HasSubstr("nothing of it can be read")))
        << n;
  }
  EXPECT_THAT(std::string(TraceReader::OpenBytes("a letter", "f", {true}).status().message()),
              HasSubstr("not a trace of keepsim"));
}

TEST(TraceFile, WholeBlocksBeforeTheDamageCanBeRead) {
  const std::vector<TraceRecord> records = ManyRecords(40000);
  const std::string bytes = FileBytes(Write("lenient", records));
  const Answer answer =
      ReadAll(TraceReader::OpenBytes(bytes.substr(0, bytes.size() * 9 / 10), "cut", {true}));
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kDataLoss);
  // Nine tenths of the bytes hold about nine tenths of the blocks, each of them whole.
  EXPECT_EQ(answer.records.size() % kBlock, 0u);
  ASSERT_GT(answer.records.size(), 30000u);
  ASSERT_LT(answer.records.size(), 40000u);
  EXPECT_TRUE(std::equal(answer.records.begin(), answer.records.end(), records.begin()));
}

TEST(TraceFile, EveryFlippedBitIsFound) {
  const std::vector<TraceRecord> records = ManyRecords(60);
  const std::string bytes = FileBytes(Write("flipped", records));
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string altered = bytes;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      const Answer answer = ReadAll(TraceReader::OpenBytes(altered, "altered"));
      ASSERT_FALSE(answer.status.ok()) << "byte " << i << " bit " << bit;
      ASSERT_THAT(std::string(answer.status.message()), HasSubstr("byte"));
      const Answer lenient = ReadAll(TraceReader::OpenBytes(altered, "altered", {true}));
      ASSERT_FALSE(lenient.status.ok());
      ASSERT_TRUE(lenient.records.empty() || lenient.records == records);
    }
  }
}

TEST(TraceFile, BytesBehindTheEndAreDamage) {
  const std::string bytes = FileBytes(Write("longer", ManyRecords(60)));
  EXPECT_FALSE(ReadAll(TraceReader::OpenBytes(bytes + "x", "longer")).status.ok());
  EXPECT_FALSE(ReadAll(TraceReader::OpenBytes(bytes + bytes, "twice")).status.ok());
}

TEST(TraceFile, AMissingOrARepeatedBlockIsFound) {
  const std::string bytes = FileBytes(Write("blocks_out", ManyRecords(40000)));
  // Frames: preamble 12, then [length crc type payload].
  const auto frame_end = [&](size_t at) {
    uint32_t length = 0;
    for (int i = 3; i >= 0; --i) {
      length = length << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
    }
    return at + 9 + length;
  };
  const size_t first = frame_end(12), second = frame_end(first), third = frame_end(second);
  const std::string missing = bytes.substr(0, second) + bytes.substr(third);
  const std::string repeated =
      bytes.substr(0, second) + bytes.substr(first, second - first) + bytes.substr(second);
  for (const std::string& altered : {missing, repeated}) {
    EXPECT_FALSE(ReadAll(TraceReader::OpenBytes(altered, "altered")).status.ok());
    const Answer lenient = ReadAll(TraceReader::OpenBytes(altered, "altered", {true}));
    EXPECT_FALSE(lenient.status.ok());
    EXPECT_TRUE(std::is_sorted(lenient.records.begin(), lenient.records.end(), CanonicalLess));
  }
}

TEST(TraceFile, AWrongDigestIsFound) {
  const std::string path = PathOf("wrong_digest");
  auto writer = TraceWriter::Create(path, SampleHeader());
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Append(ManyRecords(10)).ok());
  TraceFooter footer;
  footer.digest = Digest::FromWords(1, 2);
  ASSERT_TRUE((*writer)->Finish(footer).ok());
  const Answer answer = ReadAll(TraceReader::Open(path));
  EXPECT_THAT(std::string(answer.status.message()), HasSubstr("digest"));
}

TEST(TraceFile, AnotherEngineVersionIsRefused) {
  TraceHeader header = SampleHeader();
  header.engine_version = "0.9";
  const std::string path = PathOf("other_engine");
  auto writer = TraceWriter::Create(path, header);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)->Finish({}).ok());
  for (const bool damaged : {false, true}) {
    const auto reader = TraceReader::Open(path, {damaged});
    EXPECT_EQ(reader.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(reader.status().message()), HasSubstr("engine version 0.9"));
    EXPECT_THAT(std::string(reader.status().message()), HasSubstr("abc1234"));
  }
}

// What a scenario cannot say would reach a terminal as it is.
TEST(TraceFile, ANameThatIsNoneIsRefused) {
  for (const char* name : {"a\x1b[31m", "", "a/b", "a b"}) {
    TraceHeader header = SampleHeader();
    header.groups[0].name = name;
    const std::string path = PathOf("no_name");
    auto writer = TraceWriter::Create(path, header);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Finish({}).ok());
    const auto reader = TraceReader::Open(path);
    EXPECT_EQ(reader.status().code(), absl::StatusCode::kDataLoss) << name;
    const std::string message(reader.status().message());
    EXPECT_THAT(message, HasSubstr("is no name of a group"));
    EXPECT_EQ(message.find('\x1b'), std::string::npos);
  }
}

TEST(TraceFile, OtherFilesAreRefusedByName) {
  const auto missing = TraceReader::Open(PathOf("no_such_trace"));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("no_such_trace"));
  EXPECT_FALSE(TraceReader::Open(testing::TempDir()).ok());
  EXPECT_FALSE(TraceReader::OpenBytes("", "empty").ok());
  EXPECT_FALSE(TraceReader::OpenBytes("name: \"a scenario\"\n", "text").ok());
}

TEST(TraceWriter, NothingIsLeftOfAnAbandonedTrace) {
  const std::string path = PathOf("abandoned");
  {
    auto writer = TraceWriter::Create(path, SampleHeader());
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Append(ManyRecords(100)).ok());
    EXPECT_TRUE(Exists(path + ".tmp"));
  }
  EXPECT_FALSE(Exists(path + ".tmp"));
  EXPECT_FALSE(Exists(path));
}

TEST(TraceWriter, AFolderThatIsNotThereIsNamed) {
  const auto writer = TraceWriter::Create(PathOf("no/such/folder/x.kst"), SampleHeader());
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(std::string(writer.status().message()), HasSubstr("no/such/folder/x.kst"));
  EXPECT_THAT(std::string(writer.status().message()), HasSubstr("No such file"));
}

// A file size limit stands in for a full disk.
TEST(TraceWriter, AFullDiskIsAnErrorAndLeavesNothing) {
  const std::string path = PathOf("full_disk");
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit = {200000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  auto writer = TraceWriter::Create(path, SampleHeader());
  ASSERT_TRUE(writer.ok());
  absl::Status status = (*writer)->Append(ManyRecords(100000));
  const absl::Status finish = (*writer)->Finish({});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(status.ok() && finish.ok());
  EXPECT_EQ(finish.code(), absl::StatusCode::kResourceExhausted) << finish;
  EXPECT_THAT(std::string(finish.message()), HasSubstr(path));
  EXPECT_FALSE(Exists(path));
  EXPECT_FALSE(Exists(path + ".tmp"));
}

TEST(TraceWriterDeathTest, RecordsOutOfOrderAreOurBug) {
  auto writer = TraceWriter::Create(PathOf("disorder"), SampleHeader());
  ASSERT_TRUE(writer.ok());
  std::vector<TraceRecord> records = ManyRecords(2);
  std::swap(records[0], records[1]);
  EXPECT_DEATH((void)(*writer)->Append(records), "CanonicalLess");
}

TEST(Block, HostileColumnsAreRefusedWithoutLargeAllocations) {
  trace_internal::BlockSummary summary;
  std::vector<TraceRecord> records;
  EXPECT_FALSE(trace_internal::DecodeBlock("", &summary, &records).ok());
  EXPECT_FALSE(trace_internal::DecodeBlock("\xff\xff\xff", &summary, &records).ok());
  // count = 2048, columns_size = 2^32 - 1.
  static_assert(kBlock == 2048);
  const std::string huge("\x08\x80\x10\x30\xff\xff\xff\xff\x0f", 9);
  EXPECT_THAT(std::string(trace_internal::DecodeBlock(huge, &summary, &records).message()),
              HasSubstr("4294967295"));
  EXPECT_TRUE(records.empty());
}

}  // namespace
}  // namespace keepsim
