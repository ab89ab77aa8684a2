#include "sim/trace/reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/base/quote.h"
#include "sim/base/spelling.h"
#include "sim/base/status_macros.h"
#include "sim/trace/file_reader.h"
// lint: allow(layer) because a stored trace is protobuf, so that Python reads it unaided
#include "sim/trace/trace.pb.h"

namespace keepsim {
namespace trace_internal {
namespace {

bool ParseDigest(const std::string& hex, Digest* digest) {
  if (hex.size() != 32) return false;
  uint64_t words[2] = {0, 0};
  for (size_t i = 0; i < 32; ++i) {
    const char c = hex[i];
    int value;
    if (c >= '0' && c <= '9') {
      value = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      value = c - 'a' + 10;
    } else {
      return false;
    }
    words[i / 16] = words[i / 16] << 4 | static_cast<uint64_t>(value);
  }
  *digest = Digest::FromWords(words[0], words[1]);
  return true;
}

}  // namespace

absl::Status FileTraceReader::ReadPreamble() {
  const std::string& name = source_->name();
  std::string bytes;
  const size_t n =
      static_cast<size_t>(std::min<uint64_t>(source_->size(), trace_internal::kPreambleSize));
  KEEPSIM_RETURN_IF_ERROR(source_->ReadAt(0, n, &bytes));
  const absl::string_view magic = absl::string_view(bytes).substr(0, kMagic.size());
  if (n == 0) return DamagedAt(*source_, 0, "the file is empty");
  if (magic != kMagic.substr(0, magic.size())) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": not a trace of keepsim (bytes 0 to ",
                                                   magic.size() - 1,
                                                   " are none of its beginning)"));
  }
  if (n < kPreambleSize) return DamagedAt(*source_, n, "the file ends before the trace does");
  version_ = trace_internal::GetUint32(bytes.data() + 8);
  if (version_ != trace_internal::kFormatVersion && !old()) {
    return absl::FailedPreconditionError(
        absl::StrCat(name, ": trace format ", version_, " (bytes 8 to 11); this keepsim reads ",
                     trace_internal::kOldFormatVersion, " and ", trace_internal::kFormatVersion));
  }
  return absl::OkStatus();
}

absl::Status FileTraceReader::ReadHeader() {
  Frame frame;
  KEEPSIM_RETURN_IF_ERROR(ReadFrame(trace_internal::kPreambleSize, &frame));
  trace_format::Header message;
  if (frame.type != FrameType::kHeader || !message.ParseFromString(frame.payload)) {
    return DamagedAt(*source_, frame.offset, "no header here");
  }
  if (message.engine_version() != kEngineVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        source_->name(), ": made by engine version ", Printable(message.engine_version()),
        message.build_commit().empty()
            ? ""
            : absl::StrCat(" (build ", Printable(message.build_commit()), ")"),
        "; this is engine version ", kEngineVersion,
        ", which may behave differently: read it with that build, or run the scenario again"));
  }
  header_.engine_version = message.engine_version();
  header_.scenario = message.scenario();
  header_.scenario_name = message.scenario_name();
  header_.scenario_digest = message.scenario_digest();
  header_.seed = message.seed();
  header_.overrides.assign(message.overrides().begin(), message.overrides().end());
  header_.build_commit = message.build_commit();
  header_.tie_order = message.tie_order();
  header_.packet_selector = message.packet_selector();
  header_.horizon = Duration{message.horizon_ns()};
  header_.watchers.assign(message.watchers().begin(), message.watchers().end());
  header_.faults.assign(message.faults().begin(), message.faults().end());
  uint64_t next_entity = 1;
  for (const trace_format::Group& g : message.groups()) {
    if (g.first_entity() < next_entity || uint64_t{g.first_entity()} + g.count() > 0xFFFFFFFF) {
      return DamagedAt(*source_, frame.offset, "the header's groups overlap");
    }
    if (!IsName(g.name())) {
      return DamagedAt(*source_, frame.offset,
                       absl::StrCat("\"", Printable(g.name()), "\" is no name of a group"));
    }
    next_entity = uint64_t{g.first_entity()} + g.count();
    header_.groups.push_back({g.name(), g.first_entity(), g.count()});
  }
  if (header_.horizon.ns < 0) return DamagedAt(*source_, frame.offset, "a negative horizon");
  first_block_ = next_ = frame.next;
  return absl::OkStatus();
}

