#include "ranvier/drive/drive.hpp"

#include <cmath>
#include <string>

#include "ranvier/base/error.hpp"
#include "ranvier/base/text.hpp"

namespace ranvier {

void check(const Drive& drive, std::size_t compartments) {
    check(drive.waveform);
    if (drive.compartment.empty() || drive.compartment.size() != drive.weight_nA.size()) {
        throw ModelError("drive", "has " + std::to_string(drive.compartment.size()) +
                                      " compartments and " +
                                      std::to_string(drive.weight_nA.size()) +
                                      " weights, expected one weight each, at least one");
    }
    for (std::size_t i = 0; i < drive.compartment.size(); ++i) {
        const std::int32_t compartment = drive.compartment[i];
        if (compartment < 0 || static_cast<std::size_t>(compartment) >= compartments) {
            throw ModelError("drive", "acts on compartment " + std::to_string(compartment) +
                                          ", expected 0 to " + std::to_string(compartments - 1));
        }
        if (!std::isfinite(drive.factor * drive.weight_nA[i])) {
            throw ModelError("drive", "amplitude_nA is " + text(drive.factor * drive.weight_nA[i]) +
                                          ", expected a finite number");
        }
    }
}

}  // namespace ranvier
