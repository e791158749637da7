/*
 * Cases of elementwise primitives: the domain in which the derivative is smooth, and how exact an engine can be.
 * Letters: x, y operands; z the result.
 */
import { type DType, type HostTensor, type NarrowFloat, type PrimitiveName, type Shape, tensor } from '@cotangent/core'
import * as fc from 'fast-check'
import { filledArbitrary } from '../arbitraries/filled.js'
import { shapeArbitrary } from '../arbitraries/shapes.js'
import { hostileTensor, tensorArbitrary, tensorOf, valueOf } from '../arbitraries/tensors.js'
import {
  awayFromZero,
  between,
  hostileValue,
  mixedValue,
  smallInteger,
  tameValue,
  wholeValue,
} from '../arbitraries/values.js'
import { roundingF32, ulpOf } from '../compare/floats.js'
import { absolute, either, exact, exponential, type Tolerance, ulps } from '../compare/tolerance.js'
import { type Case, caseOf, type PrimitiveGenerator } from './case.js'

type NoAttrsName = {
  [N in PrimitiveName]: Parameters<typeof caseOf<N>>[2] extends Readonly<Record<string, never>> ? N : never
}[PrimitiveName]

const shapes = shapeArbitrary()

const alike = (value: fc.Arbitrary<number>): fc.Arbitrary<HostTensor> => tensorArbitrary({}, value)

const hostileAlike = (value: fc.Arbitrary<number>): fc.Arbitrary<HostTensor> =>
  shapes.chain((shape) => hostileTensor(shape, value))

type UnaryTolerance = Tolerance | ((x: HostTensor) => Tolerance)

/** f(x): `domain` for the laws, anything (or `hostile`) for engines. */
const unary = (
  name: NoAttrsName,
  domain: fc.Arbitrary<number>,
  tolerance: UnaryTolerance,
  hostile: fc.Arbitrary<number> = mixedValue,
): PrimitiveGenerator => {
  const make = (x: HostTensor): Case =>
    caseOf(name, [x], {}, { tolerance: typeof tolerance === 'function' ? tolerance(x) : tolerance })
  return { tame: alike(domain).map(make), hostile: hostileAlike(hostile).map(make), derivative: 'true' }
}

type BinaryTolerance = Tolerance | ((x: HostTensor, y: HostTensor) => Tolerance)

/** Two tensors of one shape, from pairs of numbers. */
const pairOf = (value: fc.Arbitrary<readonly [number, number]>) =>
  filledArbitrary({}, value).map(({ shape, values }) => {
    const column = (i: 0 | 1) =>
      tensor(
        Float32Array.from(values, (pair) => pair[i]),
        [...shape],
      )
    return [column(0), column(1)] as const
  })

/** f(x, y): pairs of numbers from `domain` for the laws, anything for engines. */
const binary = (
  name: NoAttrsName,
  domain: fc.Arbitrary<readonly [number, number]>,
  tolerance: BinaryTolerance,
  hostile: fc.Arbitrary<readonly [number, number]> = fc.tuple(mixedValue, mixedValue),
): PrimitiveGenerator => {
  const make = ([x, y]: readonly [HostTensor, HostTensor]): Case =>
    caseOf(name, [x, y], {}, { tolerance: typeof tolerance === 'function' ? tolerance(x, y) : tolerance })
  return {
    tame: pairOf(domain).map(make),
    hostile: pairOf(hostile).map(make),
    derivative: 'true',
  }
}

const wholePair = fc
  .tuple(wholeValue, wholeValue, fc.boolean())
  .map(([x, y, tie]): readonly [number, number] => [x, tie ? x : y])

/** With cases on i32 besides. */
const alsoWhole = (name: NoAttrsName, operands: 1 | 2, generator: PrimitiveGenerator): PrimitiveGenerator => ({
  ...generator,
  integers: pairOf(wholePair)
    .map((pair) => pair.slice(0, operands).map((x) => tensor(Int32Array.from(x.data), x.shape)))
    .map((xs) => caseOf(name, xs, {})),
})

const any = fc.tuple(tameValue, tameValue)

/** Two numbers at least 1/10 apart, so that neither a maximum nor a comparison changes nearby. */
const apart = fc.tuple(tameValue, awayFromZero(0.1, 4)).map(([x, gap]) => [x, Math.fround(x + gap)] as const)

/** Equal as often as not. */
const withTies = fc.tuple(mixedValue, mixedValue, fc.boolean()).map(([x, y, tie]) => [x, tie ? x : y] as const)

/** A number whose distance from the whole numbers is at least 1/10. */
const betweenIntegers = fc.tuple(smallInteger, between(0.1, 0.9)).map(([n, part]) => Math.fround(n + part))

/** Polynomials and exponentials near their limits: what a good f32 implementation reaches. */
const sigmoidal = absolute(1e-5)

