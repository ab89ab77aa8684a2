#include "tools/export/perfetto.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sim/base/duration_text.h"
#include "sim/trace/instant_order.h"
#include "tools/export/perfetto.pb.h"
#include "tools/time_line.h"

namespace keepsim {

constexpr int kClientSide = 0;
constexpr int kBrokerSide = 1;

// One entry, handed on when it goes out of scope.
class EntryWriter {
 public:
  EntryWriter(PerfettoExport& out, Instant at) : out_(out), entry_(*file_.add_entry()) {
    entry_.set_at_ns(static_cast<uint64_t>(at.ns));
    entry_.set_sequence(1);
    if (std::exchange(out.first_, false)) entry_.set_sequence_flags(1);
  }
  EntryWriter(const EntryWriter&) = delete;
  EntryWriter& operator=(const EntryWriter&) = delete;
  ~EntryWriter() { out_.take_(file_.SerializeAsString()); }

  perfetto::Event& Event(uint64_t track, perfetto::Event::Kind kind, absl::string_view category,
                         absl::string_view name) {
    perfetto::Event& event = *entry_.mutable_event();
    event.set_track(track);
    event.set_kind(kind);
    if (!category.empty()) event.add_category(std::string(category));
    if (!name.empty()) event.set_name(std::string(name));
    return event;
  }
  void Track(uint64_t id, absl::string_view name) {
    entry_.mutable_track()->set_id(id);
    entry_.mutable_track()->set_name(std::string(name));
  }

