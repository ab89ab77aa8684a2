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

// Takes the stored outcome records one by one.
class Stored {
 public:
  explicit Stored(TraceReader& reader) : reader_(reader) {}

  // The next; absent at the end.
  absl::StatusOr<std::optional<TraceRecord>> Next() {
    TraceRecord r;
    while (true) {
      const auto more = reader_.Next(&r);
      if (!more.ok()) return more.status();
      if (!*more) return std::optional<TraceRecord>();
      if (r.is_outcome()) return std::optional<TraceRecord>(r);
    }
  }
  bool damaged() const { return !reader_.damage().ok(); }

 private:
  TraceReader& reader_;
};

}  // namespace

absl::StatusOr<Replayed> RunAgainst(const Plan& plan, const RunOptions& options,
                                    TraceReader& reader) {
  Replayed out;
  Stored stored(reader);
  bool over = false;  // the stored records have ended, or differed
  RunOptions with = options;
  with.on_records = [&](const TraceRecord* begin, const TraceRecord* end) -> absl::Status {
    for (const TraceRecord* r = begin; r != end && !over; ++r) {
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
