// Capture files that Wireshark and tshark read: pcapng (draft-ietf-opsawg-pcapng), one section,
// Ethernet interfaces, time stamps in nanoseconds since the start of the run, which is shown as
// 1970-01-01 00:00:00 UTC. The same calls give the same bytes on every machine.
#ifndef KEEPSIM_TOOLS_EXPORT_PCAPNG_H_
#define KEEPSIM_TOOLS_EXPORT_PCAPNG_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "sim/base/time.h"

namespace keepsim {

class PcapngWriter {
 public:
  // Appends to `out`, which the caller may write away and clear between two calls. Begins with the
  // Section Header Block; `application` is named in it.
  PcapngWriter(absl::string_view application, std::string* out);

  // Returns the interface's number. An interface is a place where packets are seen, such as a
  // client's end of its path. May come after packets of other interfaces. Texts are UTF-8; of each,
  // here and below, at most 65535 bytes are kept.
  uint32_t AddInterface(absl::string_view name, absl::string_view description);

  // REQUIRES: `interface` is one of AddInterface's; `at` is not before the start of the run.
  void AddPacket(uint32_t interface, Instant at, absl::string_view frame,
                 absl::string_view comment = "");

 private:
  std::string* out_;
  uint32_t interfaces_ = 0;
};

}  // namespace keepsim

#endif  // KEEPSIM_TOOLS_EXPORT_PCAPNG_H_
