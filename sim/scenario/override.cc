// `--set path=value` on a loaded scenario.
#include <cctype>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/message.h"
#include "sim/base/spelling.h"
#include "sim/scenario/field_wants.h"
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
  if (field->message_type() != nullptr && !quiet.message.empty()) return quiet.message;
  return absl::StrCat(Wanted(*field), field->enum_type() == nullptr
                                          ? ""
                                          : DidYouMean(value, ValueNames(*field->enum_type())));
}

// Where a path leads: a field of a message, and how its last part is written.
struct Target {
  Message* message = nullptr;
  const FieldDescriptor* field = nullptr;
  Segment last;
  std::string path;  // with indices for names; of what is appended to a list, its own
};

// Makes the messages on the way. On failure, says why and has no message.
Target Resolve(absl::string_view text, Message* m, std::string* why) {
  const std::vector<Segment> path = SplitPath(text);
  if (path.empty()) {
    *why = "the path is not of the form field.field[index].field";
    return {};
  }
  std::string way;
  for (size_t i = 0;; ++i) {
    const Descriptor* type = m->GetDescriptor();
    const FieldDescriptor* field = type->FindFieldByName(path[i].name);
    if (field == nullptr) {
      *why = UnknownField(*type, path[i].name);
      return {};
    }
    absl::StrAppend(&way, i == 0 ? "" : ".", path[i].name);
    if (i + 1 == path.size()) {
      if (field->is_repeated()) {
        const int element = path[i].indexed ? FindElement(*m, field, path[i].index)
                                            : m->GetReflection()->FieldSize(*m, field);
        absl::StrAppend(&way, "[", element, "]");
      }
      return {m, field, path[i], way};
    }
    if (field->message_type() == nullptr) {
      *why = absl::StrCat("\"", path[i].name, "\" has no fields of its own");
      return {};
    }
    if (field->is_repeated()) {
      if (!path[i].indexed) {
        *why = absl::StrCat("\"", path[i].name, "\" is a list: say which, as in ", path[i].name,
                            "[0]");
        return {};
      }
      const int element = FindElement(*m, field, path[i].index);
      if (element < 0) {
        *why = absl::StrCat("there is no ", path[i].name, "[", path[i].index, "]; there are ",
                            m->GetReflection()->FieldSize(*m, field));
        return {};
      }
      absl::StrAppend(&way, "[", element, "]");
      m = m->GetReflection()->MutableRepeatedMessage(m, field, element);
    } else {
      if (path[i].indexed) {
        *why = absl::StrCat("\"", path[i].name, "\" is not a list");
        return {};
      }
      m = m->GetReflection()->MutableMessage(m, field);
    }
  }
}

std::string Remove(const Target& t) {
  const Reflection* r = t.message->GetReflection();
  if (!t.last.indexed) {
    r->ClearField(t.message, t.field);
    return "";
  }
  if (!t.field->is_repeated()) return "it is not a list";
  const int element = FindElement(*t.message, t.field, t.last.index);
  if (element < 0) return absl::StrCat("there is no element [", t.last.index, "]");
  for (int i = element; i + 1 < r->FieldSize(*t.message, t.field); ++i) {
    r->SwapElements(t.message, t.field, i, i + 1);
  }
  r->RemoveLast(t.message, t.field);
  return "";
}

}  // namespace

void ApplyOverride(const std::string& text, LoadedScenario& scenario, Diagnostics& diagnostics) {
  const auto fail = [&](absl::string_view why) {
    diagnostics.Add({false, absl::StrCat("--set '", text, "'"), 0, 0, "", std::string(why)});
  };
  const size_t equals = text.find('=');
  if (equals == std::string::npos) {
    return fail("expected path=value, such as 'groups[0].count=1000'");
  }
  std::string why;
  const Target t = Resolve(absl::string_view(text).substr(0, equals), &scenario.proto, &why);
  if (t.message == nullptr) return fail(why);
  const std::string value = text.substr(equals + 1);
  why = SetField(t.message, t.field, t.last, value);
  if (!why.empty()) {
    return fail(
        absl::StrCat("\"", value, "\" cannot be the value of ", t.field->name(), ": ", why));
  }
  scenario.overrides.push_back(text);
  scenario.places.set.emplace_back(t.path, absl::StrCat("--set '", text, "'"));
}

void ApplyRemoval(const std::string& path, LoadedScenario& scenario, Diagnostics& diagnostics) {
  std::string why;
  const Target t = Resolve(path, &scenario.proto, &why);
  if (t.message != nullptr) why = Remove(t);
  if (!why.empty()) diagnostics.Add({false, path, 0, 0, "", why});
}

int ElementCount(const std::string& path, const pb::Scenario& scenario) {
  pb::Scenario copy = scenario;
  std::string why;
  const Target t = Resolve(path, &copy, &why);
  if (t.message == nullptr || !t.field->is_repeated() || t.last.indexed) return -1;
  return t.message->GetReflection()->FieldSize(*t.message, t.field);
}

}  // namespace keepsim
