// The errors the core throws on purpose. A message reads "subject: problem, expected".
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ranvier {

/// Base of every exception the core throws on purpose. Catch this one in C++ programs.
class Error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One thing that is wrong with a description: what to look at, in the user's words, and why.
struct Problem {
    std::string subject;
    std::string problem;

    std::string sentence() const { return subject + ": " + problem; }
};

/// The description cannot be simulated. Thrown before any state is allocated, with every problem.
class ModelError : public Error {
public:
    explicit ModelError(std::vector<Problem> problems)
        : Error(joined(problems)), problems_(std::move(problems)) {}
    ModelError(std::string subject, std::string problem)
        : ModelError(std::vector<Problem>{{std::move(subject), std::move(problem)}}) {}

    const std::vector<Problem>& problems() const noexcept { return problems_; }

private:
    static std::string joined(const std::vector<Problem>& problems) {
        std::string text;
        for (const auto& problem : problems) {
            text += (text.empty() ? "" : "\n") + problem.sentence();
        }
        return text;
    }

    std::vector<Problem> problems_;
};

/// A state became NaN, infinite or absurd. What was recorded before `t_ms` stays available.
class DivergedError : public Error {
public:
    DivergedError(double t_ms, std::int32_t compartment, std::string variable,
                  const std::string& message)
        : Error(message), t_ms_(t_ms), compartment_(compartment), variable_(std::move(variable)) {}

    double t_ms() const noexcept { return t_ms_; }
    std::int32_t compartment() const noexcept { return compartment_; }
    const std::string& variable() const noexcept { return variable_; }

private:
    double t_ms_;
    std::int32_t compartment_;
    std::string variable_;
};

/// A bug in ranvier itself: an invariant that the core guarantees did not hold.
class InternalError : public Error {
public:
    using Error::Error;
};

#ifdef RANVIER_ENABLE_ASSERTS
inline constexpr bool kAssertsEnabled = true;
#else
inline constexpr bool kAssertsEnabled = false;
#endif

/// Throws InternalError where asserts are compiled in; not for use inside noexcept kernels.
#define RANVIER_ASSERT(condition)                                                                 \
    do {                                                                                          \
        if (ranvier::kAssertsEnabled && !(condition)) {                                           \
            throw ranvier::InternalError(std::string(__FILE__) + ":" + std::to_string(__LINE__) + \
                                         ": expected " #condition);                               \
        }                                                                                         \
    } while (false)

}  // namespace ranvier
