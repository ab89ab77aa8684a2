#include "sim/trace/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/base/check.h"
#include "sim/base/radix_sort.h"
#include "sim/base/status_macros.h"
#include "sim/trace/block.h"
#include "sim/trace/column_writer.h"
#include "sim/trace/directory.h"
#include "sim/trace/frame.h"
// lint: allow(layer) because a stored trace is protobuf, so that Python reads it unaided
#include "sim/trace/trace.pb.h"

namespace keepsim {
namespace {

using trace_internal::FrameType;

class FileTraceWriter : public TraceWriter {
 public:
  FileTraceWriter(absl::string_view path, int fd)
      : path_(path), temporary_(absl::StrCat(path, ".tmp")), fd_(fd) {}

  ~FileTraceWriter() override { Abandon(); }
  FileTraceWriter(const FileTraceWriter&) = delete;
  FileTraceWriter& operator=(const FileTraceWriter&) = delete;

  absl::Status WriteHeader(const TraceHeader& header);
  absl::Status Append(absl::Span<const TraceRecord> records) override;
  absl::Status Finish(const TraceFooter& footer) override;

 private:
  static constexpr size_t kBufferBytes = 1 << 20;

  absl::Status WriteFrame(FrameType type, absl::string_view payload);
  absl::Status WriteBlock(absl::Span<const TraceRecord> records);
  absl::Status WriteDirectory();
  absl::Status Write(absl::string_view bytes);
  absl::Status Drain();
  absl::Status Failed(const char* what, int error);
  void Abandon();

