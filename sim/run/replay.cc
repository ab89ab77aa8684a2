#include "sim/run/replay.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "sim/trace/writer.h"

namespace keepsim {
namespace {

using EntityFilter = std::function<bool(uint32_t entity)>;

// Takes the stored outcome records one by one, up to `until`.
class Stored {
 public:
  Stored(TraceReader& reader, EntityFilter filter, Instant until)
      : reader_(reader), filter_(std::move(filter)), until_(until) {}

  // The next; absent at the end.
  absl::StatusOr<std::optional<TraceRecord>> Next() {
    TraceRecord r;
    while (true) {
      const auto more = reader_.Next(&r);
      if (!more.ok()) return more.status();
      if (!*more || r.at > until_) return std::optional<TraceRecord>();
      if (r.is_outcome() && filter_(r.entity)) return std::optional<TraceRecord>(r);
    }
  }
  bool damaged() const { return !reader_.damage().ok(); }

 private:
  TraceReader& reader_;
  EntityFilter filter_;
  Instant until_;
};

// Runs the plan; the records that pass the filter are compared, and handed to `take`.
absl::StatusOr<Replayed> Compared(const Plan& plan, const RunOptions& options, TraceReader& reader,
                                  const EntityFilter& filter,
                                  const std::function<absl::Status(const TraceRecord&)>& take) {
  Replayed out;
  out.until = options.until;
  Stored stored(reader, filter, options.until);
  bool over = false;  // the stored records have ended, or differed
  RunOptions with = options;
  with.on_records = [&](const TraceRecord* begin, const TraceRecord* end) -> absl::Status {
    for (const TraceRecord* r = begin; r != end && !over; ++r) {
      if (!filter(r->entity)) continue;
      if (take) {
        if (absl::Status s = take(*r); !s.ok()) return s;
      }
      if (!r->is_outcome()) continue;
      auto next = stored.Next();
      if (!next.ok()) return next.status();
      if (*next == *r) {
        ++out.met;
        continue;
      }
      over = true;
      if (!next->has_value() && stored.damaged()) continue;
      out.stored = *next;
      out.simulated = *r;
    }
    return absl::OkStatus();
  };
  const absl::StatusOr<RunResult> result = Run(plan, with);
  if (!result.ok()) return result.status();
  if (!over) {
    auto next = stored.Next();
    if (!next.ok()) return next.status();
    out.stored = *next;
  }
  out.same = !out.stored.has_value() && !out.simulated.has_value();
  out.digest = result->digest;
  return out;
}

}  // namespace

absl::StatusOr<Replayed> RunAgainst(const Plan& plan, const RunOptions& options,
                                    TraceReader& stored) {
  return Compared(
      plan, options, stored, [](uint32_t) { return true; }, nullptr);
}

bool Holds(const std::vector<ClientRange>& clients, const std::vector<TraceGroup>& groups,
           uint32_t entity) {
  for (const ClientRange& r : clients) {
    const uint32_t first = groups[r.group].first_entity;
    if (entity >= first + r.first && entity <= first + r.last) return true;
  }
  return false;
}

TraceSelection SelectionOf(const std::vector<ClientRange>& clients,
                           const std::vector<TraceGroup>& groups) {
  TraceSelection selection;
  selection.entities.push_back({0, 0});
  for (const ClientRange& r : clients) {
    const uint32_t first = groups[r.group].first_entity;
    selection.entities.push_back({first + r.first, first + r.last});
  }
  return selection;
}

absl::StatusOr<Replayed> RunClientsAgainst(const Plan& plan,
                                           const std::vector<ClientRange>& clients,
                                           const RunOptions& options, TraceReader& stored) {
  const std::vector<TraceGroup> groups = stored.header().groups;
  if (absl::Status s = stored.Select(SelectionOf(clients, groups)); !s.ok()) return s;
  RunOptions with = options;
  with.only = with.packets = clients;
  return Compared(
      plan, with, stored,
      [&](uint32_t entity) { return entity == 0 || Holds(clients, groups, entity); },
      [&](const TraceRecord& r) {
        return options.on_records ? options.on_records(&r, &r + 1) : absl::OkStatus();
      });
}

absl::StatusOr<Replayed> RunTwice(const Plan& plan, const RunOptions& options,
                                  const TraceHeader& header) {
  std::error_code error;
  std::string dir = options.scratch_dir.empty()
                        ? std::filesystem::temp_directory_path(error).string()
                        : options.scratch_dir;
  absl::StrAppend(&dir, "/keepsim-verify.XXXXXX");
  if (mkdtemp(dir.data()) == nullptr) {
    return absl::UnavailableError(absl::StrCat(dir, " cannot be made: ", std::strerror(errno)));
  }
  const auto remove = absl::MakeCleanup([&] {
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
  });
  const std::string path = dir + "/first.kst";
  auto writer = TraceWriter::Create(path, header);
  if (!writer.ok()) return writer.status();
  RunOptions first = options;
  first.scratch_dir = dir;
  first.on_records = [&](const TraceRecord* begin, const TraceRecord* end) {
    return (*writer)->Append(absl::MakeConstSpan(begin, static_cast<size_t>(end - begin)));
  };
  const absl::StatusOr<RunResult> result = Run(plan, first);
  if (!result.ok()) return result.status();
  TraceFooter footer;
  footer.digest = result->digest;
  if (absl::Status s = (*writer)->Finish(footer); !s.ok()) return s;
  auto reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  RunOptions second = options;
  second.scratch_dir = dir;
  second.threads = result->threads == 1 ? 2 : 1;
  return RunAgainst(plan, second, **reader);
}

}  // namespace keepsim
