/* Arithmetic and smooth functions. A number times a matrix product, and a sum with one, become part of the product. */
import { type NoAttrs, sameShape, sizeOf } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { broadcastable, openProduct } from '../materialise.js'
import { isBatched, isFusible, type Product } from '../product.js'
import { number, paddedShape, type Value, viewShape } from '../value.js'
import { elementwise, formula, operator1, operator2 } from './elementwise.js'
import { type Lowering, lower1, lower2 } from './lowering.js'

// ---------------------------------------------------------------- what a product takes in

const scaled = (product: Product, by: number): Product => ({
  ...product,
  alpha: product.alpha * by,
  addend: product.addend === null ? null : { ...product.addend, beta: product.addend.beta * by },
})

const isGoodFactor = (by: number): boolean => Number.isFinite(by) && by !== 0

const overProduct = (source: Product, { aval }: Value): Value => ({ aval, source, permutation: null })

/** `by · (alpha a b + beta c)`, where x is such a product; its axes do not matter. */
const timesNumber = (x: Value, by: number): Value | null =>
  x.source.kind === 'product' && isFusible(x.source) && isGoodFactor(by) ? { ...x, source: scaled(x.source, by) } : null

/** `c` as [m, n], [n], [m, 1] or [1] beside a product, where its axes allow. */
const asAddend = (builder: Builder, product: Product, c: Value): string | null => {
  const [, rows, columns] = product.axes
  const shape = paddedShape(c)
  const [high, low] = [shape.slice(0, rows.length), shape.slice(rows.length)]
  const fits = (part: readonly number[], full: readonly number[]): number | null =>
    sameShape(part, full) ? sizeOf(full) : sizeOf(part) === 1 ? 1 : null
  const [m, n] = [fits(high, rows), fits(low, columns)]
  if (m === null || n === null) return null
  return builder.reshaped(broadcastable(builder, c), viewShape(c), m === 1 ? [n] : [m, n])
}

/** The product with one more addend, put inside of an addend that is a product itself; `null` where there is no room. */
const withAddend = (product: Product, source: string | Product, beta: number): Product | null => {
  const { addend } = product
  if (addend === null) return { ...product, addend: { source, beta } }
  if (typeof addend.source === 'string') return null
  const inner = withAddend(addend.source, source, beta / addend.beta)
  return inner === null ? null : { ...product, addend: { ...addend, source: inner } }
}

/** `sign · x + beta · c` with x a product: one GEMM. */
const plus = (builder: Builder, x: Value, sign: number, c: Value, beta: number): Value | null => {
  const product = openProduct(x)
  if (product === null || isBatched(product)) return null
  const other = openProduct(c)
  const source = other !== null && sameShape(other.matrix, product.matrix) ? other : asAddend(builder, product, c)
  const whole = source === null ? null : withAddend(scaled(product, sign), source, beta)
  return whole === null ? null : overProduct(whole, x)
}

// ---------------------------------------------------------------- sums and products

const isNumber = ({ source }: Value, value: number): boolean => source.kind === 'number' && source.value === value

const numberOf = ({ source }: Value): number | null => (source.kind === 'number' ? source.value : null)

const neg = lower1<NoAttrs>(
  (x, _, { builder, result }) => timesNumber(x, -1) ?? elementwise(builder, 'Neg', [x], result),
)

const add = lower2<NoAttrs>((x, y, _, { builder, result }) => {
  if (isNumber(y, 0)) return x
  if (isNumber(x, 0)) return y
  return plus(builder, x, 1, y, 1) ?? plus(builder, y, 1, x, 1) ?? elementwise(builder, 'Add', [x, y], result)
})

const sub = lower2<NoAttrs>((x, y, _, { builder, result }) => {
  if (isNumber(y, 0)) return x
  return plus(builder, x, 1, y, -1) ?? plus(builder, y, -1, x, 1) ?? elementwise(builder, 'Sub', [x, y], result)
})

