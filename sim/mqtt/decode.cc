// Bytes to packets.
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sim/base/status_macros.h"
#include "sim/mqtt/codec.h"

namespace keepsim {
namespace {

class Reader {
 public:
  Reader(absl::string_view bytes, size_t base) : rest_(bytes), base_(base), size_(bytes.size()) {}

  size_t left() const { return rest_.size(); }
  size_t offset() const { return base_ + size_ - rest_.size(); }
  absl::Status Bad(absl::string_view why) const {
    return absl::InvalidArgumentError(
        absl::StrCat("malformed MQTT packet at byte ", offset(), ": ", why));
  }
  absl::StatusOr<uint32_t> Take(size_t n) {
    if (rest_.size() < n) return Bad("it ends too early");
    uint32_t v = 0;
    for (size_t i = 0; i < n; ++i) v = v << 8 | static_cast<uint8_t>(rest_[i]);
    rest_.remove_prefix(n);
    return v;
  }
  absl::StatusOr<std::string> Text() {
    KEEPSIM_ASSIGN_OR_RETURN(const uint32_t n, Take(2));
    if (rest_.size() < n) return Bad("a string reaches beyond the packet");
    std::string s(rest_.data(), n);
    rest_.remove_prefix(n);
    return s;
  }
  absl::StatusOr<uint32_t> Varint() {
    uint32_t v = 0;
    for (int shift = 0; shift < 28; shift += 7) {
      KEEPSIM_ASSIGN_OR_RETURN(const uint32_t digit, Take(1));
      v |= (digit & 127) << shift;
      if ((digit & 128) == 0) return v;
    }
    return Bad("a length has more than four bytes");
  }
  absl::StatusOr<absl::string_view> Block(size_t n) {
    if (rest_.size() < n) return Bad("a block reaches beyond the packet");
    const absl::string_view block = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return block;
  }

 private:
  absl::string_view rest_;
  size_t base_;
  size_t size_;
};

// 5.0 section 2.2.2.2: the size of a property's value, or -1 (string), -2 (pair), -3 (varint).
int PropertyShape(uint32_t id) {
  switch (id) {
    case 0x01:
    case 0x17:
    case 0x19:
    case 0x24:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2A:
      return 1;
    case 0x13:
    case 0x21:
    case 0x22:
    case 0x23:
      return 2;
    case 0x02:
    case 0x11:
    case 0x18:
    case 0x27:
      return 4;
    case 0x03:
    case 0x08:
    case 0x09:
    case 0x12:
    case 0x15:
    case 0x16:
    case 0x1A:
    case 0x1C:
    case 0x1F:
      return -1;
    case 0x26:
      return -2;
    case 0x0B:
      return -3;
    default:
      return 0;
  }
}

template <typename OnNumber, typename OnPair>
absl::Status ReadProperties(Reader& r, OnNumber on_number, OnPair on_pair) {
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t length, r.Varint());
  const size_t base = r.offset();
  KEEPSIM_ASSIGN_OR_RETURN(const absl::string_view block, r.Block(length));
  Reader p(block, base);
  while (p.left() > 0) {
    KEEPSIM_ASSIGN_OR_RETURN(const uint32_t id, p.Varint());
    const int shape = PropertyShape(id);
    if (shape > 0) {
      KEEPSIM_ASSIGN_OR_RETURN(const uint32_t v, p.Take(static_cast<size_t>(shape)));
      on_number(id, v);
    } else if (shape == -1) {
      KEEPSIM_ASSIGN_OR_RETURN(const std::string unused, p.Text());
    } else if (shape == -2) {
      KEEPSIM_ASSIGN_OR_RETURN(std::string key, p.Text());
      KEEPSIM_ASSIGN_OR_RETURN(std::string value, p.Text());
      on_pair(std::move(key), std::move(value));
    } else if (shape == -3) {
      KEEPSIM_ASSIGN_OR_RETURN(const uint32_t unused, p.Varint());
      (void)unused;
    } else {
      return p.Bad(absl::StrCat("unknown property ", id));
    }
  }
  return absl::OkStatus();
}

constexpr auto kNoNumber = [](uint32_t, uint32_t) {};
constexpr auto kNoPair = [](const std::string&, const std::string&) {};

absl::Status DecodeConnect(Reader& r, Decoded* d) {
  ConnectOptions& o = d->body.connect;
  KEEPSIM_ASSIGN_OR_RETURN(const std::string name, r.Text());
  if (name != "MQTT") return r.Bad("the protocol name is not MQTT");
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t level, r.Take(1));
  if (level != 4 && level != 5) return r.Bad(absl::StrCat("protocol level ", level));
  o.version = static_cast<MqttVersion>(level);
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t flags, r.Take(1));
  if ((flags & 1) != 0) return r.Bad("the reserved CONNECT flag is set");
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t keep_alive, r.Take(2));
  o.keep_alive_s = static_cast<uint16_t>(keep_alive);
  o.clean_start = (flags & 2) != 0;
  if (o.version == MqttVersion::kV5) {
    KEEPSIM_RETURN_IF_ERROR(ReadProperties(
        r,
        [&](uint32_t id, uint32_t v) {
          if (id == 0x11) o.session_expiry_s = v;
          if (id == 0x21) o.receive_maximum = static_cast<uint16_t>(v);
          if (id == 0x27) o.maximum_packet_size = v;
          if (id == 0x22) o.topic_alias_maximum = static_cast<uint16_t>(v);
          if (id == 0x19) o.request_response_information = v != 0;
          if (id == 0x17) o.request_problem_information = v != 0;
        },
        [&](std::string key, std::string value) {
          o.user_properties.emplace_back(std::move(key), std::move(value));
        }));
  }
  KEEPSIM_ASSIGN_OR_RETURN(o.client_id, r.Text());
  o.has_will = (flags & 4) != 0;
  if (o.has_will) {
    o.will.qos = static_cast<uint8_t>(flags >> 3 & 3);
    if (o.will.qos > 2) return r.Bad("will QoS 3");
    o.will.retain = (flags & 32) != 0;
    if (o.version == MqttVersion::kV5) {
      KEEPSIM_RETURN_IF_ERROR(ReadProperties(
          r,
          [&](uint32_t id, uint32_t v) {
            if (id == 0x18) o.will.delay_s = v;
          },
          kNoPair));
    }
    KEEPSIM_ASSIGN_OR_RETURN(o.will.topic, r.Text());
    KEEPSIM_ASSIGN_OR_RETURN(o.will.payload, r.Text());
  }
  o.has_user_name = (flags & 128) != 0;
  o.has_password = (flags & 64) != 0;
  if (o.has_user_name) {
    KEEPSIM_ASSIGN_OR_RETURN(o.user_name, r.Text());
  }
  if (o.has_password) {
    KEEPSIM_ASSIGN_OR_RETURN(o.password, r.Text());
  }
  d->packet.value = o.keep_alive_s;
  if (o.clean_start) d->packet.flags |= Packet::kCleanStart;
  return absl::OkStatus();
}

