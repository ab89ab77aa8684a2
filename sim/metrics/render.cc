#include "sim/metrics/render.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace keepsim {
namespace {

// Characters of UTF-8 text: bytes that do not continue one.
size_t Characters(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Trimmed(std::string fixed) {
  if (fixed.find('.') == std::string::npos) return fixed;
  fixed.erase(fixed.find_last_not_of('0') + 1);
  if (fixed.back() == '.') fixed.pop_back();
  return fixed;
}

}  // namespace

std::string CountText(int64_t n) {
  std::string digits = absl::StrCat(n);
  const int first = n < 0 ? 1 : 0;
  for (int i = static_cast<int>(digits.size()) - 3; i > first; i -= 3) {
    digits.insert(static_cast<size_t>(i), 1, ' ');
  }
  return digits;
}

std::string NumberText(double x) {
  if (!std::isfinite(x)) return "unbounded";
  if (x == 0) return "0";
  const double size = std::abs(x);
  if (size >= 1000 && size < 1e15) return CountText(std::llround(x));
  if (size >= 100) return Trimmed(absl::StrFormat("%.1f", x));
  if (size >= 1e-4 && size < 100) {
    // Four significant digits.
    const int decimals = 3 - static_cast<int>(std::floor(std::log10(size)));
    return Trimmed(absl::StrFormat("%.*f", decimals, x));
  }
  return absl::StrFormat("%.3g", x);
}

std::string SignedText(double x) { return absl::StrCat(x > 0 ? "+" : "", NumberText(x)); }

std::string SecondsText(double s) {
  const double size = std::abs(s);
  if (size == 0) return "0 s";
  if (size < 1e-3) return absl::StrCat(Trimmed(absl::StrFormat("%.3f", s * 1e6)), " us");
  if (size < 1) return absl::StrCat(Trimmed(absl::StrFormat("%.2f", s * 1e3)), " ms");
  if (size < 600) return absl::StrFormat("%.2f s", s);
  const int64_t minutes = std::llround(s / 60);
  if (minutes < 120) return absl::StrFormat("%.1f min", s / 60);
  const int64_t hours = std::llround(s / 3600);
  if (hours < 72) return absl::StrFormat("%.1f h", s / 3600);
  return absl::StrFormat("%s d", NumberText(s / 86400));
}

std::string PerCentText(double share) {
  const double percent = share * 100;
  if (percent == 0 || percent == 100) return absl::StrFormat("%.0f %%", percent);
  // As many digits as it takes to tell it from 0 and from 100.
  const double gap = std::min(percent, 100 - percent);
  const int decimals =
      gap >= 1 ? 2 : std::min(12, 2 - static_cast<int>(std::floor(std::log10(gap))));
  return absl::StrCat(Trimmed(absl::StrFormat("%.*f", decimals, percent)), " %");
}

std::string RateText(int64_t count, double client_days, double low, double high) {
  const std::string seen =
      absl::StrCat(CountText(count), " in ", NumberText(client_days), " client-days");
  if (!(client_days > 0)) return "nothing observed";
  if (count == 0) {
    return absl::StrCat(seen, ", 95 % upper bound ", NumberText(high), " per client-day");
  }
  return absl::StrCat(NumberText(static_cast<double>(count) / client_days),
                      " per client-day, 95 % interval ", NumberText(low), " to ", NumberText(high),
                      " (", seen, ")");
}

std::string Bar(double share, size_t width) {
  static constexpr const char* kEighths[] = {"",       "\u258F", "\u258E", "\u258D",
                                             "\u258C", "\u258B", "\u258A", "\u2589"};
  const double cells = std::clamp(share, 0.0, 1.0) * static_cast<double>(width);
  size_t full = static_cast<size_t>(cells);
  size_t eighths = static_cast<size_t>(std::lround((cells - static_cast<double>(full)) * 8));
  if (eighths == 8) {
    ++full;
    eighths = 0;
  }
  if (full == 0 && eighths == 0 && share > 0) eighths = 1;  // something is never nothing
  std::string bar;
  for (size_t i = 0; i < full; ++i) bar += "\u2588";
  return bar + kEighths[eighths];
}

std::string Wrap(absl::string_view text, size_t indent, size_t width) {
  const std::string margin(indent, ' ');
  std::string out, line;
  // What a terminal would obey is shown and not sent to it.
  std::string shown(text);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') c = '?';
  }
  for (const absl::string_view word :
       absl::StrSplit(shown, absl::ByAnyChar(" \n\t"), absl::SkipEmpty())) {
    if (!line.empty() && indent + Characters(line) + 1 + Characters(word) > width) {
      absl::StrAppend(&out, margin, line, "\n");
      line.clear();
    }
    if (!line.empty()) line += ' ';
    absl::StrAppend(&line, word);
  }
  if (!line.empty()) absl::StrAppend(&out, margin, line, "\n");
  return out;
}

std::string PadLeft(absl::string_view text, size_t width) {
  const size_t n = Characters(text);
  return absl::StrCat(std::string(n < width ? width - n : 0, ' '), text);
}

std::string PadRight(absl::string_view text, size_t width) {
  const size_t n = Characters(text);
  return absl::StrCat(text, std::string(n < width ? width - n : 0, ' '));
}

std::string TextTable(const std::vector<std::vector<std::string>>& rows, size_t left) {
  if (rows.empty()) return "";
  std::vector<size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      if (c > 0) line += "  ";
      line += c < left ? PadRight(row[c], widths[c]) : PadLeft(row[c], widths[c]);
    }
    absl::StrAppend(&out, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  return out;
}

std::string CsvField(absl::string_view text) {
  if (text.find_first_of(",\"\n") == absl::string_view::npos) return std::string(text);
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace keepsim
