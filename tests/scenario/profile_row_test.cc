// Rows of a scenario: whatever a built-in profile says, a user's row can say too.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/mqtt/broker_session.h"
#include "sim/mqtt/profile_name.h"
#include "sim/scenario/compile.h"
#include "sim/scenario/load.h"

namespace keepsim {
namespace {

using testing::HasSubstr;
using testing::Not;

Plan CompileText(const std::string& rows, const std::string& use, Diagnostics& diagnostics) {
  const LoadedScenario s = LoadText(
      absl::StrCat("horizon: \"1h\" ", rows, " groups { name: \"g\" keep_alive: \"60s\" ", use),
      ScenarioFormat::kText, "f", diagnostics);
  return diagnostics.ok() ? Compile(s, diagnostics) : Plan();
}

// The row's behaviour under the name of the built-in one.
template <typename Profile>
Profile Named(Profile row, const Profile& as) {
  row.name = as.name;
  row.version = as.version;
  row.source = as.source;
  row.summary = as.summary;
  row.stands_for = as.stands_for;
  return row;
}

struct Rebuilt {
  const char* name;
  const char* fields;
};

TEST(ProfileRowTest, BuiltInClientsCanBeWrittenAsRows) {
  for (const Rebuilt& r : {
           Rebuilt{"libmosquitto", R"(
             ping_when: EITHER_SILENT ping_resets_both: true pingresp_rule: AT_NEXT_STALE
             whole_seconds: true clock: BOOTTIME loop_wait: "1s" keep_alive_min_s: 5
             max_in_flight: 20 connack_within_keep_alive: true base: "libmosquitto")"},
           Rebuilt{"paho-c", R"(
             ping_when: EITHER_SILENT pingresp_rule: AFTER_PING_AND_LAST pingresp_factor: 1.5
             tick_factor: 0.1 tick_min: "100ms" tick_max: "5s" loop_wait: "1s"
             loop_pause: "100ms" woken_by_sends: false max_in_flight: 0
             reconnect { enabled: false first: "1s" min: "1s" max: "60s" jitter_share: 0.2
                         evaluated_every: "3s" evaluated_turn: "1s"
                         at_once_after_close: true })"},
           Rebuilt{"paho-java", R"(
             ping_when: EITHER_SILENT ping_offset: "-100us" one_ping_at_a_time: false
             pingresp_rule: AFTER_PING_AND_LAST pingresp_factor: 1 pingresp_offset: "-100us"
             reconnect { enabled: false max: "128s" jitter: NONE jitter_share: 0 })"},
           Rebuilt{"paho-golang", R"(
             default_keep_alive: "30s" ping_when: EITHER_SILENT pingresp_factor: 0
             pingresp_offset: "10s" tick_factor: 0.25 long_keep_alive: "10s" long_tick: "5s"
             apply_server_keep_alive: false loop_delay_max: "1ms"
             connack_within_connect: true
             reconnect { first_connection: false first: "0" min: "1s" max: "600s" jitter: NONE jitter_share: 0
                         stable_after: "6s" })"},
           Rebuilt{"mqttjs", R"(
             ping_when: IN_SILENT in_rule: IN_ACKS answered_by: INPUT max_in_flight: 0
             apply_server_keep_alive_zero: false
             reconnect { first: "1s" min: "1s" max: "1s" growth: 1 jitter: NONE jitter_share: 0 })"},
           Rebuilt{"coremqtt", R"(
             ping_when: EITHER_SILENT ping_max: "30s" ping_in_offset: "30s"
             zero_keep_alive: IN_LIMIT pingresp_offset: "5001ms" reconnect { enabled: false })"},
           Rebuilt{"esp-mqtt", R"(
             default_keep_alive: "120s" ping_when: IN_SILENT in_rule: IN_PINGRESP
             ping_factor: 0.5 pingresp_rule: AFTER_LAST pingresp_factor: 1 loop_wait: "1s"
             woken_by_sends: false
             connect_timeout: "10s" connack_timeout: "10s"
             reconnect { first: "10s" min: "10s" max: "10s" growth: 1 jitter: NONE
                         jitter_share: 0 })"},
           Rebuilt{"pubsubclient", R"(
             default_keep_alive: "15s" ping_when: EITHER_SILENT ping_offset: "1ms"
             ping_resets_both: true zero_keep_alive: AS_IS pingresp_rule: AT_NEXT_STALE
             apply_server_keep_alive: false connect_timeout: "15s" connack_timeout: "15s"
             reconnect { first: "5s" min: "5s" max: "5s" growth: 1 jitter: NONE jitter_share: 0 })"},
           Rebuilt{"paho-python 1.5", R"(
             ping_when: EITHER_SILENT ping_resets_both: true pingresp_rule: AT_NEXT_STALE
             loop_wait: "1s" apply_server_keep_alive: false max_in_flight: 20
             connect_within_keep_alive: true connack_within_keep_alive: true
             out_rule: OUT_ANY_PACKET connect_timeout: "30s" base: "paho-python 1.6")"},
           Rebuilt{"mqttnet", R"(
             default_keep_alive: "15s" ping_offset: "100ns" tick: "250ms" wait_on_tick: false
             clock: WALL apply_server_keep_alive: false connect_timeout: "100s"
             connack_within_connect: true reconnect { enabled: false })"},
       }) {
    Diagnostics d;
    const Plan plan = CompileText(absl::StrCat("client_profiles { name: \"own\" ", r.fields, " }"),
                                  "client: \"own\" }", d);
    ASSERT_TRUE(d.ok()) << r.name << "\n" << d.Render();
    const auto [name, version] = NameAndVersion(r.name);
    const ClientProfile& built_in = *FindClientProfile(name, version);
    ASSERT_EQ(plan.groups.size(), 1u);
    EXPECT_TRUE(Named(plan.groups[0].profile, built_in) == built_in) << r.name;
  }
}

TEST(ProfileRowTest, BuiltInBrokersCanBeWrittenAsRows) {
  for (const Rebuilt& r : {
           Rebuilt{"mosquitto 2.0.15", R"(
             connect_on_scan: true zero_keep_alive_exceeds: true
             rounding: FLOOR_SECONDS strict: true mechanism: SCAN period: "6s" whole_seconds: true
             limit_reply: SERVER_KEEP_ALIVE connect_timeout: "90s" will_granularity: "1s"
             takeover_will: IF_SESSION_ENDS)"},
           Rebuilt{"emqx 5.7.2", R"(
             mechanism: ACCUMULATED_TICKS period_factor: 0.5 period_min: "1s" period_max: "30s"
             limit_reply: REPLACE_V5 connect_timeout: "15s" takeover_will: IF_NO_DELAY)"},
           Rebuilt{"nanomq 0.25", R"(
             grace_factor: 1.25 strict: true mechanism: ACCUMULATED_TICKS period: "10s"
             pingreq_restarts_tick: false connect_timeout: "15s")"},
           Rebuilt{"mochi 2.7", R"(
             rounding: FLOOR_SECONDS wrap_16_bit: true connect_timeout: "15s"
             will_granularity: "1s")"},
           Rebuilt{"aedes 1.1", R"(grace_extra: "1ms" limit_reply: REFUSE refusal_code: 6)"},
       }) {
    Diagnostics d;
    const Plan plan = CompileText(absl::StrCat("broker_profiles { name: \"own\" ", r.fields, " }"),
                                  "} broker { profile: \"own\" }", d);
    const Plan copy =
        CompileText(absl::StrCat("broker_profiles { name: \"own\" base: \"", r.name, "\" }"),
                    "} broker { profile: \"own\" }", d);
    ASSERT_TRUE(d.ok()) << r.name << "\n" << d.Render();
    BrokerProfile own = Named(plan.broker.profile, copy.broker.profile);
    own.activity = copy.broker.profile.activity;  // told, and no field
    EXPECT_TRUE(own == copy.broker.profile) << r.name;
  }
}

TEST(ProfileRowTest, ATickOfOnesOwnTakesTheLongTickAway) {
  Diagnostics d;
  const Plan plan =
      CompileText("client_profiles { name: \"own\" base: \"paho-golang\" tick: \"2s\" }",
                  "client: \"own\" }", d);
  ASSERT_TRUE(d.ok()) << d.Render();
  EXPECT_EQ(plan.groups[0].profile.TickOf(Seconds(60)), Seconds(2));
}

// EMQX 4.x: two ticks of keepalive_backoff; a broker of IDLE_TICKS has no other limit.
TEST(ProfileRowTest, TheGraceFactorMovesTheTicks) {
  for (const char* text : {"} broker { profile: \"emqx 4.4\" grace_factor: 2 }",
                           "} broker { profile: \"own\" } broker_profiles { name: \"own\" "
                           "base: \"emqx 4.4\" grace_factor: 2 }"}) {
    Diagnostics d;
    const Plan plan = CompileText("", text, d);
    ASSERT_TRUE(d.ok()) << d.Render();
    EXPECT_EQ(plan.broker.profile.period.Of(Seconds(60)), Seconds(60));
    EXPECT_EQ(LimitOf(plan.broker.profile, Seconds(60)), Seconds(120));
  }
}

TEST(ProfileRowTest, WarnsOfANameThatIsNotAllOfItsVersions) {
  Diagnostics d;
  CompileText("", "client: \"mqttjs 5.5\" } broker { profile: \"emqx 5.0\" }", d);
  EXPECT_THAT(d.Render(), HasSubstr("warning: broker.profile: \"emqx 5.0\" stands for 5.0.0 to "
                                    "5.0.25; there is also \"emqx 5.3\" for 5.0.26 to 5.7.1"));
  EXPECT_THAT(d.Render(), Not(HasSubstr("mqttjs")));
  EXPECT_TRUE(d.ok());
}

TEST(ProfileRowTest, ContradictionsAreRefused) {
  Diagnostics d;
  CompileText(R"(client_profiles { name: "own" answered_by: INPUT any_packet_answers: true
                                   long_tick: "5s" ping_in_factor: 11 })",
              "client: \"own\" }", d);
  EXPECT_THAT(d.Render(), HasSubstr("client_profiles[0].any_packet_answers: says the same"));
  EXPECT_THAT(d.Render(), HasSubstr("client_profiles[0].long_keep_alive: is required"));
  EXPECT_THAT(d.Render(), HasSubstr("client_profiles[0].ping_in_factor: 11 is out of range"));
}

TEST(ProfileRowTest, WarnsOfClientsThatStayAwayOrRefuseTheirKeepAlive) {
  Diagnostics d;
  CompileText("",
              "client: \"paho-c\" } groups { name: \"h\" client: \"libmosquitto\" "
              "keep_alive: \"4s\" }",
              d);
  EXPECT_THAT(d.Render(),
              HasSubstr("warning: groups[0].client: \"paho-c\" does not connect again"));
  EXPECT_THAT(d.Render(), HasSubstr("warning: groups[1].keep_alive: \"libmosquitto\" refuses"));
  EXPECT_TRUE(d.ok());
}

}  // namespace
}  // namespace keepsim
