/* Reductions: one thread walks the elements that become its result. */
import { type AttrsOf, type Shape, sizeOf, stridesOf } from '@cotangent/core'
import { computedValue, type Operation, uniformValue, type Value } from '../program/value.js'
import { type Axis, joinAxes, lengthsOf, moving, placeIn } from '../source/axes.js'
import type { Emitter } from '../source/emitter.js'
import { combine, type Place, printPlace, sumPlaces } from '../source/place.js'
import { type Lowering, type LoweringsOf, type Operand, unary } from './lowering.js'

const split = (
  shape: Shape,
  reduced: readonly number[],
): { readonly kept: readonly Axis[]; readonly over: readonly Axis[] } => {
  const strides = stridesOf(shape)
  const axes = shape.map((length, axis) => ({ length, steps: [strides[axis] ?? 0] }))
  return {
    kept: joinAxes(axes.filter((_, axis) => !reduced.includes(axis))),
    over: joinAxes(axes.filter((_, axis) => reduced.includes(axis))),
  }
}

const count = (shape: Shape, axes: readonly number[]): number => sizeOf(axes.map((axis) => shape[axis] ?? 1))

/** The place of a result element's first operand element. */
const firstPlace = (emitter: Emitter, at: Place, kept: readonly Axis[]): Place =>
  placeIn(kept, emitter.coordinates(at, lengthsOf(kept), moving(kept)), 0)

/** How elements become one: a variable with a start, and a line or more for each element. */
interface Fold {
  readonly name: string
  /** The variable's first value, from the first element's text. */
  readonly start: (first: () => string) => string
  readonly step: (emitter: Emitter, variable: string, element: string) => void
}

const folded = (length: number, operand: Value, rounds: number, name: string, element: Operation['element']): Value =>
  computedValue(length, [operand], {
    name,
    rounds,
    arithmetic: 0.1 * rounds,
    reads: [rounds],
    elementwise: false,
    element,
  })

/** A loop over the reduced axes. */
const reduceWhole = (x: Operand, axes: readonly number[], length: number, { name, start, step }: Fold): Value => {
  const { kept, over } = split(x.aval.shape, axes)
  return folded(length, x.value, count(x.aval.shape, axes), name, (emitter, at, [read]) => {
    const base = firstPlace(emitter, at, kept)
    const variable = emitter.fresh('t')
    const first = start(() => read?.(base) ?? '')
    emitter.line(`let ${variable} = ${first};`)
    emitter.loops(lengthsOf(over), (along) => {
      step(emitter, variable, read?.(sumPlaces(base, placeIn(over, along, 0))) ?? '')
    })
    return variable
  })
}

/** More elements than this for one of few results are reduced in two kernels, so that many threads share the work. */
const longest = 8192
const few = 512

/**
 * The elements with the numbers p, p + parts, p + 2 parts, ... for each part p of each result; neighbours in memory belong to
 * neighbouring threads. The number of parts is about the square root of the number of elements.
 */
const reduceParts = (x: Operand, axes: readonly number[], length: number, parts: number, fold: Fold): Value => {
  const { kept, over } = split(x.aval.shape, axes)
  const elements = count(x.aval.shape, axes)
  const rounds = Math.ceil(elements / parts)
  return folded(length * parts, x.value, rounds, fold.name, (emitter, at, [read]) => {
    const [result, part] = emitter.coordinates(at, [length, parts])
    if (result === undefined || part === undefined) return ''
    const base = firstPlace(emitter, result, kept)
    const elementAt = (number: Place): string =>
      read?.(sumPlaces(base, placeIn(over, emitter.coordinates(number, lengthsOf(over), moving(over)), 0))) ?? ''
    const variable = emitter.fresh('t')
    const first = fold.start(() => elementAt(part))
    emitter.line(`let ${variable} = ${first};`)
    emitter.loops([rounds], ([round]) => {
      if (round === undefined) return
      const number = combine([round, part], [parts, 1])
      const step = (): void => fold.step(emitter, variable, elementAt(number))
      if (elements % parts === 0) step()
      else emitter.when(`${printPlace(number)} < ${elements}`, step)
    })
    return variable
  })
}

const reduce = (x: Operand, axes: readonly number[], length: number, fold: Fold): Value => {
  const elements = count(x.aval.shape, axes)
  if (elements <= longest || length > few) return reduceWhole(x, axes, length, fold)
  const parts = 2 ** Math.floor(Math.log2(elements) / 2)
  const value = reduceParts(x, axes, length, parts, fold)
  return reduceWhole({ value, aval: { ...x.aval, shape: [length, parts] } }, [1], length, fold)
}

const reduceSum: Lowering<AttrsOf<'reduceSum'>> = unary((x, { axes }, { shape }) => {
  const { value } = x
  const n = count(x.aval.shape, axes)
  if (value.kind === 'uniform' || n === 0) {
    return uniformValue(value.kind === 'uniform' && n > 0 ? value.value * n : 0, sizeOf(shape))
  }
  return reduce(x, axes, sizeOf(shape), {
    name: 'reduceSum',
    start: () => '0',
    step: (emitter, total, element) => emitter.line(`${total} = ${total} + ${element};`),
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
  return reduce(x, axes, sizeOf(shape), {
    name: 'reduceMax',
    start: (first) => first(),
    step: (emitter, top, element) => {
      const v = emitter.fresh('u')
      emitter.line(`const ${v} = ${element};`)
      emitter.when(`${top} == ${top} && !(${v} <= ${top})`, () => emitter.line(`${top} = ${v};`))
    },
  })
})

/** The first of the largest; NaN counts as largest. */
const argmax: Lowering<AttrsOf<'argmax'>> = unary((x, { axis }, { shape }) => {
  const length = x.aval.shape[axis] ?? 0
  if (x.value.kind === 'uniform' || length <= 1) return uniformValue(0, sizeOf(shape))
  const { kept } = split(x.aval.shape, [axis])
  const stride = stridesOf(x.aval.shape)[axis] ?? 0
  return computedValue(sizeOf(shape), [x.value], {
    name: 'argmax',
    rounds: length,
    arithmetic: 0.2 * length,
    reads: [length],
    elementwise: false,
    element: (emitter, at, [read]) => {
      const base = firstPlace(emitter, at, kept)
      const first = read?.(base)
      const [best, top] = [emitter.fresh('b'), emitter.fresh('t')]
      emitter.line(`let ${best} = 0;`)
      emitter.line(`let ${top} = ${first};`)
      emitter.loops([length], ([along]) => {
        if (along === undefined) return
        const v = emitter.fresh('u')
        emitter.line(`const ${v} = ${read?.(sumPlaces(base, combine([along], [stride])))};`)
        emitter.when(`${v} > ${top} || (!(${v} == ${v}) && ${top} == ${top})`, () => {
          emitter.line(`${best} = ${along.terms[0]?.name};`)
          emitter.line(`${top} = ${v};`)
        })
      })
      return best
    },
  })
})

export const reductionLowerings: LoweringsOf<'reduceSum' | 'reduceMax' | 'argmax'> = { reduceSum, reduceMax, argmax }
