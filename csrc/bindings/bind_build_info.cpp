#include <string>

#include "bindings/bindings.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/lanes/isa.hpp"

namespace py = pybind11;

namespace ranvier {
namespace {

/// What everything but the lane kernels was compiled for.
std::string architecture() {
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

/// "base, v3, v4".
std::string built_levels() {
    std::string text;
    for (const Isa isa : built_isas()) {
        text += text.empty() ? "" : ", ";
        text += name(isa);
    }
    return text;
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
            info["architecture"] = architecture();
            info["isa_levels"] = built_levels();
            info["isa"] = std::string(name(chosen_isa()));
            return info;
        },
        "How the core was compiled, and the instruction set that lane kernels run at now.");
}

}  // namespace ranvier
