// States of clients from their records, and which incidents a page holds in full.
#include "tools/report/fleet_json.h"

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keepsim {
namespace {

using testing::ElementsAre;

Instant At(int64_t s) { return kStart + Seconds(s); }

TraceHeader OneClient() {
  TraceHeader h;
  h.groups = {{"g", 1, 1}};
  h.faults = {"storm"};
  h.horizon = Seconds(1000);
  return h;
}

TraceRecord Of(int64_t s, RecordKind kind, uint32_t conn = 0, uint16_t code = 0, int64_t a = 0) {
  TraceRecord r;
  r.at = At(s);
  r.entity = 1;
  r.kind = kind;
  r.conn = conn;
  r.code = code;
  r.a = a;
  return r;
}

uint16_t End(Observer whose) { return static_cast<uint16_t>(static_cast<int>(whose) << 8); }

// The seconds since which states hold, and their numbers.
std::vector<std::pair<int64_t, int>> States(const std::vector<TraceRecord>& records) {
  const TraceHeader header = OneClient();
  FleetFollower fleet(header);
  for (const TraceRecord& r : records) fleet.Add(r);
  std::vector<std::pair<int64_t, int>> out;
  const auto changes = fleet.Changes();
  for (const FleetFollower::Change& c : changes[0]) {
    out.emplace_back((c.at - kStart).ns / 1000000000, static_cast<int>(c.state));
  }
  return out;
}

std::pair<int64_t, int> Is(int64_t s, ShownState state) { return {s, static_cast<int>(state)}; }

TEST(FleetFollowerTest, AConnectionIsThereWhenBothEndsHaveIt) {
  EXPECT_THAT(
      States(
          {Of(1, RecordKind::kHostUp), Of(2, RecordKind::kSessionOpened, 1),
           Of(3, RecordKind::kConnected, 1), Of(10, RecordKind::kClosed, 1, End(Observer::kClient)),
           Of(20, RecordKind::kClosed, 1, End(Observer::kBroker)), Of(30, RecordKind::kHostDown)}),
      ElementsAre(Is(0, ShownState::kDown), Is(1, ShownState::kNotConnected),
                  Is(2, ShownState::kOneEnd), Is(3, ShownState::kConnected),
                  Is(10, ShownState::kOneEnd), Is(20, ShownState::kNotConnected),
                  Is(30, ShownState::kDown)));
}

TEST(FleetFollowerTest, EndsOfDifferentConnectionsAreNotConnected) {
  // The broker still has the first where the client has the second.
  EXPECT_THAT(States({Of(1, RecordKind::kHostUp), Of(1, RecordKind::kSessionOpened, 1),
                      Of(2, RecordKind::kConnected, 2), Of(3, RecordKind::kSessionOpened, 2),
                      Of(4, RecordKind::kClosed, 1, End(Observer::kBroker))}),
              ElementsAre(Is(0, ShownState::kDown), Is(1, ShownState::kOneEnd),
                          Is(3, ShownState::kConnected)));
}

TEST(FleetFollowerTest, AMappingIsLostBeforeItIsNoticed) {
  EXPECT_THAT(States({Of(1, RecordKind::kHostUp), Of(2, RecordKind::kSessionOpened, 1),
                      Of(3, RecordKind::kConnected, 1),
                      Of(600, RecordKind::kMappingLost, 1, 0, (At(303) - kStart).ns),
                      Of(900, RecordKind::kClosed, 1, End(Observer::kClient)),
                      Of(901, RecordKind::kClosed, 1, End(Observer::kBroker))}),
              ElementsAre(Is(0, ShownState::kDown), Is(1, ShownState::kNotConnected),
                          Is(2, ShownState::kOneEnd), Is(3, ShownState::kConnected),
                          Is(303, ShownState::kUnmapped), Is(901, ShownState::kNotConnected)));
}

TEST(FleetFollowerTest, TheWorseHidesTheBetter) {
  EXPECT_THAT(States({Of(1, RecordKind::kHostUp), Of(1, RecordKind::kSessionOpened, 1),
                      Of(1, RecordKind::kConnected, 1), Of(5, RecordKind::kPathDown, 0, 3),
                      Of(6, RecordKind::kAsleep), Of(7, RecordKind::kPathUp, 0, 0),
                      Of(8, RecordKind::kAwake)}),
              ElementsAre(Is(0, ShownState::kDown), Is(1, ShownState::kConnected),
                          Is(5, ShownState::kPathCut), Is(6, ShownState::kStandsStill),
                          Is(8, ShownState::kConnected)));
}

TEST(FleetFollowerTest, WhatBefallsAllIsABand) {
  const TraceHeader header = OneClient();
  FleetFollower fleet(header);
  TraceRecord r = Of(10, RecordKind::kFaultBegins);
  r.entity = 0;
  fleet.Add(r);
  r = Of(20, RecordKind::kFaultEnds);
  r.entity = 0;
  fleet.Add(r);
  ASSERT_EQ(fleet.bands().size(), 1u);
  EXPECT_EQ(fleet.bands()[0].name, "storm");
  EXPECT_EQ(fleet.bands()[0].from, At(10));
  EXPECT_EQ(fleet.bands()[0].to, At(20));
}

TEST(FleetFollowerTest, AFaultOfClientsIsABandFromTheFirstToTheLast) {
  TraceHeader header = OneClient();
  header.groups[0].count = 2;
  FleetFollower fleet(header);
  for (const auto& [s, entity, kind] : {std::tuple{10, 1, RecordKind::kPathDown},
                                        {12, 2, RecordKind::kPathDown},
                                        {20, 1, RecordKind::kPathUp},
                                        {22, 2, RecordKind::kPathUp}}) {
    TraceRecord r = Of(s, kind, 0, kind == RecordKind::kPathDown ? 3 : 0);
    r.entity = static_cast<uint32_t>(entity);
    fleet.Add(r);
  }
  ASSERT_EQ(fleet.bands().size(), 1u);
  EXPECT_EQ(fleet.bands()[0].from, At(10));
  EXPECT_EQ(fleet.bands()[0].to, At(22));
}

TEST(WorstIncidentsTest, OneOfEachKindThenFalseOnesOfLongSilence) {
  std::vector<Incident> all(6);
  for (size_t i = 0; i < all.size(); ++i) all[i].silence = Seconds(static_cast<int64_t>(i));
  for (const size_t i : {2u, 3u, 5u}) all[i].verdict = Verdict::kFalse;
  // 0 is the first true one, 2 the first false one.
  EXPECT_THAT(WorstIncidents(all, 2), ElementsAre(0, 2));
  EXPECT_THAT(WorstIncidents(all, 3), ElementsAre(0, 2, 5));
  EXPECT_THAT(WorstIncidents(all, 5), ElementsAre(0, 2, 3, 4, 5));
  EXPECT_THAT(WorstIncidents(all, 100), ElementsAre(0, 1, 2, 3, 4, 5));
}

}  // namespace
}  // namespace keepsim