  const std::string path_;
  const std::string temporary_;
  int fd_;
  std::string buffer_;
  uint64_t offset_ = 0;  // in the file, the buffer included
  std::vector<TraceRecord> pending_;
  TraceRecord last_;
  bool any_ = false;
  uint64_t outcome_records_ = 0;
  uint64_t packet_records_ = 0;
  trace_internal::Directory directory_;            // of the blocks since the last one
  std::vector<trace_internal::Holding> holdings_;  // of these blocks, block by block
  std::vector<trace_internal::Holding> scratch_;   // for sorting them
  trace_internal::ColumnWriter columns_;
  trace_format::Index index_;
  absl::Status failed_;  // the first error: all later calls return it
};

absl::Status FileTraceWriter::Failed(const char* what, int error) {
  const std::string message =
      absl::StrCat(path_, ": cannot ", what, " the trace: ", strerror(error));
  failed_ = error == ENOSPC || error == EDQUOT || error == EFBIG
                ? absl::ResourceExhaustedError(message)
                : absl::UnavailableError(message);
  Abandon();
  return failed_;
}

void FileTraceWriter::Abandon() {
  if (fd_ < 0) return;
  close(fd_);
  fd_ = -1;
  unlink(temporary_.c_str());
}

absl::Status FileTraceWriter::Drain() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t n = write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed("write", n == 0 ? ENOSPC : errno);
    done += static_cast<size_t>(n);
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status FileTraceWriter::Write(absl::string_view bytes) {
  buffer_.append(bytes.data(), bytes.size());
  offset_ += bytes.size();
  return buffer_.size() >= kBufferBytes ? Drain() : absl::OkStatus();
}

absl::Status FileTraceWriter::WriteFrame(FrameType type, absl::string_view payload) {
  if (payload.size() > trace_internal::kMaxPayload) {
    failed_ = absl::InvalidArgumentError(
        absl::StrCat(path_, ": a part of the trace has ", payload.size(), " bytes, more than ",
                     trace_internal::kMaxPayload, "; name sample files instead of writing their ",
                     "values into the scenario"));
    Abandon();
    return failed_;
  }
  KEEPSIM_RETURN_IF_ERROR(Write(trace_internal::FrameHeader(type, payload)));
  return Write(payload);
}

absl::Status FileTraceWriter::WriteHeader(const TraceHeader& header) {
  std::string preamble(trace_internal::kMagic);
  preamble.resize(trace_internal::kPreambleSize);
  trace_internal::PutUint32(trace_internal::kFormatVersion, preamble.data() + 8);
  KEEPSIM_RETURN_IF_ERROR(Write(preamble));
  trace_format::Header message;
  message.set_engine_version(header.engine_version);
  message.set_scenario(header.scenario);
  message.set_scenario_name(header.scenario_name);
  message.set_scenario_digest(header.scenario_digest);
  message.set_seed(header.seed);
  for (const std::string& o : header.overrides) message.add_overrides(o);
  message.set_build_commit(header.build_commit);
  message.set_tie_order(header.tie_order);
  message.set_packet_selector(header.packet_selector);
  message.set_horizon_ns(header.horizon.ns);
  for (const TraceGroup& g : header.groups) {
    trace_format::Group* group = message.add_groups();
    group->set_name(g.name);
    group->set_first_entity(g.first_entity);
    group->set_count(g.count);
  }
  for (const std::string& w : header.watchers) message.add_watchers(w);
  for (const std::string& f : header.faults) message.add_faults(f);
  return WriteFrame(FrameType::kHeader, message.SerializeAsString());
}

absl::Status FileTraceWriter::Append(absl::Span<const TraceRecord> records) {
  if (!failed_.ok()) return failed_;
  SIM_CHECK(fd_ >= 0);
  uint64_t outcomes = 0;
  for (const TraceRecord& r : records) {
    SIM_CHECK(!any_ || CanonicalLess(last_, r));
    any_ = true;
    last_ = r;
    outcomes += r.is_outcome() ? 1 : 0;
  }
  outcome_records_ += outcomes;
  packet_records_ += records.size() - outcomes;
  while (!records.empty()) {
    const size_t missing = trace_internal::kBlockRecords - pending_.size();
    const absl::Span<const TraceRecord> next = records.subspan(0, missing);
    records.remove_prefix(next.size());
    if (next.size() == trace_internal::kBlockRecords) {  // needs no copy
      KEEPSIM_RETURN_IF_ERROR(WriteBlock(next));
      continue;
    }
    pending_.insert(pending_.end(), next.begin(), next.end());
    if (next.size() < missing) break;
    KEEPSIM_RETURN_IF_ERROR(WriteBlock(pending_));
    pending_.clear();
  }
  return absl::OkStatus();
}

absl::Status FileTraceWriter::WriteBlock(absl::Span<const TraceRecord> records) {
  const trace_internal::BlockSummary s = trace_internal::Summarize(records);
  const auto number = static_cast<uint32_t>(directory_.blocks.size());
  directory_.blocks.push_back({offset_, s});
  // Room for the most there can be, so that it is never copied; what is not used is not taken.
  holdings_.reserve(trace_internal::kDirectoryBlocks * trace_internal::kBlockRecords);
  // Once for records of a client that stand together; the others are found when the directory is.
  for (size_t i = 0; i < records.size(); ++i) {
    if (i > 0 && records[i].entity == records[i - 1].entity) continue;
    holdings_.push_back(trace_internal::MakeHolding(records[i].entity, number));
  }
  const std::string payload = trace_internal::EncodeBlock(records, s, &columns_);
  KEEPSIM_RETURN_IF_ERROR(WriteFrame(FrameType::kBlock, payload));
  return directory_.blocks.size() == trace_internal::kDirectoryBlocks ? WriteDirectory()
                                                                      : absl::OkStatus();
}

absl::Status FileTraceWriter::WriteDirectory() {
  if (directory_.blocks.empty()) return absl::OkStatus();
  SortByUpperHalf(&holdings_, &scratch_);  // their blocks ascend already
  holdings_.erase(std::unique(holdings_.begin(), holdings_.end()), holdings_.end());
  for (size_t begin = 0; begin < holdings_.size();) {
    // A client's blocks stay together.
    size_t end = std::min(begin + trace_internal::kClientsHoldings, holdings_.size());
    while (end < holdings_.size() && trace_internal::EntityOf(holdings_[end]) ==
                                         trace_internal::EntityOf(holdings_[end - 1])) {
      ++end;
    }
    directory_.clients.push_back({offset_, trace_internal::EntityOf(holdings_[begin]),
                                  trace_internal::EntityOf(holdings_[end - 1])});
    KEEPSIM_RETURN_IF_ERROR(
        WriteFrame(FrameType::kClients,
                   trace_internal::EncodeClients(
                       absl::MakeConstSpan(holdings_).subspan(begin, end - begin), &columns_)));
    begin = end;
  }
  const auto d = trace_internal::SummarizeDirectory(directory_, offset_);
  trace_format::DirectoryPlace* place = index_.add_directories();
  place->set_offset(d.offset);
  place->set_blocks(d.blocks);
  place->set_records(d.records);
  place->set_first_ns(d.first.ns);
  place->set_last_ns(d.last.ns);
  place->set_min_entity(d.min_entity);
  place->set_max_entity(d.max_entity);
  place->set_declarations(d.declarations);
  const std::string payload = trace_internal::EncodeDirectory(directory_);
  directory_ = {};
  holdings_.clear();
  return WriteFrame(FrameType::kDirectory, payload);
}

absl::Status FileTraceWriter::Finish(const TraceFooter& footer) {
  if (!failed_.ok()) return failed_;
  SIM_CHECK(fd_ >= 0);
  if (!pending_.empty()) KEEPSIM_RETURN_IF_ERROR(WriteBlock(pending_));
  KEEPSIM_RETURN_IF_ERROR(WriteDirectory());
  trace_format::Footer message;
  message.set_index_offset(offset_);
  KEEPSIM_RETURN_IF_ERROR(WriteFrame(FrameType::kIndex, index_.SerializeAsString()));
  message.set_outcome_records(outcome_records_);
  message.set_packet_records(packet_records_);
  message.set_digest(footer.digest.Hex());
  message.set_summary_json(footer.summary_json);
  std::string trailer(trace_internal::kTrailerSize, '\0');
  trace_internal::PutUint64(offset_, trailer.data());
  std::copy(trace_internal::kEndMagic.begin(), trace_internal::kEndMagic.end(),
            trailer.begin() + 8);
  KEEPSIM_RETURN_IF_ERROR(WriteFrame(FrameType::kFooter, message.SerializeAsString()));
  KEEPSIM_RETURN_IF_ERROR(Write(trailer));
  KEEPSIM_RETURN_IF_ERROR(Drain());
  // On some file systems a full disk is told of only here.
  if (fsync(fd_) != 0 && errno != EINVAL && errno != EROFS) return Failed("write", errno);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) return Failed("rename", errno);
  const int fd = std::exchange(fd_, -1);
  if (close(fd) != 0 && errno != EINTR) {
    failed_ =
        absl::UnavailableError(absl::StrCat(path_, ": cannot close the trace: ", strerror(errno)));
    unlink(path_.c_str());
    return failed_;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Create(absl::string_view path,
                                                                 const TraceHeader& header) {
  struct stat there {};
  if (stat(std::string(path).c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    // A device or a pipe must not be replaced.
    return absl::UnavailableError(absl::StrCat(path, ": cannot create the trace: not a file"));
  }
  const std::string temporary = absl::StrCat(path, ".tmp");
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat(path, ": cannot create the trace: ", strerror(errno)));
  }
  auto writer = std::make_unique<FileTraceWriter>(path, fd);
  KEEPSIM_RETURN_IF_ERROR(writer->WriteHeader(header));
  return writer;
}

}  // namespace keepsim
