#include "sim/live/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"
#include "sim/base/check.h"

namespace keepsim {
namespace {

// The first reason that OpenSSL has queued; the queue is empty after it.
std::string Reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no reason given";
  const char* const reason = ERR_reason_error_string(code);
  if (reason != nullptr) return reason;
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return text;
}

absl::Status BadFile(absl::string_view what, const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat(what, " ", path, ": ", Reason()));
}

bool IsAddress(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

// A server may close without close_notify: the end of the TCP connection says as much.
constexpr uint64_t kContextOptions = SSL_OP_IGNORE_UNEXPECTED_EOF;

absl::Status LoadFiles(SSL_CTX* c, const TlsOptions& o) {
  if (o.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(c);
  } else if (SSL_CTX_load_verify_file(c, o.ca_file.c_str()) != 1) {
    return BadFile("certificate authorities", o.ca_file);
  }
  if (o.cert_file.empty()) return absl::OkStatus();
  const std::string& key = o.key_file.empty() ? o.cert_file : o.key_file;
  if (SSL_CTX_use_certificate_chain_file(c, o.cert_file.c_str()) != 1) {
    return BadFile("certificate", o.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(c, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return BadFile("key", key);
  }
  if (SSL_CTX_check_private_key(c) != 1) return BadFile("key", key);
  return absl::OkStatus();
}

// A key with a pass phrase: nobody is asked for it while a broker is measured.
int NoPassPhrase(char*, int, int, void*) { return 0; }

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Create(const TlsOptions& options) {
  SSL_CTX* const c = SSL_CTX_new(TLS_client_method());
  SIM_CHECK(c != nullptr);
  auto context = std::shared_ptr<const TlsContext>(new TlsContext(c, options));
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_options(c, kContextOptions);
  SSL_CTX_set_default_passwd_cb(c, NoPassPhrase);
  SSL_CTX_set_verify(c, options.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (absl::Status s = LoadFiles(c, options); !s.ok()) return s;
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), ssl_(SSL_new(context_->context_)) {
  SIM_CHECK(ssl_ != nullptr);
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(ssl_);
  const TlsOptions& o = context_->options_;
  if (IsAddress(o.server_name)) {
    if (!o.insecure) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), o.server_name.c_str());
    }
  } else {
    SSL_set_tlsext_host_name(ssl_, o.server_name.c_str());
    if (!o.insecure) SSL_set1_host(ssl_, o.server_name.c_str());
  }
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

absl::Status TlsSession::Failure(absl::string_view what) const {
  const std::string reason = Reason();
  const long verdict = SSL_get_verify_result(ssl_);
  if (verdict != X509_V_OK && !context_->options_.insecure) {
    return absl::UnauthenticatedError(absl::StrCat(
        "the broker's certificate is not accepted: ", X509_verify_cert_error_string(verdict), " (",
        context_->options_.server_name,
        "; --ca FILE names authorities, --insecure "
        "does without)"));
  }
  return absl::UnavailableError(absl::StrCat(what, ": ", reason));
}

absl::Status TlsSession::Receive(absl::string_view cipher, std::string* plain) {
  ERR_clear_error();
  if (!cipher.empty()) {
    BIO_write(SSL_get_rbio(ssl_), cipher.data(), static_cast<int>(cipher.size()));
  }
  if (!ready_) {
    const int done = SSL_do_handshake(ssl_);
    if (done != 1) {
      if (SSL_get_error(ssl_, done) == SSL_ERROR_WANT_READ) return absl::OkStatus();
      return Failure("TLS handshake");
    }
    ready_ = true;
  }
  char buffer[16384];
  for (;;) {
    const int n = SSL_read(ssl_, buffer, sizeof buffer);
    if (n > 0) {
      plain->append(buffer, static_cast<size_t>(n));
      continue;
    }
    const int error = SSL_get_error(ssl_, n);
    if (error == SSL_ERROR_WANT_READ) return absl::OkStatus();
    if (error == SSL_ERROR_ZERO_RETURN) {
      closed_ = true;
      return absl::OkStatus();
    }
    return Failure("TLS");
  }
}

void TlsSession::Send(absl::string_view plain) {
  SIM_CHECK(ready_);
  // A memory buffer takes everything.
  if (!plain.empty()) SSL_write(ssl_, plain.data(), static_cast<int>(plain.size()));
}

void TlsSession::SayClosed() {
  if (ready_) SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string TlsSession::Output() {
  std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl_)), '\0');
  if (!out.empty()) BIO_read(SSL_get_wbio(ssl_), out.data(), static_cast<int>(out.size()));
  return out;
}

std::string TlsSession::Description() const {
  return absl::StrCat(SSL_get_version(ssl_), ", ", SSL_get_cipher_name(ssl_));
}

}  // namespace keepsim
