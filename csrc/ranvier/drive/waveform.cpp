#include "ranvier/drive/waveform.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"

namespace ranvier {

double PiecewiseLinear::mean(double from_ms, double to_ms) const noexcept {
    if (t_ms.empty() || to_ms <= t_ms.front() || from_ms >= t_ms.back()) {
        return 0.0;
    }
    const auto after = std::ranges::upper_bound(t_ms, from_ms);
    auto i = static_cast<std::size_t>(std::max<std::ptrdiff_t>(after - t_ms.begin(), 1));
    double integral = 0.0;
    for (; i < t_ms.size() && t_ms[i - 1] < to_ms; ++i) {
        const double piece_ms = t_ms[i] - t_ms[i - 1];
        const double start_ms = std::max(from_ms, t_ms[i - 1]);
        const double end_ms = std::min(to_ms, t_ms[i]);
        if (piece_ms <= 0.0 || end_ms <= start_ms) {
            continue;
        }
        const double middle = (0.5 * (start_ms + end_ms) - t_ms[i - 1]) / piece_ms;
        integral += (end_ms - start_ms) * (value[i - 1] + middle * (value[i] - value[i - 1]));
    }
    return integral / (to_ms - from_ms);
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
