#include "sim/live/live_client.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sim/base/check.h"

namespace keepsim {
namespace {

// A packet longer than this is taken for nonsense; keep alive needs none above a few bytes.
constexpr size_t kLongestPacket = size_t{1} << 20;
// Read at one turn of the loop, so that one busy socket does not hold up the others.
constexpr size_t kReadAtOnce = size_t{1} << 18;

// What else the first bytes of a peer look like, as the end of a sentence.
std::string LooksLike(absl::string_view bytes) {
  if (absl::StartsWith(bytes, "HTTP/") || absl::StartsWith(bytes, "<")) {
    return "; this looks like a web server";
  }
  if (bytes.size() >= 2 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 0x03) {
    return "; this looks like TLS: add --tls";
  }
  if (absl::StartsWith(bytes, absl::string_view("\x20\x02\x00\x01", 4))) {
    return "; so a broker of MQTT 3.1.1 says that it does not speak 5.0: use --mqtt 3.1.1";
  }
  if (absl::StartsWith(bytes, "SSH-")) return "; this looks like an SSH server";
  return "";
}

}  // namespace

LiveClient::LiveClient(LiveClientConfig config, const MonotonicClock& clock, LiveListener& listener,
                       LiveTrace* trace)
    : config_(std::move(config)), clock_(clock), listener_(listener), trace_(trace) {
  SIM_CHECK(!config_.addresses.empty());
}

void LiveClient::Record(RecordKind kind, uint16_t code, int64_t a, int64_t b) {
  if (trace_ == nullptr) return;
  const bool of_connection = kind >= RecordKind::kConnectAttempt && kind <= RecordKind::kClosed;
  trace_->Outcome(clock_.Now(), config_.entity, kind, code, of_connection ? times_.number : 0, a,
                  b);
}

// ---- what is wanted ---------------------------------------------------------------------------

void LiveClient::Start() {
  SIM_CHECK(stopped());
  Record(RecordKind::kHostUp, static_cast<uint16_t>(down_by_), 0);
  Apply(keepsim::Start(config_.params, session_, clock_.Now()));
}

void LiveClient::Publish(uint8_t qos, size_t size) {
  const uint32_t bytes =
      PublishSize(config_.params.version, config_.publish_topic.size(), size, qos);
  Apply(keepsim::Publish(config_.params, session_, clock_.Now(), qos, bytes));
}

void LiveClient::PingNow() {
  SIM_CHECK(connected());
  Send(SmallPacket(PacketType::kPingreq));
}

void LiveClient::FallSilent() {
  silent_ = true;
  Record(RecordKind::kFrozen, 0, 0);
}

void LiveClient::GoDown(FailureKind by) {
  if (silent_) Record(RecordKind::kThawed, 0, 0);
  silent_ = false;
  open_at_ = kNever;
  down_by_ = by;
  Record(RecordKind::kHostDown, static_cast<uint16_t>(by), 0);
}

void LiveClient::Drop(bool reset) {
  if (socket_.open()) End(CloseReason::kLocalStop, "dropped", reset);
  Stop(session_);
  GoDown(FailureKind::kKill);
}

void LiveClient::Leave() {
  if (stopped()) return;
  Apply(Disconnect(config_.params, session_, clock_.Now()));
  GoDown(FailureKind::kStop);
}

// ---- the transport ----------------------------------------------------------------------------

pollfd LiveClient::Interest() const {
  short events = 0;
  if (socket_.open()) events = connecting_ ? POLLOUT : POLLIN;
  if (!out_.empty()) events |= POLLOUT;
  return {socket_.fd(), events, 0};
}

void LiveClient::OpenNow() {
  const Instant now = clock_.Now();
  last_opened_ = now;
  open_at_ = kNever;
  last_heard_ = now;
  times_ = {.number = times_.number + 1, .opened = now};
  in_.clear();
  out_.clear();
  tls_.reset();
  if (!address_good_ && times_.number > 1) address_ = (address_ + 1) % config_.addresses.size();
  Record(RecordKind::kConnectAttempt, 0, session_.attempt);
  absl::StatusOr<Socket> socket = Socket::Connect(address());
  if (!socket.ok()) return Lost(CloseReason::kRefused, std::string(socket.status().message()));
  socket_ = *std::move(socket);
  connecting_ = true;
}

void LiveClient::Opened() {
  connecting_ = false;
  const int error = socket_.ConnectError();
  if (error != 0) return LostBy(error, absl::StrCat("connecting to ", address().text));
  times_.tcp = clock_.Now();
  if (config_.tls == nullptr) return TransportReady();
  tls_ = std::make_unique<TlsSession>(config_.tls);
  TakeBytes("");
  Flush();
}

void LiveClient::TransportReady() {
  times_.tls = tls_ != nullptr ? clock_.Now() : kNever;
  if (tls_ != nullptr) tls_text_ = tls_->Description();
  Apply(OnConnected(config_.params, session_, clock_.Now()));
}

void LiveClient::OnReady(short events) {
  if (!socket_.open()) return;
  if (connecting_) return Opened();
  if ((events & POLLOUT) != 0) Flush();
  if (socket_.open() && (events & (POLLIN | POLLERR | POLLHUP)) != 0) ReadAll();
}

void LiveClient::ReadAll() {
  char buffer[16384];
  for (size_t total = 0; socket_.open() && total < kReadAtOnce;) {
    int error = 0;
    const ssize_t n = socket_.Read(buffer, sizeof buffer, &error);
    if (n == -1) return;
    if (n == -2) return LostBy(error, "reading");
    if (n == 0) {
      const std::string part =
          in_.empty() ? ""
                      : absl::StrCat(" in the middle of a packet (", in_.size(), " bytes of it)");
      return Lost(CloseReason::kPeerClosed, absl::StrCat("the broker closed the connection", part));
    }
    total += static_cast<size_t>(n);
    if (!TakeBytes({buffer, static_cast<size_t>(n)})) return;
  }
}

bool LiveClient::TakeBytes(absl::string_view bytes) {
  if (tls_ == nullptr) {
    in_.append(bytes.data(), bytes.size());
    return TakePackets();
  }
  const bool was_ready = tls_->ready();
  if (absl::Status s = tls_->Receive(bytes, &in_); !s.ok()) {
    Flush();  // the alert that says so
    if (socket_.open()) Lost(CloseReason::kProtocolError, std::string(s.message()));
    return false;
  }
  if (!was_ready && tls_->ready()) TransportReady();
  Flush();
  if (!socket_.open() || !TakePackets()) return false;
  if (tls_->closed()) {
    Lost(CloseReason::kPeerClosed, "the broker closed the connection");
    return false;
  }
  return true;
}

bool LiveClient::TakePackets() {
  const uint32_t connection = times_.number;
  while (!in_.empty()) {
    absl::StatusOr<Decoded> d = Decode(config_.params.version, in_);
    if (!d.ok()) {
      const absl::string_view head = absl::string_view(in_).substr(0, 16);
      Lost(CloseReason::kProtocolError,
           absl::StrCat(d.status().message(), " (", absl::BytesToHexString(head), ")",
                        LooksLike(head)));
      return false;
    }
    if (d->consumed == 0) {
      if (in_.size() <= kLongestPacket) return true;
      Lost(CloseReason::kProtocolError, "a packet of more than 1 MiB");
      return false;
    }
    in_.erase(0, d->consumed);
    const Instant now = clock_.Now();
    last_heard_ = now;
    if (trace_ != nullptr) {
      trace_->OfPacket(now, config_.entity, kDown, d->packet, times_.number);
    }
    listener_.OnReceived(*this, now, d->packet, d->body);
    if (!silent_) Apply(OnPacket(config_.params, session_, now, d->packet));
    if (!socket_.open() || times_.number != connection) return false;
  }
  return true;
}

void LiveClient::Send(const Packet& packet) {
  if (!socket_.open()) return;
  PacketBody body;
  switch (packet.type) {
    case PacketType::kConnect:
      body.connect = config_.connect;
      break;
    case PacketType::kSubscribe:
      body.topic = config_.subscribe_filter;
      break;
    case PacketType::kPublish:
      body.topic = config_.publish_topic;
      break;
    default:
      break;
  }
  std::string bytes;
  Encode(config_.params.version, packet, body, &bytes);
  const Instant now = clock_.Now();
  if (packet.type == PacketType::kConnect) times_.connect_sent = now;
  if (tls_ != nullptr) {
    tls_->Send(bytes);
  } else {
    out_ += bytes;
  }
  if (trace_ != nullptr) trace_->OfPacket(now, config_.entity, kUp, packet, times_.number);
  listener_.OnSent(*this, now, packet);
  Flush();
}

void LiveClient::Flush() {
  if (tls_ != nullptr) out_ += tls_->Output();
  while (socket_.open() && !out_.empty()) {
    int error = 0;
    const ssize_t n = socket_.Write(out_, &error);
    if (n == -1) return;
    // What the peer said before it reset is read first; reading finds the error again.
    if (n < 0) return out_.clear();
    out_.erase(0, static_cast<size_t>(n));
  }
}

// ---- the ends of a connection -----------------------------------------------------------------

void LiveClient::LostBy(int error, absl::string_view doing) {
  const CloseReason reason = error == ECONNREFUSED ? CloseReason::kRefused
                             : error == ECONNRESET || error == EPIPE
                                 ? CloseReason::kReset
                                 : CloseReason::kTransportTimeout;
  Lost(reason, absl::StrCat(doing, ": ", std::strerror(error)));
}

void LiveClient::Lost(CloseReason reason, std::string text) {
  End(reason, std::move(text), /*reset=*/false);
  if (silent_) {
    Stop(session_);
    return GoDown(FailureKind::kKill);
  }
  Apply(OnClosed(config_.params, session_, clock_.Now(), reason, Draw()));
}

void LiveClient::End(CloseReason reason, std::string text, bool reset) {
  const Instant now = clock_.Now();
  connecting_ = false;
  if (reset) {
    socket_.Reset();
  } else {
    if (tls_ != nullptr) tls_->SayClosed();
    Flush();
    // Unread bytes would turn the FIN into a RST, which overtakes what was sent.
    char unread[4096];
    int error = 0;
    for (int i = 0; socket_.open() && i < 64; ++i) {
      if (socket_.Read(unread, sizeof unread, &error) <= 0) break;
    }
    socket_.Close();
  }
  tls_.reset();
  out_.clear();
  Record(RecordKind::kClosed,
         static_cast<uint16_t>(static_cast<int>(Observer::kClient) << 8 | static_cast<int>(reason)),
         (now - times_.opened).ns);
  listener_.OnEnd(*this, {now, reason, std::move(text)});
}

// ---- the session ------------------------------------------------------------------------------

void LiveClient::Apply(const Effects& effects) {
  for (const Effect& e : effects) {
    switch (e.kind) {
      case Effect::Kind::kOpenTransport: {
        open_at_ = std::max(clock_.Now(), last_opened_ + config_.reopen_after);
        if (config_.pacer != nullptr) open_at_ = config_.pacer->Take(open_at_);
        if (open_at_ <= clock_.Now()) OpenNow();
        break;
      }
      case Effect::Kind::kSend:
        Send(e.packet);
        break;
      case Effect::Kind::kClose:
      case Effect::Kind::kAbort:
        open_at_ = kNever;
        if (socket_.open()) {
          End(e.reason, CloseReasonName(e.reason), e.kind == Effect::Kind::kAbort);
        }
        break;
      case Effect::Kind::kConnected:
        address_good_ = true;
        times_.connack = clock_.Now();
        Record(RecordKind::kConnected, 0, (times_.connack - times_.opened).ns);
        break;
      case Effect::Kind::kDeclaredDead:
        Record(RecordKind::kDeclared, static_cast<uint16_t>(Observer::kClient),
               (clock_.Now() - last_heard_).ns);
        break;
      case Effect::Kind::kMessageDelivered:
        break;
      case Effect::Kind::kSessionOpened:
      case Effect::Kind::kWillPublish:
        SIM_CHECK(false);  // the broker's
    }
  }
}

Instant LiveClient::NextWake() const {
  if (silent_) return kNever;
  return std::min(open_at_, NextDeadline(config_.params, session_));
}

void LiveClient::OnWake() {
  if (silent_) return;
  if (open_at_ <= clock_.Now()) return OpenNow();
  Apply(OnDeadline(config_.params, session_, clock_.Now(), Draw()));
}

}  // namespace keepsim
