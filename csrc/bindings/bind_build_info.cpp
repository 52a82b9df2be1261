#include <string>

#include "bindings/bindings.hpp"
#include "ranvier/base/error.hpp"

namespace py = pybind11;

namespace ranvier {
namespace {

/// The instruction set this build was compiled for; one wheel holds the plain level for now.
std::string isa_of_build() {
#if defined(__AVX512F__)
    return "x86-64-v4";
#elif defined(__AVX2__)
    return "x86-64-v3";
#elif defined(__x86_64__)
    return "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "generic";
#endif
}

std::string isa_of_machine() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
        return "x86-64-v4";
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        return "x86-64-v3";
    }
    return "x86-64";
#else
    return isa_of_build();
#endif
}

}  // namespace

void bind_build_info(py::module_& m) {
    m.attr("__version__") = RANVIER_VERSION;
    m.attr("asserts_enabled") = kAssertsEnabled;
    m.def(
        "build_info",
        [] {
            py::dict info;
            info["version"] = RANVIER_VERSION;
#if defined(__clang__)
            info["compiler"] = "clang " __clang_version__;
#else
            info["compiler"] = "gcc " __VERSION__;
#endif
            info["compile_flags"] = RANVIER_COMPILE_FLAGS;
            info["isa"] = isa_of_build();
            info["machine_isa"] = isa_of_machine();
            return info;
        },
        "How the core was compiled, and what this machine could run.");
}

}  // namespace ranvier
