// Which row a version finds, and what is said of names that find none.
#include "sim/mqtt/profile_name.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/mqtt/profile.h"
#include "sim/mqtt/version_range.h"

namespace keepsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Found {
  const char* text;
  const char* row;  // "": none
};

std::string ClientOf(absl::string_view text) {
  const auto [name, version] = NameAndVersion(text);
  const ClientProfile* p = FindClientProfile(name, version);
  return p == nullptr ? "" : FullName(*p);
}

std::string BrokerOf(absl::string_view text) {
  const auto [name, version] = NameAndVersion(text);
  const BrokerProfile* p = FindBrokerProfile(name, version);
  return p == nullptr ? "" : FullName(*p);
}

TEST(FindProfileTest, AVersionFindsTheClientRowThatStandsForIt) {
  for (const Found& f : {
           Found{"paho-c 1.3.0", ""},  // one flag, seconds: not a row
           Found{"paho-c 1.3.7", "paho-c 1.3.10"},
           Found{"paho-c 1.3.9", "paho-c 1.3.10"},
           Found{"paho-c 1.3.10", "paho-c 1.3.10"},
           Found{"paho-c 1.3.11", ""},  // AND in place of OR: not a row
           Found{"paho-c 1.3.12", "paho-c 1.3.13"},
           Found{"paho-c 1.3.13", "paho-c 1.3.13"},
           Found{"paho-c 1.3.14", "paho-c 1.3.15"},
           Found{"paho-c 1.3.15", "paho-c 1.3.15"},
           Found{"paho-c-sync 1.3.12", "paho-c-sync 1.3.13"},
           Found{"paho-c 1.3", "paho-c 1.3.15"},
           Found{"paho-c", "paho-c 1.3.15"},
           Found{"mqttjs 4.3.7", "mqttjs 4.3"},
           Found{"mqttjs 4", "mqttjs 4.3"},
           Found{"mqttjs 5.0.0", "mqttjs 5.5"},
           Found{"mqttjs 5.5.4", "mqttjs 5.5"},
           Found{"mqttjs 5.5.5", ""},  // facts silent
           Found{"mqttjs 5.5", "mqttjs 5.5"},
           Found{"mqttjs 5.6.0", "mqttjs 5.6"},
           Found{"mqttjs 5.10.1", "mqttjs 5.6"},
           Found{"mqttjs 5.14", "mqttjs 5.6"},
           Found{"mqttjs v5.14.1", "mqttjs 5.6"},
           Found{"mqttjs 5", "mqttjs 5.6"},
           Found{"mqttjs", "mqttjs 5.6"},
           Found{"paho-python 1.5.1", "paho-python 1.5"},
           Found{"paho-python 1.4", "paho-python 1.5"},
           Found{"paho-python 1.6.1", "paho-python 1.6"},
           Found{"paho-python 2.1", "paho-python 1.6"},
           Found{"paho-golang 1.4.3", ""},  // ticks of K/2: not a row
           Found{"paho-golang 1.5.0", "paho-golang 1.5.1"},
           Found{"paho-golang-v5 0.9", "paho-golang-v5 0.22"},
           Found{"paho-golang-v5 0.22.3", "paho-golang-v5 0.22"},
           Found{"paho-golang-v5 0.100", "paho-golang-v5 0.23"},
           Found{"libmosquitto 2.0.11", "libmosquitto 2.0"},
           Found{"libmosquitto 2.1.2", "libmosquitto 2.0"},
           Found{"coremqtt 2.1.1", ""},
           Found{"aws-c-mqtt 0.16.2", "aws-c-mqtt 0.16"},
           Found{"spec", "spec"},
           Found{"spec 1", ""},
       }) {
    EXPECT_EQ(ClientOf(f.text), f.row) << f.text;
  }
}

TEST(FindProfileTest, AVersionFindsTheBrokerRowThatStandsForIt) {
  for (const Found& f : {
           Found{"mosquitto 1", "mosquitto 2.0.20"},
           Found{"mosquitto 1.6", "mosquitto 2.0.20"},
           Found{"mosquitto 1.6.12", "mosquitto 2.0.20"},
           Found{"mosquitto 2.0.2", "mosquitto 2.0.20"},
           Found{"mosquitto 2.0.11", "mosquitto 2.0.20"},
           Found{"mosquitto 2.0.12", "mosquitto 2.0.15"},
           Found{"mosquitto 2.0.15", "mosquitto 2.0.15"},
           Found{"mosquitto 2.0.16", "mosquitto 2.0.20"},
           Found{"mosquitto 2.0.20", "mosquitto 2.0.20"},
           Found{"mosquitto 2.0.21", "mosquitto 2.0.22"},
           Found{"mosquitto 2.0.22", "mosquitto 2.0.22"},
           Found{"mosquitto 2.0", "mosquitto 2.0.22"},
           Found{"mosquitto 2.1.2", "mosquitto 2.1"},
           Found{"mosquitto 2", "mosquitto 2.1"},
           Found{"mosquitto", "mosquitto 2.1"},
           Found{"emqx 4.4.19", "emqx 4.4"},
           Found{"emqx 4.0.5", "emqx 4.4"},
           Found{"emqx 5.0", "emqx 5.0"},
           Found{"emqx 5.0.25", "emqx 5.0"},
           Found{"emqx 5.0.26", "emqx 5.3"},
           Found{"emqx 5.1.0", "emqx 5.3"},
           Found{"emqx 5.7.1", "emqx 5.3"},
           Found{"emqx 5.7", "emqx 5.7.2"},
           Found{"emqx 5.8", "emqx 5.7.2"},
           Found{"emqx 5.10.0", "emqx 5.7.2"},
           Found{"emqx 6.1.4", "emqx 5.7.2"},
           Found{"emqx 6.1.4-rc.1", "emqx 5.7.2"},
           Found{"emqx 5", "emqx 5.7.2"},
           Found{"emqx 3.2", ""},
           Found{"emqx five", ""},
           Found{"emqx 5.", ""},
           Found{"nanomq 0.25.6", "nanomq 0.25"},
           Found{"nanomq", "nanomq 0.25"},
           Found{"nanomq 0.25-unconfigured", "nanomq 0.25-unconfigured"},
           Found{"rabbitmq 2026-08", "rabbitmq 2026-08"},
           Found{"rabbitmq 3.13", ""},
           Found{"hivemq-ce 2026.5", "hivemq-ce 2026.5"},
           Found{"hivemq-ce 2025.1", ""},
       }) {
    EXPECT_EQ(BrokerOf(f.text), f.row) << f.text;
  }
}

