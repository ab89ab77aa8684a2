// Scenario files: errors with their places, overrides, formats, and a thousand broken files.
#include "sim/scenario/load.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "sim/base/random.h"
#include "sim/scenario/compile.h"

namespace keepsim {
namespace {

using testing::HasSubstr;

constexpr char kGood[] = R"(name: "good"
horizon: "1h"
groups {
  name: "fleet"
  count: 10
  keep_alive: "60s"
  client: "libmosquitto 2.0"
  path {
    both { latency { lognormal { median: "50ms" sigma: 0.5 } } loss: 0.01 }
    middlebox { idle_timeout: "5m" }
  }
  random_faults { fault: CRASH gap { exponential { mean: "1h" } } length { constant: "1m" } }
  connect { user_name: "toby" will { topic: "w" qos: 2 } }
}
faults { at: "10m" duration: "1m" partition { directions: UP } }
broker { profile: "mosquitto 2.0.22" }
)";

std::string Errors(const std::string& text, ScenarioFormat format = ScenarioFormat::kText) {
  Diagnostics diagnostics;
  const LoadedScenario s = LoadText(text, format, "f", diagnostics);
  if (diagnostics.ok()) (void)Compile(s, diagnostics);
  return diagnostics.Render();
}

// As the command line shows them: what could be read is checked too.
std::string AllErrors(const std::string& text, ScenarioFormat format = ScenarioFormat::kText) {
  Diagnostics diagnostics;
  const LoadedScenario s = LoadText(text, format, "f", diagnostics);
  (void)Compile(s, diagnostics);
  return diagnostics.Render();
}

TEST(LoadTest, AGoodFileHasNothingToSay) { EXPECT_EQ(Errors(kGood), ""); }

TEST(LoadTest, AllErrorsComeAtOnceEachWithItsPlace) {
  const std::string e = Errors(R"(horizon: "0"
groups {
  name: "a b"
  keep_alive: "70000s"
  client: "libmosqito"
  path { both { loss: 1.5 } middlebox { } }
}
groups { name: "g" keep_alive: "1.5s" publish { } }
faults { at: "1m" select { groups: "h" } partition { } }
)");
  EXPECT_THAT(e, HasSubstr("f:1:1: error: horizon: \"0\" is out of range [\"1ns\", \"36525d\"]"));
  EXPECT_THAT(e, HasSubstr("f:3:3: error: groups[0].name:"));
  EXPECT_THAT(
      e, HasSubstr(
             "f:4:3: error: groups[0].keep_alive: \"70000s\" is out of range [\"0\", \"65535s\"]"));
  EXPECT_THAT(e,
              HasSubstr("unknown client profile \"libmosqito\" (did you mean \"libmosquitto\"?)"));
  EXPECT_THAT(e, HasSubstr("f:6:17: error: groups[0].path.both.loss: 1.5 is out of range [0, 1]"));
  EXPECT_THAT(e, HasSubstr("groups[0].path.middlebox.idle_timeout: is required"));
  EXPECT_THAT(
      e,
      HasSubstr("groups[1].keep_alive: \"1.5s\" is not in whole seconds; write \"1s\" or \"2s\""));
  EXPECT_THAT(e, HasSubstr("groups[1].publish[0]: needs periodic, poisson, bursts or recorded"));
  EXPECT_THAT(e, HasSubstr("there is no group \"h\""));
}

TEST(LoadTest, EveryUnknownNameIsFoundWithASuggestion) {
  const std::string e = Errors(R"(horizn: "1h"
groups { name: "g" cuont: 3 path { transport: DATAGRM } random_faults { fault: CRSH } }
faults { at: "1s" select { members: "g" } client: KILL }
)");
  EXPECT_THAT(
      e,
      HasSubstr("f:1:1: error: unknown field \"horizn\" in Scenario (did you mean \"horizon\"?)"));
  EXPECT_THAT(e, HasSubstr("unknown field \"cuont\" in Group (did you mean \"count\"?)"));
  EXPECT_THAT(e, HasSubstr("unknown field \"members\" in Selector; known: groups "));
  EXPECT_THAT(
      e, HasSubstr("unknown value \"DATAGRM\" of field transport (did you mean \"DATAGRAM\"?)"));
  EXPECT_THAT(e, HasSubstr("unknown value \"CRSH\" of field fault (did you mean \"CRASH\"?)"));
}

TEST(LoadTest, NoNameIsPassedOver) {
  const std::string e = Errors(R"(horizon: "1h"
groups { name: "g" [keep_alive]: "60s" _: "x" __ { a: 3 } }
)");
  EXPECT_THAT(e, HasSubstr("f:2:21: error: groups[0].keep_alive: unknown field \"[keep_alive]\""));
  EXPECT_THAT(e, HasSubstr("unknown field \"_\" in Group"));
  EXPECT_THAT(e, HasSubstr("unknown field \"__\" in Group"));
}

TEST(LoadTest, WarnsOfWhatCanHaveNoEffect) {
  const std::string e = Errors(R"(horizon: "1h" watchers { name: "w" }
groups { name: "g" count: 3 connect { client_id: "one" } start { at: "2h" }
         publish { periodic { period: "2h" } } }
groups { name: "none" count: 0 }
faults { at: "2h" broker_down {} }
faults { at: "1m" select { first: 5 } client: CRASH }
faults { at: "1m" client: MIDDLEBOX_FLUSH }
faults { at: "1m" clock { jump: "5s" } }
)");
  for (const char* warning :
       {"groups[0].connect.client_id: is the same for all 3 clients", "groups[0].start.at: 2h is",
        "groups[0].publish[0].periodic.period: 2h is longer", "groups[1].count: 0: the group",
        "faults[0].at: 2h is not before", "faults[1].select: selects no client",
        "faults[2].client: MIDDLEBOX_FLUSH strikes nobody", "faults[3].clock: jump changes nothing",
        "watchers[0]: sees nothing"}) {
    EXPECT_THAT(e, HasSubstr(absl::StrCat("warning: ", warning)));
  }
}

TEST(LoadTest, WarnsOfWhatIsLegalAndFoolish) {
  const std::string e = Errors(R"(horizon: "1h"
groups { name: "g" keep_alive: "10m" client: "emqtt" publish { periodic { period: "7m" } } path { middlebox { idle_timeout: "5m" } } }
)");
  EXPECT_THAT(e, HasSubstr("warning: groups[0].keep_alive: PINGREQ after 600s is later than the "
                           "middlebox's idle timeout of 300s"));
  EXPECT_THAT(e, HasSubstr("warning: groups[0].client: \"emqtt\" may be silent for 1200s but the "
                           "broker closes after 900s"));
}

TEST(LoadTest, WarnsOfAWaitForPingrespBeyondKeepAlive) {
  EXPECT_THAT(Errors(R"(horizon: "1h"
groups { name: "g" keep_alive: "30s" client: "own" }
client_profiles { name: "own" pingresp_factor: 0 pingresp_offset: "31s" }
)"),
              HasSubstr("f:2:1: warning: groups[0]: PINGRESP is awaited for 31s, longer than "
                        "keepAlive"));
  EXPECT_EQ(Errors(R"(horizon: "1h"
groups { name: "g" keep_alive: "30s" client: "own" }
client_profiles { name: "own" pingresp_factor: 0 pingresp_offset: "30s" }
)"),
            "");
}

TEST(LoadTest, NoErrorOfAFieldHidesThoseBehindIt) {
  const std::string e = AllErrors(R"(horizon: 5
groups {
  name: "g" name: "h" count: many keep_alive: "70000s"
  publish { poisson { mean_gap: "1m" } periodic { period: "0" } }
  path { both { loss: "much" } }
  clock { drift_ppm: 9e9 }
  publish { periodic { period: "1m" } qos: -1 }
}
faults { at: "1m" select { groups: "i" } partition { directions: [UP, DOWN] } }
)");
  EXPECT_THAT(e, HasSubstr("f:1:10: error: horizon: expected a text in quotes, not 5"));
  EXPECT_THAT(e, HasSubstr("f:3:13: error: groups[0].name: is given a second time; it is no list"));
  EXPECT_THAT(e, HasSubstr("f:3:30: error: groups[0].count: expected a whole number in "
                           "[0, 4294967295], not many"));
  EXPECT_THAT(e, HasSubstr("f:3:35: error: groups[0].keep_alive: \"70000s\" is out of range"));
  EXPECT_THAT(e, HasSubstr("f:4:40: error: groups[0].publish[0].periodic: is given beside poisson, "
                           "but only one of them can be"));
  EXPECT_THAT(
      e, HasSubstr("f:5:23: error: groups[0].path.both.loss: expected a number, not \"much\""));
  EXPECT_THAT(e, HasSubstr("f:6:11: error: groups[0].clock.drift_ppm: 9000000000 is out of range "
                           "[-500000, 500000]"));
  EXPECT_THAT(e, HasSubstr("f:7:44: error: groups[0].publish[1].qos: expected a whole number in "
                           "[0, 4294967295], not -1"));
  EXPECT_THAT(e, HasSubstr("f:9:66: error: faults[0].partition.directions: expected one of BOTH UP "
                           "DOWN, not ["));
  EXPECT_THAT(e, HasSubstr("there is no group \"i\""));
}

TEST(LoadTest, JsonIsCheckedLikeText) {
  const std::string e = AllErrors(R"({
  "horizn": {"a": [1, {"b": null}]},
  "horizon": "0",
  "groups": [
    {"name": "a b", "keepAlive": "70000s", "count": 1e1},
    {"name": "g", "path": {"both": {"loss": 1.5}, "transport": "DATAGRM"}, "publish": [{}, 5]},
    {"count": "many", "connect": [], "mqtt_version": "V5", "region": {}},
    {"name": "h", "publish": [{"poisson": {"meanGap": "1m"}, "periodic": {"period": "1m"}}]}
  ],
  "faults": [{"at": "1m", "select": {"groups": ["i"]}, "partition": {}}]
}
)",
                                  ScenarioFormat::kJson);
  EXPECT_THAT(e, HasSubstr("f:2:3: error: unknown field \"horizn\" in Scenario (did you mean "
                           "\"horizon\"?)"));
  EXPECT_THAT(e, HasSubstr("f:3:3: error: horizon: \"0\" is out of range"));
  EXPECT_THAT(e, HasSubstr("f:5:6: error: groups[0].name:"));
  EXPECT_THAT(e, HasSubstr("f:5:21: error: groups[0].keep_alive: \"70000s\" is out of range"));
  EXPECT_THAT(e, HasSubstr("f:6:37: error: groups[1].path.both.loss: 1.5 is out of range [0, 1]"));
  EXPECT_THAT(e, HasSubstr("f:6:64: error: groups[1].path.transport: unknown value \"DATAGRM\" of "
                           "field transport (did you "
                           "mean \"DATAGRAM\"?)"));
  EXPECT_THAT(e, HasSubstr("f:6:88: error: groups[1].publish[0]: needs periodic"));
  EXPECT_THAT(e, HasSubstr("f:6:92: error: groups[1].publish[1]: expected { ... }"));
  EXPECT_THAT(e, HasSubstr("f:7:5: error: groups[2].name: is required"));
  EXPECT_THAT(e, HasSubstr("f:7:15: error: "));
  EXPECT_THAT(e, HasSubstr("f:7:34: error: groups[2].connect: expected { ... }, not [ ]"));
  EXPECT_THAT(e, HasSubstr("f:7:70: error: groups[2].region: expected a text in quotes, not { }"));
  EXPECT_THAT(e, HasSubstr("f:8:62: error: groups[3].publish[0].periodic: is given beside poisson, "
                           "but only one of them can be"));
  EXPECT_THAT(e, HasSubstr("there is no group \"i\""));
}

