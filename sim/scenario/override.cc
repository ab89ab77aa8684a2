// `--set path=value` on a loaded scenario.
#include <cctype>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/message.h"
#include "sim/base/spelling.h"
#include "sim/scenario/load.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

struct Segment {
  std::string name;
  bool indexed = false;
  std::string index;
};

// "groups[0].path.up" into its segments; empty on bad grammar.
std::vector<Segment> SplitPath(absl::string_view path) {
  std::vector<Segment> segments;
  size_t i = 0;
  while (i < path.size()) {
    Segment s;
    while (i < path.size() &&
           (std::isalnum(static_cast<unsigned char>(path[i])) != 0 || path[i] == '_')) {
      s.name += path[i++];
    }
    if (i < path.size() && path[i] == '[') {
      const size_t close = path.find(']', i);
      if (close == absl::string_view::npos) return {};
      s.indexed = true;
      s.index = std::string(path.substr(i + 1, close - i - 1));
      i = close + 1;
    }
    if (s.name.empty()) return {};
    segments.push_back(std::move(s));
    if (i == path.size()) return segments;
    if (path[i] != '.') return {};
    ++i;
    if (i == path.size()) return {};
  }
  return segments;
}

// The element of a repeated message field, by number or by its `name`; -1 if there is none.
int FindElement(const Message& m, const FieldDescriptor* field, const std::string& index) {
  const Reflection* r = m.GetReflection();
  const int n = r->FieldSize(m, field);
  int number;
  if (absl::SimpleAtoi(index, &number)) return number >= 0 && number < n ? number : -1;
  if (field->message_type() == nullptr) return -1;
  const FieldDescriptor* name = field->message_type()->FindFieldByName("name");
  if (name == nullptr || name->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return -1;
  for (int i = 0; i < n; ++i) {
    const Message& element = r->GetRepeatedMessage(m, field, i);
    if (element.GetReflection()->GetString(element, name) == index) return i;
  }
  return -1;
}

std::string SetField(Message* m, const FieldDescriptor* field, const Segment& last,
                     const std::string& value) {
  const Reflection* r = m->GetReflection();
  if (field->is_repeated()) {
    if (last.indexed) {
      const int i = FindElement(*m, field, last.index);
      if (i < 0) return absl::StrCat("there is no element [", last.index, "]");
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        r->SetRepeatedString(m, field, i, value);
        return "";
      }
      return "a whole element cannot be replaced; name one of its fields";
    }
    // Without an index the value is appended.
  } else if (last.indexed) {
    return "it is not a list";
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
      (value.empty() || (value[0] != '"' && value[0] != '\''))) {
    if (field->is_repeated()) {
      r->AddString(m, field, value);
    } else {
      r->SetString(m, field, value);
    }
    return "";
  }
  if (!field->is_repeated()) r->ClearField(m, field);
  TextFormat::Parser parser;
  parser.SetRecursionLimit(50);
  class Quiet : public google::protobuf::io::ErrorCollector {
   public:
    void AddError(int, int, const std::string& text) override { message = text; }
    std::string message;
  } quiet;
  parser.RecordErrorsTo(&quiet);
  if (parser.ParseFieldValueFromString(value, field, m)) return "";
  std::string why = quiet.message.empty() ? "it does not fit the field" : quiet.message;
  if (field->enum_type() != nullptr) {
    std::vector<std::string> names;
    for (int i = 0; i < field->enum_type()->value_count(); ++i) {
      names.push_back(field->enum_type()->value(i)->name());
    }
    absl::StrAppend(&why, DidYouMean(value, names));
  }
  return why;
}

}  // namespace

void ApplyOverride(const std::string& text, LoadedScenario& scenario, Diagnostics& diagnostics) {
  const std::string where = absl::StrCat("--set '", text, "'");
  const auto fail = [&](absl::string_view why) {
    diagnostics.Add({false, where, 0, 0, "", std::string(why)});
  };
  const size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return fail("expected path=value, such as 'groups[0].count=1000'");
  }
  const std::vector<Segment> path = SplitPath(absl::string_view(text).substr(0, equals));
  const std::string value = text.substr(equals + 1);
  if (path.empty()) {
    return fail("the path is not of the form field.field[index].field");
  }
  Message* m = &scenario.proto;
  for (size_t i = 0;; ++i) {
    const Descriptor* type = m->GetDescriptor();
    const FieldDescriptor* field = type->FindFieldByName(path[i].name);
    if (field == nullptr) {
      std::vector<std::string> names;
      for (int f = 0; f < type->field_count(); ++f) names.push_back(type->field(f)->name());
      return fail(absl::StrCat("unknown field \"", path[i].name, "\" in ", type->name(),
                               DidYouMean(path[i].name, names)));
    }
    if (i + 1 == path.size()) {
      const std::string why = SetField(m, field, path[i], value);
      if (!why.empty()) {
        return fail(
            absl::StrCat("\"", value, "\" cannot be the value of ", field->name(), ": ", why));
      }
      break;
    }
    if (field->message_type() == nullptr) {
      return fail(absl::StrCat("\"", path[i].name, "\" has no fields of its own"));
    }
    if (field->is_repeated()) {
      if (!path[i].indexed) {
        return fail(absl::StrCat("\"", path[i].name, "\" is a list: say which, as in ",
                                 path[i].name, "[0]"));
      }
      const int element = FindElement(*m, field, path[i].index);
      if (element < 0) {
        return fail(absl::StrCat("there is no ", path[i].name, "[", path[i].index, "]; there are ",
                                 m->GetReflection()->FieldSize(*m, field)));
      }
      m = m->GetReflection()->MutableRepeatedMessage(m, field, element);
    } else {
      if (path[i].indexed) return fail(absl::StrCat("\"", path[i].name, "\" is not a list"));
      m = m->GetReflection()->MutableMessage(m, field);
    }
  }
  scenario.overrides.push_back(text);
}

}  // namespace keepsim
