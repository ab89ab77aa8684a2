#include "sim/scenario/utf8.h"

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace keepsim {

bool IsUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t k) -> uint32_t { return static_cast<uint8_t>(text[i + k]); };
    const uint32_t first = byte(0);
    const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    // 0xC0 and 0xC1 would be overlong; continuation bytes begin nothing.
    if ((first >= 0x80 && first < 0xC2) || first > 0xF4 || text.size() - i < length) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((byte(k) & 0xC0) != 0x80) return false;
    }
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
        (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

void CheckUtf8(const Node& node) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Message& message = node.message();
  const auto* r = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int size = field->is_repeated() ? r->FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      const int index = field->is_repeated() ? i : -1;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        CheckUtf8(node.Child(field->name(), index));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        const std::string text = field->is_repeated() ? r->GetRepeatedString(message, field, i)
                                                      : r->GetString(message, field);
        if (!IsUtf8(text)) node.Error(field->name(), "is not UTF-8; save the file as UTF-8", index);
      }
    }
  }
}

}  // namespace keepsim
