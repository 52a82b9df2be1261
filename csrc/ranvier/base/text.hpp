// Numbers and names as error messages print them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ranvier {

/// The shortest of %.6g.
std::string text(double value);

/// "'name'".
std::string quoted(std::string_view name);

/// "did you mean 'x'? " followed by the whole list where it is short: for unknown names.
std::string expected_one_of(std::string_view wrong, const std::vector<std::string>& right);

}  // namespace ranvier
