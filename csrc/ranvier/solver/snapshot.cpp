// A run's state as bytes, and what it has to belong to.

#include <cstring>
#include <utility>

#include "ranvier/base/error.hpp"
#include "ranvier/mechanisms/expression/program.hpp"
#include "ranvier/solver/fingerprint.hpp"
#include "ranvier/solver/simulation.hpp"

namespace ranvier {
namespace {

constexpr char kSnapshotMark[] = "ranvier snapshot 4";

/// What a state means: the arrays of the discretisation and the method, as one number (FNV-1a).
class Fingerprint {
public:
    template <class T>
    void add(const std::vector<T>& values) {
        add(values.data(), values.size() * sizeof(T));
    }
    void add(const std::string& text) { add(text.data(), text.size()); }
    void add(const void* from, std::size_t size) {
        const auto* bytes = static_cast<const unsigned char*>(from);
        for (std::size_t i = 0; i < size; ++i) {
            value_ = (value_ ^ bytes[i]) * 1099511628211U;
        }
    }
    std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 14695981039346656037U;
};

template <class AnyState, class Visitor>
void for_each_array(AnyState& state, Visitor&& visit) {
    for (auto& potential : state.potential_mV) {
        visit(potential);
    }
    for (auto& mechanism : state.gates) {
        for (auto& gate : mechanism) {
            visit(gate);
        }
    }
    for (auto& modes : state.link_modes) {
        visit(modes);
    }
    for (auto* of_ions : {&state.concentration_mM, &state.concentration_rest_mM,
                          &state.concentration_slope_mM_per_ms, &state.pending_pC}) {
        for (auto& pool : *of_ions) {
            visit(pool);
        }
    }
    for (auto* book : {&state.charge_pC, &state.diffused_amol, &state.exchanged_amol}) {
        for (auto& column : *book) {
            visit(column.sum);
            visit(column.rest);
        }
    }
}

void put(std::string& bytes, const void* from, std::size_t size) {
    bytes.append(static_cast<const char*>(from), size);
}

/// Reads consecutive fields; a short or long buffer is the caller's error to report.
class Reader {
public:
    explicit Reader(const std::string& bytes) : bytes_(bytes) {}

    bool take(void* to, std::size_t size) {
        if (size > bytes_.size() - at_) {
            return false;
        }
        std::memcpy(to, bytes_.data() + at_, size);
        at_ += size;
        return true;
    }
    bool is_at_end() const { return at_ == bytes_.size(); }

private:
    const std::string& bytes_;
    std::size_t at_ = 0;
};

}  // namespace

std::uint64_t fingerprint_of(const Discretisation& d, const MethodChoice& method) {
    Fingerprint fingerprint;
    const MethodEntry* entry = nullptr;
    fingerprint.add(resolve(method, &entry));
    fingerprint.add(method.name);
    fingerprint.add(&d.temperature_degC, sizeof d.temperature_degC);
    fingerprint.add(d.compartments.parent);
    fingerprint.add(d.compartments.area_um2);
    fingerprint.add(d.compartments.capacitance_nF);
    fingerprint.add(d.compartments.axial_conductance_uS);
    for (const auto& layer : d.layers) {
        fingerprint.add(layer.is_unknown);
        fingerprint.add(layer.axial_conductance_uS);
        fingerprint.add(layer.capacitance_nF);
        fingerprint.add(layer.conductance_uS);
    }
    for (const auto& table : d.mechanisms) {
        fingerprint.add(table.name);
        if (table.custom != nullptr) {
            fingerprint.add(table.custom->expressions->source);
        }
        fingerprint.add(table.compartment);
        for (const auto& parameter : table.parameters) {
            fingerprint.add(parameter);
        }
    }
    for (const auto& ion : d.ions) {
        fingerprint.add(ion.name);
        fingerprint.add(ion.e_mV);
        fingerprint.add(ion.inside_mM);
        fingerprint.add(ion.outside_mM);
        for (const IonStore* store : {&ion.inside, &ion.outside}) {
            fingerprint.add(store->capacity_um3);
            fingerprint.add(store->is_held);
            fingerprint.add(store->diffusion_um3_per_ms);
            fingerprint.add(store->exchange_um3_per_ms);
        }
    }
    return fingerprint.value();
}

std::size_t Simulation::bytes() const noexcept {
    std::size_t sum = own_ != nullptr ? own_->bytes() : 0;
    for_each_array(std::as_const(state_),
                   [&](const std::vector<double>& array) { sum += array.size() * sizeof(double); });
    return sum + state_.v_mV.size() * sizeof(double) + system_.bytes();
}

std::string Simulation::snapshot() {
    std::string bytes(kSnapshotMark);
    put(bytes, &fingerprint_, sizeof fingerprint_);
    const bool is_looked_at = !state_.v_mV.empty();
    if (own_ != nullptr) {
        own_->settle();
        note_crossings(state_.step);
    }
    const State& now = state();
    put(bytes, &now.step, sizeof now.step);
    put(bytes, &now.t_ms, sizeof now.t_ms);
    put(bytes, &now.gates_lag_ms, sizeof now.gates_lag_ms);
    put(bytes, &now.jumped_ms, sizeof now.jumped_ms);
    put(bytes, &now.settling_ms, sizeof now.settling_ms);
    put(bytes, &now.dt_next_ms, sizeof now.dt_next_ms);
    put(bytes, &now.ions_ms, sizeof now.ions_ms);
    for_each_array(now, [&](const std::vector<double>& array) {
        const std::uint64_t size = array.size();
        put(bytes, &size, sizeof size);
        put(bytes, array.data(), size * sizeof(double));
    });
    if (!is_looked_at) {
        release_arrays();
    }
    return bytes;
}

void Simulation::start_from(const State& start, bool is_at_rest, std::vector<Drive> drives) {
    set_drives(std::move(drives));
    state_ = start;
    begin(is_at_rest);
    leave_it_to_the_method();
}

void Simulation::restore(const std::string& snapshot) {
    const std::string mark(kSnapshotMark);
    State restored = system_.blank_state();
    Reader reader(snapshot);
    std::string found(mark.size(), '\0');
    std::uint64_t fingerprint = 0;
    bool fits = reader.take(found.data(), found.size()) && found == mark &&
                reader.take(&fingerprint, sizeof fingerprint) && fingerprint == fingerprint_ &&
                reader.take(&restored.step, sizeof restored.step) &&
                reader.take(&restored.t_ms, sizeof restored.t_ms) &&
                reader.take(&restored.gates_lag_ms, sizeof restored.gates_lag_ms) &&
                reader.take(&restored.jumped_ms, sizeof restored.jumped_ms) &&
                reader.take(&restored.settling_ms, sizeof restored.settling_ms) &&
                reader.take(&restored.dt_next_ms, sizeof restored.dt_next_ms) &&
                reader.take(&restored.ions_ms, sizeof restored.ions_ms);
    if (own_ != nullptr) {
        own_->store(restored);  // for its shape
    }
    for_each_array(restored, [&](std::vector<double>& array) {
        std::uint64_t size = 0;
        fits = fits && reader.take(&size, sizeof size) && size == array.size() &&
               reader.take(array.data(), array.size() * sizeof(double));
    });
    if (!fits || !reader.is_at_end()) {
        throw ModelError("snapshot",
                         "does not fit this simulation, expected one taken from the "
                         "same discretisation");
    }
    state_ = std::move(restored);
    system_.update_membrane_potential(state_);
    show_concentrations();
    // Anew: what is recorded here may not lead up to the snapshot.
    begin();
    leave_it_to_the_method();
}

}  // namespace ranvier
