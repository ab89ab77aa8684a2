// Events, records and small helpers of a cell.
#include <algorithm>
#include <utility>

#include "sim/trace/wire_fields.h"
#include "sim/world/cell.h"

namespace keepsim {
namespace {

// Records are handed on when this many have gathered, so that memory does not grow with the
// horizon.
constexpr size_t kFlushAt = 1 << 16;

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
  if (records_.size() >= kFlushAt) Flush(false);
}

void Cell::PacketRecord(Host& host, RecordKind kind, uint16_t code, uint32_t conn, int64_t a,
                        int64_t b) {
  if (!host.packets) return;
  records_.push_back(
      {simulator_.now(), host.entity, host.packet_record_counter++, kind, code, conn, a, b});
  if (records_.size() >= kFlushAt) Flush(false);
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

void Cell::Flush(bool all) {
  // Records are made in time order; only those of one instant may have to change places. What
  // belongs to the present instant is held back: more may come.
  std::sort(records_.begin(), records_.end(), CanonicalLess);
  size_t n = records_.size();
  if (!all) {
    while (n > 0 && records_[n - 1].at == simulator_.now()) --n;
  }
  if (n == 0) return;
  (*sink_)(records_.data(), records_.data() + n);
  records_.erase(records_.begin(), records_.begin() + static_cast<ptrdiff_t>(n));
}

void Cell::TouchRadio(Host& host) {
  const Instant now = simulator_.now();
  if (now - host.radio_last > kRadioTail) ++host.radio_wakeups;
  host.radio_last = now;
}

}  // namespace keepsim
