// Threads that share out the blocks of each pass. Which thread does which block changes nothing in
// the result: no block reads what another writes in the same pass.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <type_traits>
#include <vector>

namespace ranvier {

class Team {
public:
    /// `size` includes the calling thread.
    explicit Team(int size);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    static constexpr std::size_t kLeastShare = 4;

    int size() const noexcept { return static_cast<int>(threads_.size()) + 1; }

    /// Calls work(member, first, last) on every thread, with a share of 0 to `count`; on this one
    /// alone where there is too little for each to be worth the waiting. Returns when all are done.
    template <class Work>
    void share(std::size_t count, const Work& work) noexcept {
        if (threads_.empty() || count < kLeastShare * (threads_.size() + 1) || is_elsewhere()) {
            work(std::size_t{0}, std::size_t{0}, count);
            return;
        }
        call_ = [](const void* data, std::size_t member, std::size_t first, std::size_t last) {
            (*static_cast<const Work*>(data))(member, first, last);
        };
        data_ = &work;
        count_ = count;
        run();
    }

private:
    /// In a process that was forked from the one that has the threads.
    bool is_elsewhere() const noexcept;
    void run() noexcept;
    void work_on(std::size_t member) const noexcept;
    void follow(std::size_t member) noexcept;

    std::vector<std::thread> threads_;
    long process_;
    void (*call_)(const void*, std::size_t, std::size_t, std::size_t) = nullptr;
    const void* data_ = nullptr;
    std::size_t count_ = 0;
    std::atomic<unsigned> round_ = 0;
    std::atomic<int> busy_ = 0;
    std::atomic<bool> is_over_ = false;
};

}  // namespace ranvier
