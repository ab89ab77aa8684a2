// keepsim probe: measure a real broker, and write what it takes to simulate it.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sim/base/duration_text.h"
#include "sim/live/probe.h"
#include "sim/metrics/summary_json.h"
#include "sim/mqtt/profile_name.h"
#include "sim/trace/writer.h"
#include "tools/build_commit.h"
#include "tools/command.h"
#include "tools/probe/probe_scenario.h"
#include "tools/probe/probe_summary.h"
#include "tools/probe/probe_text.h"
#include "tools/progress.h"
#include "tools/result_folder.h"
#include "tools/stop_signal.h"
#include "tools/trace_input.h"

namespace keepsim {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxClients = 1000;
constexpr Duration kMaxLength = Seconds(86400);

// What the flags of `probe` say, checked.
struct ProbeFlags {
  Endpoint broker;
  ProbeOptions options;
  std::optional<TlsOptions> tls;
  std::string format;
  std::string scenario;  // path; "": not written
  std::string summary;   // path; "": not written
  std::string trace;     // path; "": none
};

bool Bad(const std::string& message) {
  Fail(message);
  return false;
}

// "5" (seconds) or a duration with its unit.
bool ReadTime(const Arguments& a, const std::string& flag, Duration low, Duration high,
              Duration* value) {
  if (!a.Has(flag)) return true;
  std::string text = a.Get(flag);
  int64_t seconds = 0;
  if (absl::SimpleAtoi(text, &seconds) && seconds != 0) absl::StrAppend(&text, "s");
  const auto d = ParseDuration(text);
  if (!d.ok()) return Bad(absl::StrCat("--", flag, ": ", d.status().message()));
  if (*d >= low && *d <= high) {
    *value = *d;
    return true;
  }
  return Bad(absl::StrCat("--", flag, " must be from ", FormatDuration(low), " to ",
                          FormatDuration(high), ", not ", a.Get(flag)));
}

bool ReadProfile(const Arguments& a, ClientProfile* profile) {
  const std::string text = a.Get("client", "spec");
  const auto [name, version] = NameAndVersion(text);
  const ClientProfile* const found = FindClientProfile(name, version);
  if (found == nullptr) {
    std::vector<ProfileLabel> labels;
    AddLabels(ClientProfiles(), labels);
    return Bad("there is no client profile \"" + text + "\"" + ProfileSuggestion(text, labels) +
               "; keepsim profiles lists them");
  }
  *profile = *found;
  return true;
}

// The password comes from a file or from the command line, where other users of the machine see it.
bool ReadPassword(const Arguments& a, ConnectOptions* c) {
  c->has_user_name = a.Has("user");
  c->user_name = a.Get("user");
  c->has_password = a.Has("password") || a.Has("password-file");
  if (!c->has_password) return true;
  if (a.Has("password") && a.Has("password-file")) {
    return Bad("--password and --password-file exclude one another");
  }
  if (!c->has_user_name && c->version == MqttVersion::kV311) {
    return Bad("a password needs a --user in MQTT 3.1.1 ([MQTT-3.1.2-22])");
  }
  c->password = a.Get("password");
  if (a.Has("password-file")) {
    const auto text = ReadWholeFile(UserPath(a.Get("password-file")));
    if (!text.ok()) return Bad("--password-file " + std::string(text.status().message()));
    c->password = std::string(absl::StripTrailingAsciiWhitespace(*text));
  }
  if (c->password.size() > 65535 || c->user_name.size() > 65535) {
    return Bad("user name and password are at most 65535 bytes long (section 1.5.3)");
  }
  return true;
}

bool ReadTls(const Arguments& a, ProbeFlags* flags) {
  if (!a.Has("tls")) {
    for (const char* flag : {"ca", "cert", "key", "insecure"}) {
      if (a.Has(flag)) return Bad(absl::StrCat("--", flag, " needs --tls"));
    }
    return true;
  }
  if (a.Has("key") && !a.Has("cert")) return Bad("--key needs --cert");
  TlsOptions o;
  o.server_name = flags->broker.host;
  if (a.Has("ca")) o.ca_file = UserPath(a.Get("ca"));
  if (a.Has("cert")) o.cert_file = UserPath(a.Get("cert"));
  if (a.Has("key")) o.key_file = UserPath(a.Get("key"));
  o.insecure = a.Has("insecure");
  flags->tls = o;
  return true;
}

bool ReadClients(const Arguments& a, ProbeOptions* o) {
  int64_t all = 16;
  if (!ReadNumber(a, "clients", 1, kMaxClients, &all)) return false;
  int64_t dropped = all < 4 ? 0 : std::max<int64_t>(all / 8, 1);
  if (!ReadNumber(a, "dropped", 0, kMaxClients, &dropped)) return false;
  int64_t silent = std::max<int64_t>(all - dropped, 0) / 2;
  if (!ReadNumber(a, "silent", 0, kMaxClients, &silent)) return false;
  if (silent + dropped >= all) {
    return Bad(absl::StrCat("of ", all, " clients (--clients), ", silent, " silent and ", dropped,
                            " dropped ones leave none to ping"));
  }
  o->silent = static_cast<uint32_t>(silent);
  o->dropped = static_cast<uint32_t>(dropped);
  o->pinging = static_cast<uint32_t>(all - silent - dropped);
  return true;
}

// A file of that name is not replaced unless --force says so; told before the probe begins.
bool Free(const Arguments& a, const std::string& path) {
  std::error_code error;
  if (!a.Has("force") && fs::exists(path, error)) {
    return Bad(path + " is there already; choose another name, or add --force to replace it");
  }
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, error)) {
    return Bad(folder.string() + " is not a folder");
  }
  return true;
}

