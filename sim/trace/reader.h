// Reads a trace file block by block, in bounded memory. Whatever the bytes are, the answer is the
// records that were written or an error that names the byte offset: every frame has a checksum,
// order and counts are checked, and so is the digest when a trace is read from start to end.
// docs/trace-format.md has a page on how to use it.
#ifndef KEEPSIM_SIM_TRACE_READER_H_
#define KEEPSIM_SIM_TRACE_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sim/base/time.h"
#include "sim/trace/record.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

struct TraceReaderOptions {
  // Read what is whole before the damage; damage() tells what was met at the end. The header must
  // be whole, and of this engine version, in any case: without it the records mean nothing.
  bool allow_damaged = false;
};

// Part of a trace: records of some clients in some stretch of time.
struct TraceSelection {
  struct Entities {
    uint32_t first = 0;
    uint32_t last = 0;
  };
  Instant from = kStart;
  Instant to = kNever;             // inclusive
  std::vector<Entities> entities;  // empty: all; entity 0 is the whole run
};

class TraceReader {
 public:
  // NotFound, InvalidArgument (no trace at all), DataLoss (damaged: byte offset),
  // FailedPrecondition (another engine version).
  static absl::StatusOr<std::unique_ptr<TraceReader>> Open(absl::string_view path,
                                                           TraceReaderOptions options = {});
  // The same for a trace in memory; `name` stands for the path in messages.
  static absl::StatusOr<std::unique_ptr<TraceReader>> OpenBytes(std::string bytes,
                                                                absl::string_view name,
                                                                TraceReaderOptions options = {});
  virtual ~TraceReader() = default;

  virtual const TraceHeader& header() const = 0;
  // Empty if the trace is damaged at its end.
  virtual const std::optional<TraceFooter>& footer() const = 0;
  // With allow_damaged, once reading has come to an end: what was wrong; OK if nothing was.
  virtual const absl::Status& damage() const = 0;

  // The next records; empty at the end. Valid until the next call.
  virtual absl::StatusOr<absl::Span<const TraceRecord>> NextBlock() = 0;
  // The next record; false at the end.
  virtual absl::StatusOr<bool> Next(TraceRecord* record) = 0;
  // Next() goes on at the first record not before `at`, forwards or backwards.
  virtual absl::Status Seek(Instant at) = 0;
  // Next() and NextBlock() give what is selected, from its beginning; blocks that hold nothing of
  // it are not read, as far as the file has directories (format 2). Seek() ends the selection.
  virtual absl::Status Select(TraceSelection selection) = 0;

  // Declarations by broker or client in the trace; -1 if it does not say (format 1, or damaged).
  virtual int64_t declaration_count() const = 0;
  // The declaration of that number in canonical order, from 1, out of one block. Ends a selection.
  // REQUIRES: 1 <= number <= declaration_count().
  virtual absl::StatusOr<TraceRecord> Declaration(int64_t number) = 0;

  virtual uint32_t format_version() const = 0;
  // Bytes of frames read so far.
  virtual uint64_t bytes_read() const = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_READER_H_
