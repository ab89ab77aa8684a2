#include "sim/metrics/summary_json.h"

#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "sim/base/quote.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void AddDouble(double value, bool seconds, std::string* out) {
  if (!std::isfinite(value)) {
    out->append("null");
    return;
  }
  if (!seconds) {
    absl::StrAppendFormat(out, "%.12g", value);
    return;
  }
  std::string text = absl::StrFormat("%.9f", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  out->append(text == "-0" ? "0" : text);
}

class Printer {
 public:
  explicit Printer(std::string* out) : out_(out) {}

  void AddMessage(const Message& m, int indent) {
    const Descriptor* type = m.GetDescriptor();
    const Reflection* reflection = m.GetReflection();
    out_->push_back('{');
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      if (i > 0) out_->push_back(',');
      NewLine(indent + 2);
      out_->append(JsonString(field->name()));
      out_->append(": ");
      if (field->is_repeated()) {
        AddList(m, field, indent + 2);
      } else if (field->has_presence() && !reflection->HasField(m, field)) {
        out_->append("null");
      } else {
        AddValue(m, field, -1, indent + 2);
      }
    }
    NewLine(indent);
    out_->push_back('}');
  }

 private:
  void NewLine(int indent) {
    out_->push_back('\n');
    out_->append(static_cast<size_t>(indent), ' ');
  }

  void AddList(const Message& m, const FieldDescriptor* field, int indent) {
    const int n = m.GetReflection()->FieldSize(m, field);
    const bool messages = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    out_->push_back('[');
    for (int i = 0; i < n; ++i) {
      if (i > 0) out_->append(messages ? "," : ", ");
      if (messages) NewLine(indent + 2);
      AddValue(m, field, i, indent + 2);
    }
    if (n > 0 && messages) NewLine(indent);
    out_->push_back(']');
  }

  // The field's value, or its element `i` if that is not negative.
  void AddValue(const Message& m, const FieldDescriptor* field, int i, int indent) {
    const Reflection* r = m.GetReflection();
    const bool one = i < 0;
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return AddMessage(one ? r->GetMessage(m, field) : r->GetRepeatedMessage(m, field, i),
                          indent);
      case FieldDescriptor::CPPTYPE_STRING:
        out_->append(JsonString(one ? r->GetString(m, field) : r->GetRepeatedString(m, field, i)));
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return AddDouble(one ? r->GetDouble(m, field) : r->GetRepeatedDouble(m, field, i),
                         absl::EndsWith(field->name(), "_s"), out_);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return AddDouble(one ? r->GetFloat(m, field) : r->GetRepeatedFloat(m, field, i), false,
                         out_);
      case FieldDescriptor::CPPTYPE_INT64:
        return absl::StrAppend(out_,
                               one ? r->GetInt64(m, field) : r->GetRepeatedInt64(m, field, i));
      case FieldDescriptor::CPPTYPE_UINT64:
        return absl::StrAppend(out_,
                               one ? r->GetUInt64(m, field) : r->GetRepeatedUInt64(m, field, i));
      case FieldDescriptor::CPPTYPE_INT32:
        return absl::StrAppend(out_,
                               one ? r->GetInt32(m, field) : r->GetRepeatedInt32(m, field, i));
      case FieldDescriptor::CPPTYPE_UINT32:
        return absl::StrAppend(out_,
                               one ? r->GetUInt32(m, field) : r->GetRepeatedUInt32(m, field, i));
      case FieldDescriptor::CPPTYPE_BOOL:
        out_->append((one ? r->GetBool(m, field) : r->GetRepeatedBool(m, field, i)) ? "true"
                                                                                    : "false");
        return;
      case FieldDescriptor::CPPTYPE_ENUM:
        out_->append(
            JsonString((one ? r->GetEnum(m, field) : r->GetRepeatedEnum(m, field, i))->name()));
        return;
    }
  }

  std::string* const out_;
};

}  // namespace

std::string ToJson(const Message& message) {
  std::string out;
  Printer(&out).AddMessage(message, 0);
  out.push_back('\n');
  return out;
}

absl::StatusOr<RunSummary> RunSummaryFromJson(absl::string_view json) {
  RunSummary summary;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &summary, options);
  if (!status.ok()) {
    const std::string why(status.message());
    return absl::InvalidArgumentError(
        absl::StrCat("not a run's summary: ", why.substr(0, why.find('\n'))));
  }
  if (summary.digest().empty() || summary.engine_version().empty()) {
    return absl::InvalidArgumentError("not a run's summary: it has no digest or engine_version");
  }
  return summary;
}

RunSummary Portable(RunSummary summary) {
  summary.clear_wall_s();
  summary.clear_threads();
  summary.clear_trace();
  summary.clear_engine_events();  // says how, not what
  return summary;
}

}  // namespace keepsim
