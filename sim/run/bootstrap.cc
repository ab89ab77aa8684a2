#include "sim/run/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "sim/base/random.h"

namespace keepsim {
namespace {

constexpr int64_t kLeastBeyond = 5;
constexpr double kTail = 0.025;

// All values of a run, ascending, each with its client.
using Pooled = std::vector<std::pair<double, uint32_t>>;

// The statistic of each share, of values that count as often as their clients do.
void Statistics(const Pooled& values, const std::vector<uint32_t>& weights,
                const std::vector<double>& shares, std::vector<double>* out) {
  int64_t total = 0;
  double sum = 0;
  for (const auto& [value, client] : values) {
    total += weights[client];
    sum += value * weights[client];
  }
  out->assign(shares.size(), NAN);
  if (total == 0) return;
  // Ascending shares, so that one pass will do.
  size_t next = 0;
  while (next < shares.size() && shares[next] == kMeanShare) {
    (*out)[next++] = sum / static_cast<double>(total);
  }
  int64_t seen = 0;
  for (const auto& [value, client] : values) {
    seen += weights[client];
    while (next < shares.size() &&
           static_cast<double>(seen) >= shares[next] * static_cast<double>(total)) {
      (*out)[next++] = value;
    }
  }
}

// How often each client is drawn.
void Draw(size_t resample, std::vector<uint32_t>* weights) {
  static const uint64_t key = GroupKey(0, "bootstrap over clients");
  // Nothing that is simulated has this key, so that any purpose will do.
  constexpr auto kPurpose = static_cast<Purpose>(1);
  const RandomSource luck(key, static_cast<uint32_t>(resample));
  const auto n = static_cast<uint64_t>(weights->size());
  std::fill(weights->begin(), weights->end(), 0);
  for (uint64_t i = 0; i < n; i += 4) {
    const RandomBlock block = luck.Block(kPurpose, i / 4);
    for (uint64_t k = 0; k < 4 && i + k < n; ++k) ++(*weights)[(block.w[k] * n) >> 32];
  }
}

bool Enough(int64_t values, double share) {
  if (share == kMeanShare) return values >= 2;
  const double rarer = std::min(share, 1 - share);
  return static_cast<double>(values) * rarer >= kLeastBeyond;
}

}  // namespace

std::vector<std::optional<BootstrapDifference>> BootstrapDifferences(
    const std::vector<ClientValues>& clients, const std::vector<double>& shares) {
  std::vector<size_t> order(shares.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t x, size_t y) { return shares[x] < shares[y]; });
  std::vector<double> sorted;
  for (const size_t i : order) sorted.push_back(shares[i]);

  Pooled a;
  Pooled b;
  for (uint32_t c = 0; c < clients.size(); ++c) {
    for (const double v : *clients[c].a) a.emplace_back(v, c);
    for (const double v : *clients[c].b) b.emplace_back(v, c);
  }
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  std::vector<uint32_t> weights(clients.size(), 1);
  std::vector<double> of_a;
  std::vector<double> of_b;
  Statistics(a, weights, sorted, &of_a);
  Statistics(b, weights, sorted, &of_b);

  std::vector<std::optional<BootstrapDifference>> out(shares.size());
  std::vector<std::vector<double>> differences(shares.size());
  bool any = false;
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (a.empty() || b.empty()) continue;
    BootstrapDifference d;
    d.a = of_a[i];
    d.b = of_b[i];
    out[order[i]] = d;
    any = true;
  }
  for (size_t resample = 0; any && resample < kResamples; ++resample) {
    Draw(resample, &weights);
    Statistics(a, weights, sorted, &of_a);
    Statistics(b, weights, sorted, &of_b);
    for (size_t i = 0; i < sorted.size(); ++i) {
      // A resample without a value says nothing.
      if (!std::isnan(of_a[i]) && !std::isnan(of_b[i])) {
        differences[order[i]].push_back(of_b[i] - of_a[i]);
      }
    }
  }
  for (size_t i = 0; i < shares.size(); ++i) {
    const auto least = static_cast<int64_t>(std::min(a.size(), b.size()));
    std::vector<double>& d = differences[i];
    if (!out[i] || !Enough(least, shares[i]) || d.size() < kResamples / 2) continue;
    std::sort(d.begin(), d.end());
    const auto n = static_cast<double>(d.size());
    const auto rank = [&](double p) { return d[static_cast<size_t>(std::lround(p * (n - 1)))]; };
    out[i]->interval = {rank(kTail), rank(1 - kTail)};
    const auto not_above = std::upper_bound(d.begin(), d.end(), 0.0) - d.begin();
    const auto not_below = d.end() - std::lower_bound(d.begin(), d.end(), 0.0);
    const double tail = (static_cast<double>(std::min(not_above, not_below)) + 1) / (n + 1);
    out[i]->p_value = std::min(1.0, 2 * tail);
    double mean = 0;
    for (const double x : d) mean += x / n;
    double squares = 0;
    for (const double x : d) squares += (x - mean) * (x - mean);
    out[i]->deviation = std::sqrt(squares / (n - 1));
  }
  return out;
}

}  // namespace keepsim
