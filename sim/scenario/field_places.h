// Where each field of a message stood in the file that it was read from.
#ifndef KEEPSIM_SIM_SCENARIO_FIELD_PLACES_H_
#define KEEPSIM_SIM_SCENARIO_FIELD_PLACES_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/text_format.h"

namespace keepsim {

// Line and column, both from 1; columns count bytes.
struct Place {
  int line = 0;
  int column = 0;
};

struct FieldPlaces {
  // Places in the text that protobuf read; null if there was none (binary, an override).
  std::shared_ptr<google::protobuf::TextFormat::ParseInfoTree> tree;
  // Where each line of that text came from, if it was transcribed from another file (JSON).
  std::vector<Place> lines;
  // What was set from outside since: the field's path, with indices, and how it was said.
  std::vector<std::pair<std::string, std::string>> set;

  // The place in the file; protobuf counts from 0.
  Place InFile(int line, int column) const {
    const auto i = static_cast<size_t>(line);
    return i < lines.size() ? lines[i] : Place{line + 1, column + 1};
  }
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_SCENARIO_FIELD_PLACES_H_
