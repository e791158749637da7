/*
 * Functions of Math for graphics cards, in their own arithmetic. WGSL and GLSL promise less than JavaScript: nothing for
 * NaN and infinities, log(-1) may be any number, sin is good to 2^-11 and atan to 4096 units in the last place, tanh(100)
 * may be NaN, expm1 and log1p are written as exp(x) - 1 and log(1 + x). These are f32 throughout, and within a few units
 * in the last place where exp, log and division are within WGSL's bounds.
 *
 * NaN is asked for as !(x == x): WGSL compilers make `x != x` false for NaN.
 */
import { define, type KernelFunction } from './kernelFunction.js'

/**
 * The whole part of i / n for whole numbers below 2^24, n > 1. Division on a graphics card may be 2.5 units in the last
 * place off, so the quotient may be up to 2 off; products below 2^24 are exact, and so is each correction by 1.
 */
const quotient = define(`function quotient(i, n) {
  const q = Math.floor(i / n);
  const r = i - q * n;
  const p = r < 0 ? q - 1 : (r < n ? q : q + 1);
  const s = i - p * n;
  return s < 0 ? p - 1 : (s < n ? p : p + 1);
}`)

const safeExp = define(`function safeExp(x) {
  return x == x ? Math.exp(x) : x;
}`)

/** Below the smallest normal number the logarithm of x 2^24 is taken, since a card may not normalise. */
const safeLog = define(`function safeLog(x) {
  const small = Math.log(x * 16777216) - 16.635532333438686;
  const right = x < 0.000000000000000000000000000000000000011754943508222875 ? small : Math.log(x);
  return x >= 0 ? right : (x - x) / (x - x);
}`)

/** For |x| < 1/2 the series to x^10 / 10!: the rest is below half a unit in the last place. */
const safeExpm1 = define(`function safeExpm1(x) {
  const s = x * (1 + x * (0.5 + x * (0.16666666666666666 + x * (0.041666666666666664 + x * (0.008333333333333333
    + x * (0.001388888888888889 + x * (0.0001984126984126984 + x * (0.0000248015873015873
    + x * (0.0000027557319223985893 + x * 0.00000027557319223985888)))))))));
  return Math.abs(x) < 0.5 ? s : safeExp(x) - 1.0;
}`)

/** For -1/2 < x < 1: 2 atanh s = 2 (s + s^3 / 3 + ... + s^15 / 15), s = x / (2 + x), so |s| < 1/3. */
const safeLog1p = define(`function safeLog1p(x) {
  const s = x / (2.0 + x);
  const z = s * s;
  const t = 2.0 * s * (1.0 + z * (0.3333333333333333 + z * (0.2 + z * (0.14285714285714285 + z * (0.1111111111111111
    + z * (0.09090909090909091 + z * (0.07692307692307693 + z * 0.06666666666666667)))))));
  return x > -0.5 && x < 1.0 ? t : safeLog(1.0 + x);
}`)

/** -e / (2 + e) with e = expm1(-2 |x|), which is between -1 and 0: nothing overflows or cancels. */
const safeTanh = define(`function safeTanh(x) {
  const e = safeExpm1(-2.0 * Math.abs(x));
  const t = -e / (2.0 + e);
  return x == x ? (x < 0 ? -t : t) : x;
}`)

/**
 * Reduced by Cody and Waite with pi / 2 in three parts, then the polynomials of cephes' sinf and cosf. For large |x| the
 * error is that of rounding x, as in any f32 arithmetic.
 */
const reduced = `const k = Math.floor(x * 0.6366197723675814 + 0.5);
  const far = ((x - k * 1.5703125) - k * 0.0004837512969970703) - k * 0.0000000754978995489188;
  const r = Math.max(-1.0, Math.min(1.0, far));
  const z = r * r;
  const s = r + r * z * (-0.16666654611 + z * (0.0083321608736 - z * 0.00019515295891));
  const c = 1.0 - 0.5 * z + z * z * (0.04166664568298827 + z * (-0.001388731625493765 + z * 0.00002443315711809948));`

const safeSin = define(`function safeSin(x) {
  ${reduced}
  const q = k - 4.0 * Math.floor(k * 0.25);
  const v = q == 1.0 || q == 3.0 ? c : s;
  return x - x == 0 ? (q >= 2.0 ? -v : v) : x - x;
}`)

const safeCos = define(`function safeCos(x) {
  ${reduced}
  const q = k - 4.0 * Math.floor(k * 0.25);
  const v = q == 1.0 || q == 3.0 ? s : c;
  return x - x == 0 ? (q == 1.0 || q == 2.0 ? -v : v) : x - x;
}`)

/** Cephes' atanf: reduced at tan(pi / 8) and tan(3 pi / 8). */
const safeAtan = define(`function safeAtan(x) {
  const a = Math.abs(x);
  const w = a > 2.414213562373095 ? -1.0 / a : (a > 0.4142135623730951 ? (a - 1.0) / (a + 1.0) : a);
  const start = a > 2.414213562373095 ? 1.5707963267948966 : (a > 0.4142135623730951 ? 0.7853981633974483 : 0.0);
  const z = w * w;
  const p = ((0.0805374449538 * z - 0.138776856032) * z + 0.199777106478) * z - 0.333329491539;
  const y = start + (p * z * w + w);
  return x == x ? (x < 0 ? -y : y) : x;
}`)

/** |x|^y from the card; sign, zeros and NaN as in JavaScript. A number too small to be normal counts as 0. */
const safePow = define(`function safePow(x, y) {
  const a = Math.abs(x);
  const m = a < 0.000000000000000000000000000000000000011754943508222875 ? 0.0 : a;
  const p = Math.pow(m, y);
  const rest = y - Math.floor(y);
  const odd = y - 2.0 * Math.floor(y * 0.5);
  const signed = odd == 1.0 && (x < 0.0 || (x == 0.0 && 1.0 / x < 0.0)) ? -p : p;
  const real = x < 0.0 && a - a == 0.0 && rest > 0.0 ? (y - y) / (y - y) : signed;
  const limits = a == 1.0 && !(y - y == 0.0) ? y - y : real;
  return y == 0.0 ? 1.0 : (x == x && y == y ? limits : x + y);
}`)

const safeMax = define(`function safeMax(x, y) {
  return x == x ? (y == y ? Math.max(x, y) : y) : x;
}`)

const safeMin = define(`function safeMin(x, y) {
  return x == x ? (y == y ? Math.min(x, y) : y) : x;
}`)

const safeSign = define(`function safeSign(x) {
  return x > 0 ? 1.0 : (x < 0 ? -1.0 : x);
}`)

const safeSqrt = define(`function safeSqrt(x) {
  return x >= 0 ? Math.sqrt(x) : (x - x) / (x - x);
}`)

/** All of them, by the names that kernels call. */
export const safeFunctions = {
  quotient,
  safeExp,
  safeLog,
  safeExpm1,
  safeLog1p,
  safeTanh,
  safeSin,
  safeCos,
  safeAtan,
  safePow,
  safeMax,
  safeMin,
  safeSign,
  safeSqrt,
} satisfies Readonly<Record<string, KernelFunction>>

export type SafeFunctionName = keyof typeof safeFunctions