TEST(FindProfileTest, EachRowIsFoundByItsNameAndNoVersionStandsForTwo) {
  for (const BrokerProfile& p : BrokerProfiles()) EXPECT_EQ(BrokerOf(FullName(p)), FullName(p));
  for (const ClientProfile& p : ClientProfiles()) EXPECT_EQ(ClientOf(FullName(p)), FullName(p));
  const auto ends_are_own = [](const auto& rows) {
    for (const auto& p : rows) {
      for (const VersionRange& r : p.stands_for) {
        // In full: a whole series may have a newer row's versions in it.
        for (const std::string& end : {r.first + ".0.0", r.last + ".99999"}) {
          const std::vector<int> full = VersionNumbers(end);
          if (full.empty()) {
            EXPECT_TRUE(r.first.empty() || r.last.empty()) << FullName(p);
            continue;
          }
          for (const auto& other : rows) {
            if (other.name != p.name) continue;
            EXPECT_EQ(Touches(other.stands_for, full), &other == &p) << FullName(p) << " " << end;
          }
        }
      }
    }
  };
  ends_are_own(ClientProfiles());
  ends_are_own(BrokerProfiles());
}

TEST(SuggestionTest, StaysWithinTheProjectAndNamesTheRanges) {
  std::vector<ProfileLabel> clients, brokers;
  AddLabels(ClientProfiles(), clients);
  AddLabels(BrokerProfiles(), brokers);
  struct Row {
    const char* text;
    const std::vector<ProfileLabel>& labels;
    const char* suggestion;
  };
  for (const Row& r : {
           Row{"paho-c 1.3.11", clients,
               " (versions of paho-c: 1.3.10 (1.3.7 to 1.3.10), 1.3.13 (1.3.12 to 1.3.13), 1.3.15 "
               "(1.3.14 and newer))"},
           Row{"hivemq-ce 2025.1", brokers, " (versions of hivemq-ce: 2026.5 (2026.5.x))"},
           Row{"rabbitmq 3.13", brokers, " (versions of rabbitmq: 2026-08)"},
           Row{"nats", brokers, " (did you mean \"nats-server\"?)"},
           Row{"aws", brokers, " (did you mean \"aws-iot-core\"?)"},
           Row{"aws", clients, " (did you mean \"aws-c-mqtt\" or \"aws-c-mqtt-v5\"?)"},
           Row{"mosquito 2.0.21", brokers, " (did you mean \"mosquitto 2.0.21\"?)"},
           Row{"paho-pyton 2.1", clients, " (did you mean \"paho-python 2.1\"?)"},
           Row{"mqttsj 5.5.5", clients,
               " (did you mean \"mqttjs\"? versions of mqttjs: 4.3 (4.x), 5.5 (5.0 to 5.5.4), 5.6 "
               "(5.6 and newer))"},
           Row{"spec 2", clients, " (\"spec\" has no versions)"},
           Row{"something else", brokers, ""},
       }) {
    EXPECT_EQ(ProfileSuggestion(r.text, r.labels), r.suggestion) << r.text;
  }
}

TEST(VersionRangeTest, ReadsNumbersAndSaysRanges) {
  EXPECT_THAT(VersionNumbers("5.10.1"), ElementsAre(5, 10, 1));
  EXPECT_THAT(VersionNumbers("v2.0.x"), ElementsAre(2, 0));
  EXPECT_THAT(VersionNumbers("1.0+7"), ElementsAre(1, 0));
  for (const char* text : {"", "v", "x", ".5", "5.", "5..1", "1787eee", "5.7rc1", "9999999999"}) {
    EXPECT_THAT(VersionNumbers(text), IsEmpty()) << text;
  }
  EXPECT_EQ(RangeWords({{"", "2.0.11"}, {"2.0.16", "2.0.20"}}),
            "2.0.11 and older, 2.0.16 to 2.0.20");
  EXPECT_EQ(RangeWords({{"2.0.21", "2.0"}}), "2.0.21 to 2.0.x");
  EXPECT_EQ(RangeWords({{"1.2.5", "1.2.5"}}), "1.2.5");
  EXPECT_EQ(RangeWords({{"5.7.2", ""}}), "5.7.2 and newer");
}

}  // namespace
}  // namespace keepsim
