#include "tests/oracle/ledger.h"

namespace keepsim::oracle {
namespace {

constexpr uint32_t kIpAndUdpHeaders = 20 + 8;
constexpr Duration kRadioSleepsAfter = Seconds(10);  // docs/model.md, Radio

}  // namespace

void Ledger::Note(Instant at, RecordKind kind, uint16_t code, uint32_t conn, int64_t a, int64_t b) {
  records_.push_back({at, entity_, next_counter_++, kind, code, conn, a, b});
}

void Ledger::Sent(Direction direction, PacketType type, uint32_t size) {
  PerDirection& d = count_[direction];
  ++d.sent;
  ++d.types[static_cast<int>(type)].packets;
  d.types[static_cast<int>(type)].bytes += size;
}

void Ledger::Datagram(Direction direction, uint32_t size, bool lost) {
  PerDirection& d = count_[direction];
  ++d.datagrams;
  d.datagram_bytes += size + kIpAndUdpHeaders;
  if (lost) ++d.lost;
}

void Ledger::RadioUsed(Instant at) {
  if (at - radio_used_ > kRadioSleepsAfter) ++wake_ups_;
  radio_used_ = at;
}

void Ledger::PingAnswered(Duration round_trip) {
  ++answers_;
  round_trips_ += round_trip;
}

void Ledger::Finish(Instant at, uint16_t end_state, bool datagrams) {
  for (const Direction direction : {kUp, kDown}) {
    const PerDirection& d = count_[direction];
    for (int type = 0; type < kPacketTypes; ++type) {
      const PerType& t = d.types[type];
      if (t.packets == 0) continue;
      Note(at, RecordKind::kCost, static_cast<uint16_t>(direction << 8 | type), 0, t.packets,
           t.bytes);
    }
    if (datagrams && d.datagrams > 0) {
      Note(at, RecordKind::kTransportCost, direction, 0, d.datagrams, d.datagram_bytes);
    }
    if (datagrams && d.lost > 0) Note(at, RecordKind::kTransportLoss, direction, 0, d.lost, 0);
    if (d.sent > 0) {
      Note(at, RecordKind::kConservation, direction, 0, d.sent << 32 | d.delivered,
           d.dropped << 32 | d.in_flight);
    }
  }
  Note(at, RecordKind::kRadio, 0, 0, wake_ups_, connected_.ns);
  if (answers_ > 0) Note(at, RecordKind::kPingRtt, 0, 0, answers_, round_trips_.ns);
  Note(at, RecordKind::kEnd, end_state);
}

}  // namespace keepsim::oracle