bool ReadOutputs(const Arguments& a, ProbeFlags* flags) {
  if (!ReadWord(a, "format", {"text", "json"}, &flags->format)) return false;
  if (a.Has("trace")) {
    flags->trace = UserPath(a.Get("trace"));
    if (!Free(a, flags->trace)) return false;
  }
  if (!a.Has("out")) return true;
  const std::string out = UserPath(a.Get("out"));
  if (out.empty()) return Bad("--out needs the name of a file or a folder");
  if (absl::EndsWith(out, ".textproto") || absl::EndsWith(out, ".txtpb")) {
    flags->scenario = out;
    return Free(a, out);
  }
  std::error_code error;
  fs::create_directories(out, error);
  if (error || !fs::is_directory(out, error)) {
    return Bad("--out " + out + " cannot be made a folder");
  }
  flags->scenario = out + "/scenario.textproto";
  flags->summary = out + "/probe.json";
  return Free(a, flags->scenario) && Free(a, flags->summary);
}

bool ParseProbeFlags(const Arguments& a, ProbeFlags* flags) {
  ProbeOptions& o = flags->options;
  if (!a.positional().empty() || !a.Has("broker")) {
    return Bad("probe needs --broker HOST:PORT, and nothing without a flag");
  }
  const auto endpoint = ParseEndpoint(a.Get("broker"), a.Has("tls") ? 8883 : 1883);
  if (!endpoint.ok()) return Bad("--broker " + std::string(endpoint.status().message()));
  flags->broker = *endpoint;
  const std::string version = a.Get("mqtt", "3.1.1");
  if (version != "3.1.1" && version != "5" && version != "5.0") {
    return Bad("--mqtt must be 3.1.1 or 5, not \"" + version + "\"");
  }
  o.connect.version = version == "3.1.1" ? MqttVersion::kV311 : MqttVersion::kV5;
  Duration keep_alive = Seconds(5);
  if (!ReadTime(a, "keep-alive", Seconds(1), Seconds(65535), &keep_alive)) return false;
  if (keep_alive % Seconds(1) != Duration{0}) return Bad("--keep-alive is in whole seconds");
  o.connect.keep_alive_s = static_cast<uint16_t>(keep_alive / Seconds(1));
  // Long enough for each silent client to be closed twice by the slowest broker known.
  o.length = std::max(Seconds(60), keep_alive * 8 + Seconds(20));
  if (!ReadTime(a, "for", Seconds(1), kMaxLength, &o.length)) return false;
  o.id_prefix = a.Get("client-id-prefix", "keepsim");
  if (o.id_prefix.size() > 1000) return Bad("--client-id-prefix is longer than 1000 bytes");
  o.publish = !a.Has("no-publish");
  return ReadClients(a, &o) && ReadProfile(a, &o.profile) && ReadPassword(a, &o.connect) &&
         ReadTls(a, flags) && ReadOutputs(a, flags);
}

void Warn(const std::string& text) { std::fprintf(stderr, "keepsim: warning: %s\n", text.c_str()); }

void WarnOf(const ProbeFlags& flags) {
  const ProbeOptions& o = flags.options;
  if (flags.tls.has_value() && flags.tls->insecure) {
    Warn(
        "--insecure: the broker's certificate is NOT checked; anybody may be answering, and gets "
        "whatever is sent, the password too");
  }
  if (!flags.tls.has_value() && o.connect.has_password) {
    Warn("the password goes over the network in the clear; --tls encrypts it");
  }
  if (o.connect.keep_alive_s < o.profile.keep_alive_min_s) {
    Warn(absl::StrCat("the library ", o.profile.name, " refuses a keepAlive below ",
                      o.profile.keep_alive_min_s, " s; the probe goes on with its rule"));
  }
  const Duration k = Seconds(o.connect.keep_alive_s);
  if (o.silent > 0 && o.length < 5 * k + Seconds(10)) {
    Warn(absl::StrCat("--for ", FormatDuration(o.length),
                      " may be too short: to be silent at all "
                      "phases and closed by a slow broker takes ",
                      FormatDuration(5 * k + Seconds(10))));
  }
}

