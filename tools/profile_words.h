// A profile in words: what it does, how long it waits, what it allows, where that was read.
#ifndef KEEPSIM_TOOLS_PROFILE_WORDS_H_
#define KEEPSIM_TOOLS_PROFILE_WORDS_H_

#include <string>

#include "sim/mqtt/profile.h"

namespace keepsim {

// Lines that each end with a newline.
std::string InWords(const ClientProfile& profile);
std::string InWords(const BrokerProfile& profile);

// What a listing says besides the summary, in one line.
std::string InBrief(const ClientProfile& profile);  // default keepAlive, wait, reconnect policy
std::string InBrief(const BrokerProfile& profile);  // limit, check, wait for CONNECT

// Its rules one by one, as phrases.
std::string PingRuleWords(const ClientProfile& profile);  // "keepAlive after any packet sent"
std::string WaitRuleWords(const ClientProfile& profile);  // "keepAlive / 2 after PINGREQ"
std::string AnswerWords(const ClientProfile& profile);    // "PINGRESP": what ends the wait
std::string LookingWords(const ClientProfile& profile);   // "exactly in time"
std::string GraceWords(const BrokerProfile& profile);     // "3/2 x keepAlive"
std::string CheckingWords(const BrokerProfile& profile);  // "a scan of all clients every 6s"

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_PROFILE_WORDS_H_