/** sin and cos lose an ULP of the argument, times the slope 1. */
const wave = (x: HostTensor): Tolerance => ({
  reason: '4 u (1 + |x|): the argument is rounded',
  allowed: (_, i) => 4 * roundingF32 * (1 + Math.abs(x.data[i] ?? 0)),
})

/** x^y = e^(y log x): the error of the exponent counts. */
const power: Tolerance = {
  reason: '16 + 4 |log z| ULP: the exponent y log x is rounded',
  allowed: (z) => (16 + 4 * Math.abs(Math.log(Math.abs(z)))) * ulpOf(z),
}

const logarithm = either(ulps(3), absolute(2 ** -21, 'cancellation near x = 1'))

const gelu = (x: HostTensor): Tolerance => ({
  reason: '1e-5 max(1, |x|): x times an erf of 1e-5',
  allowed: (_, i) => 1e-5 * Math.max(1, Math.abs(x.data[i] ?? 0)),
})

/** Up to 100: farther out the reduction by 2π decides, not the function. */
const angle = fc.oneof(
  { arbitrary: between(-100, 100), weight: 4 },
  { arbitrary: fc.constantFrom(0, -0, 1e-30), weight: 1 },
)

export const smoothGenerators = {
  neg: alsoWhole('neg', 1, unary('neg', tameValue, exact)),
  add: alsoWhole('add', 2, binary('add', any, exact)),
  sub: alsoWhole('sub', 2, binary('sub', any, exact)),
  mul: alsoWhole('mul', 2, binary('mul', any, exact)),
  div: binary('div', fc.tuple(tameValue, awayFromZero(0.5, 8)), ulps(3)),
  sqrt: unary('sqrt', between(0.1, 8), ulps(3)),
  rsqrt: unary('rsqrt', between(0.1, 8), ulps(3)),
  pow: binary(
    'pow',
    fc.tuple(between(0.1, 4), between(-3, 3)),
    power,
    fc.oneof(
      fc.tuple(between(0, 8), between(-8, 8)),
      fc.tuple(tameValue, smallInteger),
      fc.tuple(fc.constantFrom(0, 1, -1, 2), smallInteger),
    ),
  ),
  log: unary('log', between(0.1, 8), logarithm),
  log1p: unary('log1p', between(-0.9, 8), ulps(16), fc.oneof(between(-1, 8), mixedValue)),
  exp: unary('exp', tameValue, exponential),
  expm1: unary('expm1', tameValue, (x) => either(ulps(16), exponential(x))),
  sin: unary('sin', tameValue, wave, angle),
  cos: unary('cos', tameValue, wave, angle),
  tanh: unary('tanh', tameValue, sigmoidal),
  sigmoid: unary('sigmoid', tameValue, sigmoidal),
  erf: unary('erf', between(-4, 4), sigmoidal),
  erfc: unary('erfc', between(-4, 6), absolute(2e-6, '1 less an erf')),
  atan: unary('atan', tameValue, absolute(1e-6)),
  gelu: unary('gelu', tameValue, gelu),
  softplus: unary('softplus', tameValue, either(ulps(16), absolute(1e-6))),
  erfInv: unary('erfInv', between(-0.95, 0.95), exact, between(-0.999, 0.999)),
}

const bool = fc.constantFrom(0, 1)

const logical = (name: 'logicalAnd' | 'logicalOr'): PrimitiveGenerator => {
  const cases = shapes
    .chain((shape) => fc.tuple(tensorOf(shape, bool, 'bool'), tensorOf(shape, bool, 'bool')))
    .map((operands) => caseOf(name, operands, {}))
  return { tame: cases, hostile: cases, derivative: 'true' }
}

const notCases = shapes.chain((shape) => tensorOf(shape, bool, 'bool')).map((x) => caseOf('logicalNot', [x], {}))

const whereCases = (make: (shape: Shape) => fc.Arbitrary<HostTensor>) =>
  shapes
    .chain((shape) => fc.tuple(tensorOf(shape, bool, 'bool'), make(shape), make(shape)))
    .map((operands) => caseOf('where', operands, {}))

const castable = (value: (from: DType, to: DType) => fc.Arbitrary<number>): fc.Arbitrary<Case> =>
  fc
    .tuple(shapes, fc.constantFrom<DType>('f32', 'i32', 'bool'), fc.constantFrom<DType>('f32', 'i32', 'bool'))
    .filter(([, from, to]) => from !== to)
    .chain(([shape, from, to]) => tensorOf(shape, value(from, to), from).map((x) => caseOf('cast', [x], { dtype: to })))

/** Between floats a cast is linear. */
const widening = tensorArbitrary().map((x) => caseOf('cast', [x], { dtype: 'f64' }))