TEST(LoadTest, WhatIsNoJsonSaysWhereItEnds) {
  EXPECT_THAT(Errors("", ScenarioFormat::kJson), HasSubstr("f:1:1: error: not JSON: "));
  EXPECT_THAT(AllErrors("{\"horizon\": \"1h\",\n  \"groups\": [{\"name\": \"a b\"} \"x\"]}",
                        ScenarioFormat::kJson),
              testing::AllOf(HasSubstr("f:2:30: error: not JSON: "),
                             HasSubstr("f:2:15: error: groups[0].name:")));
  EXPECT_THAT(Errors("[{}]", ScenarioFormat::kJson),
              HasSubstr("f:1:1: error: a Scenario is one object: { ... }"));
  EXPECT_THAT(AllErrors("{\"name\": \"\xff\"}", ScenarioFormat::kJson),
              HasSubstr("error: not JSON: Invalid encoding in string."));
  EXPECT_THAT(Errors(std::string("{}\0", 3), ScenarioFormat::kJson),
              HasSubstr("f:1:3: error: a zero byte is not JSON"));
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "{\"groups\":[";
  EXPECT_THAT(Errors(deep, ScenarioFormat::kJson), HasSubstr("error: not JSON: "));
}

TEST(LoadTest, AFactorOfZeroIsZeroAndNotTheBases) {
  Diagnostics d;
  const Plan plan = Compile(LoadText(R"(horizon: "1h"
groups { name: "g" client: "own" }
client_profiles { name: "own" pingresp_factor: 0 pingresp_offset: "10s" }
)",
                                     ScenarioFormat::kText, "f", d),
                            d);
  ASSERT_TRUE(d.ok()) << d.Render();
  EXPECT_EQ(plan.groups[0].profile.pingresp_wait.Of(Seconds(60)), Seconds(10));
}

