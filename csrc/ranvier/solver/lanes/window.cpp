#include "ranvier/solver/lanes/window.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

namespace ranvier {

Window::Window(std::vector<std::vector<std::uint32_t>> neighbours)
    : neighbours_(std::move(neighbours)),
      level_(neighbours_.size(), 0),
      most_(neighbours_.size(), kMostLevel),
      phase_(neighbours_.size()),
      members_(kMostLevel + 1),
      place_(neighbours_.size()) {
    constexpr std::size_t kPhases = std::size_t{1} << (kMostLevel - kMostLevelInPhase);
    for (std::size_t block = 0; block < phase_.size(); ++block) {
        phase_[block] =
            static_cast<std::int32_t>((block / kStretch % kPhases) << kMostLevelInPhase);
    }
    for (std::size_t block = 0; block < phase_.size(); ++block) {
        if (std::ranges::any_of(neighbours_[block], [&](std::uint32_t neighbour) {
                return phase_[neighbour] != phase_[block];
            })) {
            most_[block] = kMostLevelInPhase;
        }
    }
    wake_all();
}

void Window::wake_all() {
    for (auto& members : members_) {
        members.clear();
    }
    for (std::size_t block = 0; block < level_.size(); ++block) {
        level_[block] = 0;
        place_[block] = static_cast<std::uint32_t>(block);
        members_[0].push_back(static_cast<std::uint32_t>(block));
    }
}

void Window::rest_all() {
    set_levels(std::vector<std::int8_t>(level_.size(), kMostLevel));
    for (std::size_t block = 0; block < level_.size(); ++block) {
        lower(block, most_[block]);
    }
}

void Window::set_levels(std::span<const std::int8_t> levels) {
    for (std::size_t block = 0; block < level_.size(); ++block) {
        if (level_[block] != levels[block]) {
            put(block, levels[block]);
        }
    }
}

std::span<const std::uint32_t> Window::due(std::int64_t tick) {
    const int most =
        tick < 0 ? 0 : std::min(std::countr_zero(static_cast<std::uint64_t>(tick)), kMostLevel);
    due_.clear();
    for (int level = 0; level <= std::min(most, kMostLevelInPhase); ++level) {
        const auto& members = members_[static_cast<std::size_t>(level)];
        due_.insert(due_.end(), members.begin(), members.end());
    }
    // With phases these are due at any end of the longest step without.
    const int most_shifted = most < kMostLevelInPhase ? most : kMostLevel;
    for (int level = kMostLevelInPhase + 1; level <= most_shifted; ++level) {
        std::ranges::copy_if(members_[static_cast<std::size_t>(level)], std::back_inserter(due_),
                             [&](std::uint32_t block) { return ends_at(block, tick, level); });
    }
    std::ranges::sort(due_);
    return due_;
}

void Window::put(std::size_t block, int level) {
    auto& from = members_[static_cast<std::size_t>(level_[block])];
    const std::uint32_t last = from.back();
    from[place_[block]] = last;
    place_[last] = place_[block];
    from.pop_back();
    auto& to = members_[static_cast<std::size_t>(level)];
    place_[block] = static_cast<std::uint32_t>(to.size());
    to.push_back(static_cast<std::uint32_t>(block));
    level_[block] = static_cast<std::int8_t>(level);
}

void Window::lower(std::size_t block, int level) {
    if (level_[block] <= level) {
        return;
    }
    put(block, level);
    lowered_.assign(1, static_cast<std::uint32_t>(block));
    while (!lowered_.empty()) {
        const std::uint32_t own = lowered_.back();
        lowered_.pop_back();
        for (const std::uint32_t neighbour : neighbours_[own]) {
            if (level_[neighbour] > level_[own] + 1) {
                put(neighbour, level_[own] + 1);
                lowered_.push_back(neighbour);
            }
        }
    }
}

void Window::raise(std::size_t block, std::int64_t tick) {
    const int level = level_[block] + 1;
    if (level > most_[block] || tick < 0 || !ends_at(block, tick, level)) {
        return;
    }
    for (const std::uint32_t neighbour : neighbours_[block]) {
        if (level_[neighbour] < level - 1) {
            return;
        }
    }
    put(block, level);
}

std::size_t Window::bytes() const noexcept {
    std::size_t sum = level_.capacity() + most_.capacity() + phase_.capacity() * sizeof(phase_[0]) +
                      (place_.capacity() + due_.capacity()) * sizeof(due_[0]);
    for (const auto& each : neighbours_) {
        sum += sizeof(each) + each.capacity() * sizeof(each[0]);
    }
    for (const auto& each : members_) {
        sum += each.capacity() * sizeof(each[0]);
    }
    return sum;
}

}  // namespace ranvier
