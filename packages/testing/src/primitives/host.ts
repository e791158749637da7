/* Cases of random draws, tables, and primitives that hold a program. */
import {
  add,
  cos,
  customVjp,
  foriLoop,
  jit,
  mul,
  neg,
  type PrimitiveName,
  sin,
  sub,
  type Tensor,
  tanh,
  tensor,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { shapeArbitrary } from '../arbitraries/shapes.js'
import { hostileTensor, keyArbitrary, tensorOf } from '../arbitraries/tensors.js'
import { between } from '../arbitraries/values.js'
import { absolute } from '../compare/tolerance.js'
import type { ListFunction } from '../oracle.js'
import { type Case, caseOf, describe, type PrimitiveGenerator } from './case.js'

const same = (cases: fc.Arbitrary<Case>): PrimitiveGenerator => ({ tame: cases, hostile: cases, derivative: 'true' })

const range = fc
  .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 2 ** 31 - 1 - 50 }))
  .map(([minimum, span]) => ({ minimum, maximum: minimum + span }))

export const hostGenerators = {
  threefry: same(
    fc
      .tuple(keyArbitrary, fc.array(fc.nat(0xffffffff), { maxLength: 5 }))
      .map(([key, counts]) => caseOf('threefry', [key, tensor(Uint32Array.from(counts))], {})),
  ),
  randomBits: same(
    fc.tuple(keyArbitrary, shapeArbitrary()).map(([key, shape]) => caseOf('randomBits', [key], { shape })),
  ),
  randomUniform: same(
    fc
      .tuple(keyArbitrary, shapeArbitrary(), between(-8, 8), between(0.1, 8))
      .map(([key, shape, low, span]) => caseOf('randomUniform', [key], { shape, low, high: Math.fround(low + span) })),
  ),
  randomIntegers: same(
    fc
      .tuple(keyArbitrary, shapeArbitrary(), range)
      .map(([key, shape, bounds]) => caseOf('randomIntegers', [key], { shape, ...bounds })),
  ),
  randomPermutation: same(
    fc
      .tuple(keyArbitrary, fc.integer({ min: 0, max: 40 }))
      .map(([key, n]) => caseOf('randomPermutation', [key], { shape: [n] })),
  ),
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

export const tableGenerators = {
  iota: same(
    fc
      .tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom<'i32' | 'f32'>('i32', 'f32'))
      .map(([length, dtype]) => caseOf('iota', [], { length, dtype })),
  ),
  constant: same(
    shapeArbitrary()
      .chain((shape) => tensorOf(shape))
      .map((x) => caseOf('constant', [], { values: Array.from<number>(x.data), shape: x.shape, dtype: x.dtype })),
  ),
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>

const shapes = shapeArbitrary({ maxRank: 2 })

type Program = (x: Tensor, y: Tensor) => Tensor

const onList =
  (f: Program): ListFunction =>
  ([x, y]) =>
    x === undefined || y === undefined ? [] : [f(x, y)]

/** Two operands of one shape, and a program on them; `definition` is the same without the primitive. */
export const programs = (name: PrimitiveName, f: Program, definition: Program): fc.Arbitrary<Case> =>
  shapes
    .chain((shape) => fc.tuple(tensorOf(shape), tensorOf(shape)))
    .map((operands) => ({
      primitive: name,
      operands,
      apply: onList(f),
      definition: onList(definition),
      observe: (results) => results,
      tolerance: absolute(1e-4, 'a tanh within 1e-5, times 8'),
      toString: () => describe(name, '', operands),
    }))

const body: Program = (x, y) => add(mul(tanh(x), y), sin(x))
export const linearBody: Program = (x, y) => sub(mul(x, 3), y)

/** A linear program alone, and as the body of a loop: there it is one equation when the loop is transposed. */
export const linearPrograms = (name: PrimitiveName, f: Program): fc.Arbitrary<Case> => {
  const looped: Program = (x, y) => foriLoop(0, 2, (_, z: Tensor) => f(z, y), x)
  return fc.oneof(
    programs(name, f, linearBody),
    programs(name, looped, (x, y) => linearBody(linearBody(x, y), y)),
  )
}

const customLinear = customVjp(linearBody, {
  forward: (x, y) => [linearBody(x, y), null],
  backward: (_, ct) => [mul(ct, 3), neg(ct)],
})

/** x·sin y, with its derivative written out by hand. */
const byHand = customVjp((x: Tensor, y: Tensor) => mul(x, sin(y)), {
  forward: (x, y) => [mul(x, sin(y)), { x, y }],
  backward: ({ x, y }, ct) => [mul(ct, sin(y)), mul(ct, mul(x, cos(y)))],
})

const stopped = (fill: typeof tensorOf | typeof hostileTensor): fc.Arbitrary<Case> =>
  shapeArbitrary()
    .chain((shape) => fill(shape))
    .map((x) => ({ ...caseOf('stopGradient', [x], {}), definition: (xs: readonly Tensor[]) => xs }))

export const structuralGenerators = {
  stopGradient: { tame: stopped(tensorOf), hostile: stopped(hostileTensor), derivative: 'zero' },
  call: {
    ...same(programs('call', jit(body), body)),
    linear: linearPrograms('call', jit(linearBody)),
    share: 0.5,
  },
  customVjp: {
    ...same(programs('customVjp', byHand, (x, y) => mul(x, sin(y)))),
    linear: linearPrograms('customVjp', customLinear),
    derivative: 'backwards',
    share: 0.5,
  },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>
