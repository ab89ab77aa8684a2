// TLS as a transformation of bytes (OpenSSL over memory buffers): no socket, no waiting.
#ifndef KEEPSIM_SIM_LIVE_TLS_H_
#define KEEPSIM_SIM_LIVE_TLS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// OpenSSL's own names.
typedef struct ssl_ctx_st SSL_CTX;  // NOLINT(modernize-use-using)
typedef struct ssl_st SSL;          // NOLINT(modernize-use-using)

namespace keepsim {

struct TlsOptions {
  std::string server_name;  // name or address that the certificate must be for; sent as SNI
  std::string ca_file;      // PEM; "": the system's authorities
  std::string cert_file;    // PEM, the client's own chain; "": none
  std::string key_file;     // PEM, its key; "": in cert_file
  bool insecure = false;    // neither authority nor name is checked
};

// What all connections share: authorities, the client's certificate. TLS 1.2 and newer.
class TlsContext {
 public:
  // InvalidArgument names the file that cannot be used.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Create(const TlsOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  TlsContext(SSL_CTX* context, TlsOptions options)
      : context_(context), options_(std::move(options)) {}
  SSL_CTX* const context_;
  const TlsOptions options_;
};

// The client's end of one connection.
class TlsSession {
 public:
  explicit TlsSession(std::shared_ptr<const TlsContext> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Takes what arrived, "" to begin. Appends what can be read to `plain`. The error says why the
  // handshake or a record failed. After it, and after each call, Output() may have bytes.
  absl::Status Receive(absl::string_view cipher, std::string* plain);
  bool ready() const { return ready_; }    // the handshake is over
  bool closed() const { return closed_; }  // the peer has said that nothing more follows
  // REQUIRES: ready().
  void Send(absl::string_view plain);
  void SayClosed();  // close_notify
  // What is to be sent, taken away.
  std::string Output();
  std::string Description() const;  // "TLSv1.3, TLS_AES_256_GCM_SHA384"

 private:
  absl::Status Failure(absl::string_view what) const;

  const std::shared_ptr<const TlsContext> context_;
  SSL* const ssl_;
  bool ready_ = false;
  bool closed_ = false;
};

}  // namespace keepsim

#endif  // KEEPSIM_SIM_LIVE_TLS_H_
