#include "tools/export/json_object.h"

#include "absl/strings/str_cat.h"

namespace keepsim {

JsonObject& JsonObject::Raw(const char* name, absl::string_view json) {
  absl::StrAppend(&members_, members_.empty() ? "" : ",", "\"", name, "\":", json);
  return *this;
}

JsonArray& JsonArray::Raw(absl::string_view json) {
  absl::StrAppend(&items_, items_.empty() ? "" : ",", json);
  return *this;
}

}  // namespace keepsim
