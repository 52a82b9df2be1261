TITLE Hodgkin-Huxley 1952 squid axon without a rate TABLE

COMMENT
The membrane of Hodgkin & Huxley 1952, doi:10.1113/jphysiol.1952.sp004764, in the modern sign
convention (rest near -65 mV):

    i = gna m^3 h (v - ena) + gk n^4 (v - ek) + gl (v - el)

NEURON's built-in hh reads its rates from a table of 200 points. This one evaluates them exactly,
so that another solver can be compared to rounding. The squid's temperature factor is
3^((celsius - 6.3)/10).

Every PARAMETER default below is set again by the scripts: the translator prints defaults with six
digits.
ENDCOMMENT

NEURON {
    SUFFIX hhx
    USEION na READ ena WRITE ina
    USEION k READ ek WRITE ik
    NONSPECIFIC_CURRENT il
    RANGE gnabar, gkbar, gl, el
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gnabar = 0.12 (S/cm2)
    gkbar = 0.036 (S/cm2)
    gl = 0.0003 (S/cm2)
    el = -54.387 (mV)
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ena (mV)
    ek (mV)
    ina (mA/cm2)
    ik (mA/cm2)
    il (mA/cm2)
    q10
    minf
    hinf
    ninf
    mtau (ms)
    htau (ms)
    ntau (ms)
}

STATE { m h n }

INITIAL {
    q10 = 3^((celsius - 6.3)/10)
    rates(v)
    m = minf
    h = hinf
    n = ninf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ina = gnabar*m*m*m*h*(v - ena)
    ik = gkbar*n*n*n*n*(v - ek)
    il = gl*(v - el)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
    n' = (ninf - n)/ntau
}

PROCEDURE rates(v (mV)) {
    LOCAL alpha, beta
    UNITSOFF
    alpha = 0.1*linoid(-(v + 40), 10)
    beta = 4*exp(-(v + 65)/18)
    minf = alpha/(alpha + beta)
    mtau = 1/(q10*(alpha + beta))

    alpha = 0.07*exp(-(v + 65)/20)
    beta = 1/(1 + exp(-(v + 35)/10))
    hinf = alpha/(alpha + beta)
    htau = 1/(q10*(alpha + beta))

    alpha = 0.01*linoid(-(v + 55), 10)
    beta = 0.125*exp(-(v + 65)/80)
    ninf = alpha/(alpha + beta)
    ntau = 1/(q10*(alpha + beta))
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
