#include "tools/export/json_object.h"

#include "absl/strings/str_format.h"

namespace keepsim {

std::string JsonQuoted(absl::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<uint8_t>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

JsonObject& JsonObject::Raw(const char* name, absl::string_view json) {
  absl::StrAppend(&members_, members_.empty() ? "" : ",", "\"", name, "\":", json);
  return *this;
}

JsonArray& JsonArray::Raw(absl::string_view json) {
  absl::StrAppend(&items_, items_.empty() ? "" : ",", json);
  return *this;
}

}  // namespace keepsim