const whole = (name: 'bitwiseAnd' | 'bitwiseOr' | 'bitwiseXor'): PrimitiveGenerator => {
  const cases = shapes
    .chain((shape) => fc.tuple(tensorOf(shape, wholeValue, 'i32'), tensorOf(shape, wholeValue, 'i32')))
    .map((operands) => caseOf(name, operands, {}))
  return { tame: cases, hostile: cases, derivative: 'true' }
}

/** Any bits, moved by up to all of their places and beyond. */
const shifted = (name: 'shiftLeft' | 'shiftRight'): PrimitiveGenerator => {
  const of = (dtype: 'i32' | 'u32') => {
    const [any, places] =
      dtype === 'i32'
        ? [fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.integer({ min: -2, max: 34 })]
        : [fc.nat(2 ** 32 - 1), fc.nat(34)]
    return shapes.chain((shape) => fc.tuple(tensorOf(shape, any, dtype), tensorOf(shape, places, dtype)))
  }
  const cases = fc.oneof(of('i32'), of('u32')).map((operands) => caseOf(name, operands, {}))
  return { tame: cases, hostile: cases, derivative: 'true' }
}

const formats = fc.constantFrom<NarrowFloat>('f16', 'bf16')

const narrowed = (tensors: fc.Arbitrary<HostTensor>): fc.Arbitrary<Case> =>
  fc.tuple(tensors, formats).map(([x, format]) => caseOf('reducePrecision', [x], { format }))

const steps = 'a staircase, taken as the identity; its tangents are rounded too'

/** An engine may round the quotient: that costs some u |x|, and near a multiple of y the remainder jumps. */
const remainder = (x: HostTensor, y: HostTensor): Tolerance => ({
  reason: '4 u |x|: the quotient is rounded; nothing is asked next to a multiple of y',
  allowed: (z, i) => {
    const lost = 4 * roundingF32 * Math.abs(x.data[i] ?? 0)
    const toJump = Math.min(Math.abs(z), Math.abs(Math.abs(y.data[i] ?? 0) - Math.abs(z)))
    return toJump <= lost ? Number.POSITIVE_INFINITY : lost
  },
})

export const piecewiseGenerators = {
  bitwiseAnd: whole('bitwiseAnd'),
  bitwiseOr: whole('bitwiseOr'),
  bitwiseXor: whole('bitwiseXor'),
  shiftLeft: shifted('shiftLeft'),
  shiftRight: shifted('shiftRight'),
  reducePrecision: {
    tame: narrowed(alike(tameValue)),
    hostile: narrowed(hostileAlike(mixedValue)),
    derivative: 'true',
    inapplicable: { derivative: steps, 'JVP is linear': steps, 'VJP is linear': steps },
  },
  sign: alsoWhole('sign', 1, unary('sign', awayFromZero(0.1, 8), exact)),
  abs: alsoWhole('abs', 1, unary('abs', awayFromZero(0.1, 8), exact)),
  floor: unary('floor', betweenIntegers, exact),
  // a quotient away from the whole numbers, where the remainder jumps
  rem: binary(
    'rem',
    fc.tuple(betweenIntegers, awayFromZero(0.5, 4)).map(([quotient, y]) => [Math.fround(quotient * y), y] as const),
    remainder,
    fc.tuple(between(-100, 100), awayFromZero(0.5, 8)),
  ),
  maximum: alsoWhole('maximum', 2, binary('maximum', apart, exact, withTies)),
  minimum: alsoWhole('minimum', 2, binary('minimum', apart, exact, withTies)),
  equal: alsoWhole('equal', 2, binary('equal', apart, exact, withTies)),
  less: alsoWhole('less', 2, binary('less', apart, exact, withTies)),
  lessEqual: alsoWhole('lessEqual', 2, binary('lessEqual', apart, exact, withTies)),
  logicalAnd: logical('logicalAnd'),
  logicalOr: logical('logicalOr'),
  logicalNot: { tame: notCases, hostile: notCases, derivative: 'true' },
  where: {
    tame: whereCases((shape) => tensorOf(shape)),
    hostile: whereCases((shape) => hostileTensor(shape)),
    integers: whereCases((shape) => tensorOf(shape, wholeValue, 'i32')),
    derivative: 'true',
  },
  cast: {
    // floats become integers or truth values away from the jumps
    tame: fc.oneof(
      { arbitrary: castable((from) => (from === 'f32' ? betweenIntegers : valueOf(from))), weight: 3 },
      { arbitrary: widening, weight: 1 },
    ),
    // beyond the range of i32 the engines differ, so large floats are left out
    hostile: castable((from, to) =>
      from !== 'f32' ? valueOf(from) : to === 'i32' ? between(-1e6, 1e6) : fc.oneof(tameValue, hostileValue),
    ),
    derivative: 'true',
  },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>
