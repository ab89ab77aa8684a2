#include "tests/scenario/message_text.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"

namespace keepsim {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

std::string Join(const std::string& path, const FieldDescriptor* field, int index) {
  return absl::StrCat(path, path.empty() ? "" : ".", field->name(),
                      index < 0 ? "" : absl::StrCat("[", index, "]"));
}

const Message& SubMessage(const Message& m, const FieldDescriptor* field, int index) {
  return index < 0 ? m.GetReflection()->GetMessage(m, field)
                   : m.GetReflection()->GetRepeatedMessage(m, field, index);
}

std::string TextOf(const Message& m, const FieldDescriptor* field, int index) {
  std::string text;
  TextFormat::PrintFieldValueToString(m, field, index, &text);
  return text;
}

// Calls `on_field` with each field that is given, and with the index of each element of a list.
void ForEach(const Message& m, const std::function<void(const FieldDescriptor*, int)>& on_field) {
  std::vector<const FieldDescriptor*> fields;
  m.GetReflection()->ListFields(m, &fields);
  for (const FieldDescriptor* field : fields) {
    const int size = field->is_repeated() ? m.GetReflection()->FieldSize(m, field) : 1;
    for (int i = 0; i < size; ++i) on_field(field, field->is_repeated() ? i : -1);
  }
}

class Writer {
 public:
  Writer(ScenarioFormat format, const std::string& path, const std::string& value)
      : json_(format == ScenarioFormat::kJson), path_(path), value_(value) {}

  void Fields(const Message& m, const std::string& path) {
    bool first = true;
    const FieldDescriptor* list = nullptr;  // of JSON, that is open
    ForEach(m, [&](const FieldDescriptor* field, int index) {
      if (list != nullptr && index <= 0) Line("]"), list = nullptr;
      if (json_ && !first) Line(",");
      first = false;
      if (json_ && index == 0) Line(absl::StrCat("\"", field->name(), "\": [")), list = field;
      const std::string name = !json_      ? absl::StrCat(field->name(), ": ")
                               : index < 0 ? absl::StrCat("\"", field->name(), "\": ")
                                           : "";
      const std::string here = Join(path, field, index);
      if (field->message_type() != nullptr) {
        Line(name + "{");
        Fields(SubMessage(m, field, index), here);
        Line("}");
        return;
      }
      Line(name + (here == path_ ? value_ : ValueOf(m, field, index)));
      if (here == path_) out_.line = lines_;
    });
    if (list != nullptr) Line("]");
  }

  MessageText Take() { return std::move(out_); }
  void Line(const std::string& text) { absl::StrAppend(&out_.text, text, "\n"), ++lines_; }

 private:
  // JSON takes text format's numbers, names in quotes, and its plain strings.
  std::string ValueOf(const Message& m, const FieldDescriptor* field, int index) const {
    const std::string text = TextOf(m, field, index);
    return json_ && field->enum_type() != nullptr ? absl::StrCat("\"", text, "\"") : text;
  }

  const bool json_;
  const std::string& path_;
  const std::string& value_;
  int lines_ = 0;
  MessageText out_;
};

void AddLeaves(const Message& m, const std::string& path, std::vector<Leaf>* leaves) {
  ForEach(m, [&](const FieldDescriptor* field, int index) {
    const std::string here = Join(path, field, index);
    if (field->message_type() != nullptr) {
      AddLeaves(SubMessage(m, field, index), here, leaves);
    } else {
      leaves->push_back({here, field, TextOf(m, field, index)});
    }
  });
}

}  // namespace

std::vector<Leaf> LeavesOf(const Message& message) {
  std::vector<Leaf> leaves;
  AddLeaves(message, "", &leaves);
  return leaves;
}

MessageText Write(const Message& message, ScenarioFormat format, const std::string& path,
                  const std::string& value) {
  Writer writer(format, path, value);
  const bool json = format == ScenarioFormat::kJson;
  if (json) writer.Line("{");
  writer.Fields(message, "");
  if (json) writer.Line("}");
  return writer.Take();
}

}  // namespace keepsim
