// Events, records and small helpers of a cell.
#include <algorithm>
#include <utility>

#include "sim/trace/wire_fields.h"
#include "sim/world/cell.h"

namespace keepsim {
namespace {

uint16_t Code(uint8_t direction, int low) { return static_cast<uint16_t>(direction << 8 | low); }

// SegmentInfo of sim/trace/wire_fields.h.
int64_t PackSegment(const Segment& s, uint16_t number, bool foreign) {
  return static_cast<int64_t>(uint64_t{s.length} << 32 | uint64_t{number} << 16 |
                              uint64_t{s.flags} << 8 | (s.retransmission ? 1u : 0u) |
                              (s.probe ? 2u : 0u) | (foreign ? 4u : 0u));
}

int64_t FieldsOf(const Packet& p) {
  return PackFields({.qos = p.qos,
                     .reason = p.reason,
                     .flags = p.flags,
                     .packet_id = p.packet_id,
                     .value = p.value});
}

TcpTimerName NameOf(TcpTimer timer) {
  return timer == TcpTimer::kProbe     ? TcpTimerName::kProbe
         : timer == TcpTimer::kReorder ? TcpTimerName::kReordering
                                       : TcpTimerName::kRetransmission;
}

}  // namespace

void Cell::PushBroker(Instant at, EventClass c, Kind kind, uint32_t index, uint8_t arg) {
  simulator_.Schedule({at, EventOrder(c, 0, broker_event_counter_++),
                       EventSubject(0, static_cast<uint8_t>(kind), arg), EventObject(index)});
}

void Cell::Record(Host& host, RecordKind kind, uint16_t code, uint32_t conn, int64_t a, int64_t b) {
  records_.push_back(
      {simulator_.now(), host.entity, host.record_counter++, kind, code, conn, a, b});
  if (records_.size() >= flush_at_) Flush(false);
}

void Cell::PacketRecord(Host& host, RecordKind kind, uint16_t code, uint32_t conn, int64_t a,
                        int64_t b) {
  if (!host.packets) return;
  records_.push_back(
      {simulator_.now(), host.entity, host.packet_record_counter++, kind, code, conn, a, b});
  if (records_.size() >= flush_at_) Flush(false);
}

void Cell::RecordPacket(Host& host, RecordKind kind, uint8_t direction, uint32_t conn,
                        const Packet& packet) {
  PacketRecord(host, kind, Code(direction, static_cast<int>(packet.type)), conn, FieldsOf(packet),
               packet.size);
}

void Cell::RecordFlight(Host& host, const Flight& flight, RecordKind kind, int low) {
  const Segment& s = flight.segment;
  const int64_t a = flight.datagram ? FieldsOf(flight.packet)
                                    : static_cast<int64_t>(uint64_t{s.seq} << 32 | s.ack);
  const int64_t b =
      flight.datagram
          ? static_cast<int64_t>(uint64_t{flight.packet.size} << 32 | uint64_t{flight.number} << 16)
          : PackSegment(s, flight.number, flight.foreign);
  PacketRecord(host, kind, Code(flight.direction, low), flight.conn, a, b);
}

void Cell::TellTcpTimers(uint32_t connection, EndIndex at, RecordKind kind) {
  const Connection& c = connections_[connection];
  const End& end = c.end[at];
  const TcpEndpoint& e = end.tcp;
  Host& host = HostOf(c);
  if (!host.packets || host.group->transport != Transport::kTcp) return;
  if (told_tcp_.size() <= connection) told_tcp_.resize(connection + 1);
  const Instant local = KernelNow(host, at);
  const auto tell = [&](TcpTimerName name, Instant deadline) {
    const Instant when = end.kernel ? KernelGlobal(host, at, deadline) : kNever;
    if (kind == RecordKind::kTcpTimerFired) {
      if (deadline > local) return;
    } else if (std::exchange(told_tcp_[connection].deadline[at][TcpTimerSlot(name)], when) ==
               when) {
      return;
    }
    const TcpTimerFields t{at == kBrokerEnd, name, when, e.rto, e.backoff};
    PacketRecord(host, kind, TcpTimerCode(t), c.number, when.ns, PackRto(t));
  };
  tell(NameOf(e.timer), e.rto_deadline);
  tell(TcpTimerName::kDelayedAck, e.ack_deadline);
  tell(e.state == TcpState::kFinWait2 ? TcpTimerName::kFinWait : TcpTimerName::kKeepAlive,
       e.keepalive_deadline);
}

// Records are made in time order. What belongs to the present instant is held back: more may come,
// and the order within an instant is not that in which they are made.
void Cell::Flush(bool all) {
  size_t n = records_.size();
  if (!all) {
    while (n > 0 && records_[n - 1].at == simulator_.now()) --n;
  }
  HandOn(n);
  // What strikes a million clients at one instant is not looked through again for each of them.
  flush_at_ = std::max(kFlushAt, records_.size() * 2);
}

// The first `n` records, in canonical order.
void Cell::HandOn(size_t n) {
  if (n == 0) return;
  std::sort(records_.begin(), records_.begin() + static_cast<ptrdiff_t>(n), CanonicalLess);
  (*sink_)(records_.data(), records_.data() + n);
  records_.erase(records_.begin(), records_.begin() + static_cast<ptrdiff_t>(n));
}

void Cell::TouchRadio(Host& host) {
  const Instant now = simulator_.now();
  if (now - host.radio_last > kRadioTail) ++host.radio_wakeups;
  host.radio_last = now;
}

}  // namespace keepsim
