// The test framework of the core: one program per file, which includes this header once.
#pragma once

#include <cmath>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace check {

inline std::vector<std::pair<const char*, void (*)()>> tests;  // filled before main() by TEST
inline int failures = 0;

/// Reports a check that does not hold; the test goes on, to show what else does not.
template <class... Text>
void expect(bool holds, const char* file, int line, const Text&... text) {
    if (!holds) {
        std::cerr.precision(17);
        (std::cerr << file << ':' << line << ": " << ... << text) << '\n';
        ++failures;
    }
}

/// The message of the `Exception` that `call` throws, or "nothing".
template <class Exception, class Call>
std::string message_of(const Call& call) {
    try {
        call();
    } catch (const Exception& exception) {
        return exception.what();
    }
    return "nothing";
}
}  // namespace check

#define TEST(name)                                                                             \
    static void name();                                                                        \
    static const auto& added_##name [[maybe_unused]] = check::tests.emplace_back(#name, name); \
    static void name()
#define CHECK(...) check::expect(static_cast<bool>(__VA_ARGS__), __FILE__, __LINE__, #__VA_ARGS__)
// Written as <= and not as the opposite of > so that NaN fails.
#define CHECK_NEAR(actual, expected, tolerance)                                              \
    [&](double a, double e) {                                                                \
        check::expect(std::abs(a - e) <= (tolerance), __FILE__, __LINE__, #actual " is ", a, \
                      ", expected ", e);                                                     \
    }(actual, expected)
#define CHECK_THROWS(expression, type, fragment)                                    \
    [&](const std::string& text) {                                                  \
        check::expect(text.find(fragment) != std::string::npos, __FILE__, __LINE__, \
                      #expression " throws ", text, ", expected ", fragment);       \
    }(check::message_of<type>([&] { (void)(expression); }))

int main() {
    for (const auto& [name, body] : check::tests) {
        const int before = check::failures;
        const auto message = check::message_of<std::exception>(body);
        check::expect(message == "nothing", name, 0, "throws ", message);
        std::cout << (check::failures == before ? "ok      " : "FAILED  ") << name << '\n';
    }
    return check::failures == 0 && !check::tests.empty() ? 0 : 1;
}
