// A thousand broken scenario files, made from the library's good ones by seeded mutations. Each is
// refused with reasons that have a place, or is another scenario that compiles; none crashes or
// hangs. Where a mutation stays within a line, one of the reasons must stand in that line.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/scenario/compile.h"

namespace keepsim {
namespace {

constexpr int kFiles = 1000;

struct Source {
  std::string name;
  std::string text;
};

std::vector<Source> GoodFiles() {
  std::vector<Source> files;
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() != ".textproto") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files.push_back(
        {entry.path().filename().string(), std::string((std::istreambuf_iterator<char>(in)), {})});
  }
  std::sort(files.begin(), files.end(),
            [](const Source& a, const Source& b) { return a.name < b.name; });
  return files;
}

struct Token {
  enum class Kind { kName, kNumber, kString, kMark };
  Kind kind;
  size_t at;
  size_t size;
};

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '+';
}

// Of good files only: comments end with their line, strings hold no escaped quote.
std::vector<Token> Tokens(const std::string& text) {
  std::vector<Token> tokens;
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    size_t end = i + 1;
    if (std::isspace(byte) != 0) {
      ++i;
      continue;
    }
    if (text[i] == '#') {
      i = text.find('\n', i);
      continue;
    }
    Token::Kind kind = Token::Kind::kMark;
    if (text[i] == '"') {
      kind = Token::Kind::kString;
      end = text.find('"', i + 1) + 1;
    } else if (IsWordByte(text[i])) {
      kind = std::isdigit(byte) != 0 ? Token::Kind::kNumber : Token::Kind::kName;
      while (end < text.size() && IsWordByte(text[end])) ++end;
    }
    tokens.push_back({kind, i, end - i});
    i = end;
  }
  return tokens;
}

enum class Mutation {
  kDeleteToken,
  kSwapTokens,
  kChangeDigit,
  kMisspellField,
  kCut,
  kRandomBytes,
  kNegative,
  kHuge,
  kWrongUnit,
  kUnbalanced,
};
constexpr int kMutations = 10;
constexpr const char* kNames[kMutations] = {
    "delete a token", "swap two tokens",     "change a digit",  "misspell a name",
    "cut the file",   "insert random bytes", "negative number", "huge number",
    "wrong unit",     "unbalanced braces"};

struct Broken {
  std::string text;
  size_t at = 0;  // where the change begins
};

class Mutator {
 public:
  Mutator(const std::string& good, const RandomSource& luck) : good_(good), luck_(luck) {}

  Broken Apply(Mutation mutation) {
    const std::vector<Token> tokens = Tokens(good_);
    switch (mutation) {
      case Mutation::kDeleteToken: {
        const Token t = tokens[Pick(tokens.size())];
        return Replace(t.at, t.size, "");
      }
      case Mutation::kSwapTokens: {
        const size_t i = Pick(tokens.size() - 1);
        const Token a = tokens[i];
        const Token b = tokens[i + 1];
        const size_t gap = a.at + a.size;
        return Replace(a.at, b.at + b.size - a.at,
                       absl::StrCat(good_.substr(b.at, b.size), good_.substr(gap, b.at - gap),
                                    good_.substr(a.at, a.size)));
      }
      case Mutation::kChangeDigit: {
        std::vector<size_t> digits;
        for (const Token& t : tokens) {
          for (size_t i = t.at; i < t.at + t.size; ++i) {
            if (std::isdigit(static_cast<unsigned char>(good_[i])) != 0) digits.push_back(i);
          }
        }
        const size_t at = digits[Pick(digits.size())];
        return Replace(at, 1, std::string(1, static_cast<char>('0' + Pick(10))));
      }
      case Mutation::kMisspellField: {
        const Token t = AnyOf(tokens, [](const Token& k) { return k.kind == Token::Kind::kName; });
        const size_t i = t.at + Pick(t.size);
        switch (Pick(3)) {
          case 0:
            return Replace(i, 1, std::string(2, good_[i]));
          case 1:
            return Replace(i, 1, t.size == 1 ? "q" : "");
          default:
            return Replace(i, 1, std::string(1, static_cast<char>('a' + Pick(26))));
        }
      }
      case Mutation::kCut: {
        const size_t at = Pick(good_.size());
        return {good_.substr(0, at), at};
      }
      case Mutation::kRandomBytes: {
        std::string bytes;
        for (uint64_t n = 1 + Pick(8); n > 0; --n) bytes += static_cast<char>(Pick(256));
        return Replace(Pick(good_.size()), 0, bytes);
      }
      case Mutation::kNegative:
        return Replace(NumberOf(tokens), 0, "-");
      case Mutation::kHuge: {
        const size_t at = NumberOf(tokens);
        return Replace(at, 0, std::string(1 + Pick(30), '9'));
      }
      case Mutation::kWrongUnit: {
        const Token t = AnyOf(tokens, [&](const Token& k) { return IsDuration(k); });
        size_t unit = t.at + t.size - 1;
        while (std::isalpha(static_cast<unsigned char>(good_[unit - 1])) != 0) --unit;
        constexpr const char* kWrong[] = {"", "sec", "S", "minutes", "%", "ks", "s s"};
        return Replace(unit, t.at + t.size - 1 - unit, kWrong[Pick(7)]);
      }
      case Mutation::kUnbalanced: {
        const Token t = AnyOf(tokens, [&](const Token& k) {
          return k.kind == Token::Kind::kMark && (good_[k.at] == '{' || good_[k.at] == '}');
        });
        return Replace(t.at, 1, Pick(2) == 0 ? "" : std::string(2, good_[t.at]));
      }
    }
    return {};
  }