 private:
  PerfettoExport& out_;
  perfetto::File file_;
  perfetto::Entry& entry_;
};

namespace {

RunShape ShapeFrom(const TraceHeader& header) {
  RunShape shape;
  shape.groups = header.groups;
  shape.horizon = header.horizon;
  shape.watchers = header.watchers;
  return shape;
}

void AddText(perfetto::Event& event, const char* name, absl::string_view text) {
  perfetto::Note& note = *event.add_note();
  note.set_name(name);
  note.set_text(std::string(text));
}

void AddNumber(perfetto::Event& event, const char* name, int64_t number) {
  perfetto::Note& note = *event.add_note();
  note.set_name(name);
  note.set_number(number);
}

int EndOf(Observer observer) { return observer == Observer::kClient ? kClientSide : kBrokerSide; }

}  // namespace

PerfettoExport::PerfettoExport(const TraceHeader& header,
                               std::function<void(absl::string_view)> take)
    : header_(header),
      text_(header),
      shape_(ShapeFrom(header)),
      metrics_(&shape_),
      take_(std::move(take)) {
  metrics_.OnIncident([this](const Incident& incident) { OnIncident(incident); });
}

uint64_t PerfettoExport::NewTrack(absl::string_view name) {
  EntryWriter(*this, kStart).Track(++tracks_, name);
  return tracks_;
}

PerfettoExport::Client& PerfettoExport::ClientOf(uint32_t entity) {
  const auto [at, added] = clients_.try_emplace(entity);
  if (added) {
    const std::string name = text_.Entity(entity);
    at->second.end[kClientSide].lanes.push_back({NewTrack(name + " client")});
    at->second.end[kBrokerSide].lanes.push_back({NewTrack(name + " broker")});
  }
  return at->second;
}

PerfettoExport::Lane& PerfettoExport::LaneOf(uint32_t entity, int end, uint32_t conn) {
  std::vector<Lane>& lanes = ClientOf(entity).end[end].lanes;
  for (Lane& lane : lanes) {
    if (conn != 0 && lane.conn == conn) return lane;
  }
  return lanes.front();
}

void PerfettoExport::Open(const TraceRecord& r, int end) {
  std::vector<Lane>& lanes = ClientOf(r.entity).end[end].lanes;
  auto lane = std::find_if(lanes.begin(), lanes.end(), [](const Lane& l) { return l.conn == 0; });
  if (lane == lanes.end()) {
    const std::string name =
        absl::StrCat(text_.Entity(r.entity), end == kClientSide ? " client (" : " broker (",
                     lanes.size() + 1, ")");
    lane = lanes.insert(lanes.end(), {NewTrack(name)});
  }
  lane->conn = r.conn;
  EntryWriter entry(*this, r.at);
  entry.Event(lane->track, perfetto::Event::BEGIN, "connection",
              absl::StrCat("connection #", r.conn));
}

void PerfettoExport::EndAwaited(Instant at, uint32_t entity, int end, uint32_t conn) {
  End& e = ClientOf(entity).end[end];
  const auto flows = e.awaited.find(conn);
  if (flows == e.awaited.end()) return;
  const uint64_t track = LaneOf(entity, end, conn).track;
  for (const Flow& f : flows->second) {
    EntryWriter entry(*this, at);
    entry
        .Event(track, perfetto::Event::INSTANT, "packet",
               absl::StrCat("never read: ", PacketName(f.packet)))
        .add_ending_flow(f.id);
  }
  e.awaited.erase(flows);
}

void PerfettoExport::Close(const TraceRecord& r, int end) {
  End& e = ClientOf(r.entity).end[end];
  e.closed = std::max(e.closed, r.conn);
  for (Lane& lane : e.lanes) {
    if (lane.conn != r.conn) continue;
    if (lane.silence) {
      EntryWriter(*this, r.at).Event(lane.track, perfetto::Event::END, "", "");
    }
    EntryWriter entry(*this, r.at);
    perfetto::Event& event = entry.Event(lane.track, perfetto::Event::END, "", "");
    if (r.kind == RecordKind::kClosed) AddText(event, "reason", CloseReasonText(r.code & 0xFF));
    lane.conn = 0;
    lane.silence = false;
  }
}

void PerfettoExport::OnSent(const TraceRecord& r) {
  const PacketFields p = PacketFieldsOf(r);
  const int from = p.direction == kUp ? kClientSide : kBrokerSide;
  const int to = 1 - from;
  EntryWriter entry(*this, r.at);
  perfetto::Event& event =
      entry.Event(LaneOf(r.entity, from, r.conn).track, perfetto::Event::INSTANT, "packet",
                  absl::StrCat("writes ", PacketName(p)));
  AddNumber(event, "size_bytes", p.size);
  End& target = ClientOf(r.entity).end[to];
  if (r.conn <= target.closed) return;  // nobody will read it
  event.add_flow(++flows_);
  target.awaited[r.conn].push_back({flows_, p});
}

void PerfettoExport::OnReceived(const TraceRecord& r) {
  const PacketFields p = PacketFieldsOf(r);
  const int end = p.direction == kUp ? kBrokerSide : kClientSide;
  Lane& lane = LaneOf(r.entity, end, r.conn);
  if (lane.silence && lane.conn == r.conn) {
    EntryWriter(*this, r.at).Event(lane.track, perfetto::Event::END, "", "");
  }
  {
    EntryWriter entry(*this, r.at);
    perfetto::Event& event = entry.Event(lane.track, perfetto::Event::INSTANT, "packet",
                                         absl::StrCat("reads ", PacketName(p)));
    std::vector<Flow>& awaited = ClientOf(r.entity).end[end].awaited[r.conn];
    const auto flow = std::find_if(awaited.begin(), awaited.end(), [&](const Flow& f) {
      return f.packet.type == p.type && f.packet.size == p.size &&
             f.packet.packet_id == p.packet_id;
    });
    if (flow != awaited.end()) {
      event.add_ending_flow(flow->id);
      awaited.erase(flow);
    }
  }
  if (lane.conn != r.conn) return;
  lane.silence = true;
  EntryWriter(*this, r.at).Event(lane.track, perfetto::Event::BEGIN, "silence", "silence");
}

void PerfettoExport::Instantly(const TraceRecord& r, int end, absl::string_view category,
                               absl::string_view name) {
  EntryWriter entry(*this, r.at);
  entry.Event(LaneOf(r.entity, end, r.conn).track, perfetto::Event::INSTANT, category, name);
}

void PerfettoExport::OnIncident(const Incident& i) {
  EntryWriter entry(*this, i.declared);
  perfetto::Event& event =
      entry.Event(LaneOf(i.entity, EndOf(i.observer), i.conn).track, perfetto::Event::INSTANT,
                  "declaration", absl::StrCat("declares its peer dead: ", VerdictName(i.verdict)));
  AddText(event, "cause", CauseName(i.cause));
  AddText(event, "failure", FailureKindName(i.failure));
  AddText(event, "silence", FormatDuration(i.silence));
}

void PerfettoExport::Add(const TraceRecord& r) {
  if (!instant_.empty() && (instant_[0].at != r.at || instant_[0].entity != r.entity)) Release();
  instant_.push_back(r);
}

void PerfettoExport::Release() {
  for (const size_t i : AsTheyCameAbout(instant_)) Tell(instant_[i]);
  // An end that reads and closes at one instant may have read last what it answered first.
  for (const TraceRecord& r : instant_) {
    if (r.kind == RecordKind::kClosed) {
      EndAwaited(r.at, r.entity, EndOf(static_cast<Observer>(r.code >> 8)), r.conn);
    }
  }
  instant_.clear();
}

void PerfettoExport::Tell(const TraceRecord& r) {
  if (r.entity != 0) ClientOf(r.entity);
  metrics_.Add(r);
  if (IsGroundTruth(r.kind)) {
    return Instantly(r, kClientSide, "fault",
                     absl::StrReplaceAll(RecordKindName(r.kind), {{"_", " "}}));
  }
  switch (r.kind) {
    case RecordKind::kConnectAttempt:
      return Open(r, kClientSide);
    case RecordKind::kSessionOpened:
      return Open(r, kBrokerSide);
    case RecordKind::kClosed:
      return Close(r, EndOf(static_cast<Observer>(r.code >> 8)));
    case RecordKind::kPacketSent:
      return OnSent(r);
    case RecordKind::kPacketReceived:
      return OnReceived(r);
    case RecordKind::kSegmentSent: {
      const SegmentFields s = SegmentFieldsOf(r);
      if (s.fate == 0) return;
      return Instantly(r, s.direction == kUp ? kClientSide : kBrokerSide, "loss",
                       absl::StrCat("lost: ", LossName(s.fate)));
    }
    case RecordKind::kBrokerDown:
    case RecordKind::kBrokerUp:
    case RecordKind::kBrokerStalled:
    case RecordKind::kBrokerResumed: {
      if (run_track_ == 0) run_track_ = NewTrack("broker");
      EntryWriter entry(*this, r.at);
      entry.Event(run_track_, perfetto::Event::INSTANT, "fault",
                  absl::StrReplaceAll(RecordKindName(r.kind), {{"_", " "}}));
      return;
    }
    default:
      return;
  }
}

void PerfettoExport::Finish() {
  Release();
  TraceRecord end;
  end.at = kStart + header_.horizon;
  end.kind = RecordKind::kEnd;
  for (auto& [entity, client] : clients_) {
    end.entity = entity;
    for (const int side : {kClientSide, kBrokerSide}) {
      for (size_t i = 0; i < client.end[side].lanes.size(); ++i) {
        end.conn = client.end[side].lanes[i].conn;
        if (end.conn != 0) Close(end, side);
      }
      while (!client.end[side].awaited.empty()) {
        EndAwaited(end.at, entity, side, client.end[side].awaited.begin()->first);
      }
    }
  }
}

}  // namespace keepsim
