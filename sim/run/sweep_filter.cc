#include "sim/run/sweep_filter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sim/base/spelling.h"
#include "sim/base/status_macros.h"

namespace keepsim {
namespace {

absl::Status Bad(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\": ", why));
}

std::vector<std::string> NamesOf(const std::vector<FilterField>& fields) {
  std::vector<std::string> names;
  for (const FilterField& f : fields) names.push_back(f.name);
  return names;
}

// Trimmed, and without the quotes that a text with spaces may wear.
absl::string_view Bare(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front()) {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

}  // namespace

absl::StatusOr<SweepFilter::Comparison> SweepFilter::ParseOne(
    absl::string_view text, const std::vector<FilterField>& fields) {
  const size_t at = text.find_first_of("<>=!");
  if (at == absl::string_view::npos) {
    return Bad(text, "is no comparison; write it as \"a < b\", with < <= > >= == or !=");
  }
  constexpr struct {
    absl::string_view sign;
    Operator op;
  } kOperators[] = {{"<=", Operator::kLessOrEqual}, {">=", Operator::kGreaterOrEqual},
                    {"==", Operator::kEqual},       {"!=", Operator::kNotEqual},
                    {"<", Operator::kLess},         {">", Operator::kGreater}};
  const auto* const found =
      std::find_if(std::begin(kOperators), std::end(kOperators),
                   [&](const auto& o) { return text.substr(at, o.sign.size()) == o.sign; });
  if (found == std::end(kOperators)) return Bad(text, "equality is written ==");
  Comparison c;
  c.op = found->op;
  const auto operand = [&](absl::string_view side) {
    Operand o;
    o.constant = SweepValue::Parse(Bare(side));
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name == o.constant.text) o.field = static_cast<int>(i);
    }
    return o;
  };
  c.left = operand(text.substr(0, at));
  c.right = operand(text.substr(at + found->sign.size()));
  const std::vector<std::string> names = NamesOf(fields);
  for (const Operand* o : {&c.left, &c.right}) {
    if (o->constant.text.empty()) return Bad(text, "one side is missing");
  }
  if (c.left.field < 0 && c.right.field < 0) {
    return Bad(text, absl::StrCat("neither side is the name of something that varies",
                                  DidYouMean(c.left.constant.text, names)));
  }
  const auto values = [&](const Operand& o) {
    return o.field < 0 ? std::vector<SweepValue>{o.constant}
                       : fields[static_cast<size_t>(o.field)].values;
  };
  const bool equality = c.op == Operator::kEqual || c.op == Operator::kNotEqual;
  bool ever_equal = false;
  for (const SweepValue& a : values(c.left)) {
    for (const SweepValue& b : values(c.right)) {
      ever_equal |= Compare(a, b) == 0;
      if (equality || Ordered(a, b)) continue;
      const Operand& odd = c.left.field < 0 ? c.left : c.right;
      return Bad(text, absl::StrCat("\"", a.text, "\" and \"", b.text,
                                    "\" have no order; only two durations or two numbers do",
                                    odd.field < 0 ? DidYouMean(odd.constant.text, names) : ""));
    }
  }
  if (equality && !ever_equal) return Bad(text, "the two sides are never equal");
  return c;
}

absl::StatusOr<SweepFilter> SweepFilter::Parse(absl::string_view text,
                                               const std::vector<FilterField>& fields) {
  SweepFilter filter;
  for (const absl::string_view part : absl::StrSplit(text, " and ")) {
    KEEPSIM_ASSIGN_OR_RETURN(Comparison c, ParseOne(part, fields));
    filter.all_.push_back(std::move(c));
  }
  return filter;
}

bool SweepFilter::Skips(const std::function<const SweepValue&(size_t)>& value_of) const {
  return std::all_of(all_.begin(), all_.end(), [&](const Comparison& c) {
    const auto value = [&](const Operand& o) -> const SweepValue& {
      return o.field < 0 ? o.constant : value_of(static_cast<size_t>(o.field));
    };
    const int order = Compare(value(c.left), value(c.right));
    switch (c.op) {
      case Operator::kLess:
        return order < 0;
      case Operator::kLessOrEqual:
        return order <= 0;
      case Operator::kGreater:
        return order > 0;
      case Operator::kGreaterOrEqual:
        return order >= 0;
      case Operator::kEqual:
        return order == 0;
      case Operator::kNotEqual:
        return order != 0;
    }
    return false;
  });
}

}  // namespace keepsim
