#include "sim/mqtt/effects.h"

namespace keepsim {

const char* CloseReasonName(CloseReason reason) {
  switch (reason) {
    case CloseReason::kNone:
      return "none";
    case CloseReason::kKeepAliveTimeout:
      return "keep alive timeout";
    case CloseReason::kPingrespTimeout:
      return "PINGRESP timeout";
    case CloseReason::kConnectTimeout:
      return "connect timeout";
    case CloseReason::kConnackTimeout:
      return "CONNACK timeout";
    case CloseReason::kDisconnect:
      return "DISCONNECT";
    case CloseReason::kTakeover:
      return "session taken over";
    case CloseReason::kPeerClosed:
      return "closed by peer";
    case CloseReason::kReset:
      return "connection reset";
    case CloseReason::kTransportTimeout:
      return "TCP timed out";
    case CloseReason::kServerDisconnect:
      return "DISCONNECT from broker";
    case CloseReason::kRefused:
      return "refused";
    case CloseReason::kShutdown:
      return "broker shut down";
    case CloseReason::kProtocolError:
      return "protocol error";
    case CloseReason::kLocalStop:
      return "process ended";
  }
  return "unknown";
}

}  // namespace keepsim
