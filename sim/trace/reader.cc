#include "sim/trace/reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/base/status_macros.h"
#include "sim/trace/block.h"
#include "sim/trace/frame.h"
// lint: allow(layer) because a stored trace is protobuf, so that Python reads it unaided
#include "sim/trace/trace.pb.h"

namespace keepsim {
namespace {

using trace_internal::BlockSummary;
using trace_internal::ByteSource;
using trace_internal::DamagedAt;
using trace_internal::Frame;
using trace_internal::FrameType;

struct Place {
  uint64_t offset = 0;
  BlockSummary summary;
};

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

class FileTraceReader : public TraceReader {
 public:
  FileTraceReader(std::unique_ptr<ByteSource> source, TraceReaderOptions options)
      : source_(std::move(source)), options_(options) {}

  absl::Status Start();

  const TraceHeader& header() const override { return header_; }
  const std::optional<TraceFooter>& footer() const override { return footer_; }
  const absl::Status& damage() const override { return damage_; }
  absl::StatusOr<absl::Span<const TraceRecord>> NextBlock() override;
  absl::StatusOr<bool> Next(TraceRecord* record) override;
  absl::Status Seek(Instant at) override;

 private:
  absl::Status ReadPreamble();
  absl::Status ReadHeader();
  absl::Status ReadEnd();
  absl::Status ReadIndex(uint64_t offset, uint64_t footer_offset);
  // Decodes the frame at next_ into block_; block_ stays empty at the end of the blocks.
  absl::Status Advance();
  absl::Status CheckBlock(const Frame& frame, const BlockSummary& summary);
  absl::Status CheckEnd(uint64_t offset);
  absl::Status Refuse(absl::Status status);