TEST(LoadTest, NoClockMayStandStill) {
  constexpr char kError[] = "error: groups[0].clock: with the faults that change it";
  const std::string slow = R"(horizon: "1h" groups { name: "g" clock { drift_ppm: -500000 } }
)";
  EXPECT_THAT(Errors(slow + R"(faults { at: "1m" clock { drift_ppm: -500000 } })"),
              HasSubstr(kError));
  EXPECT_EQ(Errors(slow + R"(faults { at: "1m" clock { drift_ppm: -499999 } })"), "");
  EXPECT_THAT(Errors(R"(horizon: "1h"
groups { name: "g" clock { drift_ppm: -500000 drift_ppm_max: 500000 } })"),
              HasSubstr(kError));
  EXPECT_EQ(Errors(slow + R"(groups { name: "h" }
faults { at: "1m" select { groups: "h" } clock { drift_ppm: -500000 } })"),
            "");
}

TEST(LoadTest, AGroupHasAtMost64WorkloadsOfAKind) {
  std::string many = R"(horizon: "1h" groups { name: "g")";
  for (int i = 0; i < 64; ++i) many += R"( publish { periodic { period: "1h" } })";
  EXPECT_EQ(Errors(many + " }"), "");
  EXPECT_THAT(Errors(many + R"( publish { periodic { period: "1h" } } })"),
              HasSubstr("groups[0].publish: has 65 elements; at most 64"));
}

