// Reads a trace file block by block, in bounded memory. Whatever the bytes are, the answer is the
// records that were written or an error that names the byte offset: every frame has a checksum,
// order and counts are checked, and so is the digest when a trace is read from start to end.
#ifndef KEEPSIM_SIM_TRACE_READER_H_
#define KEEPSIM_SIM_TRACE_READER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sim/trace/record.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

struct TraceReaderOptions {
  // Read what is whole before the damage; damage() tells what was met at the end. The header must
  // be whole, and of this engine version, in any case.
  bool allow_damaged = false;
};

class TraceReader {
 public:
  // NotFound, DataLoss (damaged: byte offset), FailedPrecondition (another engine version).
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
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_READER_H_
