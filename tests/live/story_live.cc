// The live arm of a story: the clients of a scenario, on real sockets, against a real broker.
//
//   story_live SCENARIO PORT      prints the records as `keepsim show` does, and on stderr how late
//                                 its loop was at most, in seconds
//
// Of a scenario it carries out starts, recorded publishes, freezes, and one watcher of all wills.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "sim/base/check.h"
#include "sim/base/random.h"
#include "sim/live/live_client.h"
#include "sim/live/poll_loop.h"
#include "sim/scenario/compile.h"
#include "sim/trace/text.h"

namespace keepsim {
namespace {

// What a client is to do at an instant.
struct Cue {
  enum class Kind { kStart, kPublish, kFreeze };
  Instant at;
  Kind kind = Kind::kStart;
  size_t client = 0;
  uint8_t qos = 0;
  size_t bytes = 0;
};

class Story : public LiveListener {
 public:
  Story(const Plan& plan, const pb::Scenario& scenario, std::vector<Address> addresses)
      : plan_(plan), addresses_(std::move(addresses)), loop_(clock_) {
    for (size_t g = 0; g < plan.groups.size(); ++g) {
      for (uint32_t i = 0; i < plan.groups[g].count; ++i) {
        AddClient(plan.groups[g], i, scenario.groups(static_cast<int>(g)));
      }
    }
    for (const ScheduledFault& f : plan.faults) {
      SIM_CHECK(f.failure == FailureKind::kFreeze);
      for (const uint32_t g : f.groups) {
        cues_.push_back({f.at, Cue::Kind::kFreeze, plan.groups[g].first_entity - 1});
      }
    }
    AddWatcher();
  }

  std::vector<TraceRecord> Play() {
    const Duration shift = Watch();
    while (clock_.Now() - shift < kStart + plan_.horizon) {
      Instant next = kStart + shift + plan_.horizon;
      for (Cue& cue : cues_) {
        if (cue.at + shift <= clock_.Now()) {
          Do(cue);
          cue.at = kNever - shift;
        }
        next = std::min(next, cue.at + shift);
      }
      SIM_CHECK(loop_.Turn(next).ok());
    }
    std::vector<TraceRecord> records = trace_.Sorted();
    for (TraceRecord& r : records) r.at = r.at - shift;
    return records;
  }

  double latest_s() const { return ToSeconds(loop_.lateness().max()); }

  void OnSent(LiveClient&, Instant, const Packet&) override {}
  void OnReceived(LiveClient& client, Instant at, const Packet& packet,
                  const PacketBody& body) override {
    if (&client != watcher_.get()) return;
    watching_ |= packet.type == PacketType::kSuback;
    if (packet.type != PacketType::kPublish) return;
    for (const auto& c : clients_) {
      if (c->config().connect.will.topic != body.topic) continue;
      trace_.Outcome(at, c->config().entity, RecordKind::kWillDelivered, 0, 1, 0);
    }
  }
  void OnEnd(LiveClient&, const ConnectionEnd&) override {}

 private:
  LiveClientConfig ConfigOf(const GroupPlan& g, uint32_t index) {
    LiveClientConfig c;
    c.entity = g.first_entity + index;
    c.params = g.params;
    c.connect = ForClient(g.connect, g.name, index);
    c.params.connect_size = ConnectSize(c.connect);
    c.addresses = addresses_;
    return c;
  }

  void AddClient(const GroupPlan& g, uint32_t index, const pb::Group& group) {
    LiveClientConfig c = ConfigOf(g, index);
    const size_t number = clients_.size();
    // The draw that the simulator makes.
    const uint64_t luck = RandomSource(g.key, index).Draw64(Purpose::kStartOffset, 0);
    const Instant start = kStart + g.start_at + UniformUpTo(g.start_spread, luck);
    cues_.push_back({start, Cue::Kind::kStart, number});
    for (size_t w = 0; w < g.uplink.size(); ++w) {
      const pb::Publish& publish = group.publish(static_cast<int>(w));
      c.publish_topic = publish.topic();
      for (const Duration at : g.uplink[w].times) {
        cues_.push_back(
            {kStart + at, Cue::Kind::kPublish, number, g.uplink[w].qos, publish.payload_bytes()});
      }
    }
    clients_.push_back(std::make_unique<LiveClient>(std::move(c), clock_, *this, &trace_));
    loop_.Add(clients_.back().get());
  }

  void AddWatcher() {
    LiveClientConfig c;
    c.connect.client_id = "story-watcher";
    c.connect.keep_alive_s = 60;
    c.params.profile = FindClientProfile("spec");
    c.params.connect_size = ConnectSize(c.connect);
    c.subscribe_filter = "story/will/#";
    c.params.subscribe_size = SubscribeSize(c.params.version, c.subscribe_filter.size());
    c.addresses = addresses_;
    watcher_ = std::make_unique<LiveClient>(std::move(c), clock_, *this, nullptr);
    loop_.Add(watcher_.get());
  }

  // Until the watcher has its subscription: that long after the clock's beginning the story begins.
  Duration Watch() {
    watcher_->Start();
    while (!watching_ && clock_.Now() < kStart + Seconds(20)) {
      SIM_CHECK(loop_.Turn(clock_.Now() + Milliseconds(100)).ok());
    }
    SIM_CHECK(watching_);
    return clock_.Now() - kStart;
  }

  void Do(const Cue& cue) {
    LiveClient& client = *clients_[cue.client];
    switch (cue.kind) {
      case Cue::Kind::kStart:
        return client.Start();
      case Cue::Kind::kPublish:
        return client.Publish(cue.qos, cue.bytes);
      case Cue::Kind::kFreeze:
        return client.FallSilent();
    }
  }

  const Plan& plan_;
  const std::vector<Address> addresses_;
  MonotonicClock clock_;
  PollLoop loop_;
  LiveTrace trace_;
  std::vector<std::unique_ptr<LiveClient>> clients_;  // by entity
  std::unique_ptr<LiveClient> watcher_;
  bool watching_ = false;
  std::vector<Cue> cues_;
};

int Main(const char* path, int port) {
  Diagnostics diagnostics;
  const LoadedScenario scenario = Load(path, diagnostics);
  Plan plan = Compile(scenario, diagnostics);
  std::fputs(diagnostics.Render().c_str(), stderr);
  if (!diagnostics.ok()) return 2;
  plan.Link();
  const auto addresses = Resolve({"127.0.0.1", static_cast<uint16_t>(port)});
  if (!addresses.ok()) return 2;
  Story story(plan, scenario.proto, *addresses);
  const std::vector<TraceRecord> records = story.Play();
  std::vector<TraceGroup> groups;
  for (const GroupPlan& g : plan.groups) groups.push_back({g.name, g.first_entity, g.count});
  const RecordText text(groups, {"watcher"}, {});
  for (const TraceRecord& r : records) std::printf("%s\n", text.Line(r).c_str());
  std::fprintf(stderr, "%.6f\n", story.latest_s());
  return 0;
}

}  // namespace
}  // namespace keepsim

int main(int argc, char** argv) {
  return argc == 3 ? keepsim::Main(argv[1], std::atoi(argv[2])) : 2;
}
