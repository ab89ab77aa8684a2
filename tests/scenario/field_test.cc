// A bad value in every field of the schema is refused with its path, its place, the value and what
// would be right; the ends of every range are taken. Ranges are those of the schema's comments, so
// that the reference cannot promise what the loader does not keep.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/run/run_summary.h"
#include "sim/scenario/compile.h"
#include "tests/scenario/field_values.h"
#include "tests/scenario/message_text.h"

namespace keepsim {
namespace {

using google::protobuf::FieldDescriptor;
using testing::IsEmpty;

// As `keepsim check` does it: what could be read is checked too.
Diagnostics Check(const std::string& text, ScenarioFormat format, const std::string& set = "") {
  Diagnostics diagnostics;
  LoadedScenario s = LoadText(text, format, "f", diagnostics);
  if (!set.empty()) ApplyOverride(set, s, diagnostics);
  (void)Compile(s, diagnostics);
  CheckExpectations(s, diagnostics);
  return diagnostics;
}

bool SaysAll(const Diagnostic& d, const std::vector<std::string>& words) {
  return std::all_of(words.begin(), words.end(),
                     [&](const std::string& w) { return absl::StrContains(d.message, w); });
}

// A long value is not shown whole.
std::string Brief(const std::string& value) {
  return value.size() <= 80 ? value : absl::StrCat(value.substr(0, 80), "...");
}

class FieldTest : public testing::Test {
 protected:
  void SetUp() override {
    values_ = FieldValues::Read("tools/docs/scenario.binpb");
    ASSERT_NE(values_, nullptr);
    for (const auto& entry : std::filesystem::directory_iterator("tests/scenario/every_field")) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text((std::istreambuf_iterator<char>(in)), {});
      Diagnostics diagnostics;
      files_.push_back(LoadText(text, ScenarioFormat::kText, entry.path().filename(), diagnostics));
      ASSERT_TRUE(diagnostics.ok()) << diagnostics.Render();
    }
    ASSERT_GE(files_.size(), 16u);
    std::sort(files_.begin(), files_.end(),
              [](const LoadedScenario& a, const LoadedScenario& b) { return a.file < b.file; });
  }

  // Calls `on_leaf` with each path that a file has, once.
  template <typename OnLeaf>
  void ForEachLeaf(const OnLeaf& on_leaf) {
    std::set<std::string> seen;
    for (const LoadedScenario& file : files_) {
      for (const Leaf& leaf : LeavesOf(file.proto)) {
        if (!seen.insert(leaf.path).second) continue;
        SCOPED_TRACE(absl::StrCat(file.file, ", ", leaf.path, ", ", NameOf(*leaf.field)));
        on_leaf(file, leaf);
      }
    }
  }

