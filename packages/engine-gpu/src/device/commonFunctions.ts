/* Functions that gpu.js does not have, for all modes. */
import { define, type KernelFunction } from './kernelFunction.js'

/**
 * erf x = t P(t²) / Q(t²), t = x clamped to [-4, 4], beyond which erf is ±1 in f32. At most 4e-7 off in f32 arithmetic,
 * 1e-7 in f64.
 * Source: the rational approximation of Eigen's `generic_fast_erf_float` (also XLA's), coefficients of that file.
 */
const erf = define(`function erf(x) {
  const t = Math.max(-4, Math.min(4, x));
  const s = t * t;
  const p = -0.0160960333262415 + s * (-0.00295459980854025 + s * (-0.000734990630326855 + s * (-0.0000569250639462346
    + s * (-0.00000210102402082508 + s * (0.0000000277068142495902 + s * -0.000000000272614225801306)))));
  const q = -0.0142647390514189 + s * (-0.00737332916720468 + s * (-0.00168282697438203
    + s * (-0.000213374055278905 + s * -0.0000145660718464996)));
  return t * p / q;
}`)

/** x Φ(x) */
const gelu = define(`function gelu(x) {
  return x * 0.5 * (1 + erf(x * 0.7071067811865476));
}`)

/** 1 / (1 + e^-x), with e^-|x| so that nothing overflows. */
const sigmoid = define(`function sigmoid(x) {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}`)

/** x % y; the finite x itself where y is infinite, which WGSL and GLSL do not promise. */
const rem = define(`function rem(x, y) {
  return x - x == 0 && y == y && !(y - y == 0) ? x : x % y;
}`)

/** NaN, which has no spelling in the languages gpu.js translates to. */
const missing = define(`function missing(x) {
  return (x - x) / (x - x);
}`)

/** All of them, by the names that kernels call. */
export const commonFunctions = { erf, gelu, sigmoid, rem, missing } satisfies Readonly<Record<string, KernelFunction>>
