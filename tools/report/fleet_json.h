// A run as the fleet page draws it (tools/report/fleet_model.js): what state each client was in at
// any time, and all incidents, as columns of numbers.
#ifndef KEEPSIM_TOOLS_REPORT_FLEET_JSON_H_
#define KEEPSIM_TOOLS_REPORT_FLEET_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/time.h"
#include "sim/metrics/incident.h"
#include "sim/trace/record.h"
#include "sim/trace/trace_header.h"

namespace keepsim {

// The worse hides the better where several hold. Numbered as the page knows them.
enum class ShownState : uint8_t {
  kConnected = 0,     // both ends have the same connection
  kOneEnd = 1,        // one end holds a connection that the other does not have
  kNotConnected = 2,  // no end holds any
  kUnmapped = 3,      // the middlebox has forgotten the connection
  kPathCut = 4,
  kStandsStill = 5,  // process frozen or host asleep
  kDown = 6,
};

// States of all clients over time, from outcome records alone.
class FleetFollower {
 public:
  explicit FleetFollower(const TraceHeader& header);
  // REQUIRES: canonical order.
  void Add(const TraceRecord& r);

  struct Change {
    Instant at;
    ShownState state;
  };
  // Of each client, in the order of entities, from 1: ascending in time, each another state.
  std::vector<std::vector<Change>> Changes() const;
  // What befell all: `to` is kNever if it lasts.
  struct Band {
    std::string name;
    Instant from;
    Instant to = kNever;
  };
  const std::vector<Band>& bands() const { return bands_; }
  size_t clients() const { return clients_.size(); }
  size_t moments() const { return moments_; }  // at least as many as changes

 private:
  struct Moment {
    Instant at;
    uint8_t flags;
  };
  struct Client {
    std::vector<Moment> moments;
    uint32_t conn[2] = {0, 0};  // that the client and the broker hold; 0: none
    uint32_t unmapped = 0;      // whose mapping was lost
    uint8_t truth = 0;          // flags
  };
  void OnRun(const TraceRecord& r);
  void Unmapped(Client& c, const TraceRecord& r);
  static uint8_t FlagsOf(const Client& c);
  // A scheduled fault begins or ends for one client; the band is from the first to the last.
  void Struck(int64_t fault, Instant at, bool begins);
  void OpenBand(const std::string& name, Instant at);
  void CloseBand(const std::string& name, Instant at);

  const TraceHeader& header_;
  std::vector<Client> clients_;
  std::vector<Band> bands_;
  size_t moments_ = 0;
};

// Columns are little-endian and in base64: clients' first changes (u32, one more than clients),
// changes' times (u32, in units of `unit_ns`) and states (u8); of incidents client ordinal (u32),
// declared, silence and latency (f64, ns; latency NaN: none), verdict, cause, failure, observer
// (u8). `digest`: of the trace.
std::string FleetJson(const TraceHeader& header, const FleetFollower& fleet,
                      const std::vector<Incident>& incidents, const std::string& digest,
                      const std::string& trace);

// The incidents, by position, whose time lines a page should hold: one of each kind (verdict,
// cause, failure, observer), then the worst: false before transient before true, the longest
// silence first.
std::vector<size_t> WorstIncidents(const std::vector<Incident>& incidents, size_t at_most);

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_REPORT_FLEET_JSON_H_
