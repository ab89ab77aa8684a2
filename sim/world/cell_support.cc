// Events, records and small helpers of a cell.
#include <algorithm>

#include "sim/world/cell.h"

namespace keepsim {

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