TEST(LoadTest, BinaryAndJsonAreTheSameScenario) {
  Diagnostics d;
  const LoadedScenario text = LoadText(kGood, ScenarioFormat::kText, "f", d);
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(text.proto, &json).ok());
  const std::string binary = text.proto.SerializeAsString();
  const std::string digest = ScenarioDigest(text.proto);
  EXPECT_EQ(ScenarioDigest(LoadText(binary, ScenarioFormat::kBinary, "f", d).proto), digest);
  EXPECT_EQ(ScenarioDigest(LoadText(json, ScenarioFormat::kJson, "f", d).proto), digest);
  EXPECT_EQ(ScenarioDigest(LoadText(ToText(text.proto), ScenarioFormat::kText, "f", d).proto),
            digest);
  EXPECT_TRUE(d.ok()) << d.Render();
}

TEST(LoadTest, WhatCannotBeMeantIsRefused) {
  const std::string start = "horizon: \"1h\"\n";
  EXPECT_THAT(
      Errors(start + R"(groups { name: "g" mqtt_version: V5
connect { session_expiry: "1500ms" } })"),
      HasSubstr(
          "f:3:11: error: groups[0].connect.session_expiry: \"1500ms\" is not in whole seconds"));
  EXPECT_THAT(Errors(start + R"(groups { name: "g" mqtt_version: V5
connect { will { topic: "t" delay: "1500ms" } } })"),
              HasSubstr("groups[0].connect.will.delay: \"1500ms\" is not in whole seconds"));
  EXPECT_THAT(Errors(start + R"(groups { name: "g" }
client_profiles { name: "x" } client_profiles { name: "x" })"),
              HasSubstr("client_profiles[1].name: \"x\" is the name of an earlier row"));
  EXPECT_THAT(Errors(start + R"(groups { name: "g" }
broker_profiles { name: "x" keep_alive_min_s: 30 keep_alive_max_s: 20 })"),
              HasSubstr("broker_profiles[0].keep_alive_min_s: 30 is above keep_alive_max_s, 20"));
}