 private:
  uint64_t Pick(uint64_t below) { return luck_.Draw64(Purpose::kTest, draws_++) % below; }

  Broken Replace(size_t at, size_t size, const std::string& by) const {
    return {good_.substr(0, at) + by + good_.substr(at + size), at};
  }

  template <typename Wanted>
  Token AnyOf(const std::vector<Token>& tokens, Wanted wanted) {
    std::vector<Token> some;
    std::copy_if(tokens.begin(), tokens.end(), std::back_inserter(some), wanted);
    return some[Pick(some.size())];
  }

  bool IsDuration(const Token& t) const {
    return t.kind == Token::Kind::kString && t.size > 3 &&
           std::isdigit(static_cast<unsigned char>(good_[t.at + 1])) != 0 &&
           std::isalpha(static_cast<unsigned char>(good_[t.at + t.size - 2])) != 0 &&
           good_.find_first_of(" -", t.at) > t.at + t.size - 1;
  }

  // Where a number begins: one by itself, or that of a duration.
  size_t NumberOf(const std::vector<Token>& tokens) {
    const Token t = AnyOf(
        tokens, [&](const Token& k) { return k.kind == Token::Kind::kNumber || IsDuration(k); });
    return t.at + (t.kind == Token::Kind::kString ? 1 : 0);
  }

  const std::string& good_;
  RandomSource luck_;
  uint64_t draws_ = 0;
};

int LineOf(const std::string& text, size_t at) {
  return 1 + static_cast<int>(
                 std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(at), '\n'));
}

// The reasons have words and places, and the places are within the file.
void ExpectPlaces(const Diagnostics& diagnostics, const std::string& text) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  const std::string rendered = diagnostics.Render();
  for (const Diagnostic& d : diagnostics.items()) {
    if (d.warning) continue;
    EXPECT_FALSE(d.message.empty());
    ASSERT_GE(d.line, 1) << rendered;
    ASSERT_LE(d.line, static_cast<int>(lines.size())) << rendered;
    EXPECT_GE(d.column, 1) << rendered;
    // Columns count a tab as up to eight; the end of a file is behind its last byte.
    const size_t longest = 8 * lines[static_cast<size_t>(d.line) - 1].size() + 1;
    EXPECT_LE(d.column, static_cast<int>(longest)) << rendered;
    EXPECT_NE(rendered.find(absl::StrCat("broken:", d.line, ":", d.column, ": error: ")),
              std::string::npos);
  }
}

// Stored and read again, it is the same scenario.
void ExpectLegal(const LoadedScenario& scenario, Plan& plan) {
  plan.Link();
  EXPECT_FALSE(plan.groups.empty());
  const std::string text = ToText(scenario.proto);
  Diagnostics again;
  const LoadedScenario stored = LoadText(text, ScenarioFormat::kText, "stored", again);
  EXPECT_TRUE(again.ok()) << again.Render();
  EXPECT_EQ(ToText(stored.proto), text);
}

TEST(BrokenFilesTest, EachIsRefusedWithAPlaceOrIsLegal) {
  const std::vector<Source> good = GoodFiles();
  ASSERT_GE(good.size(), 10u);
  int refused[kMutations] = {};
  int legal[kMutations] = {};
  int in_the_line = 0;
  int within_a_line = 0;
  for (int i = 0; i < kFiles; ++i) {
    const int kind = i % kMutations;
    const Source& source = good[static_cast<size_t>(i / kMutations) % good.size()];
    // Some mutations change nothing (a digit into itself): the next draw is taken.
    Mutator mutator(source.text, RandomSource(2024, static_cast<uint32_t>(i)));
    Broken broken = mutator.Apply(static_cast<Mutation>(kind));
    while (broken.text == source.text) broken = mutator.Apply(static_cast<Mutation>(kind));
    SCOPED_TRACE(absl::StrCat("file ", i, ", ", source.name, ":", LineOf(broken.text, broken.at),
                              ": ", kNames[kind]));

    Diagnostics diagnostics;
    const LoadedScenario scenario =
        LoadText(broken.text, ScenarioFormat::kText, "broken", diagnostics);
    Plan plan;
    if (diagnostics.ok()) plan = Compile(scenario, diagnostics);
    if (diagnostics.ok()) {
      ++legal[kind];
      ExpectLegal(scenario, plan);
      continue;
    }
    ++refused[kind];
    ExpectPlaces(diagnostics, broken.text);
    const auto mutation = static_cast<Mutation>(kind);
    if (mutation == Mutation::kMisspellField || mutation == Mutation::kNegative ||
        mutation == Mutation::kHuge || mutation == Mutation::kWrongUnit) {
      ++within_a_line;
      const int line = LineOf(broken.text, broken.at);
      const auto& items = diagnostics.items();
      const bool found = std::any_of(items.begin(), items.end(), [&](const Diagnostic& d) {
        return !d.warning && d.line == line;
      });
      EXPECT_TRUE(found) << diagnostics.Render();
      in_the_line += found ? 1 : 0;
    }
  }
  int all_refused = 0;
  int all_legal = 0;
  for (int kind = 0; kind < kMutations; ++kind) {
    std::printf("%-20s %4d refused, %4d legal\n", kNames[kind], refused[kind], legal[kind]);
    EXPECT_GT(refused[kind], 0) << kNames[kind];
    all_refused += refused[kind];
    all_legal += legal[kind];
  }
  std::printf("%-20s %4d refused, %4d legal; %d of %d in the line of the change\n", "all",
              all_refused, all_legal, in_the_line, within_a_line);
  EXPECT_EQ(all_refused + all_legal, kFiles);
  EXPECT_GE(all_refused, kFiles / 2);
}

}  // namespace
}  // namespace keepsim
