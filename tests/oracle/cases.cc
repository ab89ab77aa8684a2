#include "tests/oracle/cases.h"

#include "absl/strings/str_cat.h"

namespace keepsim::oracle {
namespace {

struct Row {
  const char* name;
  const char* path;     // of the group
  const char* publish;  // "" or a field of the group
  const char* faults;   // fields of the scenario
};

constexpr char kUdp[] = "transport: DATAGRAM both { latency { constant: \"50ms\" } }";
constexpr char kTcp[] = "transport: TCP both { latency { constant: \"50ms\" } }";
constexpr char kInNoTime[] = "transport: DATAGRAM";

constexpr Row kRows[] = {
    {"idle over datagrams", kUdp, "", ""},
    {"idle over TCP", kTcp, "", ""},
    {"answers arrive in the instant of the question", kInNoTime, "",
     R"(faults { at: "20s" duration: "9s" client: CRASH })"},
    {"publishing replaces PINGREQ", kUdp,
     R"(publish { periodic { period: "3s" phased: false } payload_bytes: 7 })", ""},
    {"publishing in the instant in which PINGREQ is due", kUdp,
     R"(publish { recorded { at: "4s" at: "12s" at: "20s" } })", ""},
    {"a publisher never learns that its broker was restarted", kUdp,
     R"(publish { periodic { period: "2s" phased: false } })",
     R"(faults { at: "30s" duration: "2s" broker_down {} })"},
    {"crash for good", kUdp, "", R"(faults { at: "10s" client: CRASH })"},
    {"back before the broker notices: takeover", kTcp, "",
     R"(faults { at: "10s" duration: "2s" client: CRASH })"},
    {"crash with CONNECT on its way", kUdp, "",
     R"(faults { at: "10s" duration: "1s" client: STOP }
        faults { at: "11020ms" duration: "9s" client: CRASH })"},
    {"kill closes the sockets", kTcp, "", R"(faults { at: "13s" duration: "5s" client: KILL })"},
    {"stop says DISCONNECT", kTcp, "", R"(faults { at: "13s" duration: "5s" client: STOP })"},
    {"PINGRESP waits for a frozen client", kUdp, "",
     R"(faults { at: "8075ms" duration: "3500ms" client: FREEZE })"},
    {"FIN waits for a frozen client", kTcp, "",
     R"(faults { at: "9s" duration: "20s" client: FREEZE })"},
    {"crash of a frozen client", kUdp, "",
     R"(faults { at: "9s" duration: "20s" client: FREEZE }
        faults { at: "12s" duration: "5s" client: CRASH })"},
    {"uplink cut", kUdp, "",
     R"(faults { at: "10s" duration: "21s" partition { directions: UP } })"},
    {"downlink cut", kUdp, "",
     R"(faults { at: "10s" duration: "21s" partition { directions: DOWN } })"},
    {"cuts that overlap", kUdp, "",
     R"(faults { at: "10s" duration: "9s" partition { directions: DOWN } }
        faults { at: "12s" duration: "9s" partition {} }
        faults { at: "13s" duration: "2s" partition { directions: UP } })"},
    {"a stalled broker reads before it looks at its clock", kUdp,
     R"(publish { recorded { at: "12s" at: "14s" } })",
     R"(faults { at: "11s" duration: "6s" broker_stall {} })"},
    {"CONNECT waits for a stalled broker", kTcp, "",
     R"(faults { at: "10s" duration: "11s" broker_stall {} })"},
    {"a connection given up while it waits to be accepted", kTcp, "",
     R"(faults { at: "10s" duration: "40s" broker_stall {} })"},
    {"a broker killed while it is stalled", kTcp, "",
     R"(faults { at: "10s" duration: "20s" broker_stall {} }
        faults { at: "18500ms" duration: "3s" broker_down {} })"},
    {"refused while the broker is down", kTcp, "",
     R"(faults { at: "10s" duration: "9s" broker_down {} })"},
    {"broker killed within a handshake", kTcp, "",
     R"(faults { at: "10s" duration: "1s" client: STOP }
        faults { at: "11075ms" duration: "5s" broker_down {} })"},
    {"a broker lost in silence", kUdp, "",
     R"(faults { at: "10s" duration: "9s" broker_down { silent: true } })"},
    {"a packet arrives in the instant of the broker's limit", kUdp,
     R"(publish { recorded { at: "6s" } })",
     R"(faults { at: "1s" duration: "4s" partition { directions: UP } })"},
};

}  // namespace

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const Row& row : kRows) {
    cases.push_back(
        {row.name,
         absl::StrCat("horizon: \"80s\" groups { name: \"g\" count: 2 client: \"constant\" "
                      "keep_alive: \"4s\" path { ",
                      row.path, " } ", row.publish,
                      " } client_profiles { name: \"constant\" connack_timeout: \"9s\" reconnect { "
                      "first: \"2s\" min: \"3s\" max: \"3s\" growth: 1 jitter: NONE } } ",
                      row.faults)});
  }
  return cases;
}

}  // namespace keepsim::oracle
