// An estimate of rare false declarations as text.
#ifndef KEEPSIM_TOOLS_RARE_TEXT_H_
#define KEEPSIM_TOOLS_RARE_TEXT_H_

#include <string>

#include "sim/run/rare.pb.h"

namespace keepsim {

std::string RareText(const pb::RareSummary& summary);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_RARE_TEXT_H_
