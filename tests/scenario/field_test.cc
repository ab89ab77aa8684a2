// Every field of the schema is read: a value that it cannot have is refused under its name. So
// whoever adds a field and forgets to read it, or to bound it, is told.
#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "sim/run/run_summary.h"
#include "sim/scenario/compile.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using testing::IsEmpty;

constexpr char kBase[] = R"(horizon: "1h" groups { name: "g" mqtt_version: V5 })";

// Numbers of which each is good.
const std::set<std::string>& AnyValueIsGood() {
  static const auto* const kSet = new std::set<std::string>{"Scenario.seed"};
  return *kSet;
}

using Path = std::vector<const FieldDescriptor*>;

// Paths to all fields that are no messages; a type within itself is not entered again.
void AllLeaves(const Descriptor* type, Path& path, std::vector<Path>& leaves) {
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    path.push_back(field);
    if (field->message_type() == nullptr) {
      leaves.push_back(path);
    } else if (std::none_of(path.begin(), path.end(), [&](const FieldDescriptor* f) {
                 return f->containing_type() == field->message_type();
               })) {
      AllLeaves(field->message_type(), path, leaves);
    }
    path.pop_back();
  }
}

Message* Open(Message* m, const FieldDescriptor* field) {
  const auto* r = m->GetReflection();
  if (!field->is_repeated()) return r->MutableMessage(m, field);
  return r->FieldSize(*m, field) > 0 ? r->MutableRepeatedMessage(m, field, 0)
                                     : r->AddMessage(m, field);
}

// A value that hardly any field can have; false if the type has none.
bool SetBadValue(Message* m, const FieldDescriptor* f) {
  const auto* r = m->GetReflection();
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      f->is_repeated() ? r->AddDouble(m, f, nan) : r->SetDouble(m, f, nan);
      return true;
    case FieldDescriptor::CPPTYPE_ENUM:
      f->is_repeated() ? r->AddEnumValue(m, f, 99) : r->SetEnumValue(m, f, 99);
      return true;
    case FieldDescriptor::CPPTYPE_UINT32: {
      const uint32_t v = std::numeric_limits<uint32_t>::max();
      f->is_repeated() ? r->AddUInt32(m, f, v) : r->SetUInt32(m, f, v);
      return true;
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      const int32_t v = std::numeric_limits<int32_t>::max();
      f->is_repeated() ? r->AddInt32(m, f, v) : r->SetInt32(m, f, v);
      return true;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      // No duration, no name of anything, no UTF-8.
      const std::string v = "\xff";
      f->is_repeated() ? r->AddString(m, f, v) : r->SetString(m, f, v);
      return true;
    }
    default:
      return false;
  }
}

std::string NameOf(const Path& path) {
  return absl::StrCat(path.back()->containing_type()->name(), ".", path.back()->name());
}

// Is the field named in what is said of a scenario that has a bad value there?
bool Refused(const Path& path) {
  Diagnostics diagnostics;
  LoadedScenario s = LoadText(kBase, ScenarioFormat::kText, "f", diagnostics);
  Message* m = &s.proto;
  for (size_t i = 0; i + 1 < path.size(); ++i) m = Open(m, path[i]);
  if (!SetBadValue(m, path.back())) return true;
  s.places = {};
  (void)Compile(s, diagnostics);
  CheckExpectations(s, diagnostics);
  for (const Diagnostic& d : diagnostics.items()) {
    const std::string end = d.path.substr(d.path.rfind('.') + 1);
    if (!d.warning && end.substr(0, end.find('[')) == path.back()->name()) return true;
  }
  return false;
}

TEST(FieldTest, NoFieldTakesAnything) {
  Path path;
  std::vector<Path> leaves;
  AllLeaves(pb::Scenario::descriptor(), path, leaves);
  EXPECT_GT(leaves.size(), 300u);
  std::set<std::string> accepted;
  for (const Path& leaf : leaves) {
    if (leaf.back()->cpp_type() != FieldDescriptor::CPPTYPE_BOOL &&
        AnyValueIsGood().count(NameOf(leaf)) == 0 && !Refused(leaf)) {
      std::string where;
      for (const FieldDescriptor* f : leaf) absl::StrAppend(&where, "/", f->name());
      accepted.insert(absl::StrCat(NameOf(leaf), " at ", where));
    }
  }
  EXPECT_THAT(accepted, IsEmpty());
}

}  // namespace
}  // namespace keepsim
