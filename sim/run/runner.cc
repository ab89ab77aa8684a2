#include "sim/run/runner.h"

#include <algorithm>
#include <chrono>  // lint: allow(clock) progress and wall_s only: nothing simulated reads it
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "sim/base/memory_limit.h"
#include "sim/run/rounds.h"
#include "sim/run/start_thread.h"
#include "sim/trace/spill.h"
#include "sim/world/cell.h"
#include "sim/world/coupled_cell.h"
#include "sim/world/skip_rule.h"

namespace keepsim {
namespace {

// Wall-clock seconds, for progress and wall_s alone.
double WallSeconds() {
  using Clock = std::chrono::steady_clock;  // lint: allow(clock) see above
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

// Cells taken by a worker at a time: few enough to balance, many enough not to contend.
constexpr size_t kBatch = 64;
constexpr size_t kSorterBytes = size_t{64} << 20;

bool Within(const std::vector<ClientRange>& ranges, const Plan& plan, CellRange cell) {
  for (const ClientRange& r : ranges) {
    const uint32_t first = plan.groups[r.group].first_entity + r.first;
    const uint32_t last = plan.groups[r.group].first_entity + r.last;
    if (cell.first_entity <= last && first <= cell.last_entity) return true;
  }
  return false;
}

absl::Status Stopped() { return absl::CancelledError("the run was stopped"); }

struct Shared {
  const Plan& plan;
  const RunOptions& options;
  std::vector<CellRange> cells;
  RecordSorter* sorter = nullptr;
  bool whole = true;           // up to the horizon
  std::vector<bool> wanted{};  // by entity; empty: everybody
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> clients_done{0};
  std::atomic<int64_t> now_ns{0};
  std::atomic<bool> stop{false};
  std::atomic<int> running{0};
  std::mutex mutex;  // guards what follows
  absl::Status status;
};

struct Worker {
  Worker(size_t its_lane, const RunShape* shape, const CheckShape* checks)
      : lane(its_lane), metrics(shape), checkers(checks) {}
  const size_t lane;  // of the sorter
  Accumulator metrics;
  CheckerSet checkers;
  Digest digest;
  uint64_t outcome = 0;
  uint64_t packets = 0;
  uint64_t events = 0;
  uint64_t engine_events = 0;
  std::vector<SkipStats> skipped;
};

// Sets up cells whose part in the result `w` keeps.
void Prepare(Shared& shared, Worker& w, CellCommon& common) {
  if (!shared.options.packets.empty()) {
    common.packets_selected = [&](uint32_t entity) {
      return Within(shared.options.packets, shared.plan, {entity, entity});
    };
  }
  common.cancel = &shared.stop;
  if (shared.options.on_incident) {
    w.metrics.OnIncident([&](const Incident& incident) {
      Incident unnumbered = incident;
      unnumbered.number = 0;
      const std::lock_guard<std::mutex> lock(shared.mutex);
      shared.options.on_incident(unnumbered);
    });
  }
  if (shared.options.engine != Engine::kEvents) {
    w.skipped.resize(shared.plan.groups.size());
    common.SkipQuietStretches(shared.plan, &w.skipped);
  }
}

void Take(Shared& shared, Worker& w, const TraceRecord* begin, const TraceRecord* end) {
  for (const TraceRecord* r = begin; r != end; ++r) {
    if (!r->is_outcome()) {
      ++w.packets;
    } else {
      ++w.outcome;
      AddToDigest(*r, w.digest);
      w.metrics.Add(*r);
    }
    if (shared.whole) w.checkers.Add(*r);
  }
  if (shared.sorter == nullptr) return;
  const absl::Status status =
      shared.sorter->Add(w.lane, absl::MakeConstSpan(begin, static_cast<size_t>(end - begin)));
  if (status.ok()) return;
  const std::lock_guard<std::mutex> lock(shared.mutex);
  shared.status.Update(status);
  shared.stop = true;
}

RecordSink SinkOf(Shared& shared, Worker& w) {
  if (shared.wanted.empty()) {
    return [&](const TraceRecord* begin, const TraceRecord* end) { Take(shared, w, begin, end); };
  }
  return [&](const TraceRecord* begin, const TraceRecord* end) {
    for (const TraceRecord* r = begin; r != end; ++r) {
      // What is run through without events may go on beyond the end.
      if (shared.wanted[r->entity] && r->at <= shared.options.until) Take(shared, w, r, r + 1);
    }
  };
}

void RunCells(Shared& shared, Worker& w) {
  Cell cell(shared.plan);
  Prepare(shared, w, cell.common());
  cell.common().published_now = &shared.now_ns;
  const RecordSink sink = SinkOf(shared, w);
  const size_t n = shared.cells.size();
  for (size_t first; (first = shared.next.fetch_add(kBatch)) < n;) {
    for (size_t i = first; i < std::min(n, first + kBatch); ++i) {
      if (!cell.Run(shared.cells[i], sink, shared.options.until)) return;
      if (shared.stop) return;
      w.events += cell.events();
      w.engine_events += cell.engine_events();
      shared.clients_done += shared.cells[i].last_entity - shared.cells[i].first_entity + 1;
    }
  }
}

// The members of the only cell, by all workers in rounds, one of which leads.
class MembersRun {
 public:
  MembersRun(Shared& shared, const std::vector<std::unique_ptr<Worker>>& workers)
      : rounds_(workers.size(), [this](size_t w) { return cell_->Advance(w); }) {
    std::vector<CoupledCell::Worker*> parts;
    for (const auto& w : workers) {
      parts_.push_back(std::make_unique<Part>(shared, *w));
      parts.push_back(&parts_.back()->worker);
    }
    cell_ = std::make_unique<CoupledCell>(shared.plan, parts, &shared.stop, &shared.now_ns,
                                          shared.options.until);
  }

  void Lead() {
    const absl::Cleanup close = [this] { rounds_.Close(); };
    do {
      const bool few = cell_->ready() < kFewReady * parts_.size();
      if (!(few ? cell_->AdvanceAll() : rounds_.Run())) return;
    } while (cell_->TakeTurns());
    for (const auto& p : parts_) {
      p->of.events += p->worker.events;
      p->of.engine_events += p->worker.engine_events;
    }
  }
  void Follow() { rounds_.Follow(); }

 private:
  // Waking somebody up costs as much as advancing so many.
  static constexpr size_t kFewReady = 4;

  struct Part {
    Part(Shared& shared, Worker& w) : of(w) {
      Prepare(shared, w, common);
      worker.common = &common;
      worker.sink = SinkOf(shared, w);
    }
    Worker& of;
    CellCommon common;
    CoupledCell::Worker worker;
  };
  std::vector<std::unique_ptr<Part>> parts_;
  std::unique_ptr<CoupledCell> cell_;
  Rounds rounds_;
};

// One thread's part.
void Work(Shared& shared, const std::function<void()>& work) {
  const absl::Status status = WithinMemory([&] {
    work();
    return absl::OkStatus();
  });
  if (!status.ok()) {
    const std::lock_guard<std::mutex> lock(shared.mutex);
    shared.status.Update(status);
    shared.stop = true;
  }
  --shared.running;
}

absl::StatusOr<RunResult> RunAll(const Plan& plan, const RunOptions& options) {
  const double started = WallSeconds();
  RunResult result;
  result.shape = std::make_shared<RunShape>(ShapeOf(plan));
  result.check_shape = std::make_shared<CheckShape>(CheckShapeOf(plan));
  Shared shared{plan, options, Partition(plan)};
  shared.whole = options.until >= kStart + plan.horizon;
  if (!options.only.empty() || !shared.whole) {
    shared.wanted.assign(size_t{plan.client_count()} + 1, options.only.empty());
    for (const ClientRange& r : options.only) {
      const auto first = shared.wanted.begin() + plan.groups[r.group].first_entity;
      std::fill(first + r.first, first + r.last + 1, true);
    }
  }
  if (!options.only.empty()) {
    std::erase_if(shared.cells, [&](CellRange c) { return !Within(options.only, plan, c); });
  }
  uint64_t clients = 0;
  for (const CellRange& c : shared.cells) clients += c.last_entity - c.first_entity + 1;

  int threads =
      options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  threads = std::clamp(threads, 1, 1024);
  const bool members = options.engine != Engine::kEvents && RunsAsMembers(plan);
  const size_t parts = members ? clients : shared.cells.size();
  const size_t useful = (parts + kBatch - 1) / kBatch;
  threads = static_cast<int>(std::clamp<size_t>(useful, 1, static_cast<size_t>(threads)));
  result.threads = threads;

  std::unique_ptr<RecordSorter> sorter;
  if (options.on_records) {
    sorter = std::make_unique<RecordSorter>(options.scratch_dir, kSorterBytes,
                                            static_cast<size_t>(threads));
  }
  shared.sorter = sorter.get();
  std::vector<std::unique_ptr<Worker>> workers;
  for (size_t i = 0; i < static_cast<size_t>(threads); ++i) {
    workers.push_back(std::make_unique<Worker>(i, result.shape.get(), result.check_shape.get()));
  }
  std::unique_ptr<MembersRun> members_run;
  if (members) members_run = std::make_unique<MembersRun>(shared, workers);
  std::vector<std::thread> pool;
  pool.reserve(workers.size());
  // Whatever ends this function, its threads end first.
  absl::Cleanup join = [&] {
    shared.stop = true;
    for (std::thread& t : pool) t.join();
  };
  for (const auto& w : workers) {
    std::function<void()> work = [&] { RunCells(shared, *w); };
    if (members && pool.empty()) {
      work = [&] { members_run->Lead(); };
    } else if (members) {
      work = [&] { members_run->Follow(); };
    }
    ++shared.running;
    if (StartThread([&shared, work] { Work(shared, work); }, &pool)) continue;
    --shared.running;
    if (pool.empty()) return absl::ResourceExhaustedError("out of memory: no thread begins");
    break;  // those that there are do it all
  }
  // The calling thread only watches.
  double reported = started;
  while (shared.running > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // lint: allow(sleep) watching only
    if (options.cancel != nullptr && *options.cancel) shared.stop = true;
    if (options.on_progress && WallSeconds() - reported > 0.1) {
      reported = WallSeconds();
      const Duration horizon =
          shared.cells.size() == 1 ? std::min(plan.horizon, options.until - kStart) : Duration{0};
      options.on_progress({shared.clients_done, clients, horizon, Instant{shared.now_ns}});
    }
  }
  std::move(join).Cancel();
  for (std::thread& t : pool) t.join();
  if (!shared.status.ok()) return shared.status;
  if (shared.stop) return Stopped();

  if (members) shared.clients_done = clients;

  // The run's own records count once, whoever ran which cell.
  std::vector<TraceRecord> run_records = result.shape->run_records;
  std::erase_if(run_records, [&](const TraceRecord& r) { return r.at > options.until; });
  for (const TraceRecord& r : run_records) AddToDigest(r, result.digest);
  result.outcome_records = run_records.size();
  result.metrics = std::make_unique<Accumulator>(result.shape.get());
  result.checks = std::make_unique<CheckerSet>(result.check_shape.get());
  for (const auto& w : workers) {
    w->metrics.Finish();
    result.metrics->Merge(w->metrics);
    result.checks->Merge(w->checkers);
    result.digest.Merge(w->digest);
    result.outcome_records += w->outcome;
    result.packet_records += w->packets;
    result.events += w->events;
    result.engine_events += w->engine_events;
    result.skipped.resize(w->skipped.size());
    for (size_t g = 0; g < w->skipped.size(); ++g) result.skipped[g].Add(w->skipped[g]);
  }
  if (shared.whole) result.checks->Finish(result.metrics->incident_count());
  if (sorter != nullptr) {
    absl::Status status = sorter->Add(0, absl::MakeConstSpan(run_records));
    if (status.ok()) {
      status = sorter->Merge([&](absl::Span<const TraceRecord> records) -> absl::Status {
        if (options.cancel != nullptr && *options.cancel) return Stopped();
        if (records.empty()) return absl::OkStatus();
        return options.on_records(records.data(), records.data() + records.size());
      });
    }
    if (!status.ok()) return status;
  }
  result.wall_s = WallSeconds() - started;
  return result;
}

}  // namespace

absl::StatusOr<RunResult> Run(const Plan& plan, const RunOptions& options) {
  return WithinMemory([&] { return RunAll(plan, options); });
}

}  // namespace keepsim
