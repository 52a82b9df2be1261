#include "ranvier/base/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace ranvier {
namespace {

/// Levenshtein distance: how many letters must change.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

}  // namespace

std::string text(double value) {
    if (std::isnan(value)) {
        return "nan";  // whose sign says nothing
    }
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.6g", value);
    return buffer.data();
}

std::string quoted(std::string_view name) {
    return "'" + std::string(name) + "'";
}

std::string expected_one_of(std::string_view wrong, const std::vector<std::string>& right) {
    std::string message = "expected ";
    const auto nearest = std::ranges::min_element(
        right, {}, [&](const std::string& name) { return edits(wrong, name); });
    const auto longer = std::ranges::find_if(
        right, [&](const std::string& name) { return !wrong.empty() && name.starts_with(wrong); });
    if (nearest != right.end() && edits(wrong, *nearest) <= 2) {
        message += quoted(*nearest) + " or ";
    } else if (longer != right.end()) {
        message += quoted(*longer) + " or ";
    }
    message += "one of ";
    constexpr std::size_t kMostListed = 40;
    for (std::size_t i = 0; i < std::min(right.size(), kMostListed); ++i) {
        message += (i == 0 ? "" : ", ") + right[i];
    }
    return message + (right.size() > kMostListed ? ", ..." : "");
}

}  // namespace ranvier
