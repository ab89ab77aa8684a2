// Numbers as a reader wants them: four digits that count, units that fit, thousands apart.
#ifndef KEEPSIM_SIM_METRICS_RENDER_H_
#define KEEPSIM_SIM_METRICS_RENDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace keepsim {

std::string CountText(int64_t n);       // "2 400 000"
std::string NumberText(double x);       // "0.001297", "12.5", "2 400", "1.2e-07"
std::string SignedText(double x);       // "+12.5", "-3", "0"
std::string SecondsText(double s);      // "350 us", "12.5 ms", "90.05 s", "1 h 02 m", "2 d 03 h"
std::string PerCentText(double share);  // "100 %", "99.99988 %", "0.13 %"

// "0 in 2 400 client-days, 95 % upper bound 0.0013 per client-day", or
// "0.0021 per client-day, 95 % interval 0.0006 to 0.0053 (5 in 2 400 client-days)".
std::string RateText(int64_t count, double client_days, double low, double high);

// `width` cells of `share` (0 to 1), in eighths of a cell: "####" drawn in block elements.
std::string Bar(double share, size_t width);

// Breaks text at spaces so that no line is longer than `width`; each line begins with `indent`
// spaces and ends with a newline.
std::string Wrap(absl::string_view text, size_t indent, size_t width);

// Padded with spaces to `width` characters (not bytes), on the left or on the right.
std::string PadLeft(absl::string_view text, size_t width);
std::string PadRight(absl::string_view text, size_t width);

// Rows of equally many cells, in columns as wide as their widest cell, two spaces apart; the first
// `left` columns to the left, the others to the right. No spaces at the ends of lines.
std::string TextTable(const std::vector<std::vector<std::string>>& rows, size_t left);

// A field of a CSV file, as RFC 4180 has it: in quotes where it must be.
std::string CsvField(absl::string_view text);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_METRICS_RENDER_H_
