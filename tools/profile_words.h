// A profile in words: what it does, how long it waits, what it allows, where that was read.
#ifndef KEEPSIM_TOOLS_PROFILE_WORDS_H_
#define KEEPSIM_TOOLS_PROFILE_WORDS_H_

#include <string>

#include "sim/mqtt/profile.h"

namespace keepsim {

// Lines that each end with a newline.
std::string InWords(const ClientProfile& profile);
std::string InWords(const BrokerProfile& profile);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_PROFILE_WORDS_H_
