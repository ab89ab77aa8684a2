// TCP sockets that never block, and the addresses they connect to.
#ifndef KEEPSIM_SIM_LIVE_SOCKET_H_
#define KEEPSIM_SIM_LIVE_SOCKET_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keepsim {

struct Endpoint {
  std::string host;  // a name or an address, IPv6 without brackets
  uint16_t port = 0;
  std::string Text() const;  // "localhost:1883", "[::1]:1883"
};
// "HOST", "HOST:PORT", "[IPV6]:PORT". InvalidArgument names what is wrong.
absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text, uint16_t default_port);

struct Address {
  sockaddr_storage bytes;
  socklen_t size = 0;
  std::string text;  // "127.0.0.1:1883"
};
// All addresses of the endpoint in the resolver's order. Blocks.
absl::StatusOr<std::vector<Address>> Resolve(const Endpoint& endpoint);

class Socket {
 public:
  Socket() = default;
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { Close(); }

  // Begins to connect. It is connected, or has failed, when it is writable.
  static absl::StatusOr<Socket> Connect(const Address& address);

  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  // 0, or the error with which connecting ended.
  int ConnectError() const;

  // Bytes moved; 0: the peer has closed (Read only); -1: none now; -2: failed, see `error`.
  ssize_t Read(char* to, size_t size, int* error);
  ssize_t Write(absl::string_view bytes, int* error);

  void Close();  // FIN, after what the kernel has taken
  void Reset();  // RST

 private:
  explicit Socket(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_SOCKET_H_
