// Writes a trace file: to PATH.tmp, renamed to PATH by Finish(), so that no half-written trace
// is ever found under its name.
#ifndef KEEPSIM_SIM_TRACE_WRITER_H_
#define KEEPSIM_SIM_TRACE_WRITER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sim/trace/record.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

class TraceWriter {
 public:
  // An error names the path and the system's reason; nothing is left behind after one.
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Create(absl::string_view path,
                                                             const TraceHeader& header);
  virtual ~TraceWriter() = default;  // without Finish(): removes the temporary file

  // REQUIRES: canonical order, within and from call to call.
  virtual absl::Status Append(absl::Span<const TraceRecord> records) = 0;
  // Only digest and summary_json of `footer` are read; the records were counted.
  virtual absl::Status Finish(const TraceFooter& footer) = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_TRACE_WRITER_H_
