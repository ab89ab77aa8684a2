#include "sim/mqtt/connect_options.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace keepsim {

std::string ForClient(absl::string_view text, absl::string_view group, uint32_t index) {
  return absl::StrReplaceAll(text, {{"{group}", group}, {"{index}", absl::StrCat(index)}});
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
