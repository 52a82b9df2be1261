// Functions that must vanish into their caller.
#pragma once

/// For what the kernels are made of. Some files are compiled several times into one program, once
/// per instruction set; a function that stays one in two of them has one name and, after linking,
/// one body, which the other level's processor may not be able to run.
#define RANVIER_INLINE inline __attribute__((always_inline))

/// For the kernels themselves: all that they call vanishes into them, also the formulas of a
/// channel, which are plain functions and of which a large one would stay a call per pack. Not
/// where speed does not matter and compilation does.
#if defined(__SANITIZE_ADDRESS__)
#define RANVIER_FLATTEN
#else
#define RANVIER_FLATTEN __attribute__((flatten))
#endif
