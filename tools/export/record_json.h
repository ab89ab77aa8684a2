// Records as JSON lines: one object each, its fields by name.
#ifndef KEEPSIM_TOOLS_EXPORT_RECORD_JSON_H_
#define KEEPSIM_TOOLS_EXPORT_RECORD_JSON_H_

#include <string>

#include "sim/trace/record.h"
#include "sim/trace/text.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

class RecordJson {
 public:
  // `header` must outlive it.
  explicit RecordJson(const TraceHeader& header) : header_(header), text_(header) {}
  // With its newline.
  std::string Line(const TraceRecord& record) const;

 private:
  const TraceHeader& header_;
  const RecordText text_;
};

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPORT_RECORD_JSON_H_