absl::Status FileTraceReader::ReadEnd() {
  const uint64_t size = source_->size();
  if (size < first_block_ + trace_internal::kTrailerSize) {
    return DamagedAt(*source_, size, "the file ends before the trace does");
  }
  const uint64_t trailer_at = size - trace_internal::kTrailerSize;
  std::string trailer;
  KEEPSIM_RETURN_IF_ERROR(source_->ReadAt(trailer_at, trace_internal::kTrailerSize, &trailer));
  if (absl::string_view(trailer).substr(8) != trace_internal::kEndMagic) {
    return DamagedAt(*source_, trailer_at, "the end of the trace is not here: cut off or altered");
  }
  const uint64_t footer_at = trace_internal::GetUint64(trailer.data());
  if (footer_at < first_block_ || footer_at >= trailer_at) {
    return DamagedAt(*source_, trailer_at, "the trailer points outside of the trace");
  }
  Frame frame;
  KEEPSIM_RETURN_IF_ERROR(ReadFrame(footer_at, &frame));
  trace_format::Footer message;
  TraceFooter footer;
  if (frame.type != FrameType::kFooter || frame.next != trailer_at ||
      !message.ParseFromString(frame.payload) || !ParseDigest(message.digest(), &footer.digest)) {
    return DamagedAt(*source_, footer_at, "no footer here");
  }
  KEEPSIM_RETURN_IF_ERROR(ReadIndex(message.index_offset(), footer_at));
  footer.outcome_records = message.outcome_records();
  footer.packet_records = message.packet_records();
  footer.summary_json = message.summary_json();
  footer_ = std::move(footer);
  return absl::OkStatus();
}

absl::Status FileTraceReader::ReadFrame(uint64_t offset, Frame* frame) {
  KEEPSIM_RETURN_IF_ERROR(trace_internal::ReadFrame(*source_, offset, frame));
  bytes_read_ += frame->next - frame->offset;
  return absl::OkStatus();
}

absl::Status FileTraceReader::Start() {
  absl::Status begin = ReadPreamble();
  if (begin.ok()) begin = ReadHeader();
  if (absl::IsDataLoss(begin)) {
    return absl::DataLossError(
        absl::StrCat(begin.message(),
                     "; nothing of it can be read: the header, which says whose records they are "
                     "and what they mean, is not whole"));
  }
  KEEPSIM_RETURN_IF_ERROR(begin);
  end_damage_ = ReadEnd();
  if (!end_damage_.ok()) {
    index_.clear();
    directory_ = {};
    directory_number_ = kNoDirectory;
  }
  return options_.allow_damaged ? absl::OkStatus() : end_damage_;
}

absl::Status FileTraceReader::CheckBlock(const Frame& frame, const BlockSummary& summary) {
  if (indexed()) {
    if (in_directory_ >= index_.size()) {
      return DamagedAt(*source_, frame.offset, "a block that the index does not know");
    }
    absl::Status directory = LoadDirectory(in_directory_);
    // Blocks before a damaged directory are whole all the same.
    if (!directory.ok() && !options_.allow_damaged) return directory;
    if (directory.ok()) {
      const bool known = block_number_ < directory_.blocks.size();
      BlockSummary stated = known ? directory_.blocks[block_number_].summary : BlockSummary();
      if (old()) stated.declarations = summary.declarations;  // it does not say
      if (!known || directory_.blocks[block_number_].offset != frame.offset || stated != summary) {
        return DamagedAt(*source_, frame.offset, "the block is not as the index says");
      }
    }
  }
  if (any_ && !CanonicalLess(last_, block_.front())) {
    return DamagedAt(*source_, frame.offset, "the block is out of order");
  }
  return absl::OkStatus();
}

// In passing: its contents were checked against the index when its first block was read.
absl::Status FileTraceReader::CheckDirectory(const Frame& frame) {
  if (old()) return DamagedAt(*source_, frame.offset, "format 1 has no directories");
  if (indexed() &&
      (in_directory_ >= index_.size() || index_[in_directory_].offset != frame.offset ||
       index_[in_directory_].blocks != block_number_)) {
    return DamagedAt(*source_, frame.offset, "blocks are missing before this directory");
  }
  ++in_directory_;
  block_number_ = 0;
  return absl::OkStatus();
}

absl::Status FileTraceReader::CheckEnd(uint64_t offset) {
  const bool all = old() ? index_.empty() || block_number_ == index_[0].blocks
                         : in_directory_ == index_.size() && block_number_ == 0;
  if (indexed() && !all) {
    return DamagedAt(*source_, offset, "blocks are missing before this index");
  }
  if (!end_damage_.ok()) return end_damage_;
  if (!from_start_) return absl::OkStatus();
  if (outcome_records_ != footer_->outcome_records || packet_records_ != footer_->packet_records) {
    return DamagedAt(*source_, offset, "the number of records is not that of the footer");
  }
  if (!(digest_ == footer_->digest)) {
    return DamagedAt(*source_, offset,
                     absl::StrCat("the records' digest is ", digest_.Hex(), ", the footer says ",
                                  footer_->digest.Hex()));
  }
  return absl::OkStatus();
}

absl::Status FileTraceReader::Advance() {
  block_.clear();
  position_ = 0;
  while (!done_) {
    Frame frame;
    KEEPSIM_RETURN_IF_ERROR(ReadFrame(next_, &frame));
    switch (frame.type) {
      case FrameType::kIndex:
        done_ = true;
        return CheckEnd(frame.offset);
      case FrameType::kBlock:
        next_ = frame.next;
        return TakeBlock(frame);
      case FrameType::kDirectory:
        KEEPSIM_RETURN_IF_ERROR(CheckDirectory(frame));
        break;
      case FrameType::kClients:
        if (!old()) break;
        [[fallthrough]];
      default:
        return DamagedAt(*source_, frame.offset, "neither a block nor the index");
    }
    next_ = frame.next;
  }
  return absl::OkStatus();
}

