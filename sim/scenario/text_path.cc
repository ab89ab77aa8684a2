#include "sim/scenario/text_path.h"

#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace keepsim {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

struct Token {
  enum class Kind { kWord, kString, kMark, kEnd } kind = Kind::kEnd;
  size_t at = 0;
  size_t size = 0;
};

bool IsWordByte(char c) { return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '+'; }

// The first token from `from` on. A string ends at the end of its line at the latest.
Token NextToken(absl::string_view text, size_t from) {
  size_t i = from;
  while (i < text.size() && (absl::ascii_isspace(text[i]) || text[i] == '#')) {
    if (text[i] == '#') {
      while (i < text.size() && text[i] != '\n') ++i;
    } else {
      ++i;
    }
  }
  if (i >= text.size()) return {Token::Kind::kEnd, text.size(), 0};
  size_t end = i + 1;
  if (text[i] == '"' || text[i] == '\'') {
    while (end < text.size() && text[end] != text[i] && text[end] != '\n') {
      end += text[end] == '\\' ? 2 : 1;
    }
    return {Token::Kind::kString, i, end + 1 - i};
  }
  if (!IsWordByte(text[i])) return {Token::Kind::kMark, i, 1};
  while (end < text.size() && IsWordByte(text[end])) ++end;
  return {Token::Kind::kWord, i, end - i};
}

// A message that is open: the field that was named last, and what may follow.
struct Level {
  const Descriptor* type = nullptr;  // null: of an unknown field
  const FieldDescriptor* field = nullptr;
  int index = -1;  // of a repeated one
  bool in_list = false;
  enum class Wants { kName, kColonOrMessage, kValue } wants = Wants::kName;
  std::map<const FieldDescriptor*, int> seen;
};

class Walk {
 public:
  explicit Walk(const Descriptor* type) { levels_.push_back({.type = type}); }

  // A name, a value or a mark.
  void Take(Token::Kind kind, absl::string_view token) {
    using Wants = Level::Wants;
    Level& level = levels_.back();
    const char mark = kind == Token::Kind::kMark ? token[0] : '\0';
    if (mark == '}' || mark == '>') {
      if (levels_.size() > 1) levels_.pop_back();
      Level& outer = levels_.back();
      outer.wants = outer.in_list ? Wants::kValue : Wants::kName;
    } else if (level.wants == Wants::kName) {
      if (kind == Token::Kind::kWord) Name(token);
    } else if (mark == '{' || mark == '<') {
      levels_.push_back({.type = level.field == nullptr ? nullptr : level.field->message_type()});
    } else if (mark == '[') {
      level.in_list = true;
      level.wants = Wants::kValue;
    } else if (mark == ']') {
      level.in_list = false;
      level.wants = Wants::kName;
    } else if (level.wants == Wants::kColonOrMessage) {
      if (mark == ':') {
        level.wants = Wants::kValue;
      } else if (kind == Token::Kind::kWord) {
        Name(token);  // the value is missing
      }
    } else if (level.in_list) {
      if (mark == ',') NextElement();
    } else if (kind != Token::Kind::kMark) {
      level.wants = Wants::kName;  // behind a value
    }
  }

  TextField Here() const {
    TextField here;
    for (const Level& level : levels_) {
      if (level.field == nullptr) break;
      here.last = level.field;
      absl::StrAppend(&here.path, here.path.empty() ? "" : ".", level.field->name());
      if (level.field->is_repeated()) absl::StrAppend(&here.path, "[", level.index, "]");
    }
    return here;
  }

 private:
  void Name(absl::string_view name) {
    Level& level = levels_.back();
    level.wants = Level::Wants::kColonOrMessage;
    level.in_list = false;
    level.field = level.type == nullptr ? nullptr : level.type->FindFieldByName(std::string(name));
    if (level.field != nullptr) NextElement();
  }
  void NextElement() {
    Level& level = levels_.back();
    if (level.field != nullptr) level.index = level.seen[level.field]++;
  }

  std::vector<Level> levels_;  // never empty
};

}  // namespace

TextField FieldAt(absl::string_view text, size_t offset, const Descriptor* type) {
  Walk walk(type);
  size_t next = 0;
  while (true) {
    const Token token = NextToken(text, next);
    // What closes a message at the place itself is still within it.
    const bool closes =
        token.kind == Token::Kind::kMark && (text[token.at] == '}' || text[token.at] == '>');
    if (token.kind == Token::Kind::kEnd || token.at > offset || (token.at == offset && closes)) {
      return walk.Here();
    }
    walk.Take(token.kind, text.substr(token.at, token.size));
    next = token.at + token.size;
  }
}

}  // namespace keepsim
