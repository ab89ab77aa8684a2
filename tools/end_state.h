// Where both ends of a client's connection stand, from its records up to an instant.
#ifndef KEEPSIM_TOOLS_END_STATE_H_
#define KEEPSIM_TOOLS_END_STATE_H_

#include <string>

#include "sim/base/time.h"
#include "sim/metrics/ground_truth.h"
#include "sim/trace/record.h"

namespace keepsim {

class EndStates {
 public:
  // REQUIRES: the run's and one client's records, of either level, in canonical order.
  void Add(const TraceRecord& r);
  // Several lines: client, broker, path; all as of `now`.
  std::string Text(const std::string& client, Instant now) const;

 private:
  struct Timer {
    std::string name;
    Instant deadline = kNever;
  };
  struct End {
    uint32_t conn = 0;
    std::string state = "no connection";
    Instant since = kStart;
    bool open = false;  // the broker's session
    std::string written;
    Instant written_at = kNever;  // kNever: nothing yet
    std::string read;
    Instant read_at = kNever;
    Timer session;
    Timer kernel[3];  // of TCP, by slot
  };
  End* OfConnection(End& end, const TraceRecord& r);
  static std::string EndText(const End& end, Instant now);

  End client_;
  End broker_;
  std::string limit_;  // of the broker's session
  GroundTruth truth_;
};

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_END_STATE_H_
