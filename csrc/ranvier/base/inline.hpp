// Functions that must vanish into their caller.
#pragma once

/// For what the kernels are made of. Some files are compiled several times into one program, once
/// per instruction set; a function that stays one in two of them has one name and, after linking,
/// one body, which the other level's processor may not be able to run.
#define RANVIER_INLINE inline __attribute__((always_inline))