TEST(OverrideTest, ReachesEveryField) {
  Diagnostics d;
  LoadedScenario s = LoadText(kGood, ScenarioFormat::kText, "f", d);
  for (const char* set : {"groups[0].count=1000", "groups[fleet].keep_alive=30s",
                          "broker.grace_factor=2", "groups[0].path.both.loss=0.5",
                          "groups[0].path.transport=DATAGRAM", "watchers={name: \"w\"}"}) {
    ApplyOverride(set, s, d);
  }
  EXPECT_TRUE(d.ok()) << d.Render();
  EXPECT_EQ(s.proto.groups(0).count(), 1000u);
  EXPECT_EQ(s.proto.groups(0).keep_alive(), "30s");
  EXPECT_EQ(s.proto.broker().grace_factor(), 2);
  EXPECT_EQ(s.proto.groups(0).path().both().loss(), 0.5);
  EXPECT_EQ(s.proto.groups(0).path().transport(), pb::DATAGRAM);
  EXPECT_EQ(s.proto.watchers(0).name(), "w");
  EXPECT_EQ(s.overrides.size(), 6u);
}

TEST(OverrideTest, BadOnesSayWhy) {
  for (const auto& [set, why] : std::vector<std::pair<std::string, std::string>>{
           {"groups[0].cuont=3", "did you mean \"count\""},
           {"groups[7].count=3", "there is no groups[7]"},
           {"groups.count=3", "is a list"},
           {"groups[0].count=many", "cannot be the value of count"},
           {"horizon", "expected path=value"},
           {"..=1", "not of the form"}}) {
    Diagnostics d;
    LoadedScenario s = LoadText(kGood, ScenarioFormat::kText, "f", d);
    ApplyOverride(set, s, d);
    EXPECT_THAT(d.Render(), HasSubstr(why)) << set;
    EXPECT_TRUE(s.overrides.empty());
  }
}

// A thousand broken files, mutated from the good one: each is refused with a reason or is another
// valid file; none crashes or hangs.
TEST(LoadTest, AThousandBrokenFilesNeverCrash) {
  const std::string good = kGood;
  const RandomSource luck(7, 0);
  int refused = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    std::string text = good;
    const int changes = 1 + static_cast<int>(luck.Draw64(Purpose::kTest, i * 64) % 4);
    for (int c = 0; c < changes; ++c) {
      const RandomBlock b = luck.Block(Purpose::kTest, i * 64 + 1 + static_cast<uint64_t>(c));
      const size_t at = b.w[0] % text.size();
      switch (b.w[1] % 5) {
        case 0:
          text[at] = static_cast<char>(b.w[2]);
          break;
        case 1:
          text.erase(at, 1 + b.w[2] % 20);
          break;
        case 2:
          text.insert(at, 1 + b.w[2] % 5, "{}\"9-:[]\n\\"[b.w[3] % 10]);
          break;
        case 3:
          text.insert(at, text.substr(b.w[2] % text.size(), 30));
          break;
        case 4:
          text.resize(at + 1);
          break;
      }
    }
    if (Errors(text).find(": error: ") != std::string::npos) ++refused;
    (void)Errors(text, ScenarioFormat::kBinary);
    (void)Errors(text, ScenarioFormat::kJson);
  }
  EXPECT_GT(refused, 700);
}

