// Reference pages: a small schema's page in full, and the tree's own pages against their schemas.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/docs/reference.h"

namespace keepsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const Reference kZoo = {"tests/tools/zoo.proto", "tests/tools/zoo.binpb", "zoo.Zoo",
                        "Zoo reference", "zoo.md"};

TEST(SchemaReferenceTest, APageHasEveryFieldInReadingOrder) {
  const auto schema = Schema::Read(kZoo);
  ASSERT_TRUE(schema.ok()) << schema.status();
  const std::string page = schema->Page();
  EXPECT_THAT(page, StartsWith("# Zoo reference\n\nGenerated from the comments of "
                               "`tests/tools/zoo.proto`: change them, not this page, and run "
                               "`bazel run //tools/docs:schema_reference`.\n\nAbout zoos.\n\n"));
  const size_t contents = page.find("## Contents");
  ASSERT_NE(contents, std::string::npos);
  EXPECT_EQ(page.substr(contents), R"(## Contents

- [Zoo](#zoo)
  - [Animal](#animal)
    - [Kind](#kind)
    - [Animal.Tail](#animaltail)
  - [Keeper](#keeper)
- [Stray](#stray)

## Zoo

A zoo of animals.

It is small.

| field | type | | meaning |
|---|---|---|---|
| `animals` | [Animal](#animal) | repeated | Animals, a \* b and `a * b`.<br>At least one. |
| `fee` | uint32 | optional | Cents. |
| `keeper` | [Keeper](#keeper) |  |  |

## Animal

| field | type | | meaning |
|---|---|---|---|
| `kind` | [Kind](#kind) | one of `what` |  |
| `other` | string | one of `what` | in_word \_apart\_ |
| `tail` | [Animal.Tail](#animaltail) |  |  |

## Kind

| value | meaning |
|---|---|
| `CAT` | Purrs. |
| `DOG` |  |

## Animal.Tail

| field | type | | meaning |
|---|---|---|---|
| `length_m` | double |  | Metres; \< 5. |

## Keeper

| field | type | | meaning |
|---|---|---|---|
| `name` | string |  | Any \| all. |

## Stray

A thing apart.

It has no fields.
)");
}

TEST(SchemaReferenceTest, WhatHasNoCommentIsNamed) {
  const auto schema = Schema::Read(kZoo);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(schema->Undescribed(),
              ElementsAre("Zoo.keeper", "Animal.kind", "Animal.tail", "Kind.DOG"));
}

TEST(SchemaReferenceTest, WhatIsNoSchemaIsRefused) {
  EXPECT_THAT(std::string(Schema::Parse(kZoo, "\xFF").status().message()),
              HasSubstr("not a FileDescriptorSet"));
  Reference other = kZoo;
  other.message = "zoo.Aquarium";
  EXPECT_THAT(std::string(Schema::Read(other).status().message()), HasSubstr("zoo.Aquarium"));
  other.descriptors = "nowhere.binpb";
  EXPECT_THAT(std::string(Schema::Read(other).status().message()), HasSubstr("is missing"));
}

// ---- the tree's own pages

std::string ContentsOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The first line in which two texts differ, for a message.
std::string FirstDifference(const std::string& there, const std::string& made) {
  const std::vector<std::string> a = absl::StrSplit(there, '\n');
  const std::vector<std::string> b = absl::StrSplit(made, '\n');
  size_t i = 0;
  while (i < a.size() && i < b.size() && a[i] == b[i]) ++i;
  return absl::StrCat("line ", i + 1, "\n  is:        ", i < a.size() ? a[i] : "(end)",
                      "\n  should be: ", i < b.size() ? b[i] : "(end)");
}

TEST(TreesPagesTest, AreWhatTheirSchemasSay) {
  for (const Reference& reference : References()) {
    const auto schema = Schema::Read(reference);
    ASSERT_TRUE(schema.ok()) << schema.status();
    const std::string there = ContentsOf(reference.page);
    const std::string made = schema->Page();
    EXPECT_TRUE(there == made) << reference.page << " is not what " << reference.proto
                               << " says. To mend it: " << kReferenceCommand << "\n"
                               << FirstDifference(there, made);
  }
}

TEST(TreesPagesTest, DescribeEveryFieldAndValue) {
  for (const Reference& reference : References()) {
    const auto schema = Schema::Read(reference);
    ASSERT_TRUE(schema.ok()) << schema.status();
    EXPECT_THAT(schema->Undescribed(), IsEmpty()) << "write a comment in " << reference.proto;
  }
}

}  // namespace
}  // namespace keepsim
