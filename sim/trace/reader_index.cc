// Finding records by time, client and number.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "sim/base/status_macros.h"
#include "sim/trace/file_reader.h"
// lint: allow(layer) because a stored trace is protobuf, so that Python reads it unaided
#include "sim/trace/trace.pb.h"

namespace keepsim::trace_internal {
namespace {

// A selection of more clients than this is found by reading all that lies between them.
constexpr uint64_t kMostSingled = 4096;

}  // namespace

absl::Status FileTraceReader::ReadIndex(uint64_t offset, uint64_t footer_offset) {
  if (offset < first_block_ || offset >= footer_offset) {
    return DamagedAt(*source_, footer_offset, "the footer points outside of the trace");
  }
  Frame frame;
  KEEPSIM_RETURN_IF_ERROR(ReadFrame(offset, &frame));
  trace_format::Index message;
  if (frame.type != FrameType::kIndex || frame.next != footer_offset ||
      !message.ParseFromString(frame.payload)) {
    return DamagedAt(*source_, offset, "no index here");
  }
  if (old()) return ReadOldIndex(message, offset);
  uint64_t next = first_block_;
  for (const trace_format::DirectoryPlace& d : message.directories()) {
    if (d.offset() <= next || d.offset() >= offset || d.blocks() == 0 ||
        d.blocks() > kDirectoryBlocks || d.last_ns() < d.first_ns() ||
        d.declarations() > d.records() || d.records() > uint64_t{d.blocks()} * kBlockRecords) {
      return DamagedAt(*source_, offset, "the index points outside of the trace");
    }
    next = d.offset();
    index_.push_back({d.offset(), d.blocks(), d.records(), Instant{d.first_ns()},
                      Instant{d.last_ns()}, d.min_entity(), d.max_entity(), d.declarations()});
  }
  return absl::OkStatus();
}

// An old index lists all blocks: one directory without a frame of its own.
absl::Status FileTraceReader::ReadOldIndex(const trace_format::Index& message, uint64_t offset) {
  uint64_t next = first_block_;
  for (const trace_format::BlockPlace& b : message.blocks()) {
    if (b.offset() < next || b.offset() >= offset) {
      return DamagedAt(*source_, offset, "the index points outside of the blocks");
    }
    next = b.offset() + 1;
    directory_.blocks.push_back({b.offset(),
                                 {b.count(), Instant{b.first_ns()}, Instant{b.last_ns()},
                                  b.min_entity(), b.max_entity(), 0}});
  }
  if (directory_.blocks.empty()) return absl::OkStatus();
  index_.push_back(SummarizeDirectory(directory_, offset));
  directory_number_ = 0;
  return absl::OkStatus();
}

uint64_t FileTraceReader::DirectoryBegin(size_t n) const {
  return n == 0 ? first_block_ : index_[n - 1].offset + 1;
}

absl::Status FileTraceReader::LoadDirectory(size_t n) {
  if (directory_number_ == n) return absl::OkStatus();
  const uint64_t offset = index_[n].offset;
  directory_number_ = kNoDirectory;
  Frame frame;
  KEEPSIM_RETURN_IF_ERROR(ReadFrame(offset, &frame));
  if (frame.type != FrameType::kDirectory) {
    return DamagedAt(*source_, offset, "no directory here");
  }
  if (absl::Status status = DecodeDirectory(frame.payload, DirectoryBegin(n), offset, &directory_);
      !status.ok()) {
    return DamagedAt(*source_, offset, status.message());
  }
  if (!(SummarizeDirectory(directory_, offset) == index_[n])) {
    return DamagedAt(*source_, offset, "the directory is not as the index says");
  }
  directory_number_ = n;
  return absl::OkStatus();
}

bool FileTraceReader::WantsAnyOf(uint32_t first, uint32_t last) const {
  if (selection_.entities.empty()) return true;
  return std::any_of(selection_.entities.begin(), selection_.entities.end(),
                     [&](const auto& e) { return first <= e.last && e.first <= last; });
}

bool FileTraceReader::Wants(const TraceRecord& r) const {
  return r.at >= selection_.from && r.at <= selection_.to && WantsAnyOf(r.entity, r.entity);
}

absl::Status FileTraceReader::WantedBlocks(std::vector<uint32_t>* blocks) {
  blocks->clear();
  std::vector<bool> held(directory_.blocks.size(), true);
  uint64_t entities = 0;
  for (const auto& e : selection_.entities) entities += uint64_t{e.last} - e.first + 1;
  if (!old() && entities > 0 && entities <= kMostSingled) {
    held.assign(held.size(), false);
    for (const ClientsPlace& place : directory_.clients) {
      if (!WantsAnyOf(place.first_entity, place.last_entity)) continue;
      Frame frame;
      KEEPSIM_RETURN_IF_ERROR(ReadFrame(place.offset, &frame));
      std::vector<Holding> holdings;
      absl::Status status =
          frame.type == FrameType::kClients
              ? DecodeClients(frame.payload, place, static_cast<uint32_t>(directory_.blocks.size()),
                              &holdings)
              : absl::InvalidArgumentError("no list of clients here");
      if (!status.ok()) return DamagedAt(*source_, place.offset, status.message());
      for (const Holding h : holdings) {
        const uint32_t entity = EntityOf(h);
        if (WantsAnyOf(entity, entity)) held[BlockOf(h)] = true;
      }
    }
  }
  for (uint32_t b = 0; b < directory_.blocks.size(); ++b) {
    const BlockSummary& s = directory_.blocks[b].summary;
    if (held[b] && s.last >= selection_.from && s.first <= selection_.to &&
        WantsAnyOf(s.min_entity, s.max_entity)) {
      blocks->push_back(b);
    }
  }
  return absl::OkStatus();
}

absl::Status FileTraceReader::AdvanceSelected() {
  block_.clear();
  position_ = 0;
  while (block_.empty() && !done_) {
    if (!indexed()) {  // all that is whole is looked at
      KEEPSIM_RETURN_IF_ERROR(Advance());
      if (block_.empty()) return absl::OkStatus();
      if (block_.front().at > selection_.to) done_ = true;
    } else if (next_wanted_ < wanted_.size()) {
      GoTo(wanted_[next_wanted_++]);
      Frame frame;
      KEEPSIM_RETURN_IF_ERROR(ReadFrame(next_, &frame));
      if (frame.type != FrameType::kBlock) {
        return DamagedAt(*source_, frame.offset, "no block here");
      }
      KEEPSIM_RETURN_IF_ERROR(TakeBlock(frame));
    } else {
      while (next_directory_ < index_.size() && (index_[next_directory_].last < selection_.from ||
                                                 !WantsAnyOf(index_[next_directory_].min_entity,
                                                             index_[next_directory_].max_entity))) {
        ++next_directory_;
      }
      if (next_directory_ == index_.size() || index_[next_directory_].first > selection_.to) {
        done_ = true;
        return absl::OkStatus();
      }
      KEEPSIM_RETURN_IF_ERROR(LoadDirectory(next_directory_++));
      KEEPSIM_RETURN_IF_ERROR(WantedBlocks(&wanted_));
      next_wanted_ = 0;
      continue;
    }
    std::erase_if(block_, [&](const TraceRecord& r) { return !Wants(r); });
  }
  return absl::OkStatus();
}

absl::Status FileTraceReader::Select(TraceSelection selection) {
  Reset();
  selecting_ = true;
  from_start_ = false;
  selection_ = std::move(selection);
  wanted_.clear();
  next_wanted_ = next_directory_ = 0;
  return absl::OkStatus();
}

int64_t FileTraceReader::declaration_count() const {
  if (!indexed() || old()) return -1;
  int64_t count = 0;
  for (const DirectoryPlace& d : index_) count += static_cast<int64_t>(d.declarations);
  return count;
}

absl::StatusOr<TraceRecord> FileTraceReader::Declaration(int64_t number) {
  Reset();
  from_start_ = false;
  auto left = static_cast<uint64_t>(number);
  size_t n = 0;
  while (n < index_.size() && left > index_[n].declarations) left -= index_[n++].declarations;
  if (number < 1 || n == index_.size()) return absl::OutOfRangeError("no such declaration");
  KEEPSIM_RETURN_IF_ERROR(LoadDirectory(n));
  size_t b = 0;
  while (left > directory_.blocks[b].summary.declarations) {
    left -= directory_.blocks[b++].summary.declarations;
  }
  GoTo(b);
  KEEPSIM_RETURN_IF_ERROR(Advance());
  for (const TraceRecord& r : block_) {
    if (IsDeclaration(r) && --left == 0) return r;
  }
  return DamagedAt(*source_, directory_.blocks[b].offset, "a declaration is missing");
}

}  // namespace keepsim::trace_internal
