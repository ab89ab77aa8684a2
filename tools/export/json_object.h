// JSON objects and arrays, written member by member.
#ifndef KEEPSIM_TOOLS_EXPORT_JSON_OBJECT_H_
#define KEEPSIM_TOOLS_EXPORT_JSON_OBJECT_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "sim/base/quote.h"

namespace keepsim {

// Members in the order in which they are added. REQUIRES: names need no escaping.
class JsonObject {
 public:
  JsonObject& Number(const char* name, int64_t value) { return Raw(name, absl::StrCat(value)); }
  JsonObject& Word(const char* name, absl::string_view value) {
    return Raw(name, JsonString(value));
  }
  JsonObject& Truth(const char* name, bool value) { return Raw(name, value ? "true" : "false"); }
  // `json`: a whole value.
  JsonObject& Raw(const char* name, absl::string_view json);
  std::string Text() const { return absl::StrCat("{", members_, "}"); }

 private:
  std::string members_;
};

class JsonArray {
 public:
  // `json`: a whole value.
  JsonArray& Raw(absl::string_view json);
  JsonArray& Number(int64_t value) { return Raw(absl::StrCat(value)); }
  JsonArray& Word(absl::string_view value) { return Raw(JsonString(value)); }
  std::string Text() const { return absl::StrCat("[", items_, "]"); }

 private:
  std::string items_;
};

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPORT_JSON_OBJECT_H_