absl::Status WriteTrace(const ProbeFlags& flags, const ProbeResult& result,
                        const std::string& summary_json) {
  TraceHeader h;
  h.scenario_name = "probe of " + flags.broker.Text();
  h.build_commit = kBuildCommit;
  h.tie_order = kLiveTieOrder;
  h.packet_selector = "*";
  h.horizon = result.records.empty() ? Duration{0} : result.records.back().at - kStart;
  uint32_t entity = 1;
  for (const ProbeResult::Group& g : result.groups) {
    h.groups.push_back({g.name, entity, g.count});
    entity += g.count;
  }
  auto writer = TraceWriter::Create(flags.trace, h);
  if (!writer.ok()) return writer.status();
  if (absl::Status s = (*writer)->Append(result.records); !s.ok()) return s;
  TraceFooter footer;
  for (const TraceRecord& r : result.records) {
    if (r.is_outcome()) AddToDigest(r, footer.digest);
  }
  footer.summary_json = summary_json;
  return (*writer)->Finish(footer);
}

// All that was asked for, each file whole or not at all.
absl::Status WriteOutputs(const ProbeFlags& flags, const ProbeResult& result,
                          const ProbeSummary& summary) {
  const std::string json = ToJson(summary);
  if (!flags.trace.empty()) {
    if (absl::Status s = WriteTrace(flags, result, json); !s.ok()) return s;
  }
  if (!flags.summary.empty()) {
    if (absl::Status s = WriteWholeFile(flags.summary, json); !s.ok()) return s;
  }
  if (flags.scenario.empty() || result.round_trips.empty()) return absl::OkStatus();
  return WriteWholeFile(flags.scenario, ProbeScenario(summary, flags.options, result));
}

int Report(const ProbeFlags& flags, const ProbeResult& result, const ProbeSummary& summary,
           const absl::Status& written) {
  if (flags.format == "json") {
    std::fputs(ToJson(summary).c_str(), stdout);
  } else {
    std::vector<Duration> silences;
    for (const SilenceSample& s : result.silences) {
      if (s.closed) silences.push_back(s.silence());
    }
    std::fputs(ProbeText(summary, result.round_trips, std::move(silences)).c_str(), stdout);
  }
  if (!written.ok()) return Fail(written);
  // With JSON, standard output is for the machine.
  std::FILE* const to = flags.format == "json" ? stderr : stdout;
  if (!flags.scenario.empty() && result.round_trips.empty()) {
    std::fprintf(stderr, "keepsim: %s was not written: no round trip was measured\n",
                 flags.scenario.c_str());
  } else if (!flags.scenario.empty()) {
    std::fprintf(to, "\nscenario  %s\n          keepsim run %s\n", flags.scenario.c_str(),
                 flags.scenario.c_str());
  }
  if (!flags.summary.empty()) std::fprintf(to, "summary   %s\n", flags.summary.c_str());
  if (!flags.trace.empty()) std::fprintf(to, "trace     %s\n", flags.trace.c_str());
  if (result.stopped) return kExitStopped;
  return summary.complete() ? kExitOk : kExitNotMet;
}

}  // namespace

int ProbeCommand(const std::vector<std::string>& args) {
  Arguments a;
  ProbeFlags flags;
  if (!a.Parse(args,
               {"broker", "keep-alive", "clients", "silent", "dropped", "for", "mqtt", "client",
                "client-id-prefix", "user", "password", "password-file", "ca", "cert", "key", "out",
                "trace", "format"},
               {"tls", "insecure", "no-publish", "force"}) ||
      !ParseProbeFlags(a, &flags)) {
    return kExitBadInput;
  }
  ProbeOptions& o = flags.options;
  if (flags.tls.has_value()) {
    auto tls = TlsContext::Create(*flags.tls);
    if (!tls.ok()) return Fail(tls.status());
    o.tls = *std::move(tls);
  }
  if (absl::Status s = ReserveFiles(o.pinging + o.silent + o.dropped + 1); !s.ok()) {
    return Fail(s);
  }
  auto addresses = Resolve(flags.broker);
  if (!addresses.ok()) return Fail(addresses.status());
  o.addresses = *std::move(addresses);
  WarnOf(flags);
  o.trace = !flags.trace.empty();
  o.seed = static_cast<uint64_t>(absl::GetCurrentTimeNanos()) / 1000 ^
           static_cast<uint64_t>(getpid()) << 20;
  o.stop = CatchSignals();
  ProgressLine progress(isatty(STDERR_FILENO) != 0);
  o.on_progress = [&](Duration done, Duration total) {
    progress.Show(ToSeconds(done), ToSeconds(total), "");
  };
  const auto result = RunProbe(o);
  progress.Clear();
  if (!result.ok()) return Fail(result.status());
  if (!result->contact) {
    if (result->stopped) {
      std::fprintf(stderr, "keepsim: stopped before there was a session; nothing was written\n");
      return kExitStopped;
    }
    return Fail(absl::StrCat("the broker at ", flags.broker.Text(),
                             " gave no session: ", result->no_contact, "; nothing was measured"));
  }
  const ProbeSummary summary = SummaryOf(o, *result, FitOf(o, *result), flags.broker.Text());
  return Report(flags, *result, summary, WriteOutputs(flags, *result, summary));
}

}  // namespace keepsim