  const std::unique_ptr<ByteSource> source_;
  const TraceReaderOptions options_;
  TraceHeader header_;
  std::optional<TraceFooter> footer_;
  absl::Status damage_;        // met
  absl::Status end_damage_;    // known of from the start: footer or index
  std::vector<Place> places_;  // the index, if whole
  uint64_t first_block_ = 0;
  uint64_t next_ = 0;  // offset of the next frame
  size_t block_number_ = 0;
  std::vector<TraceRecord> block_;
  size_t position_ = 0;  // in block_
  bool done_ = false;
  bool from_start_ = true;  // nothing was skipped: counts and digest can be checked
  bool any_ = false;
  TraceRecord last_;
  uint64_t outcome_records_ = 0;
  uint64_t packet_records_ = 0;
  Digest digest_;
};

absl::Status FileTraceReader::ReadPreamble() {
  const std::string& name = source_->name();
  std::string bytes;
  const size_t n =
      static_cast<size_t>(std::min<uint64_t>(source_->size(), trace_internal::kPreambleSize));
  KEEPSIM_RETURN_IF_ERROR(source_->ReadAt(0, n, &bytes));
  if (n < trace_internal::kPreambleSize ||
      absl::string_view(bytes).substr(0, 8) != trace_internal::kMagic) {
    return absl::DataLossError(absl::StrCat(name, ": not a trace of keepsim (damaged at byte 0)"));
  }
  const uint32_t version = trace_internal::GetUint32(bytes.data() + 8);
  if (version != trace_internal::kFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat(name, ": trace format ", version,
                                                      " (bytes 8 to 11); this keepsim reads ",
                                                      trace_internal::kFormatVersion));
  }
  return absl::OkStatus();
}

absl::Status FileTraceReader::ReadHeader() {
  Frame frame;
  KEEPSIM_RETURN_IF_ERROR(
      trace_internal::ReadFrame(*source_, trace_internal::kPreambleSize, &frame));
  trace_format::Header message;
  if (frame.type != FrameType::kHeader || !message.ParseFromString(frame.payload)) {
    return DamagedAt(*source_, frame.offset, "no header here");
  }
  if (message.engine_version() != kEngineVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        source_->name(), ": made by engine version ", message.engine_version(),
        message.build_commit().empty() ? "" : absl::StrCat(" (build ", message.build_commit(), ")"),
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
  KEEPSIM_RETURN_IF_ERROR(trace_internal::ReadFrame(*source_, footer_at, &frame));
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

absl::Status FileTraceReader::ReadIndex(uint64_t offset, uint64_t footer_offset) {
  if (offset < first_block_ || offset >= footer_offset) {
    return DamagedAt(*source_, footer_offset, "the footer points outside of the trace");
  }
  Frame frame;
  KEEPSIM_RETURN_IF_ERROR(trace_internal::ReadFrame(*source_, offset, &frame));
  trace_format::Index message;
  if (frame.type != FrameType::kIndex || frame.next != footer_offset ||
      !message.ParseFromString(frame.payload)) {
    return DamagedAt(*source_, offset, "no index here");
  }
  uint64_t next = first_block_;
  for (const trace_format::BlockPlace& b : message.blocks()) {
    if (b.offset() < next || b.offset() >= offset) {
      return DamagedAt(*source_, offset, "the index points outside of the blocks");
    }
    next = b.offset() + 1;
    places_.push_back(
        {b.offset(),
         {b.count(), Instant{b.first_ns()}, Instant{b.last_ns()}, b.min_entity(), b.max_entity()}});
  }
  return absl::OkStatus();
}

absl::Status FileTraceReader::Start() {
  KEEPSIM_RETURN_IF_ERROR(ReadPreamble());
  KEEPSIM_RETURN_IF_ERROR(ReadHeader());
  end_damage_ = ReadEnd();
  if (!end_damage_.ok()) places_.clear();
  return options_.allow_damaged ? absl::OkStatus() : end_damage_;
}

absl::Status FileTraceReader::CheckBlock(const Frame& frame, const BlockSummary& summary) {
  if (footer_.has_value() &&
      (block_number_ >= places_.size() || places_[block_number_].offset != frame.offset ||
       places_[block_number_].summary != summary)) {
    return DamagedAt(*source_, frame.offset, "the block is not as the index says");
  }
  if (any_ && !CanonicalLess(last_, block_.front())) {
    return DamagedAt(*source_, frame.offset, "the block is out of order");
  }
  return absl::OkStatus();
}

absl::Status FileTraceReader::CheckEnd(uint64_t offset) {
  if (footer_.has_value() && block_number_ != places_.size()) {
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
  if (done_) return absl::OkStatus();
  Frame frame;
  KEEPSIM_RETURN_IF_ERROR(trace_internal::ReadFrame(*source_, next_, &frame));
  if (frame.type == FrameType::kIndex) {
    done_ = true;
    return CheckEnd(frame.offset);
  }
  if (frame.type != FrameType::kBlock) {
    return DamagedAt(*source_, frame.offset, "neither a block nor the index");
  }
  BlockSummary summary;
  if (absl::Status status = trace_internal::DecodeBlock(frame.payload, &summary, &block_);
      !status.ok()) {
    return DamagedAt(*source_, frame.offset, status.message());
  }
  KEEPSIM_RETURN_IF_ERROR(CheckBlock(frame, summary));
  ++block_number_;
  next_ = frame.next;
  any_ = true;
  last_ = block_.back();
  for (const TraceRecord& r : block_) {
    if (r.is_outcome()) {
      ++outcome_records_;
      AddToDigest(r, digest_);
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
    if (absl::Status status = Advance(); !status.ok()) {
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

absl::Status FileTraceReader::Seek(Instant at) {
  damage_ = absl::OkStatus();
  done_ = false;
  any_ = false;
  block_.clear();
  position_ = 0;
  outcome_records_ = packet_records_ = 0;
  digest_ = Digest();
  // The first block that ends at or after `at`; without an index, from the start.
  const auto place = std::partition_point(places_.begin(), places_.end(),
                                          [&](const Place& p) { return p.summary.last < at; });
  block_number_ = static_cast<size_t>(place - places_.begin());
  from_start_ = block_number_ == 0;
  if (place != places_.end()) {
    next_ = place->offset;
  } else if (places_.empty()) {
    next_ = first_block_;
  } else {
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

absl::StatusOr<std::unique_ptr<TraceReader>> OpenSource(std::unique_ptr<ByteSource> source,
                                                        TraceReaderOptions options) {
  auto reader = std::make_unique<FileTraceReader>(std::move(source), options);
  KEEPSIM_RETURN_IF_ERROR(reader->Start());
  return reader;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::Open(absl::string_view path,
                                                               TraceReaderOptions options) {
  KEEPSIM_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source,
                           trace_internal::OpenFileSource(path));
  return OpenSource(std::move(source), options);
}

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::OpenBytes(std::string bytes,
                                                                    absl::string_view name,
                                                                    TraceReaderOptions options) {
  return OpenSource(trace_internal::MakeStringSource(std::move(bytes), name), options);
}

}  // namespace keepsim
