/**
 * erf(x) in f64, to about 1e-16 relative: the Maclaurin series of erf for |x| < 2, the continued fraction of erfc beyond.
 *
 * erf(x) = 2/√π e^(-x²) Σ 2^n x^(2n+1) / (2n+1)!!   (all terms positive: no cancellation)
 * erfc(x) = e^(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...))))
 * Source: NIST Digital Library of Mathematical Functions, 7.6.2 and 7.9.1.
 */
export const erfNumber = (x: number): number => {
  if (Number.isNaN(x)) return x
  const a = Math.abs(x)
  if (a > 6) return Math.sign(x)
  if (a < 2) {
    let term = a
    let total = a
    for (let n = 1; term > total * 1e-17; n++) {
      term *= (2 * a * a) / (2 * n + 1)
      total += term
    }
    return (Math.sign(x) * 2 * total * Math.exp(-a * a)) / Math.sqrt(Math.PI)
  }
  let fraction = 0
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (a + fraction)
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)))
}

/** Terms of the continued fraction that `erfcTail` takes: enough for 1e-12 from 2 on. */
export const erfcTerms = 40

/**
 * erfc(x) = 1 - erf(x) in f64, to about 1e-15 relative also where erf is 1 to rounding: the difference below 1, the
 * continued fraction above, with more terms the nearer to 1.
 */
export const erfcNumber = (x: number): number => {
  if (!(x > 1)) return 1 - erfNumber(x)
  let fraction = 0
  for (let n = 200; n >= 1; n--) fraction = n / 2 / (x + fraction)
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction))
}

/**
 * Inverse of erf in f64: Giles' single-precision polynomial as a start, then two Newton steps of third order.
 * Source: M. Giles, "Approximating the erfinv function", GPU Computing Gems (2011).
 */
export const erfInvNumber = (x: number): number => {
  if (!(Math.abs(x) < 1)) return x === 1 ? Number.POSITIVE_INFINITY : x === -1 ? Number.NEGATIVE_INFINITY : Number.NaN
  const w = -Math.log((1 - x) * (1 + x))
  const [center, coefficients] = w < 5 ? ([w - 2.5, central] as const) : ([Math.sqrt(w) - 3, tails] as const)
  let y = 0
  for (const c of coefficients) y = c + y * center
  y *= x
  for (let step = 0; step < 2; step++) {
    const error = erfNumber(y) - x
    const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-y * y)
    const u = error / slope
    if (Number.isFinite(u)) y -= u / (1 + y * u)
  }
  return y
}

const f32 = Math.fround

/**
 * Inverse of erf in f32, step by step as XLA computes it (Giles' polynomial, with fused multiply-adds), so that normal
 * numbers agree with JAX's to 3 units in the last place. Beyond |x| = 0.9999 the rounding of x² costs it accuracy.
 */
export const erfInvF32 = (x: number): number => {
  if (!(Math.abs(x) < 1)) return erfInvNumber(x)
  const w = f32(-Math.log1p(f32(-x * x)))
  const [t, coefficients] = w < 5 ? ([f32(w - 2.5), central] as const) : ([f32(f32(Math.sqrt(w)) - 3), tails] as const)
  let y = 0
  for (const c of coefficients) y = f32(f32(c) + y * t)
  return f32(y * x)
}

const central = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
  0.246640727, 1.50140941,
]
const tails = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682,
]
