#include "sim/trace/diff.h"

#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/base/status_macros.h"

namespace keepsim {
namespace {

std::vector<std::string> DifferingFields(const TraceRecord& x, const TraceRecord& y) {
  std::vector<std::string> fields;
  if (x.at != y.at) fields.push_back("at");
  if (x.entity != y.entity) fields.push_back("entity");
  if (x.counter != y.counter) fields.push_back("counter");
  if (x.kind != y.kind) fields.push_back("kind");
  if (x.code != y.code) fields.push_back("code");
  if (x.conn != y.conn) fields.push_back("conn");
  if (x.a != y.a) fields.push_back("a");
  if (x.b != y.b) fields.push_back("b");
  return fields;
}

}  // namespace

std::string TraceDifference::ToText(const RecordText& left_text,
                                    const RecordText& right_text) const {
  std::string out;
  for (const TraceRecord& r : before) absl::StrAppend(&out, "    ", left_text.Line(r), "\n");
  absl::StrAppend(&out, "  < ", left ? left_text.Line(*left) : "(ended)", "\n");
  absl::StrAppend(&out, "  > ", right ? right_text.Line(*right) : "(ended)", "\n");
  if (!fields.empty()) {
    absl::StrAppend(&out, "  record ", index + 1, " differs in ", absl::StrJoin(fields, ", "),
                    "\n");
  } else {
    absl::StrAppend(&out, "  one ended after ", index, " records\n");
  }
  return out;
}

absl::StatusOr<std::optional<TraceDifference>> FirstDifference(const RecordSource& left,
                                                               const RecordSource& right,
                                                               bool packets, int context) {
  auto next = [&](const RecordSource& source, TraceRecord* record) -> absl::StatusOr<bool> {
    while (true) {
      KEEPSIM_ASSIGN_OR_RETURN(const bool any, source(record));
      if (!any || packets || record->is_outcome()) return any;
    }
  };
  std::deque<TraceRecord> before;
  for (uint64_t index = 0;; ++index) {
    TraceRecord x, y;
    KEEPSIM_ASSIGN_OR_RETURN(const bool has_x, next(left, &x));
    KEEPSIM_ASSIGN_OR_RETURN(const bool has_y, next(right, &y));
    if (!has_x && !has_y) return std::nullopt;
    if (has_x && has_y && x == y) {
      before.push_back(x);
      if (before.size() > static_cast<size_t>(context)) before.pop_front();
      continue;
    }
    TraceDifference d;
    d.index = index;
    if (has_x) d.left = x;
    if (has_y) d.right = y;
    if (has_x && has_y) d.fields = DifferingFields(x, y);
    d.before.assign(before.begin(), before.end());
    return d;
  }
}

absl::StatusOr<std::optional<TraceDifference>> FirstDifference(TraceReader& left,
                                                               TraceReader& right, int context) {
  const bool packets = !left.header().packet_selector.empty() &&
                       left.header().packet_selector == right.header().packet_selector;
  return FirstDifference([&](TraceRecord* r) { return left.Next(r); },
                         [&](TraceRecord* r) { return right.Next(r); }, packets, context);
}

}  // namespace keepsim
