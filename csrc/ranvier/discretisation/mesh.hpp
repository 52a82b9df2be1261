// Mesh policies: how many compartments a section gets.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <variant>

#include "ranvier/model/section.hpp"

namespace ranvier {

/// The same number of compartments in every section.
struct FixedCount {
    int count = 1;
    std::map<std::string, int> by_region;
};

/// The fewest compartments that are no longer than `length_um`.
struct MaxLength {
    double length_um;
    std::map<std::string, double> by_region;
};

/// An odd number of compartments no longer than `d_lambda` of the AC length constant at
/// `frequency_Hz` (Hines & Carnevale 2001, doi:10.1177/107385840100700207).
struct DLambda {
    double d_lambda = 0.1;
    double frequency_Hz = 100.0;
    std::map<std::string, double> by_region;
};

using Mesh = std::variant<FixedCount, MaxLength, DLambda>;

/// Throws ModelError where the policy itself makes no sense.
void check_mesh(const Mesh& mesh);

/// Compartments of one section under the policy, 1 or more.
std::size_t compartment_count(const Mesh& mesh, const Section& section);

}  // namespace ranvier
