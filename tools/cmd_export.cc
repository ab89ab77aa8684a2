// keepsim export: a stored run for other programs.
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/metrics/incident_reader.h"
#include "sim/run/replay.h"
#include "sim/trace/text.h"
#include "tools/command.h"
#include "tools/export/capture.h"
#include "tools/export/incident_csv.h"
#include "tools/export/perfetto.h"
#include "tools/export/record_json.h"
#include "tools/export/sqlite_export.h"
#include "tools/output_file.h"
#include "tools/selector.h"
#include "tools/trace_input.h"

namespace keepsim {
namespace {

// Written in pieces of about this size.
constexpr size_t kPiece = size_t{1} << 20;

struct Export {
  std::string trace;  // as given
  std::unique_ptr<TraceReader> reader;
  std::vector<ClientRange> clients;
  bool all = true;  // no --client was given
  bool Wants(uint32_t entity) const {
    return all || Holds(clients, reader->header().groups, entity);
  }
};

absl::Status Csv(Export& e, OutputFile& out) {
  out.Write(IncidentCsvHeader());
  return ReadIncidents(*e.reader, [&](const Incident& i) {
    if (e.Wants(i.entity)) out.Write(IncidentCsvLine(i, e.reader->header().groups));
    return true;
  });
}

absl::Status Json(Export& e, OutputFile& out) {
  const RecordJson json(e.reader->header());
  TraceRecord r;
  while (true) {
    const absl::StatusOr<bool> more = e.reader->Next(&r);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    if (e.Wants(r.entity)) out.Write(json.Line(r));
  }
}

// The clients' records at packet level. FailedPrecondition if they do not meet the trace.
absl::Status Replay(Export& e, const Plan& plan,
                    const std::function<absl::Status(const TraceRecord&)>& take) {
  RunOptions options;
  options.on_records = [&](const TraceRecord* begin, const TraceRecord* end) -> absl::Status {
    for (const TraceRecord* r = begin; r != end; ++r) {
      if (absl::Status s = take(*r); !s.ok()) return s;
    }
    return absl::OkStatus();
  };
  const auto replayed = RunClientsAgainst(plan, e.clients, options, *e.reader);
  if (!replayed.ok()) return replayed.status();
  if (replayed->same) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the run again does not meet the trace: " +
      DifferenceText(*replayed, RecordText(e.reader->header()), "stored", "replayed"));
}

std::vector<CaptureGroup> CaptureGroups(const Prepared& p) {
  std::vector<CaptureGroup> groups;
  for (size_t g = 0; g < p.plan->groups.size(); ++g) {
    const pb::Group& group = p.scenario.proto.groups(static_cast<int>(g));
    CaptureGroup out;
    out.connect = p.plan->groups[g].connect;
    out.subscribe_filter = p.plan->groups[g].subscribe_filter;
    const auto add = [&](const pb::Publish& m, bool up) {
      out.topics.push_back({m.topic().empty() ? "t" : m.topic(), static_cast<uint8_t>(m.qos()),
                            m.payload_bytes(), up});
    };
    for (const pb::Publish& m : group.publish()) add(m, true);
    for (const pb::Publish& m : group.receive()) add(m, false);
    groups.push_back(std::move(out));
  }
  return groups;
}

absl::Status Pcapng(Export& e, const Prepared& p, OutputFile& out) {
  for (const ClientRange& c : e.clients) {
    const GroupPlan& g = p.plan->groups[c.group];
    if (g.transport == Transport::kTcp) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("group ", g.name,
                     " sends datagrams, and a capture holds TCP; leave it out "
                     "with --client"));
  }
  std::string bytes;
  PcapngWriter writer("keepsim", &bytes);
  Capture capture(e.reader->header(), CaptureGroups(p), writer);
  absl::Status status = Replay(e, *p.plan, [&](const TraceRecord& r) {
    absl::Status s = capture.Add(r);
    if (bytes.size() >= kPiece) out.Write(std::exchange(bytes, ""));
    return s;
  });
  out.Write(bytes);
  return status;
}

absl::Status Perfetto(Export& e, const Prepared& p, OutputFile& out) {
  PerfettoExport perfetto(e.reader->header(), [&](absl::string_view piece) { out.Write(piece); });
  absl::Status status = Replay(e, *p.plan, [&](const TraceRecord& r) {
    perfetto.Add(r);
    return absl::OkStatus();
  });
  perfetto.Finish();
  return status;
}

}  // namespace

int ExportCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"format", "client", "out"}, {"allow-damaged"})) return kExitBadInput;
  if (a.positional().size() != 1) return Fail("export needs one trace file");
  const std::string format = a.Get("format");
  const bool binary = format == "pcapng" || format == "perfetto";
  const bool json = format == "json" || format == "jsonl";  // one object per line
  if (!binary && !json && format != "csv" && format != "sqlite") {
    return Fail("--format must be csv, json, jsonl, sqlite, pcapng or perfetto, not \"" + format +
                "\"");
  }
  if (format == "sqlite" && (!a.Has("out") || a.Get("out") == "-")) {
    return Fail("a database is a file; say where with --out FILE");
  }
  if (binary && !a.Has("out") && isatty(STDOUT_FILENO) != 0) {
    return Fail(format + " is not for a terminal; say where with --out FILE");
  }
  Export e;
  e.trace = a.positional()[0];
  if (RefusesOutput(a, "out", e.trace)) return kExitBadInput;
  auto opened = OpenTrace(e.trace, a);
  if (!opened.ok()) return Fail(opened.status());
  e.reader = *std::move(opened);
  e.all = !a.Has("client");
  std::string why;
  if (!ParseSelector(a.Get("client", "all"), e.reader->header().groups, &e.clients, &why)) {
    return Fail("--client " + why);
  }
  Prepared p;
  if (binary) {
    p = PrepareFromTrace(e.trace, *e.reader);
    if (p.plan == nullptr) return kExitBadInput;
  }
  if (format == "sqlite") {
    const absl::Status status = ExportSqlite(
        *e.reader, [&](uint32_t entity) { return e.Wants(entity); }, UserPath(a.Get("out")));
    if (!status.ok()) return Fail(status);
    ReportDamage(*e.reader);
    return kExitOk;
  }
  OutputFile out(a.Has("out") ? UserPath(a.Get("out")) : "-");
  absl::Status status;
  if (format == "csv") status = Csv(e, out);
  if (json) status = Json(e, out);
  if (format == "pcapng") status = Pcapng(e, p, out);
  if (format == "perfetto") status = Perfetto(e, p, out);
  if (status.ok()) status = out.Finish();
  if (absl::IsFailedPrecondition(status)) {
    Fail(status);
    return kExitNotMet;
  }
  if (!status.ok()) return Fail(status);
  ReportDamage(*e.reader);
  return kExitOk;
}

}  // namespace keepsim
