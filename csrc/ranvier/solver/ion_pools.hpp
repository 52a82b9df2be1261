// Ions that accumulate: where, by which currents, and what mechanisms read of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ranvier/discretisation/discretisation.hpp"
#include "ranvier/mechanisms/mechanism.hpp"
#include "ranvier/solver/state.hpp"

namespace ranvier {

struct SystemMechanism;

/// One ion in one layer, the axoplasm or what is outside the axolemma.
struct IonPool {
    const IonTable* ion;
    bool is_inside;

    const IonStore& store() const noexcept { return is_inside ? ion->inside : ion->outside; }
    const std::vector<double>& start_mM() const noexcept {
        return is_inside ? ion->inside_mM : ion->outside_mM;
    }
};

/// One current of one mechanism, and the pools that it moves an ion between; none for a current
/// that is not of one ion.
struct IonAccount {
    std::size_t mechanism;
    std::string_view ion;  // empty: of mixed ions
    const IonTable* table = nullptr;
    std::optional<std::size_t> inside = std::nullopt;  // pools; else a bath
    std::optional<std::size_t> outside = std::nullopt;
};

/// All of a discretisation; empty where none of its ions accumulates.
struct IonPools {
    std::vector<IonPool> pools;
    std::vector<IonAccount> accounts;        // by mechanism
    std::vector<std::size_t> first_account;  // of each mechanism, and one past the last

    explicit IonPools(const Discretisation& d);

    bool is_empty() const noexcept { return pools.empty(); }
    std::optional<std::size_t> find(const IonTable& ion, bool is_inside) const noexcept;

    /// Concentrations of the start, and empty books.
    void begin(const Discretisation& d, State& state) const;
};

/// The columns of mechanisms that follow concentrations: reversal potentials by Nernst's equation,
/// the concentrations themselves, and what formulas derive from them.
class IonInputs {
public:
    enum class What : std::uint8_t { kReversalPotential, kInside, kOutside };

    IonInputs(const Discretisation& d, const IonPools& pools);

    /// Whether the ion accumulates, so that its columns have to be given in here.
    bool follows(std::string_view ion) const noexcept;
    /// The same of an input by its name, as "e_na_mV" or "ca_in_mM".
    bool follows_input(std::string_view input) const noexcept;

    /// `to` and `rows` stay where they are from now on.
    void add(std::string_view ion, What what, std::span<const std::int32_t> rows, double* to);
    void add_input(std::string_view input, std::span<const std::int32_t> rows, double* to);
    void add_setup(const Expressions* expressions, std::vector<InputColumn> inputs,
                   std::size_t rows, std::vector<double*> derived);

    /// Tells the mechanisms of concentrations, [pool][compartment].
    void show(const std::vector<std::vector<double>>& concentration_mM) noexcept;

    /// For show(), of numbers in whole packs: lanes have it of their instruction set.
    using Logarithms = void (*)(double* numbers, std::size_t size) noexcept;
    void take_logarithms_by(Logarithms logarithms) noexcept { logarithms_ = logarithms; }

    /// How often show() was called: whoever counts on what was shown sees whether it is still
    /// there.
    std::uint64_t times_shown() const noexcept { return times_shown_; }

    /// As shown last, one per compartment.
    std::span<const double> e_mV(std::string_view ion) const noexcept;

private:
    struct Live {
        const IonTable* table;
        std::optional<std::size_t> inside;
        std::optional<std::size_t> outside;
        double thermal_mV;  // RT/zF
        std::vector<double> e_mV;
        std::vector<double> moves;  // 1, or 0 where both concentrations are held
        std::vector<double> ratio;  // outside over inside, and its logarithm; in whole packs
    };
    struct Column {
        std::size_t live;
        What what;
        std::span<const std::int32_t> rows;
        double* to;
    };
    struct Setup {
        const Expressions* expressions;
        std::vector<InputColumn> inputs;
        std::size_t rows;
        std::vector<double*> derived;
    };
    struct Named {
        std::size_t live;
        What what;
    };

    static void logarithms(double* numbers, std::size_t size) noexcept;
    std::optional<Named> named(std::string_view input) const noexcept;

    Logarithms logarithms_ = &logarithms;
    std::vector<Live> live_;
    std::vector<Column> columns_;
    std::vector<Setup> setups_;
    std::uint64_t times_shown_ = 0;
};

}  // namespace ranvier
