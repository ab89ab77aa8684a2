#include "sim/metrics/metric_path.h"

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "sim/base/spelling.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsNumber(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return true;
    default:
      return false;
  }
}

double NumberOf(const Message& m, const FieldDescriptor* field) {
  const Reflection* r = m.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return r->GetInt32(m, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return static_cast<double>(r->GetInt64(m, field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return r->GetUInt32(m, field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return static_cast<double>(r->GetUInt64(m, field));
    default:
      return r->GetDouble(m, field);
  }
}

void AddPaths(const Descriptor* type, const std::string& prefix, std::vector<std::string>* paths) {
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->is_repeated()) continue;
    const std::string path = absl::StrCat(prefix, field->name());
    if (IsNumber(field)) paths->push_back(path);
    if (field->message_type() != nullptr) AddPaths(field->message_type(), path + ".", paths);
  }
}

absl::Status Unknown(absl::string_view path, bool of_group) {
  return absl::InvalidArgumentError(absl::StrCat("there is no metric \"", path, "\"",
                                                 of_group ? " of a group" : "",
                                                 DidYouMean(path, MetricPaths(of_group))));
}

const Descriptor* Root(bool of_group) {
  return of_group ? summary_pb::GroupSummary::descriptor() : RunSummary::descriptor();
}

// The text fields at the beginning of an element: its first alone, or all of them.
std::string NameOf(const Message& element, bool all) {
  std::string name;
  const Descriptor* type = element.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) break;
    absl::StrAppend(&name, i > 0 ? "/" : "", element.GetReflection()->GetString(element, field));
    if (!all) break;
  }
  return name;
}

void AddNumbers(const Message& m, const std::string& prefix, const std::string& group,
                std::vector<NamedNumber>* out) {
  // What is no number of the result, or too long to be a list of numbers with names.
  constexpr absl::string_view kLeftOut[] = {"seed", "wall_s",    "threads",   "groups",      "bins",
                                            "cdf",  "incidents", "time_line", "expectations"};
  const Reflection* r = m.GetReflection();
  const Descriptor* type = m.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (absl::c_linear_search(kLeftOut, field->name())) continue;
    const std::string path = absl::StrCat(prefix, field->name());
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field->is_repeated()) {
        AddNumbers(r->GetMessage(m, field), path + ".", group, out);
        continue;
      }
      for (int e = 0; e < r->FieldSize(m, field); ++e) {
        const Message& element = r->GetRepeatedMessage(m, field, e);
        AddNumbers(element, absl::StrCat(path, ".", NameOf(element, true), "."), group, out);
      }
    } else if (!field->is_repeated() && IsNumber(field) &&
               (!field->has_presence() || r->HasField(m, field))) {
      out->push_back({path, group, NumberOf(m, field)});
    }
  }
}

// The element of a list that `key` names; null if there is none.
const Message* Element(const Message& m, const FieldDescriptor* field, const std::string& key) {
  const Reflection* r = m.GetReflection();
  const int n = r->FieldSize(m, field);
  for (int i = 0; i < n; ++i) {
    const Message& element = r->GetRepeatedMessage(m, field, i);
    if (NameOf(element, false) == key || NameOf(element, true) == key) {
      return &element;
    }
  }
  int i;
  if (absl::SimpleAtoi(key, &i) && i >= 0 && i < n) return &r->GetRepeatedMessage(m, field, i);
  return nullptr;
}

}  // namespace

std::vector<NamedNumber> AllNumbers(const RunSummary& summary) {
  std::vector<NamedNumber> numbers;
  AddNumbers(summary, "", "", &numbers);
  for (const summary_pb::GroupSummary& g : summary.groups()) {
    AddNumbers(g, "", g.name(), &numbers);
  }
  return numbers;
}

std::vector<std::string> MetricPaths(bool of_group) {
  std::vector<std::string> paths;
  AddPaths(Root(of_group), "", &paths);
  return paths;
}

absl::Status CheckMetricPath(absl::string_view path, bool of_group) {
  for (const char* of_the_machine : {"wall_s", "threads", "engine_events"}) {
    if (!of_group && path == of_the_machine) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", path, "\" says how a run was made, not what happened in it"));
    }
  }
  const Descriptor* type = Root(of_group);
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field = type->FindFieldByName(parts[i]);
    if (field == nullptr) break;
    if (field->is_repeated()) ++i;  // and its key, which may be anything
    if (i + 1 == parts.size() && !field->is_repeated() && IsNumber(field)) {
      return absl::OkStatus();
    }
    type = field->message_type();
    if (type == nullptr) break;
  }
  return Unknown(path, of_group);
}

absl::StatusOr<double> LookupMetric(const RunSummary& summary, absl::string_view path,
                                    absl::string_view group) {
  const bool of_group = !group.empty();
  const Message* m = &summary;
  if (of_group) {
    std::vector<std::string> names;
    m = nullptr;
    for (const summary_pb::GroupSummary& g : summary.groups()) {
      names.push_back(g.name());
      if (g.name() == group) m = &g;
    }
    if (m == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no group \"", group, "\"", DidYouMean(group, names)));
    }
  }
  if (absl::Status status = CheckMetricPath(path, of_group); !status.ok()) return status;
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field = m->GetDescriptor()->FindFieldByName(parts[i]);
    const Reflection* r = m->GetReflection();
    if (field->is_repeated()) {
      m = Element(*m, field, parts[++i]);
      if (m == nullptr) {
        return absl::NotFoundError(
            absl::StrCat("\"", path, "\" has no value: ", parts[i], " did not occur"));
      }
      continue;
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      m = &r->GetMessage(*m, field);
      continue;
    }
    if (field->has_presence() && !r->HasField(*m, field)) {
      return absl::NotFoundError(absl::StrCat("\"", path, "\" has no value: nothing was measured"));
    }
    return NumberOf(*m, field);
  }
  return Unknown(path, of_group);
}

}  // namespace keepsim
