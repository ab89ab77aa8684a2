// Who was declared dead how often: an example of reading traces from C++ (docs/trace-format.md).
//
//     bazel run //tools/examples:read_trace -- TRACE [GROUP/INDEX]
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "sim/trace/reader.h"
#include "sim/trace/text.h"

namespace {

using keepsim::Observer;
using keepsim::RecordKind;

// The entity of "GROUP/INDEX"; 0: there is none.
uint32_t EntityOf(const keepsim::TraceHeader& header, const std::string& client) {
  const keepsim::RecordText text(header);
  for (const keepsim::TraceGroup& g : header.groups) {
    for (uint32_t i = 0; i < g.count; ++i) {
      if (text.Entity(g.first_entity + i) == client) return g.first_entity + i;
    }
  }
  return 0;
}

absl::Status Print(const std::string& path, const std::string& client) {
  auto opened = keepsim::TraceReader::Open(path);
  if (!opened.ok()) return opened.status();
  keepsim::TraceReader& trace = **opened;
  const keepsim::RecordText text(trace.header());
  if (!client.empty()) {
    const uint32_t entity = EntityOf(trace.header(), client);
    if (entity == 0) return absl::NotFoundError(client + ": there is no such client");
    // Only the blocks that hold this client are read.
    if (absl::Status s = trace.Select({.entities = {{entity, entity}}}); !s.ok()) return s;
  }
  std::map<std::string, int64_t> declared;
  keepsim::TraceRecord record;
  while (true) {
    const absl::StatusOr<bool> more = trace.Next(&record);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (record.kind != RecordKind::kDeclared) continue;
    const bool by_broker = record.code == static_cast<uint16_t>(Observer::kBroker);
    ++declared[text.Entity(record.entity) + (by_broker ? " by the broker" : " the broker")];
  }
  for (const auto& [who, times] : declared) {
    std::printf("%6lld  %s\n", static_cast<long long>(times), who.c_str());
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: read_trace TRACE [GROUP/INDEX]\n");
    return 2;
  }
  const absl::Status status = Print(argv[1], argc == 3 ? argv[2] : "");
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 1;
}
