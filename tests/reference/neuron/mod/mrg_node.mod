TITLE Node of Ranvier of the MRG mammalian motor fibre

COMMENT
The nodal membrane of McIntyre, Richardson & Grill 2002, doi:10.1152/jn.00353.2001:

    i = gnaf m^3 h (v - ena) + gnap mp^3 (v - ena) + gks s (v - ek) + gl (v - el)

Fast sodium (m, h), persistent sodium (mp), slow potassium (s) and a leak. The half-point of the
opening rate of m is -21.4 mV, as in the model files that the authors deposited (ModelDB 3810); the
printed paper has -20.4 mV. Rates of m, h and mp are given at 20 degC with q10 2.2, 2.9 and 2.2,
that of s at 36 degC with q10 3.

Every PARAMETER default below is set again by the scripts: the translator prints defaults with six
digits.
ENDCOMMENT

NEURON {
    SUFFIX mrg_node
    NONSPECIFIC_CURRENT inaf
    NONSPECIFIC_CURRENT inap
    NONSPECIFIC_CURRENT iks
    NONSPECIFIC_CURRENT il
    RANGE gnaf, gnap, gks, gl, ena, ek, el
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gnaf = 3 (S/cm2)
    gnap = 0.01 (S/cm2)
    gks = 0.08 (S/cm2)
    gl = 0.007 (S/cm2)
    ena = 50 (mV)
    ek = -90 (mV)
    el = -90 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    inaf (mA/cm2)
    inap (mA/cm2)
    iks (mA/cm2)
    il (mA/cm2)
    q10m
    q10h
    q10s
    minf
    hinf
    mpinf
    sinf
    mtau (ms)
    htau (ms)
    mptau (ms)
    stau (ms)
}

STATE { m h mp s }

INITIAL {
    q10m = 2.2^((celsius - 20)/10)
    q10h = 2.9^((celsius - 20)/10)
    q10s = 3^((celsius - 36)/10)
    rates(v)
    m = minf
    h = hinf
    mp = mpinf
    s = sinf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    inaf = gnaf*m*m*m*h*(v - ena)
    inap = gnap*mp*mp*mp*(v - ena)
    iks = gks*s*(v - ek)
    il = gl*(v - el)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
    mp' = (mpinf - mp)/mptau
    s' = (sinf - s)/stau
}

PROCEDURE rates(v (mV)) {
    LOCAL alpha, beta
    UNITSOFF
    alpha = 1.86*linoid(-(v + 21.4), 10.3)
    beta = 0.086*linoid(v + 25.7, 9.16)
    minf = alpha/(alpha + beta)
    mtau = 1/(q10m*(alpha + beta))

    alpha = 0.062*linoid(v + 114, 11)
    beta = 2.3/(1 + exp(-(v + 31.8)/13.4))
    hinf = alpha/(alpha + beta)
    htau = 1/(q10h*(alpha + beta))

    alpha = 0.01*linoid(-(v + 27), 10.2)
    beta = 0.00025*linoid(v + 34, 10)
    mpinf = alpha/(alpha + beta)
    mptau = 1/(q10m*(alpha + beta))

    alpha = 0.3/(1 + exp(-(v + 53)/5))
    beta = 0.03/(1 + exp(-(v + 90)))
    sinf = alpha/(alpha + beta)
    stau = 1/(q10s*(alpha + beta))
    UNITSON
}

: x/(exp(x/y) - 1), by its series where that is 0/0: four terms are exact to rounding up to
: |x/y| = 0.01, and beyond that the quotient loses two digits at most.
FUNCTION linoid(x, y) {
    LOCAL z
    z = x/y
    if (fabs(z) < 0.01) {
        linoid = y*(1 - z/2 + z*z/12 - z*z*z*z/720)
    } else {
        linoid = x/(exp(z) - 1)
    }
}
