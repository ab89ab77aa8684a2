#include "sim/live/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace keepsim {
namespace {

absl::Status SystemError(absl::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(error)));
}

}  // namespace

std::string Endpoint::Text() const {
  const bool colons = absl::StrContains(host, ":");
  return absl::StrCat(colons ? "[" : "", host, colons ? "]:" : ":", port);
}

absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view text, uint16_t default_port) {
  const auto bad = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" ", why, "; give HOST:PORT, such as localhost:1883 or [::1]:1883"));
  };
  Endpoint e;
  e.port = default_port;
  absl::string_view port;
  bool has_port = false;
  if (absl::StartsWith(text, "[")) {
    const size_t end = text.find(']');
    if (end == absl::string_view::npos) return bad("has no closing bracket");
    e.host = std::string(text.substr(1, end - 1));
    absl::string_view rest = text.substr(end + 1);
    has_port = absl::ConsumePrefix(&rest, ":");
    if (!has_port && !rest.empty()) return bad("has something behind the bracket");
    port = rest;
  } else {
    const size_t colon = text.find(':');
    if (colon != text.rfind(':')) return bad("has several colons (IPv6 addresses take brackets)");
    has_port = colon != absl::string_view::npos;
    e.host = std::string(text.substr(0, colon));
    if (has_port) port = text.substr(colon + 1);
  }
  if (e.host.empty()) return bad("names no host");
  if (absl::StrContains(e.host, "/")) return bad("is no host name");
  int number = 0;
  if (has_port && (!absl::SimpleAtoi(port, &number) || number < 1 || number > 65535)) {
    return bad("has no port from 1 to 65535");
  }
  if (has_port) e.port = static_cast<uint16_t>(number);
  return e;
}

absl::StatusOr<std::vector<Address>> Resolve(const Endpoint& endpoint) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const std::string port = absl::StrCat(endpoint.port);
  const int error = getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &list);
  if (error != 0) {
    return absl::NotFoundError(
        absl::StrCat("the address of ", endpoint.host, " cannot be found: ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, freeaddrinfo);
  std::vector<Address> addresses;
  for (const addrinfo* i = list; i != nullptr; i = i->ai_next) {
    Address a;
    std::memcpy(&a.bytes, i->ai_addr, i->ai_addrlen);
    a.size = i->ai_addrlen;
    char host[NI_MAXHOST];
    if (getnameinfo(i->ai_addr, i->ai_addrlen, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    a.text = Endpoint{host, endpoint.port}.Text();
    addresses.push_back(a);
  }
  if (addresses.empty()) {
    return absl::NotFoundError(absl::StrCat(endpoint.host, " has no address to connect to"));
  }
  return addresses;
}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

absl::StatusOr<Socket> Socket::Connect(const Address& address) {
  Socket s(socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!s.open()) return SystemError("socket", errno);
  const int on = 1;  // small packets leave at once
  setsockopt(s.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* const to = reinterpret_cast<const sockaddr*>(&address.bytes);
  if (connect(s.fd_, to, address.size) != 0 && errno != EINPROGRESS) {
    return SystemError(absl::StrCat("connect to ", address.text), errno);
  }
  return s;
}

int Socket::ConnectError() const {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

ssize_t Socket::Read(char* to, size_t size, int* error) {
  for (;;) {
    const ssize_t n = recv(fd_, to, size, 0);
    if (n >= 0) return n;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return -1;
    *error = errno;
    return -2;
  }
}

ssize_t Socket::Write(absl::string_view bytes, int* error) {
  for (;;) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) return n;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return -1;
    *error = errno;
    return -2;
  }
}

void Socket::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void Socket::Reset() {
  if (fd_ < 0) return;
  const linger now = {1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  Close();
}

}  // namespace keepsim
