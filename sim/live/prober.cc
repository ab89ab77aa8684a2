// What happens: to each client, and what is kept of it. prober_plan.cc says what comes next.
#include "sim/live/prober.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/live/reason_text.h"

namespace keepsim {

const char* RoleName(Role role) {
  switch (role) {
    case Role::kPinging:
      return "pinging";
    case Role::kSilent:
      return "silent";
    case Role::kDropped:
      return "dropped";
    case Role::kWatching:
      return "watcher";
  }
  return "?";
}

Prober::Prober(const ProbeOptions& options)
    : options_(options),
      run_id_(absl::StrFormat("%04x", options.seed % 65536)),
      once_(options.profile),
      loop_(clock_),
      pacer_(options.connect_gap),
      may_publish_(options.publish) {
  once_.reconnect.enabled = false;
  for (uint32_t i = 0; i < options.pinging; ++i) AddMember(Role::kPinging, i);
  for (uint32_t i = 0; i < options.silent; ++i) AddMember(Role::kSilent, i);
  for (uint32_t i = 0; i < options.dropped; ++i) AddMember(Role::kDropped, i);
  const bool watch = options.publish && options.silent + options.dropped > 0;
  if (watch) AddMember(Role::kWatching, 0);
  for (const auto& [role, count] : {std::pair{Role::kPinging, options.pinging},
                                    {Role::kSilent, options.silent},
                                    {Role::kDropped, options.dropped},
                                    {Role::kWatching, uint32_t{watch}}}) {
    if (count > 0) result_.groups.push_back({RoleName(role), count});
  }
  for (auto& m : members_) loop_.Add(m->client.get());
}

void Prober::AddMember(Role role, uint32_t index) {
  auto m = std::make_unique<Member>();
  m->role = role;
  m->index = index;
  LiveClientConfig c;
  c.entity = static_cast<uint32_t>(members_.size()) + 1;
  c.connect = options_.connect;
  // At most 23 letters and digits, which every broker must take (3.1.1 [MQTT-3.1.3-5]).
  c.connect.client_id =
      absl::StrCat(options_.id_prefix, run_id_, absl::string_view(RoleName(role), 1), index);
  c.connect.clean_start = true;
  c.publish_topic = absl::StrCat(TopicOf(*m), "/last");
  if (options_.publish && (role == Role::kSilent || role == Role::kDropped)) {
    c.connect.has_will = true;
    c.connect.will.topic = absl::StrCat(TopicOf(*m), "/will");
    c.connect.will.payload = "gone";
  }
  const bool own_way = role == Role::kPinging;
  c.params.profile = own_way ? &options_.profile : &once_;
  c.params.version = c.connect.version;
  c.params.keep_alive_s = c.connect.keep_alive_s;
  c.params.clean_start = true;
  c.params.connect_size = ConnectSize(c.connect);
  if (role == Role::kWatching) {
    c.subscribe_filter = absl::StrCat("keepsim-probe/", run_id_, "/+/will");
    c.params.subscribe_size = SubscribeSize(c.params.version, c.subscribe_filter.size());
  }
  c.addresses = options_.addresses;
  c.tls = options_.tls;
  c.pacer = &pacer_;
  c.luck = RandomSource(GroupKey(options_.seed, RoleName(role)), index);
  m->client =
      std::make_unique<LiveClient>(std::move(c), clock_, *this, options_.trace ? &trace_ : nullptr);
  members_.push_back(std::move(m));
}

// ---- what happens -----------------------------------------------------------------------------

void Prober::Incident(const Member& m, Instant at, std::string text) {
  if (result_.incidents.size() < ProbeResult::kMaxIncidents) {
    result_.incidents.push_back({at, m.Name(), std::move(text)});
  }
  ++result_.incident_count;
}

void Prober::OnSent(LiveClient& client, Instant at, const Packet& packet) {
  Member& m = Of(client);
  if (packet.type == PacketType::kPingreq) m.pings.push_back(at);
  if (packet.type == PacketType::kConnect) {
    ++result_.attempts;
    result_.address = client.address().text;
    result_.tls = client.tls_text();
    const ConnectionTimes& t = client.times();
    result_.tcp_times.push_back(t.tcp - t.opened);
    if (t.tls != kNever) result_.tls_times.push_back(t.tls - t.tcp);
    if (m.role == Role::kSilent) {
      m.sample = static_cast<int>(result_.silences.size());
      SilenceSample s;
      s.client = m.index;
      s.keep_alive_s = options_.connect.keep_alive_s;
      result_.silences.push_back(s);
    }
  }
  // The DISCONNECT at the end of the probe is no sign of life that a silence is counted from.
  if (m.role == Role::kSilent && m.sample >= 0 && packet.type != PacketType::kDisconnect) {
    result_.silences[static_cast<size_t>(m.sample)].sent.push_back({at, packet.type});
  }
}

void Prober::OnConnack(Member& m, Instant at, const Packet& packet) {
  ++result_.connack_codes[packet.reason];
  m.connack = packet.reason;
  result_.connack_times.push_back(at - m.client->times().connect_sent);
  if (packet.reason != reason::kSuccess) {
    hopeless_ |= !result_.contact;
    return;
  }
  ++result_.accepted;
  m.failures = 0;
  m.had_session = true;
  if (packet.has(Packet::kHasServerKeepAlive)) {
    result_.has_server_keep_alive = true;
    result_.server_keep_alive_s = packet.value;
    if (m.role == Role::kSilent) {
      result_.silences[static_cast<size_t>(m.sample)].keep_alive_s = packet.value;
    }
  }
  if (!result_.contact) {
    result_.contact = true;
    end_ = at + options_.length;
    ScheduleAll(at);
  }
  if (m.role == Role::kSilent || m.role == Role::kDropped) PlanSample(m, at);
}

void Prober::OnReceived(LiveClient& client, Instant at, const Packet& packet,
                        const PacketBody& body) {
  Member& m = Of(client);
  switch (packet.type) {
    case PacketType::kConnack:
      OnConnack(m, at, packet);
      break;
    case PacketType::kPingresp:
      if (m.pings.empty()) break;
      result_.round_trips.push_back(at - m.pings.front());
      answered_ = at;
      m.pings.pop_front();
      break;
    case PacketType::kSuback:
      if (packet.reason < 0x80) {
        result_.watched = true;
        silence_from_ = std::min(silence_from_, at);
      } else {
        Incident(m, at, absl::StrFormat("SUBSCRIBE was refused (0x%02x)", packet.reason));
      }
      break;
    case PacketType::kPublish:
      if (m.role == Role::kWatching) OnWill(body.topic, at);
      break;
    case PacketType::kDisconnect:
      if (m.sample >= 0 && m.role == Role::kSilent) {
        result_.silences[static_cast<size_t>(m.sample)].how =
            absl::StrCat("DISCONNECT, ", ReasonText(options_.connect.version, packet.reason));
      }
      if (!client.silent()) {
        Incident(
            m, at,
            "DISCONNECT from the broker: " + ReasonText(options_.connect.version, packet.reason));
      }
      break;
    default:
      break;
  }
}

void Prober::OnWill(const std::string& topic, Instant at) {
  for (auto& m : members_) {
    if (m->sample < 0 || topic != absl::StrCat(TopicOf(*m), "/will")) continue;
    const auto n = static_cast<size_t>(m->sample);
    Instant& will = m->role == Role::kSilent ? result_.silences[n].will : result_.drops[n].will;
    if (will == kNever) will = at;
  }
}

void Prober::OnEnd(LiveClient& client, const ConnectionEnd& end) {
  Member& m = Of(client);
  result_.pings_unanswered += static_cast<int64_t>(m.pings.size());
  m.pings.clear();
  m.act_at = kNever;
  if (end.reason == CloseReason::kDisconnect || end.reason == CloseReason::kLocalStop) return;
  const bool had_session = client.times().connack != kNever;
  if (m.role == Role::kSilent && client.silent()) {
    SilenceSample& s = result_.silences[static_cast<size_t>(m.sample)];
    // A scan closes many at once: the next ones begin at phases of their own.
    const auto phase = static_cast<int64_t>(samples_begun_ * 1618 % 6000);
    m.start_at = end.at + kPause + Milliseconds(phase);
    s.ended = end.at;
    if (m.last == Last::kPublish && s.silence() < Seconds(s.keep_alive_s) / 2) {
      Incident(m, end.at,
               absl::StrCat(end.text,
                            " at once after a PUBLISH, which may not be "
                            "allowed: none is sent any more"));
      may_publish_ = false;
      s.sent.clear();  // no sample
      m.sample = -1;
      return;
    }
    s.closed = true;
    if (s.how.empty()) s.how = end.text;
    longest_silence_ = std::max(longest_silence_, s.silence());
    return;
  }
  if (m.role == Role::kSilent && m.sample >= 0) {
    result_.silences[static_cast<size_t>(m.sample)].sent.clear();  // no sample
    m.sample = -1;
  }
  if (m.role == Role::kPinging && had_session && end.reason != CloseReason::kPingrespTimeout) {
    living_ends_.emplace_back(&m, end.at);
  }
  std::string text = end.text;
  if (end.reason == CloseReason::kRefused && client.times().connect_sent != kNever) {
    text = absl::StrCat("CONNACK: ", ReasonText(options_.connect.version, m.connack));
  } else if (!had_session) {
    text += client.times().connect_sent != kNever ? ", before CONNACK" : "";
  }
  Incident(m, end.at, text);
  if (!had_session) {
    ++m.failures;
    // A certificate or a protocol does not become better by trying again.
    hopeless_ |= !result_.contact && end.reason == CloseReason::kProtocolError;
  }
  const int doublings = std::min(m.failures, 6);
  if (m.role != Role::kPinging || !result_.contact) {
    m.start_at = end.at + (result_.contact ? kPause * (int64_t{1} << doublings) : kPause);
  }
}

}  // namespace keepsim
