#include "ranvier/discretisation/mesh.hpp"

#include <cmath>
#include <vector>

#include "ranvier/base/constants.hpp"
#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"

namespace ranvier {
namespace {

/// A finer mesh than this is a slip of the keyboard (a metre cut to nanometres), not a wish.
constexpr double kMostPerSection = 1e8;

template <class Number>
Number value_for(const std::map<std::string, Number>& by_region, const Section& section,
                 Number otherwise) {
    const auto own = by_region.find(section.region);
    return own == by_region.end() ? otherwise : own->second;
}

template <class Number>
void expect_positive(std::vector<Problem>& problems, const std::string& name, Number value,
                     const std::map<std::string, Number>& by_region) {
    const auto check = [&](const std::string& subject, Number number) {
        if (!(number > 0) || !std::isfinite(static_cast<double>(number))) {
            problems.push_back({"mesh", subject + " is " + text(static_cast<double>(number)) +
                                            ", expected a finite number above 0"});
        }
    };
    check(name, value);
    for (const auto& [region, own] : by_region) {
        check(name + " of region " + quoted(region), own);
    }
}

/// Length in units of the AC length constant; each frustum counts with its mean diameter.
double electrotonic_length(const Section& section, double frequency_Hz) {
    double length = 0.0;
    for (std::size_t i = 1; i < section.points.size(); ++i) {
        const auto& a = section.points[i - 1];
        const auto& b = section.points[i];
        const double piece_um = std::hypot(b.x_um - a.x_um, b.y_um - a.y_um, b.z_um - a.z_um);
        length += piece_um / std::sqrt(0.5 * (a.diameter_um + b.diameter_um));
    }
    // lambda = 1/2 sqrt(d / (pi f R_a C_m)); 1e5 gathers um, ohm cm and uF/cm2.
    return length * 1e-5 *
           std::sqrt(4.0 * kPi * frequency_Hz * section.r_a_ohm_cm * section.c_m_uF_cm2);
}

double wanted(const FixedCount& mesh, const Section& section) {
    return value_for(mesh.by_region, section, mesh.count);
}

double wanted(const MaxLength& mesh, const Section& section) {
    const double limit_um = value_for(mesh.by_region, section, mesh.length_um);
    // A length that is a whole multiple of the limit but for rounding needs no extra compartment.
    return std::ceil(section.length_um() / limit_um * (1.0 - 1e-12));
}

double wanted(const DLambda& mesh, const Section& section) {
    const double d_lambda = value_for(mesh.by_region, section, mesh.d_lambda);
    const double lambdas = electrotonic_length(section, mesh.frequency_Hz);
    return std::floor((lambdas / d_lambda + 0.9) / 2.0) * 2.0 + 1.0;
}

}  // namespace

void check_mesh(const Mesh& mesh) {
    std::vector<Problem> problems;
    if (const auto* fixed = std::get_if<FixedCount>(&mesh)) {
        expect_positive(problems, "count", fixed->count, fixed->by_region);
    } else if (const auto* length = std::get_if<MaxLength>(&mesh)) {
        expect_positive(problems, "length_um", length->length_um, length->by_region);
    } else if (const auto* lambda = std::get_if<DLambda>(&mesh)) {
        expect_positive(problems, "d_lambda", lambda->d_lambda, lambda->by_region);
        expect_positive(problems, "frequency_Hz", lambda->frequency_Hz, {});
    }
    if (!problems.empty()) {
        throw ModelError(std::move(problems));
    }
}

std::size_t compartment_count(const Mesh& mesh, const Section& section) {
    const double count = std::visit([&](const auto& m) { return wanted(m, section); }, mesh);
    if (count > kMostPerSection) {
        throw ModelError("section " + quoted(section.name),
                         "would have " + text(count) + " compartments, expected at most " +
                             text(kMostPerSection) + "; choose a coarser mesh");
    }
    return count < 1.0 ? 1 : static_cast<std::size_t>(count);
}

}  // namespace ranvier