const mul = lower2<NoAttrs>((x, y, _, { builder, result }) => {
  if (isNumber(y, 1)) return x
  if (isNumber(x, 1)) return y
  const [a, b] = [numberOf(x), numberOf(y)]
  const within = b !== null ? timesNumber(x, b) : a !== null ? timesNumber(y, a) : null
  return within ?? elementwise(builder, 'Mul', [x, y], result)
})

const div = lower2<NoAttrs>((x, y, _, { builder, result }) => {
  if (isNumber(y, 1)) return x
  const b = numberOf(y)
  const within = b !== null ? timesNumber(x, 1 / b) : null
  return within ?? elementwise(builder, 'Div', [x, y], result)
})

// ---------------------------------------------------------------- powers, logarithm and exponential

const rsqrt = lower1<NoAttrs>((x, _, { builder, result }) => {
  const { apply } = formula(builder, result)
  return apply('Reciprocal', apply('Sqrt', x))
})

/** C gives 1 for 1 ** NaN and ±1 ** ±inf; JavaScript, and so the reference, gives NaN. */
const pow = lower2<NoAttrs>((x, y, _, { builder, result }) => {
  const { apply, test } = formula(builder, result)
  const power = apply('Pow', x, y)
  const exponent = numberOf(y)
  if (exponent !== null && Number.isFinite(exponent)) return power
  const unusual = test('IsNaN', apply('Sub', y, y))
  const unit = test('Equal', apply('Abs', x), 1)
  const wrong = elementwise(builder, 'And', [unusual, unit], { ...result, dtype: 'bool' })
  return apply('Where', wrong, number(Number.NaN, result), power)
})

/**
 * log(1 + x) = log(u) · x / (u - 1), u = 1 + x rounded: the quotient mends what rounding u lost; x itself where u is 1.
 * Source: Hewlett-Packard 15C Advanced Functions Handbook (W. Kahan).
 */
const log1p = lower1<NoAttrs>((x, _, { builder, result }) => {
  const { apply, test } = formula(builder, result)
  const u = apply('Add', x, 1)
  const d = apply('Sub', u, 1)
  const mend = apply('Where', test('Equal', d, x), number(1, result), apply('Div', x, d)) // also for inf / inf
  return apply('Where', test('Equal', u, 1), x, apply('Mul', apply('Log', u), mend))
})

/** e^x - 1 = tanh(x/2) (e^x + 1): no difference of near numbers; x itself where x²/2 is lost beside it. */
const expm1 = lower1<NoAttrs>((x, _, { builder, result }) => {
  const { apply, test } = formula(builder, result)
  const value = apply('Mul', apply('Tanh', apply('Mul', x, 0.5)), apply('Add', apply('Exp', x), 1))
  const isSmall = test('Less', apply('Abs', x), result.dtype === 'f64' ? 1e-16 : 1e-7)
  return apply('Where', isSmall, x, value)
})

/** `fmod`: the remainder has the sign of x. */
const rem = lower2<NoAttrs>((x, y, _, { builder, result }) =>
  elementwise(builder, 'Mod', [x, y], result, { attributes: { fmod: { int: 1 } } }),
)

/** The arithmetic and smooth primitives. Div never sees an integer: -2^31 / -1 would end the process. */
export const arithmetic = {
  neg,
  add,
  sub,
  mul,
  div,
  sqrt: operator1('Sqrt'),
  rsqrt,
  pow,
  log: operator1('Log'),
  log1p,
  exp: operator1('Exp'),
  expm1,
  sign: operator1('Sign'),
  abs: operator1('Abs'),
  floor: operator1('Floor'),
  maximum: operator2('Max'),
  minimum: operator2('Min'),
  sin: operator1('Sin'),
  cos: operator1('Cos'),
  tanh: operator1('Tanh'),
  sigmoid: operator1('Sigmoid'),
  erf: operator1('Erf'),
  atan: operator1('Atan'),
  rem,
} satisfies Readonly<Record<string, Lowering<NoAttrs>>>
