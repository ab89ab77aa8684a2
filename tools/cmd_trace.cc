// keepsim show and diff: what is stored in traces.
#include <cstdio>

#include "sim/run/replay.h"
#include "sim/trace/diff.h"
#include "sim/trace/reader.h"
#include "sim/trace/text.h"
#include "tools/command.h"
#include "tools/selector.h"
#include "tools/trace_input.h"

namespace keepsim {

int ShowCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {"client", "from", "to"}, {"allow-damaged"})) return kExitBadInput;
  if (a.positional().size() != 1) return Fail("show needs one trace file");
  auto opened = OpenTrace(a.positional()[0], a);
  if (!opened.ok()) return Fail(opened.status());
  TraceReader& reader = **opened;
  Instant from, to;
  if (!ReadStretch(a, reader.header(), &from, &to)) return kExitBadInput;
  std::vector<ClientRange> clients;
  std::string why;
  if (a.Has("client") && !ParseSelector(a.Get("client"), reader.header().groups, &clients, &why)) {
    return Fail("--client " + why);
  }
  TraceSelection selection;
  if (a.Has("client")) {
    selection = SelectionOf(clients, reader.header().groups);
    selection.entities.erase(selection.entities.begin());  // the whole run is no client
    if (selection.entities.empty()) return kExitOk;        // a group without clients
  }
  if (a.Has("from")) selection.from = from;
  if (a.Has("to")) selection.to = to;
  const bool whole = !a.Has("client") && !a.Has("from") && !a.Has("to");
  // Read from end to end, the digest is checked too.
  if (!whole) {
    if (absl::Status s = reader.Select(selection); !s.ok()) return Fail(s);
  }
  const RecordText text(reader.header());
  TraceRecord r;
  while (true) {
    const auto more = reader.Next(&r);
    if (!more.ok()) return Fail(more.status());
    if (!*more) break;
    std::printf("%s\n", text.Line(r).c_str());
  }
  ReportDamage(reader);
  return kExitOk;
}

int DiffCommand(const std::vector<std::string>& args) {
  Arguments a;
  if (!a.Parse(args, {}, {"allow-damaged"})) return kExitBadInput;
  if (a.positional().size() != 2) return Fail("diff needs two trace files");
  auto left = OpenTrace(a.positional()[0], a);
  if (!left.ok()) return Fail(left.status());
  auto right = OpenTrace(a.positional()[1], a);
  if (!right.ok()) return Fail(right.status());
  const auto difference = FirstDifference(**left, **right);
  if (!difference.ok()) return Fail(difference.status());
  ReportDamage(**left);
  ReportDamage(**right);
  const TraceHeader& a_header = (*left)->header();
  const TraceHeader& b_header = (*right)->header();
  if (!difference->has_value()) {
    const bool same = a_header.scenario_digest == b_header.scenario_digest;
    std::printf("no record differs%s\n", same ? "" : ", though the scenarios do");
    return kExitOk;
  }
  std::fputs((*difference)->ToText(RecordText(a_header), RecordText(b_header)).c_str(), stdout);
  return kExitNotMet;
}

}  // namespace keepsim
