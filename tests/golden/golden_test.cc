// Every golden document is what the engine says today, to the byte.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "gtest/gtest.h"
#include "tests/golden/document.h"

namespace keepsim {
namespace {

std::vector<std::string> Documents() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("tests/golden")) {
    if (entry.path().extension() == ".md" && entry.path().filename() != "README.md") {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string Read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, IsToldTheSameToday) {
  const std::string document = Read(GetParam());
  const auto retold = Retold(document);
  ASSERT_TRUE(retold.ok()) << retold.status();
  EXPECT_EQ(*retold, document) << "If the change is meant: bazel run //tests/golden:update, read "
                                  "the difference, raise the engine version, tell the CHANGELOG.";
}

TEST_P(GoldenTest, AnAlteredDocumentIsNoticed) {
  std::string document = Read(GetParam());
  const size_t digest = document.find("```digest\n") + 10;
  document[digest] = document[digest] == '0' ? '1' : '0';
  const auto retold = Retold(document);
  ASSERT_TRUE(retold.ok()) << retold.status();
  EXPECT_NE(*retold, document);
}

std::string NameOf(const testing::TestParamInfo<std::string>& document) {
  return std::filesystem::path(document.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, testing::ValuesIn(Documents()), NameOf);

}  // namespace
}  // namespace keepsim
