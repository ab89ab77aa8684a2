// How long what the simulator does takes. Nothing here is asserted: machines differ, and so do
// hours. Numbers and what they mean: docs/performance.md.
//
//   bazel run //tests/bench:report -- FILE     all of it, as JSON
#include <malloc.h>

#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "sim/base/quantile_table.h"
#include "sim/base/random.h"
#include "sim/engine/event_queue.h"
#include "sim/engine/heap_queue.h"
#include "sim/engine/radix_queue.h"
#include "sim/mqtt/profile.h"
#include "sim/run/runner.h"
#include "sim/world/cell.h"
#include "tests/bench/eager_fleet.h"
#include "tests/bench/fleet.h"

namespace keepsim {
namespace {

void CountEvents(benchmark::State& state, uint64_t events) {
  using benchmark::Counter;
  state.counters["events"] = static_cast<double>(events);
  state.counters["per_event"] =
      Counter(static_cast<double>(events),
              Counter::kIsIterationInvariantRate | Counter::kInvert);  // seconds
}

// ---- whole runs, on one thread: records, digest, checks and metrics included --------------------

void RunFleet(benchmark::State& state, const Plan& plan, Engine engine) {
  uint64_t events = 0;
  RunOptions options;
  options.threads = 1;
  options.engine = engine;
  for (auto _ : state) events = Run(plan, options)->events;
  CountEvents(state, events);
}
void Fleet(benchmark::State& state, bool tcp, Engine engine = Engine::kEvents) {
  RunFleet(state, *FleetPlan(tcp, state.range(0), "24h"), engine);
}
void TcpFleet(benchmark::State& state) { Fleet(state, true); }
void DatagramFleet(benchmark::State& state) { Fleet(state, false); }
void TcpFleetSkipping(benchmark::State& state) { Fleet(state, true, Engine::kAuto); }
void DatagramFleetSkipping(benchmark::State& state) { Fleet(state, false, Engine::kAuto); }
// The broker's kill-rate limit joins all clients, who run alone as far as they can.
void JoinedFleet(benchmark::State& state) {
  RunFleet(state, *FleetPlan(true, state.range(0), "24h", R"(profile: "hivemq-ce")"),
           Engine::kAuto);
}
// Each client publishes three times in the time after which it would send a PINGREQ.
void PublishingFleet(benchmark::State& state) {
  const auto plan =
      FleetPlan(true, state.range(0), "24h", kBroker, /*crashes=*/true,
                R"(publish { periodic { period: "20s" } qos: 1 payload_bytes: 100 })");
  RunFleet(state, *plan, Engine::kAuto);
}

// The reference fleet with each profile of a client at the specification's broker, and the other
// way round.
template <typename Profile>
std::string FullName(const Profile& p) {
  return p.version.empty() ? p.name : absl::StrCat(p.name, " ", p.version);
}
void RegisterProfiles() {
  const auto add = [](const std::string& name, std::string client, std::string broker) {
    const auto run = [client = std::move(client), broker = std::move(broker)](auto& state) {
      const std::string text = absl::StrCat("profile: \"", broker, "\"");
      RunFleet(state, *FleetPlan(true, 1000, "24h", text, /*crashes=*/true, /*more=*/"", client),
               Engine::kAuto);
    };
    benchmark::RegisterBenchmark(name.c_str(), run)->MeasureProcessCPUTime();
  };
  for (const ClientProfile& p : ClientProfiles()) {
    add(absl::StrCat("client ", FullName(p)), FullName(p), "spec");
  }
  for (const BrokerProfile& p : BrokerProfiles()) {
    add(absl::StrCat("broker ", FullName(p)), "spec", FullName(p));
  }
}

// The reference fleet with a message every 100 s, from each client and for it; also that of a
// client with a main loop, whose looks a message moves.
void RegisterMessages() {
  const auto add = [](const char* field, int qos, const std::string& client, Engine engine) {
    const std::string text =
        absl::StrCat("subscribe: \"a/#\" ", field, " { periodic { period: \"100s\" } qos: ", qos,
                     " payload_bytes: 100 }");
    const auto run = [text, client, engine](auto& state) {
      RunFleet(state, *FleetPlan(true, 1000, "24h", kBroker, /*crashes=*/true, text, client),
               engine);
    };
    const std::string name = absl::StrCat("messages ", field, " QoS ", qos,
                                          client == "spec" ? "" : absl::StrCat(", ", client),
                                          engine == Engine::kEvents ? ", event by event" : "");
    benchmark::RegisterBenchmark(name.c_str(), run)->MeasureProcessCPUTime();
  };
  for (const Engine engine : {Engine::kAuto, Engine::kEvents}) {
    for (const char* field : {"publish", "receive"}) {
      for (int qos = 0; qos <= 2; ++qos) add(field, qos, "spec", engine);
      add(field, 1, "libmosquitto", engine);
    }
  }
}

// The broker handles one packet after another: all in one cell, whose clients run as members.
void HandlingFleet(benchmark::State& state, Engine engine) {
  const auto broker = R"(profile: "spec" handling_time: "1us")";
  RunFleet(state, *FleetPlan(true, state.range(0), state.range(0) > 10000 ? "20m" : "2h", broker),
           engine);
}
void HandlingFleet(benchmark::State& state) { HandlingFleet(state, Engine::kAuto); }
void HandlingFleetOneQueue(benchmark::State& state) { HandlingFleet(state, Engine::kEvents); }
// What the largest do in a day would take hours. Without the crashes over TCP, too.
void EagerFleet(benchmark::State& state, bool tcp) {
  const int64_t clients = state.range(0);
  const auto horizon = clients > 100000 ? "20m" : clients > 10000 ? "2h" : "24h";
  const auto plan = FleetPlan(tcp, clients, horizon, kBroker, /*crashes=*/false);
  uint64_t events = 0;
  for (auto _ : state) events = RunEagerFleet(*plan);
  CountEvents(state, events);
}
void EagerDatagramFleet(benchmark::State& state) { EagerFleet(state, false); }
void EagerTcpFleet(benchmark::State& state) { EagerFleet(state, true); }
// The same as JoinedFleet(), by one queue for all. Memory is what the cell holds at the end.
void CoupledFleet(benchmark::State& state) {
  const auto plan = FleetPlan(true, state.range(0), "10m", R"(profile: "hivemq-ce")");
  const uint32_t clients = static_cast<uint32_t>(state.range(0));
  uint64_t events = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    Cell cell(*plan);
    cell.Run({1, clients}, [](const TraceRecord*, const TraceRecord*) {});
    events = cell.events();
    bytes = mallinfo2().uordblks + mallinfo2().hblkhd - before;
  }
  CountEvents(state, events);
  state.counters["bytes_per_client"] = static_cast<double>(bytes) / clients;
}
BENCHMARK(CoupledFleet)->RangeMultiplier(10)->Range(100, 100000)->MeasureProcessCPUTime();
BENCHMARK(CoupledFleet)->Arg(1000000)->Iterations(1)->MeasureProcessCPUTime();
BENCHMARK(JoinedFleet)->RangeMultiplier(10)->Range(100, 100000)->MeasureProcessCPUTime();
BENCHMARK(JoinedFleet)->Arg(1000000)->Iterations(1)->MeasureProcessCPUTime();
BENCHMARK(PublishingFleet)->RangeMultiplier(10)->Range(100, 10000)->MeasureProcessCPUTime();
BENCHMARK(HandlingFleet)->RangeMultiplier(10)->Range(100, 100000)->MeasureProcessCPUTime();
BENCHMARK(HandlingFleet)->Arg(1000000)->Iterations(1)->MeasureProcessCPUTime();
BENCHMARK(HandlingFleetOneQueue)->RangeMultiplier(10)->Range(100, 100000)->MeasureProcessCPUTime();
BENCHMARK(HandlingFleetOneQueue)->Arg(1000000)->Iterations(1)->MeasureProcessCPUTime();
BENCHMARK(TcpFleet)->RangeMultiplier(10)->Range(100, 10000)->MeasureProcessCPUTime();
BENCHMARK(DatagramFleet)->RangeMultiplier(10)->Range(100, 10000)->MeasureProcessCPUTime();
BENCHMARK(TcpFleetSkipping)->RangeMultiplier(10)->Range(100, 100000)->MeasureProcessCPUTime();
BENCHMARK(TcpFleetSkipping)->Arg(1000000)->Iterations(1)->MeasureProcessCPUTime();
BENCHMARK(DatagramFleetSkipping)->RangeMultiplier(10)->Range(100, 100000)->MeasureProcessCPUTime();
BENCHMARK(DatagramFleetSkipping)->Arg(1000000)->Iterations(1)->MeasureProcessCPUTime();
BENCHMARK(EagerDatagramFleet)->RangeMultiplier(10)->Range(100, 10000)->MeasureProcessCPUTime();
BENCHMARK(EagerDatagramFleet)->Arg(100000)->Arg(1000000)->Iterations(1)->MeasureProcessCPUTime();
BENCHMARK(EagerTcpFleet)->RangeMultiplier(10)->Range(100, 10000)->MeasureProcessCPUTime();
BENCHMARK(EagerTcpFleet)->Arg(100000)->Arg(1000000)->Iterations(1)->MeasureProcessCPUTime();

// ---- luck ---------------------------------------------------------------------------------------

void OneBlock(benchmark::State& state) {
  const RandomSource source(GroupKey(1, "bench"), 7);
  uint64_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(source.Block(Purpose::kTest, ++i));
}
BENCHMARK(OneBlock);

void FourBlocks(benchmark::State& state) {
  const RandomSource source(GroupKey(1, "bench"), 7);
  RandomBlock blocks[RandomSource::kAtOnce];
  uint64_t i = 0;
  for (auto _ : state) {
    source.Blocks(Purpose::kTest, i += RandomSource::kAtOnce, blocks);
    benchmark::DoNotOptimize(blocks);
  }
}
BENCHMARK(FourBlocks);

void LatencySample(benchmark::State& state) {
  const auto plan = FleetPlan(true, 1, "1h");
  uint64_t u = 1;
  for (auto _ : state) {
    u = u * 6364136223846793005u + 1442695040888963407u;
    benchmark::DoNotOptimize(plan->groups[0].up.latency.Sample(u));
  }
}
BENCHMARK(LatencySample);

void QuantileTables(benchmark::State& state) {
  const auto kind = static_cast<DistributionSpec::Kind>(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(QuantileTable({.kind = kind, .a = Milliseconds(50), .shape = 0.5}));
  }
}
BENCHMARK(QuantileTables)
    ->Arg(static_cast<int>(DistributionSpec::Kind::kExponential))
    ->Arg(static_cast<int>(DistributionSpec::Kind::kLognormal))
    ->Arg(static_cast<int>(DistributionSpec::Kind::kWeibull));

// What skipping cannot do without, per exchange over TCP: three draws, judged and looked up.
void SkipFloor(benchmark::State& state) {
  constexpr size_t kExchanges = 32;
  const auto plan = FleetPlan(true, 1, "1h");
  const DirectionSpec& path = plan->groups[0].up;
  const RandomSource source(GroupKey(1, "bench"), 7);
  uint64_t loss[2 * kExchanges], latency[2 * kExchanges];
  int64_t samples[2 * kExchanges];
  uint64_t i = 0;
  for (auto _ : state) {
    for (const size_t n : {2 * kExchanges, kExchanges}) {
      source.Pairs(Purpose::kTest, i, n, loss, latency);
      benchmark::DoNotOptimize(path.loss.Hits(loss, n));
      path.latency.SampleMany(latency, n, samples);
      benchmark::DoNotOptimize(samples);
      i += n;
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kExchanges));
}
BENCHMARK(SkipFloor);

// ---- sessions -----------------------------------------------------------------------------------

// One keep alive exchange of both sessions: PINGREQ due, PINGREQ heard, PINGRESP heard.
void SessionExchange(benchmark::State& state) {
  const auto plan = FleetPlan(true, 1, "1h");
  const ClientParams& params = plan->groups[0].params;
  const BrokerProfile& profile = plan->broker.profile;
  const PeerParams& peer = plan->groups[0].peer;
  ClientSession client;
  BrokerSession broker;
  StoredSession stored;
  Start(params, client, kStart);
  const Effects connect = OnConnected(params, client, kStart);
  OnAccepted(profile, broker, kStart);
  for (const Effect& e : OnPacket(profile, peer, broker, stored, kStart, connect.begin()->packet)) {
    if (e.kind == Effect::Kind::kSend) OnPacket(params, client, kStart, e.packet);
  }
  for (auto _ : state) {
    const Instant now = NextDeadline(params, client);
    const Effects ping = OnDeadline(params, client, now, 0);
    const Effects answer = OnPacket(profile, peer, broker, stored, now, ping.begin()->packet);
    benchmark::DoNotOptimize(NextDeadline(profile, broker));
    benchmark::DoNotOptimize(OnPacket(params, client, now, answer.begin()->packet));
  }
}
BENCHMARK(SessionExchange);

// ---- queues: take the next event, put it back later; a third of the delays are minutes, the rest
// milliseconds, as with keep alive
// -----------------------------------------------------------------

struct StdQueue {
  struct Later {
    bool operator()(const Event& x, const Event& y) const { return Before(y, x); }
  };
  void Push(const Event& event) { queue.push(event); }
  Event Pop() {
    const Event event = queue.top();
    queue.pop();
    return event;
  }
  std::priority_queue<Event, std::vector<Event>, Later> queue;
};

template <typename Queue>
void Hold(benchmark::State& state) {
  const RandomSource luck(GroupKey(1, "hold"), 0);
  std::vector<Duration> delays;
  for (uint64_t i = 0; i < 4096; ++i) {
    const RandomBlock u = luck.Block(Purpose::kTest, i);
    delays.push_back(u.w[0] % 3 == 0 ? UniformUpTo(Seconds(270), u.high()) + Seconds(30)
                                     : UniformUpTo(Milliseconds(190), u.high()) + Milliseconds(10));
  }
  Queue queue;
  uint32_t counter = 0;
  for (int64_t i = 0; i < state.range(0); ++i) {
    queue.Push({kStart + delays[static_cast<size_t>(i) % 4096],
                EventOrder(EventClass::kWanted, 1, counter++)});
  }
  for (auto _ : state) {
    Event event = queue.Pop();
    event.at += delays[++counter % 4096];
    event.order = EventOrder(EventClass::kWanted, 1, counter);
    queue.Push(event);
  }
}
BENCHMARK(Hold<EventQueue>)->Arg(4)->Arg(8)->Arg(1000)->Arg(100000)->Arg(1000000);
BENCHMARK(Hold<RadixQueue>)->Arg(4)->Arg(8)->Arg(1000)->Arg(100000)->Arg(1000000);
BENCHMARK(Hold<HeapQueue>)->Arg(4)->Arg(8)->Arg(1000)->Arg(100000)->Arg(1000000);
BENCHMARK(Hold<StdQueue>)->Arg(4)->Arg(8)->Arg(1000)->Arg(100000)->Arg(1000000);

}  // namespace

void RegisterAll() {
  RegisterProfiles();
  RegisterMessages();
}

}  // namespace keepsim

int main(int argc, char** argv) {
  keepsim::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
