#include "ranvier/solver/lanes/team.hpp"

#include <system_error>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace ranvier {
namespace {

/// Looks that a waiting thread takes before it sleeps: a pass follows the last within microseconds,
/// unless the run is over or the processor is wanted elsewhere.
constexpr int kLooks = 4000;

inline void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/// Threads do not go along when a process is forked.
long this_process() noexcept {
#if defined(__unix__) || defined(__APPLE__)
    return static_cast<long>(::getpid());
#else
    return 0;
#endif
}

}  // namespace

Team::Team(int size) : process_(this_process()) {
    for (int member = 1; member < size; ++member) {
        try {
            threads_.emplace_back([this, member] { follow(static_cast<std::size_t>(member)); });
        } catch (const std::system_error&) {
            break;  // as many as there are will do
        }
    }
}

bool Team::is_elsewhere() const noexcept {
    return process_ != this_process();
}

Team::~Team() {
    is_over_.store(true);
    round_.fetch_add(1);
    round_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void Team::work_on(std::size_t member) const noexcept {
    const auto size = threads_.size() + 1;
    const std::size_t first = count_ * member / size;
    const std::size_t last = count_ * (member + 1) / size;
    if (first < last) {
        call_(data_, member, first, last);
    }
}

void Team::run() noexcept {
    busy_.store(static_cast<int>(threads_.size()), std::memory_order_relaxed);
    round_.fetch_add(1);
    round_.notify_all();
    work_on(0);
    for (int looks = 0; busy_.load(std::memory_order_acquire) != 0;) {
        if (++looks < kLooks) {
            pause();
        } else {
            std::this_thread::yield();
        }
    }
}

void Team::follow(std::size_t member) noexcept {
    unsigned seen = 0;
    while (true) {
        for (int looks = 0; round_.load(std::memory_order_acquire) == seen && looks < kLooks;
             ++looks) {
            pause();
        }
        round_.wait(seen);
        seen = round_.load(std::memory_order_acquire);
        if (is_over_.load()) {
            return;
        }
        work_on(member);
        busy_.fetch_sub(1, std::memory_order_release);
    }
}

}  // namespace ranvier
