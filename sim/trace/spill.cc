#include "sim/trace/spill.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "sim/base/status_macros.h"
#include "sim/trace/record_run.h"

namespace keepsim {
namespace {

using trace_internal::ExtentStore;
using trace_internal::kPieceBytes;
using trace_internal::RecordRun;
using trace_internal::RunReader;
using trace_internal::RunWriter;
using Emit = std::function<absl::Status(absl::Span<const TraceRecord>)>;

// Too few to sort are not worth a run; so many that a run's records still lie in a cache.
constexpr size_t kMinChunkRecords = 4096;
constexpr size_t kMinRuns = 8;
constexpr size_t kEmitRecords = 4096;

// The parts of the limit: packed records in memory; records to be sorted, of all lanes. The rest is
// for the numbers that they are sorted by, and for reading runs in the file.
size_t StoreBytes(size_t limit) { return limit / 8 * 5; }
size_t ChunkRecords(size_t limit, size_t lanes) {
  return std::max(limit / 8 / lanes / sizeof(TraceRecord), kMinChunkRecords);
}

// The reader whose record comes first, found by as many comparisons as the tree is high: each node
// holds the one that lost there.
class Tournament {
 public:
  explicit Tournament(std::deque<RunReader>* readers) : readers_(*readers) {
    std::vector<size_t> winners(2 * size());
    losers_.resize(size());
    for (size_t node = 2 * size() - 1; node > 0; --node) {
      if (node >= size()) {
        winners[node] = node - size();
        continue;
      }
      size_t winner = winners[2 * node];
      size_t loser = winners[2 * node + 1];
      if (Before(loser, winner)) std::swap(winner, loser);
      winners[node] = winner;
      losers_[node] = loser;
    }
    first_ = winners[1];
  }

  RunReader& first() { return readers_[first_]; }
  // After first() has advanced.
  void Replay() {
    for (size_t node = (first_ + size()) / 2; node > 0; node /= 2) {
      if (Before(losers_[node], first_)) std::swap(losers_[node], first_);
    }
  }

 private:
  size_t size() const { return readers_.size(); }
  bool Before(size_t x, size_t y) const {
    if (readers_[x].done() || readers_[y].done()) return !readers_[x].done();
    return CanonicalLess(readers_[x].record(), readers_[y].record());
  }

  std::deque<RunReader>& readers_;
  std::vector<size_t> losers_;
  size_t first_ = 0;
};

// REQUIRES: at least one run.
absl::Status MergeRuns(ExtentStore* store, absl::Span<RecordRun> runs, const Emit& emit) {
  std::deque<RunReader> readers;
  for (RecordRun& run : runs) {
    readers.emplace_back(store, std::move(run));
    KEEPSIM_RETURN_IF_ERROR(readers.back().Advance());
  }
  Tournament tournament(&readers);
  std::vector<TraceRecord> out;
  out.reserve(kEmitRecords);
  while (!tournament.first().done()) {
    RunReader& first = tournament.first();
    out.push_back(first.record());
    KEEPSIM_RETURN_IF_ERROR(first.Advance());
    tournament.Replay();
    if (out.size() == kEmitRecords) {
      KEEPSIM_RETURN_IF_ERROR(emit(out));
      out.clear();
    }
  }
  return out.empty() ? absl::OkStatus() : emit(out);
}

}  // namespace

RecordSorter::RecordSorter(std::string tmp_dir, size_t memory_limit_bytes, size_t lanes)
    : store_(std::move(tmp_dir), StoreBytes(memory_limit_bytes)),
      most_runs_(std::max(memory_limit_bytes / 8 / kPieceBytes, kMinRuns)) {
  for (size_t i = 0; i < lanes; ++i) {
    lanes_.emplace_back(&store_, ChunkRecords(memory_limit_bytes, lanes));
  }
}

absl::Status RecordSorter::Merge(const Emit& emit) {
  std::vector<RecordRun> runs;
  for (trace_internal::SortLane& lane : lanes_) KEEPSIM_RETURN_IF_ERROR(lane.Finish(&runs));
  std::erase_if(runs, [](const RecordRun& run) { return run.empty(); });
  // Of a very long run: each reader takes memory, so some short runs first become a long one.
  while (runs.size() > most_runs_) {
    const size_t n = std::min(most_runs_, runs.size() - most_runs_ + 1);
    RunWriter longer(&store_);
    const Emit put_aside = [&](absl::Span<const TraceRecord> records) -> absl::Status {
      for (const TraceRecord& r : records) KEEPSIM_RETURN_IF_ERROR(longer.Add(r));
      return emit({});
    };
    KEEPSIM_RETURN_IF_ERROR(MergeRuns(&store_, absl::MakeSpan(runs).subspan(0, n), put_aside));
    KEEPSIM_RETURN_IF_ERROR(longer.Finish(&runs.emplace_back()));
    runs.erase(runs.begin(), runs.begin() + static_cast<ptrdiff_t>(n));
  }
  if (runs.empty()) return absl::OkStatus();
  return MergeRuns(&store_, absl::MakeSpan(runs), emit);
}

}  // namespace keepsim
