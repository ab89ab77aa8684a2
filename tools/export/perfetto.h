// One client's life as tracks for ui.perfetto.dev: each end of the path has a track, with slices
// for its connections and for the silence in them, instants for packets, and an arrow from each
// packet's sending to its reading.
//
// Slices of one track nest. Where an end has two connections at a time, as a broker has when a
// client comes back early, the second is on a track of its own, "(2)".
#ifndef KEEPSIM_TOOLS_EXPORT_PERFETTO_H_
#define KEEPSIM_TOOLS_EXPORT_PERFETTO_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sim/metrics/accumulator.h"
#include "sim/metrics/incident.h"
#include "sim/trace/record.h"
#include "sim/trace/text.h"
#include "sim/trace/trace_header.h"
#include "sim/trace/wire_fields.h"

namespace keepsim {

class PerfettoExport {
 public:
  // `take` gets the file piece by piece. `header` must outlive the export.
  PerfettoExport(const TraceHeader& header, std::function<void(absl::string_view)> take);
  // REQUIRES: the run's and the clients' records, of either level, in canonical order.
  void Add(const TraceRecord& r);
  // Ends what is still open at the end of the run. Call once.
  void Finish();

 private:
  struct Flow {
    uint64_t id = 0;
    PacketFields packet;
  };
  // A connection at one end.
  struct Lane {
    uint64_t track = 0;
    uint32_t conn = 0;  // 0: free
    bool silence = false;
  };
  struct End {
    std::vector<Lane> lanes;
    // What was written for this end and is not read, by connection.
    std::map<uint32_t, std::vector<Flow>> awaited;
    uint32_t closed = 0;  // the newest connection that has ended here
  };
  struct Client {
    End end[2];  // the client's, the broker's
  };

  // What was held back of one client and instant.
  void Release();
  void Tell(const TraceRecord& r);
  Client& ClientOf(uint32_t entity);
  // The track of that end's connection; its first one if it has none.
  Lane& LaneOf(uint32_t entity, int end, uint32_t conn);
  void Open(const TraceRecord& r, int end);
  void Close(const TraceRecord& r, int end);
  void OnSent(const TraceRecord& r);
  void OnReceived(const TraceRecord& r);
  void OnIncident(const Incident& incident);
  void Instantly(const TraceRecord& r, int end, absl::string_view category, absl::string_view name);
  void EndAwaited(Instant at, uint32_t entity, int end, uint32_t conn);
  uint64_t NewTrack(absl::string_view name);

  const TraceHeader& header_;
  const RecordText text_;
  const RunShape shape_;
  Accumulator metrics_;
  std::function<void(absl::string_view)> take_;
  std::map<uint32_t, Client> clients_;
  std::vector<TraceRecord> instant_;
  uint64_t tracks_ = 0;
  uint64_t flows_ = 0;
  uint64_t run_track_ = 0;
  bool first_ = true;

  friend class EntryWriter;
};

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPORT_PERFETTO_H_
