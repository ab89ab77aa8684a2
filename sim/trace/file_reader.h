// The reader of trace files; inside sim/trace only. reader.cc reads frames in order,
// reader_index.cc finds them by time, client and number.
#ifndef KEEPSIM_SIM_TRACE_FILE_READER_H_
#define KEEPSIM_SIM_TRACE_FILE_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sim/base/digest.h"
#include "sim/trace/block.h"
#include "sim/trace/directory.h"
#include "sim/trace/frame.h"
#include "sim/trace/reader.h"

namespace keepsim::trace_format {
class Index;
}

namespace keepsim::trace_internal {

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
  absl::Status Select(TraceSelection selection) override;
  int64_t declaration_count() const override;
  absl::StatusOr<TraceRecord> Declaration(int64_t number) override;
  uint32_t format_version() const override { return version_; }
  uint64_t bytes_read() const override { return bytes_read_; }

 private:
  bool old() const { return version_ == kOldFormatVersion; }
  // The file has an index, and so have its blocks.
  bool indexed() const { return footer_.has_value(); }
  absl::Status ReadPreamble();
  absl::Status ReadHeader();
  absl::Status ReadEnd();
  absl::Status ReadIndex(uint64_t offset, uint64_t footer_offset);
  absl::Status ReadOldIndex(const trace_format::Index& message, uint64_t offset);
  absl::Status ReadFrame(uint64_t offset, Frame* frame);
  // Makes directory_ that of number n.
  absl::Status LoadDirectory(size_t n);
  uint64_t DirectoryBegin(size_t n) const;  // where its first block may begin
  // Forgets what was read, and goes on at the block of that number in directory_.
  void GoTo(size_t block);
  void Reset();
  // The next frame in order: decodes a block into block_, passes over the others. block_ stays
  // empty at the end.
  absl::Status Advance();
  absl::Status AdvanceSelected();
  absl::Status TakeBlock(const Frame& frame);
  absl::Status CheckBlock(const Frame& frame, const BlockSummary& summary);
  absl::Status CheckDirectory(const Frame& frame);
  absl::Status CheckEnd(uint64_t offset);
  // Blocks of directory_ that may hold something of the selection.
  absl::Status WantedBlocks(std::vector<uint32_t>* blocks);
  bool Wants(const TraceRecord& r) const;
  bool WantsAnyOf(uint32_t first, uint32_t last) const;
  absl::Status Refuse(absl::Status status);

  const std::unique_ptr<ByteSource> source_;
  const TraceReaderOptions options_;
  uint32_t version_ = 0;
  TraceHeader header_;
  std::optional<TraceFooter> footer_;
  absl::Status damage_;                // met
  absl::Status end_damage_;            // known of from the start: footer or index
  std::vector<DirectoryPlace> index_;  // if whole; of an old file: one, which is always loaded
  Directory directory_;                // of index_[directory_number_]
  size_t directory_number_ = kNoDirectory;
  uint64_t first_block_ = 0;
  uint64_t next_ = 0;        // offset of the next frame
  size_t in_directory_ = 0;  // number of the directory that the next block belongs to
  size_t block_number_ = 0;  // of the next block, in it
  std::vector<TraceRecord> block_;
  size_t position_ = 0;  // in block_
  bool done_ = false;
  bool from_start_ = true;  // nothing was skipped: counts and digest can be checked
  bool any_ = false;
  TraceRecord last_;
  uint64_t outcome_records_ = 0;
  uint64_t packet_records_ = 0;
  Digest digest_;
  uint64_t bytes_read_ = 0;

  bool selecting_ = false;
  TraceSelection selection_;
  std::vector<uint32_t> wanted_;  // blocks of directory_ that are still to be read
  size_t next_wanted_ = 0;
  size_t next_directory_ = 0;

  static constexpr size_t kNoDirectory = ~size_t{0};
};

}  // namespace keepsim::trace_internal

#endif  // KEEPSIM_SIM_TRACE_FILE_READER_H_
