/* Reductions: one thread walks the elements that become its result. */
import { type AttrsOf, type Shape, sizeOf, stridesOf } from '@cotangent/core'
import { kernelValue, uniformValue, type Value } from '../program/value.js'
import { type Axis, loops, places, sumText, term } from '../source/walk.js'
import { type Lowering, type LoweringsOf, type Operand, unary } from './lowering.js'

const split = (
  shape: Shape,
  reduced: readonly number[],
): { readonly kept: readonly Axis[]; readonly over: readonly Axis[] } => {
  const strides = stridesOf(shape)
  const axes = shape.map((length, axis) => ({ length, steps: [strides[axis] ?? 0] }))
  return {
    kept: axes.filter((_, axis) => !reduced.includes(axis)),
    over: axes.filter((_, axis) => reduced.includes(axis)),
  }
}

/** A loop over the reduced axes: `start` from the first element's text, `step` for each element, then the result. */
const reduce = (
  x: Operand,
  axes: readonly number[],
  {
    start,
    step,
    result,
  }: {
    readonly start: (first: string) => readonly string[]
    readonly step: (element: string) => readonly string[]
    readonly result: string
  },
): Value => {
  const { kept, over } = split(x.aval.shape, axes)
  return kernelValue(sizeOf(kept.map((axis) => axis.length)), [x.value], ([read]) => {
    const {
      lines,
      terms: [base = []],
    } = places(kept, 1)
    const {
      terms: [offset = []],
      around,
    } = loops(over, 1)
    const body = around(step(read(sumText([...base, ...offset]))))
    return [...lines, ...start(read(sumText(base))), ...body, `return ${result};`]
  })
}

const count = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis] ?? 1))

const reduceSum: Lowering<AttrsOf<'reduceSum'>> = unary((x, { axes }, { shape }) => {
  const { value } = x
  const n = count(x.aval.shape, axes)
  if (value.kind === 'uniform' || n === 0) {
    return uniformValue(value.kind === 'uniform' && n > 0 ? value.value * n : 0, sizeOf(shape))
  }
  return reduce(x, axes, {
    start: () => ['let total = 0;'],
    step: (element) => [`total = total + ${element};`],
    result: 'total',
  })
})

/** NaN stays once it is there. */
const reduceMax: Lowering<AttrsOf<'reduceMax'>> = unary((x, { axes }, { shape, dtype }) => {
  const { value } = x
  if (count(x.aval.shape, axes) === 0) {
    const least = { f32: Number.NEGATIVE_INFINITY, f64: Number.NEGATIVE_INFINITY, i32: -(2 ** 31), u32: 0, bool: 0 }
    return uniformValue(least[dtype], sizeOf(shape))
  }
  if (value.kind === 'uniform') return uniformValue(value.value, sizeOf(shape))
  return reduce(x, axes, {
    start: (first) => [`let top = ${first};`],
    step: (element) => [`const v = ${element};`, 'if (top == top && !(v <= top)) {', '  top = v;', '}'],
    result: 'top',
  })
})

/** The first of the largest; NaN counts as largest. */
const argmax: Lowering<AttrsOf<'argmax'>> = unary((x, { axis }, { shape }) => {
  const length = x.aval.shape[axis] ?? 0
  if (x.value.kind === 'uniform' || length <= 1) return uniformValue(0, sizeOf(shape))
  const { kept } = split(x.aval.shape, [axis])
  const stride = stridesOf(x.aval.shape)[axis] ?? 0
  return kernelValue(sizeOf(shape), [x.value], ([read]) => {
    const {
      lines,
      terms: [base = []],
    } = places(kept, 1)
    return [
      ...lines,
      'let best = 0;',
      `let top = ${read(sumText(base))};`,
      `for (let r0 = 1; r0 < ${length}; r0++) {`,
      `  const v = ${read(sumText([...base, ...term('r0', stride)]))};`,
      '  if (v > top || (!(v == v) && top == top)) {',
      '    best = r0;',
      '    top = v;',
      '  }',
      '}',
      'return best;',
    ]
  })
})

export const reductionLowerings: LoweringsOf<'reduceSum' | 'reduceMax' | 'argmax'> = { reduceSum, reduceMax, argmax }
