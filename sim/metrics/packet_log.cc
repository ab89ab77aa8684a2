#include "sim/metrics/packet_log.h"

#include <algorithm>

#include "sim/trace/instant_order.h"

namespace keepsim {
namespace {

// Sequence numbers wrap.
bool Before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

// A connection this much older than the newest one has nothing under way that matters.
constexpr uint32_t kOldConnection = 4;

}  // namespace

void PacketLog::Add(const TraceRecord& r) {
  LogEntry& e = entries_.emplace_back();
  e.record = r;
  newest_conn_ = std::max(newest_conn_, r.conn);
  switch (r.kind) {
    case RecordKind::kPacketSent:
      return OnPacketSent(e);
    case RecordKind::kPacketReceived:
      return OnPacketReceived(e);
    case RecordKind::kSegmentSent:
    case RecordKind::kDatagramSent:
      return OnTransmitted(e);
    case RecordKind::kSegmentArrived:
    case RecordKind::kDatagramArrived:
    case RecordKind::kSegmentIgnored:
      return OnArrival(e);
    default:
      return;
  }
}

void PacketLog::OnPacketSent(LogEntry& e) {
  LoggedPacket p;
  p.id = e.packet = ++last_packet_;
  p.conn = e.record.conn;
  p.fields = PacketFieldsOf(e.record);
  p.written = e.record.at;
  Stream& s = StreamOf(p.conn, p.fields.direction);
  p.begin = s.next;
  p.end = s.next += p.fields.size;
  s.packets.push_back(p.id);
  s.unread.push_back(p.id);
  packets_.push_back(std::move(p));
}

void PacketLog::OnPacketReceived(LogEntry& e) {
  const PacketFields fields = PacketFieldsOf(e.record);
  std::deque<uint64_t>& unread = StreamOf(e.record.conn, fields.direction).unread;
  for (size_t i = 0; i < unread.size(); ++i) {
    const LoggedPacket* p = Packet(unread[i]);
    // A stream is read in order; datagrams arrive as they please.
    if (p == nullptr || p->fields.type != fields.type || p->fields.size != fields.size ||
        p->fields.packet_id != fields.packet_id) {
      continue;
    }
    packets_[p->id - packets_.front().id].received = e.record.at;
    e.packet = p->id;
    unread.erase(unread.begin() + static_cast<ptrdiff_t>(i));
    return;
  }
}

void PacketLog::OnTransmitted(LogEntry& e) {
  Transmission t;
  t.id = e.transmission = ++last_transmission_;
  t.conn = e.record.conn;
  t.segment = SegmentFieldsOf(e.record);
  t.sent = e.record.at;
  if (t.segment.datagram) datagrams_ = true;
  Stream& s = StreamOf(t.conn, t.segment.direction);
  const bool datagram = t.segment.datagram;
  for (size_t i = s.packets.size(); i-- > 0;) {
    const LoggedPacket* p = Packet(s.packets[i]);
    if (p == nullptr) break;
    if (!datagram && !Before(t.segment.seq, p->end)) break;
    if (!datagram && !Before(p->begin, t.segment.seq + t.segment.length)) continue;
    packets_[p->id - packets_.front().id].transmissions.push_back(t.id);
    t.packets.insert(t.packets.begin(), p->id);
    if (datagram) break;  // each packet travels on its own, as it is written
  }
  if (!t.lost()) s.on_way.push_back(t.id);
  transmissions_.push_back(std::move(t));
}

void PacketLog::OnArrival(LogEntry& e) {
  const SegmentFields segment = SegmentFieldsOf(e.record);
  Stream& s = StreamOf(e.record.conn, segment.direction);
  const bool ignored = e.record.kind == RecordKind::kSegmentIgnored;
  // What a middlebox made was never sent: the number is another one's.
  const bool made = segment.foreign && segment.direction == kDown;
  for (size_t i = 0; !made && i < s.on_way.size(); ++i) {
    const uint64_t id = s.on_way[i];
    if (Sent(id) == nullptr) continue;
    Transmission& t = transmissions_[id - transmissions_.front().id];
    if (t.segment.number != segment.number) continue;
    // A datagram may come twice: the first counts.
    Instant& at = ignored ? t.ignored : t.arrived;
    if (at == kNever) at = e.record.at;
    if (ignored) t.why_ignored = segment.fate;
    e.transmission = id;
    if (!datagrams_) s.on_way.erase(s.on_way.begin() + static_cast<ptrdiff_t>(i));
    return;
  }
  Transmission t;
  t.id = e.transmission = ++last_transmission_;
  t.conn = e.record.conn;
  t.segment = segment;
  t.segment.fate = 0;
  (ignored ? t.ignored : t.arrived) = e.record.at;
  if (ignored) t.why_ignored = segment.fate;
  transmissions_.push_back(t);
}

void PacketLog::Forget(Instant t) {
  while (!entries_.empty() && entries_.front().record.at < t) {
    const TraceRecord& r = entries_.front().record;
    if (r.kind == RecordKind::kPacketReceived) heard_[r.code >> 8 & 1] = r.at;
    entries_.pop_front();
  }
  const auto old = [this](uint32_t conn) { return conn + kOldConnection < newest_conn_; };
  while (!packets_.empty()) {
    const LoggedPacket& p = packets_.front();
    if (!old(p.conn) && !(p.received != kNever && p.received < t)) break;
    packets_.pop_front();
  }
  const uint64_t first_packet = packets_.empty() ? last_packet_ + 1 : packets_.front().id;
  // A packet that is kept keeps what carried it.
  uint64_t needed = last_transmission_ + 1;
  for (const LoggedPacket& p : packets_) {
    if (!p.transmissions.empty()) needed = std::min(needed, p.transmissions.front());
  }
  while (!transmissions_.empty()) {
    const Transmission& x = transmissions_.front();
    const Instant sent = x.sent == kNever ? std::min(x.arrived, x.ignored) : x.sent;
    const bool done = x.lost() || x.arrived < t || x.ignored < t;
    if (sent >= t || x.id >= needed || (!done && !old(x.conn))) break;
    transmissions_.pop_front();
  }
  const uint64_t first_sent =
      transmissions_.empty() ? last_transmission_ + 1 : transmissions_.front().id;
  for (auto s = streams_.begin(); s != streams_.end();) {
    if (old(s->first.first)) {
      s = streams_.erase(s);
      continue;
    }
    Stream& stream = s->second;
    const auto drop = [](std::deque<uint64_t>& ids, uint64_t first) {
      while (!ids.empty() && ids.front() < first) ids.pop_front();
    };
    drop(stream.packets, first_packet);
    drop(stream.unread, first_packet);
    drop(stream.on_way, first_sent);
    ++s;
  }
}

std::vector<LogEntry> PacketLog::InOrder() const {
  std::vector<LogEntry> out;
  for (size_t i = 0; i < entries_.size();) {
    size_t end = i;
    while (end < entries_.size() && entries_[end].record.at == entries_[i].record.at) ++end;
    std::vector<TraceRecord> records;
    for (size_t n = i; n < end; ++n) records.push_back(entries_[n].record);
    for (const size_t n : AsTheyCameAbout(records)) out.push_back(entries_[i + n]);
    i = end;
  }
  return out;
}

const LoggedPacket* PacketLog::Packet(uint64_t id) const {
  if (packets_.empty() || id < packets_.front().id || id > packets_.back().id) return nullptr;
  return &packets_[id - packets_.front().id];
}

const Transmission* PacketLog::Sent(uint64_t id) const {
  if (transmissions_.empty() || id < transmissions_.front().id || id > transmissions_.back().id) {
    return nullptr;
  }
  return &transmissions_[id - transmissions_.front().id];
}

}  // namespace keepsim