  std::unique_ptr<FieldValues> values_;
  std::vector<LoadedScenario> files_;
};

TEST_F(FieldTest, TheFilesHaveEveryFieldAndNoError) {
  std::set<std::string> seen;
  ForEachLeaf([&](const LoadedScenario&, const Leaf& leaf) { seen.insert(NameOf(*leaf.field)); });
  std::vector<std::string> missing;
  for (const std::string& name : values_->Names()) {
    if (seen.count(name) == 0) missing.push_back(name);
  }
  EXPECT_THAT(missing, IsEmpty()) << "add them to tests/scenario/every_field";
  EXPECT_EQ(seen.size(), values_->Names().size());
  for (const LoadedScenario& file : files_) {
    for (const ScenarioFormat format : {ScenarioFormat::kText, ScenarioFormat::kJson}) {
      const Diagnostics d = Check(Write(file.proto, format, "", "").text, format);
      EXPECT_TRUE(d.ok()) << file.file << "\n" << d.Render();
    }
  }
}

TEST_F(FieldTest, EveryNumberAndDurationHasARangeInItsComment) {
  std::set<std::string> finite;
  ForEachLeaf([&](const LoadedScenario&, const Leaf& leaf) {
    const bool number = leaf.field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ||
                        leaf.field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32;
    if (!number || values_->Range(*leaf.field).has_value()) return;
    EXPECT_TRUE(absl::StrContains(values_->Comment(*leaf.field), "any finite number"));
    finite.insert(NameOf(*leaf.field));
  });
  EXPECT_THAT(finite, testing::ElementsAre("Expectation.at_least", "Expectation.at_most",
                                           "Expectation.equals"));
}

TEST_F(FieldTest, EveryBadValueIsRefusedWithPathPlaceAndRemedy) {
  for (const ScenarioFormat format : {ScenarioFormat::kText, ScenarioFormat::kJson}) {
    int refused = 0;
    std::map<std::string, int> by_field;
    ForEachLeaf([&](const LoadedScenario& file, const Leaf& leaf) {
      for (const BadValue& bad : values_->Bad(*leaf.field, format)) {
        if (bad.value == leaf.value) continue;  // a name that only another must not have
        const MessageText written = Write(file.proto, format, leaf.path, bad.value);
        const Diagnostics d = Check(written.text, format);
        const bool found =
            std::any_of(d.items().begin(), d.items().end(), [&](const Diagnostic& e) {
              return !e.warning && e.path == leaf.path && e.line == written.line && e.column >= 1 &&
                     SaysAll(e, bad.says);
            });
        EXPECT_TRUE(found) << Brief(bad.value) << " wants line " << written.line << " and "
                           << testing::PrintToString(bad.says) << ", got\n"
                           << d.Render();
        refused += found ? 1 : 0;
        ++by_field[NameOf(*leaf.field)];
      }
    });
    std::printf("%d bad values of %zu fields refused\n", refused, by_field.size());
    for (const std::string& name : values_->Names()) EXPECT_GE(by_field[name], 3) << name;
  }
}

// Complaints of a value within its range that name the field which stands against it.
bool IsAboutAnotherField(const std::string& message) {
  for (const char* words :
       {"is before the end of the bin before", "times must be in ascending order",
        "is above keep_alive_max_s", "is above at_most", "is required with long_tick",
        "leave kill_batch out"}) {
    if (absl::StrContains(message, words)) return true;
  }
  return false;
}

TEST_F(FieldTest, WhatTheCommentsAllowIsTaken) {
  int taken = 0;
  int against_others = 0;
  std::map<std::string, int> by_field;
  ForEachLeaf([&](const LoadedScenario& file, const Leaf& leaf) {
    for (const std::string& value : values_->Good(*leaf.field)) {
      const std::string text = Write(file.proto, ScenarioFormat::kText, leaf.path, value).text;
      const Diagnostics d = Check(text, ScenarioFormat::kText);
      for (const Diagnostic& e : d.items()) {
        if (e.warning || e.path != leaf.path) continue;  // other fields may have to change with it
        EXPECT_TRUE(IsAboutAnotherField(e.message)) << Brief(value) << "\n" << d.Render();
        ++against_others;
      }
      ++taken;
      ++by_field[NameOf(*leaf.field)];
    }
  });
  std::printf("%d good values of %zu fields taken\n", taken - against_others, by_field.size());
  EXPECT_LE(against_others, 7);
  for (const std::string& name : values_->Names()) EXPECT_GE(by_field[name], 1) << name;
}

TEST_F(FieldTest, AnOverrideIsHeldToTheSame) {
  int refused = 0;
  ForEachLeaf([&](const LoadedScenario& file, const Leaf& leaf) {
    const bool element = leaf.path.back() == ']';
    const bool text = leaf.field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    const std::string good = Write(file.proto, ScenarioFormat::kText, "", "").text;
    for (const BadValue& bad : values_->Bad(*leaf.field, ScenarioFormat::kText)) {
      if (bad.value == leaf.value) continue;
      // A text needs no quotes here, so that anything is one; of a list, an element is set by text.
      if (text && bad.value[0] != '"') continue;
      const std::string value = element ? bad.value.substr(1, bad.value.size() - 2) : bad.value;
      const std::string set = absl::StrCat(leaf.path, "=", value);
      const Diagnostics d = Check(good, ScenarioFormat::kText, set);
      const bool found = std::any_of(d.items().begin(), d.items().end(), [&](const Diagnostic& e) {
        const bool named = e.path == leaf.path || absl::StrContains(e.file, leaf.path);
        return !e.warning && named && !e.message.empty();
      });
      EXPECT_TRUE(found) << Brief(set) << "\n" << d.Render();
      refused += found ? 1 : 0;
    }
  });
  std::printf("%d bad overrides refused\n", refused);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace keepsim
