#include "sim/mqtt/connect_options.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace keepsim {

std::string ForClient(absl::string_view text, absl::string_view group, uint32_t index) {
  std::string result;
  AppendForClient(text, group, index, &result);
  return result;
}

void AppendForClient(absl::string_view text, absl::string_view group, uint32_t index,
                     std::string* result) {
  while (true) {
    const size_t brace = std::min(text.find('{'), text.size());
    absl::StrAppend(result, text.substr(0, brace));
    text.remove_prefix(brace);
    if (text.empty()) return;
    if (absl::ConsumePrefix(&text, "{group}")) {
      absl::StrAppend(result, group);
    } else if (absl::ConsumePrefix(&text, "{index}")) {
      absl::StrAppend(result, index);
    } else {
      result->push_back('{');
      text.remove_prefix(1);
    }
  }
}

ConnectOptions ForClient(ConnectOptions options, absl::string_view group, uint32_t index) {
  for (std::string* text : {&options.client_id, &options.user_name, &options.password,
                            &options.will.topic, &options.will.payload}) {
    *text = ForClient(*text, group, index);
  }
  for (auto& [key, value] : options.user_properties) {
    key = ForClient(key, group, index);
    value = ForClient(value, group, index);
  }
  return options;
}

}  // namespace keepsim
