#include "sim/scenario/field_wants.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "sim/base/spelling.h"

namespace keepsim {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

std::vector<std::string> ValueNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) names.push_back(type.value(i)->name());
  }
  return names;
}

std::string UnknownField(const Descriptor& type, absl::string_view name) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  const std::string near = DidYouMean(name, names);
  return absl::StrCat("unknown field \"", name, "\" in ", type.name(),
                      near.empty() ? absl::StrCat("; known: ", absl::StrJoin(names, " ")) : near);
}

std::string Wanted(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "expected a text in quotes";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "expected true or false";
    case FieldDescriptor::CPPTYPE_UINT32:
      return "expected a whole number in [0, 4294967295]";
    case FieldDescriptor::CPPTYPE_UINT64:
      return "expected a whole number in [0, 18446744073709551615]";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat("expected one of ", absl::StrJoin(ValueNames(*field.enum_type()), " "));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "expected { ... }";
    default:
      return "expected a number";
  }
}

}  // namespace keepsim