absl::Status DecodeConnack(bool v5, Reader& r, Packet& p) {
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t flags, r.Take(1));
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t code, r.Take(1));
  if ((flags & ~1u) != 0) return r.Bad("reserved CONNACK flags are set");
  if (flags & 1) p.flags |= Packet::kSessionPresent;
  p.reason = static_cast<uint8_t>(code);
  if (!v5) return absl::OkStatus();
  return ReadProperties(
      r,
      [&](uint32_t property, uint32_t v) {
        if (property != 0x13) return;
        p.flags |= Packet::kHasServerKeepAlive;
        p.value = static_cast<uint16_t>(v);
      },
      kNoPair);
}

absl::Status DecodeId(Reader& r, Packet& p) {
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t v, r.Take(2));
  if (v == 0) return r.Bad("packet identifier 0");
  p.packet_id = static_cast<uint16_t>(v);
  return absl::OkStatus();
}

absl::Status DecodePublish(bool v5, uint32_t header, Reader& r, Decoded* d) {
  Packet& p = d->packet;
  p.qos = static_cast<uint8_t>(header >> 1 & 3);
  if (p.qos == 3) return r.Bad("QoS 3");
  if (header & 8) p.flags |= Packet::kDup;
  if (header & 1) p.flags |= Packet::kRetain;
  KEEPSIM_ASSIGN_OR_RETURN(d->body.topic, r.Text());
  if (p.qos > 0) KEEPSIM_RETURN_IF_ERROR(DecodeId(r, p));
  if (v5) KEEPSIM_RETURN_IF_ERROR(ReadProperties(r, kNoNumber, kNoPair));
  KEEPSIM_ASSIGN_OR_RETURN(const absl::string_view payload, r.Block(r.left()));
  d->body.payload = std::string(payload);
  return absl::OkStatus();
}

