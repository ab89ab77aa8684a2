// Smaller and rounder variants of a scenario, found by reflection; inside sim/run only.
#ifndef KEEPSIM_SIM_RUN_REDUCTION_H_
#define KEEPSIM_SIM_RUN_REDUCTION_H_

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "sim/base/time.h"
#include "sim/scenario/scenario.pb.h"

namespace keepsim {

// A field that is set, or an element of a list (index >= 0), by the fields that lead there.
struct Site {
  struct Step {
    const google::protobuf::FieldDescriptor* field = nullptr;
    int index = -1;
  };
  std::vector<Step> steps;
  std::string path;  // "groups[0].path.both.loss"

  const google::protobuf::FieldDescriptor* field() const { return steps.back().field; }
  int index() const { return steps.back().index; }
};

// All of them in the order of the schema, what contains others first. Of a list of messages or
// values each element is a site. Names and texts that change nothing are left out.
std::vector<Site> SitesOf(const pb::Scenario& scenario);

// The message that the site is a field of.
google::protobuf::Message* ParentOf(pb::Scenario* scenario, const Site& site);

void TakeAway(pb::Scenario* scenario, const Site& site);

// A number or a duration as text; "" of anything else.
std::string ValueText(const pb::Scenario& scenario, const Site& site);
void SetValue(pb::Scenario* scenario, const Site& site, const std::string& text);
// Rounder values for this one, those with the fewest digits first.
std::vector<std::string> RounderValues(const pb::Scenario& scenario, const Site& site);

// Digits but for zeros at the ends of each number in the text: "0.015" has 2, "1h30m" has 2.
uint64_t DigitsOf(const std::string& text);

// Round durations from `d` on, ascending in digits and then in length, none above `most`.
std::vector<Duration> RoundUp(Duration d, Duration most);

}  // namespace keepsim

#endif  // KEEPSIM_SIM_RUN_REDUCTION_H_