absl::Status FileTraceReader::TakeBlock(const Frame& frame) {
  BlockSummary summary;
  if (absl::Status status = trace_internal::DecodeBlock(frame.payload, &summary, &block_);
      !status.ok()) {
    return DamagedAt(*source_, frame.offset, status.message());
  }
  KEEPSIM_RETURN_IF_ERROR(CheckBlock(frame, summary));
  ++block_number_;
  any_ = true;
  last_ = block_.back();
  for (const TraceRecord& r : block_) {
    if (r.is_outcome()) {
      ++outcome_records_;
      if (from_start_) AddToDigest(r, digest_);
    } else {
      ++packet_records_;
    }
  }
  return absl::OkStatus();
}

// Ends reading at damage: an error, or the end of what is whole.
absl::Status FileTraceReader::Refuse(absl::Status status) {
  block_.clear();
  position_ = 0;
  done_ = true;
  damage_ = std::move(status);
  return options_.allow_damaged ? absl::OkStatus() : damage_;
}

absl::StatusOr<absl::Span<const TraceRecord>> FileTraceReader::NextBlock() {
  if (!damage_.ok() && !options_.allow_damaged) return damage_;
  if (position_ == block_.size()) {
    if (absl::Status status = selecting_ ? AdvanceSelected() : Advance(); !status.ok()) {
      KEEPSIM_RETURN_IF_ERROR(Refuse(std::move(status)));
    }
  }
  const absl::Span<const TraceRecord> rest = absl::MakeConstSpan(block_).subspan(position_);
  position_ = block_.size();
  return rest;
}

absl::StatusOr<bool> FileTraceReader::Next(TraceRecord* record) {
  if (position_ == block_.size()) {
    KEEPSIM_ASSIGN_OR_RETURN(const absl::Span<const TraceRecord> block, NextBlock());
    if (block.empty()) return false;
    position_ = 0;
  }
  *record = block_[position_++];
  return true;
}

void FileTraceReader::Reset() {
  damage_ = absl::OkStatus();
  done_ = false;
  any_ = false;
  selecting_ = false;
  block_.clear();
  position_ = 0;
  outcome_records_ = packet_records_ = 0;
  digest_ = Digest();
  from_start_ = true;
  in_directory_ = block_number_ = 0;
  next_ = first_block_;
}

void FileTraceReader::GoTo(size_t block) {
  in_directory_ = directory_number_;
  block_number_ = block;
  next_ = directory_.blocks[block].offset;
}

absl::Status FileTraceReader::Seek(Instant at) {
  Reset();
  // The first block that ends at or after `at`; without an index, from the start.
  const auto place = std::partition_point(index_.begin(), index_.end(),
                                          [&](const DirectoryPlace& d) { return d.last < at; });
  if (place != index_.end()) {
    if (absl::Status status = LoadDirectory(static_cast<size_t>(place - index_.begin()));
        !status.ok()) {
      return Refuse(std::move(status));
    }
    const auto block =
        std::partition_point(directory_.blocks.begin(), directory_.blocks.end(),
                             [&](const trace_internal::Place& p) { return p.summary.last < at; });
    if (block == directory_.blocks.end()) {
      return Refuse(DamagedAt(*source_, place->offset, "the directory is out of order"));
    }
    if (place != index_.begin() || block != directory_.blocks.begin()) {
      from_start_ = false;
      GoTo(static_cast<size_t>(block - directory_.blocks.begin()));
    }
  } else if (!index_.empty()) {
    done_ = true;  // after the last record
    return absl::OkStatus();
  }
  while (true) {
    if (absl::Status status = Advance(); !status.ok()) return Refuse(std::move(status));
    if (block_.empty()) return absl::OkStatus();
    while (position_ < block_.size() && block_[position_].at < at) ++position_;
    if (position_ < block_.size()) return absl::OkStatus();
  }
}

}  // namespace trace_internal

namespace {

absl::StatusOr<std::unique_ptr<TraceReader>> OpenSource(
    std::unique_ptr<trace_internal::ByteSource> source, TraceReaderOptions options) {
  auto reader = std::make_unique<trace_internal::FileTraceReader>(std::move(source), options);
  KEEPSIM_RETURN_IF_ERROR(reader->Start());
  return reader;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::Open(absl::string_view path,
                                                               TraceReaderOptions options) {
  KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<trace_internal::ByteSource> source,
                           trace_internal::OpenFileSource(path));
  return OpenSource(std::move(source), options);
}

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::OpenBytes(std::string bytes,
                                                                    absl::string_view name,
                                                                    TraceReaderOptions options) {
  return OpenSource(trace_internal::MakeStringSource(std::move(bytes), name), options);
}

}  // namespace keepsim
