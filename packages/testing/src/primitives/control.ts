/*
 * Cases of loops, choices, checkpoints and barriers: small programs on two operands of one shape, and a whole number
 * that chooses and counts (choices by the values of floats would have kinks).
 */
import {
  add,
  cast,
  checkpoint,
  cond,
  foriLoop,
  greater,
  less,
  mul,
  type PrimitiveName,
  scalar,
  scan,
  sin,
  stack,
  switchCase,
  type Tensor,
  tanh,
  whileLoop,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { shapeArbitrary } from '../arbitraries/shapes.js'
import { hostileTensor, tensorOf } from '../arbitraries/tensors.js'
import { absolute } from '../compare/tolerance.js'
import { type Case, caseOf, describe, type PrimitiveGenerator } from './case.js'

type Program = (x: Tensor, y: Tensor, n: Tensor) => readonly Tensor[]

const shapes = shapeArbitrary({ maxRank: 2 })

const programs = (name: PrimitiveName, choices: readonly (readonly [string, Program])[]): fc.Arbitrary<Case> =>
  fc
    .tuple(
      shapes.chain((shape) => fc.tuple(tensorOf(shape), tensorOf(shape), fc.integer({ min: -1, max: 3 }))),
      fc.constantFrom(...choices),
    )
    .map(([[first, second, whole], [which, f]]) => ({
      primitive: name,
      operands: [first, second, scalar(whole, 'i32')],
      apply: ([x, y, n]) => (x === undefined || y === undefined || n === undefined ? [] : f(x, y, n)),
      observe: (results) => results,
      tolerance: absolute(1e-3, 'four steps of a tanh within 1e-5, times 8 or less'),
      toString: () => describe(name, ` (${which})`, [first, second, scalar(whole, 'i32')]),
    }))

const same = (cases: fc.Arbitrary<Case>): PrimitiveGenerator => ({ tame: cases, hostile: cases, derivative: 'true' })

/** Small enough that the derivatives of a few steps of tanh are seen by differences. */
const mild = (x: Tensor): Tensor => mul(x, 0.125)

/** Carry, constant and xs all have a part in the derivative. */
const recurrence =
  (reverse: boolean): Program =>
  (x, y) => {
    const [last, steps] = scan(
      (carry: Tensor, slice: Tensor) => {
        const next = tanh(add(mul(carry, mild(y)), mild(slice)))
        return [next, mul(next, slice)] as const
      },
      x,
      stack([y, x, sin(x)]),
      { reverse },
    )
    return [last, steps]
  }

/** A carry whose tangent is there from the second step on only, besides a counter that has none. */
const late: Program = (x, y, n) => {
  const [[steps, a, b]] = scan(
    ([count, first, second]: readonly [Tensor, Tensor, Tensor], _: null) => [
      [add(count, 1), add(mul(second, y), cast(count, 'f32')), sin(first)] as const,
      null,
    ],
    [n, mul(y, 0.5), x] as const,
    null,
    { length: 3 },
  )
  return [mul(a, b), steps]
}

const nested: Program = (x, y) => [
  foriLoop(
    0,
    2,
    (i, outer: Tensor) => foriLoop(0, 2, (j, inner) => tanh(add(mul(inner, mild(y)), cast(add(i, j), 'f32'))), outer),
    x,
  ),
]

const choice: Program = (x, y, n) => [
  cond(
    greater(n, 0),
    (a: Tensor, b: Tensor) => mul(sin(a), b),
    (a: Tensor, b: Tensor) => add(tanh(mild(a)), mul(b, b)),
    x,
    y,
  ),
]

/** One branch saves what another does not; one gives an operand back, one nothing of it. */
const three: Program = (x, y, n) => [
  switchCase(n, [(a: Tensor) => mul(a, sin(a)), () => mul(y, 3), (a: Tensor) => a], x),
]

const doubling: Program = (x, y, n) => [
  ...whileLoop(
    ([count]: readonly [Tensor, Tensor]) => less(count, 4),
    ([count, a]) => [add(count, 1), tanh(add(mul(a, mild(y)), mild(x)))] as const,
    [n, x] as const,
  ),
]

const barriers = (fill: typeof tensorOf | typeof hostileTensor): fc.Arbitrary<Case> =>
  shapeArbitrary()
    .chain((shape) => fill(shape))
    .map((x) => caseOf('barrier', [x], {}))

export const controlGenerators = {
  scan: same(
    programs('scan', [
      ['forwards', recurrence(false)],
      ['reverse', recurrence(true)],
      ['late tangent', late],
      ['in a loop', nested],
    ]),
  ),
  cond: same(
    programs('cond', [
      ['two', choice],
      ['three', three],
    ]),
  ),
  while: { ...same(programs('while', [['until 4', doubling]])), derivative: 'forwards' },
  checkpoint: same(
    programs('checkpoint', [
      ['one', (x, y) => [checkpoint((a: Tensor, b: Tensor) => mul(tanh(mild(add(mul(a, mild(b)), a))), sin(b)))(x, y)]],
      [
        'in a loop',
        (x, y) => [foriLoop(0, 3, (_, a: Tensor) => checkpoint((b: Tensor) => tanh(mul(b, mild(y))))(a), x)],
      ],
    ]),
  ),
  barrier: { tame: barriers(tensorOf), hostile: barriers(hostileTensor), derivative: 'true' },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>
