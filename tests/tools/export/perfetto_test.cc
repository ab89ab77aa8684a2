// Tracks, decoded again: slices nest, times do not go back, every arrow ends.
#include "tools/export/perfetto.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/run/replay.h"
#include "tests/run/stored_run.h"
#include "tools/export/perfetto.pb.h"

namespace keepsim {
namespace {

using perfetto::Event;

struct Exported {
  perfetto::File file;
  std::vector<TraceRecord> records;
  std::map<uint64_t, std::string> tracks;
};

// All clients of the scenario.
Exported Export(const std::string& scenario) {
  StoredRun run = Store(scenario);
  Exported out;
  std::string bytes;
  PerfettoExport perfetto(run.trace->header(),
                          [&](absl::string_view piece) { bytes += std::string(piece); });
  RunOptions options;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) {
      out.records.push_back(*r);
      perfetto.Add(*r);
    }
    return absl::OkStatus();
  };
  std::vector<ClientRange> all;
  for (uint32_t g = 0; g < run.plan->groups.size(); ++g) {
    all.push_back({g, 0, run.plan->groups[g].count - 1});
  }
  const auto replayed = RunClientsAgainst(*run.plan, all, options, *run.trace);
  EXPECT_TRUE(replayed.ok() && replayed->same);
  perfetto.Finish();
  EXPECT_TRUE(out.file.ParseFromString(bytes));
  for (const perfetto::Entry& e : out.file.entry()) {
    EXPECT_TRUE(e.has_at_ns());
    if (!e.has_track()) continue;
    EXPECT_NE(e.track().id(), 0u);
    EXPECT_TRUE(out.tracks.emplace(e.track().id(), e.track().name()).second);
  }
  return out;
}

// Loss, crashes, freezes, takeovers by early return, a broker that stalls and restarts.
constexpr char kRough[] = R"(
  horizon: "1h"
  groups { name: "g" count: 6 keep_alive: "20s" start { spread: "20s" }
           path { both { latency { exponential { mean: "60ms" } }
                         bursts { mean_good: "2m" mean_bad: "10s" } } }
           publish { poisson { mean_gap: "20s" } qos: 1 payload_bytes: 20 }
           receive { poisson { mean_gap: "40s" } qos: 2 payload_bytes: 20 }
           random_faults { fault: CRASH gap { exponential { mean: "10m" } }
                           length { constant: "5s" } }
           random_faults { fault: FREEZE gap { exponential { mean: "15m" } }
                           length { constant: "15s" } } }
  faults { at: "20m" duration: "12s" broker_stall {} }
  faults { at: "40m" duration: "3s" broker_down {} }
)";

TEST(PerfettoTest, SlicesNestTimesDoNotGoBackAndEveryFlowEnds) {
  const Exported e = Export(kRough);
  std::map<uint64_t, std::vector<std::string>> open;
  std::map<uint64_t, uint64_t> last;
  std::set<uint64_t> begun, ended;
  int connections = 0;
  int silences = 0;
  for (const perfetto::Entry& entry : e.file.entry()) {
    EXPECT_EQ(entry.sequence(), 1u);
    if (!entry.has_event()) continue;
    const Event& event = entry.event();
    ASSERT_EQ(e.tracks.count(event.track()), 1u);
    EXPECT_GE(entry.at_ns(), last[event.track()]);
    last[event.track()] = entry.at_ns();
    std::vector<std::string>& slices = open[event.track()];
    if (event.kind() == Event::BEGIN) {
      slices.push_back(event.category(0));
      connections += event.category(0) == "connection";
      silences += event.category(0) == "silence";
      // A connection first, and silence within it.
      ASSERT_EQ(slices[0], "connection");
      ASSERT_LE(slices.size(), 2u);
    } else if (event.kind() == Event::END) {
      ASSERT_FALSE(slices.empty()) << e.tracks.at(event.track()) << " at " << entry.at_ns();
      slices.pop_back();
    } else {
      EXPECT_EQ(event.kind(), Event::INSTANT);
    }
    for (const uint64_t id : event.flow()) EXPECT_TRUE(begun.insert(id).second);
    for (const uint64_t id : event.ending_flow()) {
      EXPECT_EQ(begun.count(id), 1u);
      EXPECT_TRUE(ended.insert(id).second);
    }
  }
  for (const auto& [track, slices] : open) EXPECT_TRUE(slices.empty()) << e.tracks.at(track);
  EXPECT_EQ(begun, ended);
  EXPECT_GT(begun.size(), 1000u);
  EXPECT_GT(connections, 50);
  EXPECT_GT(silences, 1000);
  EXPECT_EQ(e.file.entry(0).sequence_flags(), 1u);
  EXPECT_EQ(e.file.entry(1).sequence_flags(), 0u);
}

TEST(PerfettoTest, ArrowsLeadFromTheWritingToTheReadingOfAPacket) {
  const Exported e = Export(kRough);
  struct Side {
    uint64_t at = 0;
    std::string what;
    std::string track;
  };
  std::map<uint64_t, Side> from;
  size_t read = 0;
  for (const perfetto::Entry& entry : e.file.entry()) {
    const Event& event = entry.event();
    for (const uint64_t id : event.flow()) {
      from[id] = {entry.at_ns(), event.name(), e.tracks.at(event.track())};
    }
    for (const uint64_t id : event.ending_flow()) {
      const Side& begin = from.at(id);
      EXPECT_LE(begin.at, entry.at_ns());
      EXPECT_EQ(begin.what.substr(0, 7), "writes ");
      const std::string packet = begin.what.substr(7);
      const bool lost = event.name() == "never read: " + packet;
      EXPECT_TRUE(lost || event.name() == "reads " + packet) << event.name();
      read += !lost;
      // From one end of a client to its other end.
      const std::string to = e.tracks.at(event.track());
      EXPECT_EQ(begin.track.substr(0, 3), to.substr(0, 3));
      EXPECT_NE(begin.track.substr(4, 6), to.substr(4, 6));
    }
  }
  size_t received = 0;
  for (const TraceRecord& r : e.records) received += r.kind == RecordKind::kPacketReceived;
  EXPECT_EQ(read, received);
}

TEST(PerfettoTest, DeclarationsSayTheirVerdict) {
  const Exported e = Export(R"(
    horizon: "5m"
    groups { name: "g" keep_alive: "60s" path { both { latency { constant: "10ms" } } } }
    faults { at: "40s" client: CRASH }
  )");
  size_t declared = 0;
  for (const perfetto::Entry& entry : e.file.entry()) {
    const Event& event = entry.event();
    if (event.category_size() == 0 || event.category(0) != "declaration") continue;
    ++declared;
    EXPECT_EQ(event.name(), "declares its peer dead: true");
    EXPECT_EQ(e.tracks.at(event.track()), "g/0 broker");
    EXPECT_EQ(entry.at_ns(), 90030000000u);
    ASSERT_EQ(event.note_size(), 3);
    EXPECT_EQ(event.note(1).name(), "failure");
    EXPECT_EQ(event.note(1).text(), "crash");
  }
  EXPECT_EQ(declared, 1u);
}

}  // namespace
}  // namespace keepsim
