#include "ranvier/drive/waveform.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"

namespace ranvier {

namespace {

/// Whether the waveform jumps strictly between the two times, also from or to the zero around it.
bool jumps_between(const PiecewiseLinear& waveform, double from_ms, double to_ms) {
    const auto& t = waveform.t_ms;
    const auto& value = waveform.value;
    const auto is_inside = [&](double at_ms) { return from_ms < at_ms && at_ms < to_ms; };
    if ((is_inside(t.front()) && value.front() != 0.0) ||
        (is_inside(t.back()) && value.back() != 0.0)) {
        return true;
    }
    const auto first = std::ranges::upper_bound(t, from_ms) - t.begin();
    for (auto i = static_cast<std::size_t>(first) + 1; i < t.size() && t[i - 1] < to_ms; ++i) {
        if (t[i] == t[i - 1] && value[i] != value[i - 1]) {
            return true;
        }
    }
    return false;
}

}  // namespace

double PiecewiseLinear::mean(double from_ms, double to_ms) const noexcept {
    return integrate(from_ms, to_ms).whole / (to_ms - from_ms);
}

PiecewiseLinear::Line PiecewiseLinear::line(double from_ms, double to_ms) const noexcept {
    const double length_ms = to_ms - from_ms;
    const auto [whole, moment] = integrate(from_ms, to_ms);
    if (whole == 0.0 && moment == 0.0) {
        return {0.0, 0.0};
    }
    if (jumps_between(*this, from_ms, to_ms)) {
        return {whole / length_ms, 0.0};
    }
    return {whole / length_ms, 12.0 * moment / (length_ms * length_ms * length_ms)};
}

bool PiecewiseLinear::is_flat(double from_ms, double to_ms) const noexcept {
    if (t_ms.empty() || to_ms < t_ms.front() || from_ms > t_ms.back()) {
        return true;
    }
    // The last point before, to which a piece that has begun goes back, up to the first after.
    const auto first = std::ranges::lower_bound(t_ms, from_ms) - t_ms.begin();
    const auto last = std::ranges::upper_bound(t_ms, to_ms) - t_ms.begin();
    const auto size = static_cast<std::ptrdiff_t>(t_ms.size());
    const auto value_at = [&](std::ptrdiff_t i) {
        return i < 0 || i >= size ? 0.0 : value[static_cast<std::size_t>(i)];
    };
    const double one = value_at(first - 1);
    for (std::ptrdiff_t i = first; i <= last; ++i) {
        if (value_at(i) != one) {
            return false;
        }
    }
    return true;
}

PiecewiseLinear::Integrals PiecewiseLinear::integrate(double from_ms, double to_ms) const noexcept {
    if (t_ms.empty() || to_ms <= t_ms.front() || from_ms >= t_ms.back()) {
        return {0.0, 0.0};
    }
    const auto after = std::ranges::upper_bound(t_ms, from_ms);
    auto i = static_cast<std::size_t>(std::max<std::ptrdiff_t>(after - t_ms.begin(), 1));
    Integrals sum{0.0, 0.0};
    for (; i < t_ms.size() && t_ms[i - 1] < to_ms; ++i) {
        const double piece_ms = t_ms[i] - t_ms[i - 1];
        const double start_ms = std::max(from_ms, t_ms[i - 1]);
        const double end_ms = std::min(to_ms, t_ms[i]);
        if (piece_ms <= 0.0 || end_ms <= start_ms) {
            continue;
        }
        const double length_ms = end_ms - start_ms;
        const double slope_per_ms = (value[i] - value[i - 1]) / piece_ms;
        const double middle_ms = 0.5 * (start_ms + end_ms);
        const double middle = value[i - 1] + slope_per_ms * (middle_ms - t_ms[i - 1]);
        sum.whole += length_ms * middle;
        sum.moment += length_ms * (middle * (middle_ms - 0.5 * (from_ms + to_ms)) +
                                   slope_per_ms * length_ms * length_ms / 12.0);
    }
    return sum;
}

std::vector<double> PiecewiseLinear::jumps_ms() const {
    double largest = 0.0;
    for (const double each : value) {
        largest = std::max(largest, std::abs(each));
    }
    // Smooth waveforms end in what rounding leaves of zero.
    const double smallest = 1e-9 * largest;
    std::vector<double> jumps;
    for (std::size_t i = 0; i <= t_ms.size() && !t_ms.empty(); ++i) {
        const bool is_start = i == 0;
        const bool is_end = i == t_ms.size();
        const double before = is_start ? 0.0 : value[i - 1];
        const double after = is_end ? 0.0 : value[i];
        if (std::abs(after - before) > smallest && (is_start || is_end || t_ms[i] == t_ms[i - 1])) {
            jumps.push_back(is_end ? t_ms.back() : t_ms[i]);
        }
    }
    return jumps;
}

void check(const PiecewiseLinear& waveform) {
    if (waveform.t_ms.size() < 2 || waveform.t_ms.size() != waveform.value.size()) {
        throw ModelError("waveform", "has " + std::to_string(waveform.t_ms.size()) + " times and " +
                                         std::to_string(waveform.value.size()) +
                                         " values, expected as many of both, 2 or more");
    }
    for (std::size_t i = 0; i < waveform.t_ms.size(); ++i) {
        if (!std::isfinite(waveform.t_ms[i]) || !std::isfinite(waveform.value[i])) {
            throw ModelError("waveform", "point " + std::to_string(i) +
                                             " is NaN or infinite, expected finite numbers");
        }
        if (i > 0 && waveform.t_ms[i] < waveform.t_ms[i - 1]) {
            throw ModelError("waveform", "t_ms falls from " + text(waveform.t_ms[i - 1]) + " to " +
                                             text(waveform.t_ms[i]) + ", expected ascending times");
        }
    }
}

}  // namespace ranvier