TEST(LoadTest, DeepNestingAndHugeNumbersAreRefused) {
  std::string deep;
  for (int i = 0; i < 10000; ++i) deep += "groups {";
  EXPECT_THAT(Errors(deep), HasSubstr("error"));
  EXPECT_THAT(Errors("horizon: \"1h\" groups { name: \"g\" count: 4294967295 }"),
              HasSubstr("out of range"));
  EXPECT_THAT(Errors("horizon: \"1h\" groups { name: \"g\" path { both { loss: nan } } }"),
              HasSubstr("out of range"));
  EXPECT_THAT(Errors("horizon: \"99999999999999999999h\""), HasSubstr("error: horizon"));
}

TEST(LoadTest, StringsThatNoPacketCanHoldAreRefused) {
  const std::string full(65535, 'x');
  for (const char* field :
       {"client_id: \"%s\"", "user_name: \"%s\"", "user_name: \"u\" password: \"%s\"",
        "will { topic: \"%s\" }", "will { topic: \"w\" message: \"%s\" }"}) {
    const auto with = [&](const std::string& value) {
      const std::string body = absl::StrReplaceAll(field, {{"%s", value}});
      return absl::StrCat("horizon: \"1h\" groups { name: \"g\"\nconnect { ", body, " } }");
    };
    EXPECT_EQ(Errors(with(full)), "");
    EXPECT_THAT(Errors(with(full + "x")), HasSubstr("is 65536 bytes long; at most 65535"));
  }
  EXPECT_THAT(Errors("horizon: \"1h\" groups { name: \"g\" mqtt_version: V5 connect {\n"
                     "user_properties { key: \"" +
                     full + "x\" } } }"),
              HasSubstr("f:2:19: error: groups[0].connect.user_properties[0].key: is 65536 bytes"));
}

TEST(LoadTest, AWrongTruthValueIsReportedWhereItStands) {
  EXPECT_EQ(Errors("horizon: \"1h\" groups { name: \"g\" connect { clean_start: ture\n} }"),
            "f:1:57: error: groups[0].connect.clean_start: expected true or false, not ture\n");
}

TEST(LoadTest, AHundredProblemsAreEnough) {
  std::string text = "horizon: \"1h\" groups { name: \"g\" }\n";
  for (int i = 0; i < 3000; ++i) text += "x: 1\n";
  const std::string e = Errors(text + "}");
  EXPECT_EQ(std::count(e.begin(), e.end(), '\n'), 100);
  EXPECT_THAT(e, HasSubstr("f:2:1: error: unknown field \"x\""));
  EXPECT_THAT(e, HasSubstr("f:3002:1: error: "));
}

TEST(LoadTest, StringsAreUtf8) {
  EXPECT_EQ(
      Errors(
          "horizon: \"1h\" question: \"\xC2\xB5s \xE2\x82\xAC \xF0\x9F\x93\xB6 \xF4\x8F\xBF\xBF\" "
          "groups { name: \"g\" }"),
      "");
  // As they stand, escaped, within a list; a stray continuation, a cut character, an overlong one,
  // a surrogate, a number too large.
  for (const char* bad : {"\x80", "\\377", "\xE2\x82", "\xC0\xAF", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80"}) {
    EXPECT_THAT(
        Errors(absl::StrCat("horizon: \"1h\" groups { name: \"g\" }\nfaults { at: \"1m\" select { "
                            "groups: \"g\" groups: \"",
                            bad, "\" } client: CRASH }")),
        HasSubstr("f:2:40: error: faults[0].select.groups[1]: is not UTF-8"));
  }
}

TEST(LoadTest, WhatIsMissingAltogetherIsMissingAtTheBeginning) {
  EXPECT_EQ(Errors(""),
            "f:1:1: error: horizon: is required: a duration in [\"1ns\", \"36525d\"]\n"
            "f:1:1: error: groups: at least one group of clients is required\n");
}

TEST(LoadTest, FieldsOfANewerVersionAreRefusedWhereverTheyAre) {
  Diagnostics d;
  pb::Scenario scenario = LoadText(kGood, ScenarioFormat::kText, "f", d).proto;
  pb::Connect* inner = scenario.mutable_groups(0)->mutable_connect();
  inner->GetReflection()->MutableUnknownFields(inner)->AddVarint(999, 1);
  EXPECT_THAT(Errors(scenario.SerializeAsString(), ScenarioFormat::kBinary),
              HasSubstr("fields that this version does not know"));
}

}  // namespace
}  // namespace keepsim
