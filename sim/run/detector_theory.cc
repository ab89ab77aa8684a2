#include "sim/run/detector_theory.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace keepsim {
namespace {

// Of (D' - D - x), where it is above 0, for two independent delays: probability, mean, square.
struct Excess {
  double probability = 0;
  double mean = 0;
  double square = 0;
};

class Delays {
 public:
  explicit Delays(const std::vector<double>& d) : d_(d), after_(d.size() + 1) {
    for (size_t i = d.size(); i-- > 0;) {
      after_[i] = {after_[i + 1].sum + d[i], after_[i + 1].squares + d[i] * d[i]};
    }
  }

  Excess Beyond(double x) const {
    Excess e;
    const auto n = static_cast<double>(d_.size());
    size_t j = 0;  // the first that is above d_[i] + x
    for (const double d : d_) {
      const double from = d + x;
      while (j < d_.size() && d_[j] <= from) ++j;
      const auto count = static_cast<double>(d_.size() - j);
      e.probability += count;
      e.mean += after_[j].sum - count * from;
      e.square += after_[j].squares - 2 * from * after_[j].sum + count * from * from;
    }
    e.probability /= n * n;
    e.mean /= n * n;
    e.square /= n * n;
    return e;
  }

 private:
  struct Sums {
    double sum = 0;
    double squares = 0;
  };
  const std::vector<double>& d_;
  std::vector<Sums> after_;  // of the delays from here on
};

}  // namespace

// Beyond so many in a row nobody asks; and each costs a pass over the delays.
constexpr int kMostLost = 2000;

DetectorTheory SimpleDetector(double eta_s, double timeout_s, double loss,
                              const std::vector<double>& delays_s) {
  const Delays delays(delays_s);
  const double spread = delays_s.back() - delays_s.front();
  constexpr double kNegligible = 1e-15;
  Excess sum;
  // After an arrival, g heartbeats are lost and the next arrives: the gap is (g + 1) eta and the
  // difference of two delays.
  double weight = 1 - loss;
  for (int g = 0; weight > kNegligible && g < kMostLost; ++g) {
    const double slack = timeout_s - (g + 1) * eta_s;
    if (slack < spread) {
      const Excess e = delays.Beyond(slack);
      sum.probability += weight * e.probability;
      sum.mean += weight * e.mean;
      sum.square += weight * e.square;
    }
    weight *= loss;
  }
  DetectorTheory t;
  t.mistakes_per_s = (1 - loss) / eta_s * sum.probability;
  t.accuracy = 1 - (1 - loss) / eta_s * sum.mean;
  if (sum.probability > 0) {
    t.duration_s = sum.mean / sum.probability;
    t.duration_variance = std::max(0.0, sum.square / sum.probability - t.duration_s * t.duration_s);
  }
  return t;
}

}  // namespace keepsim