// SUBSCRIBE and UNSUBSCRIBE: the first filter is kept.
absl::Status DecodeFilters(bool v5, Reader& r, Decoded* d) {
  Packet& p = d->packet;
  KEEPSIM_RETURN_IF_ERROR(DecodeId(r, p));
  if (v5) KEEPSIM_RETURN_IF_ERROR(ReadProperties(r, kNoNumber, kNoPair));
  if (r.left() == 0) return r.Bad("no topic filter");
  bool first = true;
  while (r.left() > 0) {
    KEEPSIM_ASSIGN_OR_RETURN(std::string filter, r.Text());
    uint32_t options = 0;
    if (p.type == PacketType::kSubscribe) {
      KEEPSIM_ASSIGN_OR_RETURN(options, r.Take(1));
      if ((options & 3) == 3) return r.Bad("QoS 3");
    }
    if (first) d->body.topic = std::move(filter), p.qos = static_cast<uint8_t>(options & 3);
    first = false;
  }
  return absl::OkStatus();
}

absl::Status DecodeSuback(bool v5, Reader& r, Packet& p) {
  KEEPSIM_RETURN_IF_ERROR(DecodeId(r, p));
  if (v5) KEEPSIM_RETURN_IF_ERROR(ReadProperties(r, kNoNumber, kNoPair));
  // 3.1.1 section 3.11: an UNSUBACK is its packet identifier.
  if (!v5 && p.type == PacketType::kUnsuback) return absl::OkStatus();
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t code, r.Take(1));
  p.reason = static_cast<uint8_t>(code);
  KEEPSIM_ASSIGN_OR_RETURN(const absl::string_view more, r.Block(r.left()));
  (void)more;
  return absl::OkStatus();
}

// 5.0: a reason code and properties, both of which may be left out.
absl::Status DecodeReason(bool v5, Reader& r, Packet& p) {
  if (!v5 || r.left() == 0) return absl::OkStatus();
  KEEPSIM_ASSIGN_OR_RETURN(const uint32_t code, r.Take(1));
  p.reason = static_cast<uint8_t>(code);
  return r.left() == 0 ? absl::OkStatus() : ReadProperties(r, kNoNumber, kNoPair);
}

absl::Status DecodeRemainder(MqttVersion version, uint32_t header, Reader& r, Decoded* d) {
  Packet& p = d->packet;
  const bool v5 = version == MqttVersion::kV5;
  switch (p.type) {
    case PacketType::kConnect:
      return DecodeConnect(r, d);
    case PacketType::kConnack:
      return DecodeConnack(v5, r, p);
    case PacketType::kPublish:
      return DecodePublish(v5, header, r, d);
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubrel:
    case PacketType::kPubcomp:
      KEEPSIM_RETURN_IF_ERROR(DecodeId(r, p));
      return DecodeReason(v5, r, p);
    case PacketType::kSubscribe:
    case PacketType::kUnsubscribe:
      return DecodeFilters(v5, r, d);
    case PacketType::kSuback:
    case PacketType::kUnsuback:
      return DecodeSuback(v5, r, p);
    case PacketType::kPingreq:
    case PacketType::kPingresp:
      return absl::OkStatus();
    case PacketType::kAuth:
      if (!v5) return r.Bad("AUTH exists in MQTT 5.0 only");
      return DecodeReason(v5, r, p);
    case PacketType::kDisconnect:
      return DecodeReason(v5, r, p);
  }
  return r.Bad("reserved packet type");
}

}  // namespace

absl::StatusOr<Decoded> Decode(MqttVersion version, absl::string_view bytes) {
  Decoded d;
  if (bytes.size() < 2) return d;
  const uint32_t header = static_cast<uint8_t>(bytes[0]);
  uint32_t remaining = 0;
  size_t used = 1;
  for (int shift = 0;; shift += 7) {
    if (used >= bytes.size()) return d;
    if (shift > 21) {
      return absl::InvalidArgumentError(
          "malformed MQTT packet at byte 1: the length has more than four bytes");
    }
    const uint32_t digit = static_cast<uint8_t>(bytes[used++]);
    remaining |= (digit & 127) << shift;
    if ((digit & 128) == 0) break;
  }
  const uint32_t type = header >> 4;
  Reader start(bytes, 0);
  if (type == 0) return start.Bad("reserved packet type 0");
  const uint32_t low = header & 15;
  const bool needs2 = type == 6 || type == 8 || type == 10;
  if (type != 3 && low != (needs2 ? 2u : 0u)) return start.Bad("reserved flags are wrong");
  if (bytes.size() - used < remaining) return d;
  d.packet.type = static_cast<PacketType>(type);
  d.packet.size = static_cast<uint32_t>(used + remaining);
  Reader r(bytes.substr(used, remaining), used);
  KEEPSIM_RETURN_IF_ERROR(DecodeRemainder(version, header, r, &d));
  if (r.left() > 0) return r.Bad("bytes are left over");
  d.consumed = used + remaining;
  return d;
}

}  // namespace keepsim
