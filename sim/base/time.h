// Virtual time: signed 64-bit nanoseconds, of an own type so that an instant is never
// mistaken for a length of time, nor a second for a nanosecond.
#ifndef KEEPSIM_SIM_BASE_TIME_H_
#define KEEPSIM_SIM_BASE_TIME_H_

#include <compare>
#include <cstdint>
#include <limits>

namespace keepsim {

// A length of time. Range: about +-292 years. Arithmetic wraps nowhere in practice: the loader
// bounds every scenario duration to 100 years.
struct Duration {
  int64_t ns = 0;

  friend constexpr auto operator<=>(Duration, Duration) = default;
  constexpr Duration operator-() const { return {-ns}; }
  constexpr Duration& operator+=(Duration d) { return ns += d.ns, *this; }
  constexpr Duration& operator-=(Duration d) { return ns -= d.ns, *this; }
};

constexpr Duration Nanoseconds(int64_t n) { return {n}; }
constexpr Duration Microseconds(int64_t n) { return {n * 1000}; }
constexpr Duration Milliseconds(int64_t n) { return {n * 1000000}; }
constexpr Duration Seconds(int64_t n) { return {n * 1000000000}; }
constexpr Duration operator+(Duration a, Duration b) { return {a.ns + b.ns}; }
constexpr Duration operator-(Duration a, Duration b) { return {a.ns - b.ns}; }
constexpr Duration operator*(Duration a, int64_t k) { return {a.ns * k}; }
constexpr Duration operator*(int64_t k, Duration a) { return {a.ns * k}; }
constexpr Duration operator/(Duration a, int64_t k) { return {a.ns / k}; }
constexpr int64_t operator/(Duration a, Duration b) { return a.ns / b.ns; }
constexpr Duration operator%(Duration a, Duration b) { return {a.ns % b.ns}; }

// "Never", as a length: 2^62 ns, about 146 years; an instant plus kForever does not overflow.
inline constexpr Duration kForever{int64_t{1} << 62};

// A point of virtual time, counted from the start of the run (or, in live use, from an
// arbitrary point of the monotonic clock).
struct Instant {
  int64_t ns = 0;

  friend constexpr auto operator<=>(Instant, Instant) = default;
  constexpr Instant& operator+=(Duration d) { return ns += d.ns, *this; }
};

constexpr Instant operator+(Instant t, Duration d) { return {t.ns + d.ns}; }
constexpr Instant operator-(Instant t, Duration d) { return {t.ns - d.ns}; }
constexpr Duration operator-(Instant a, Instant b) { return {a.ns - b.ns}; }

inline constexpr Instant kStart{0};
// Later than every event: "no deadline".
inline constexpr Instant kNever{std::numeric_limits<int64_t>::max()};
// Earlier than every event: "not yet".
inline constexpr Instant kLongAgo{-(int64_t{1} << 62)};

// For rendering only; never in a sampled or ordered path.
constexpr double ToSeconds(Duration d) { return static_cast<double>(d.ns) / 1e9; }
constexpr double ToSeconds(Instant t) { return static_cast<double>(t.ns) / 1e9; }

}  // namespace keepsim

#endif  // KEEPSIM_SIM_BASE_TIME_H_
