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
  sub,
  switchCase,
  type Tensor,
  tanh,
  where,
  whileLoop,
} from '@cotangent/core'
import * as fc from 'fast-check'
import { shapeArbitrary } from '../arbitraries/shapes.js'
import { hostileTensor, tensorOf } from '../arbitraries/tensors.js'
import { absolute } from '../compare/tolerance.js'
import type { ListFunction } from '../oracle.js'
import { type Case, caseOf, describe, type PrimitiveGenerator } from './case.js'

type Program = (x: Tensor, y: Tensor, n: Tensor) => readonly Tensor[]

const shapes = shapeArbitrary({ maxRank: 2 })

/** A program with the primitive, and the same without. */
interface Choice {
  readonly which: string
  readonly f: Program
  readonly definition: Program
}

const programs = (name: PrimitiveName, choices: readonly Choice[]): fc.Arbitrary<Case> =>
  fc
    .tuple(
      shapes.chain((shape) => fc.tuple(tensorOf(shape), tensorOf(shape), fc.integer({ min: -1, max: 3 }))),
      fc.constantFrom(...choices),
    )
    .map(([[first, second, whole], { which, f, definition }]) => ({
      primitive: name,
      operands: [first, second, scalar(whole, 'i32')],
      apply: onList(f),
      definition: onList(definition),
      observe: (results) => results,
      tolerance: absolute(1e-3, 'four steps of a tanh within 1e-5, times 8 or less'),
      toString: () => describe(name, ` (${which})`, [first, second, scalar(whole, 'i32')]),
    }))

const onList =
  (f: Program): ListFunction =>
  ([x, y, n]) =>
    x === undefined || y === undefined || n === undefined ? [] : f(x, y, n)

const same = (cases: fc.Arbitrary<Case>): PrimitiveGenerator => ({
  tame: cases,
  hostile: cases,
  derivative: 'true',
  share: 0.25,
})

/** Small enough that the derivatives of a few steps of tanh are seen by differences. */
const mild = (x: Tensor): Tensor => mul(x, 0.125)

// ---------------------------------------------------------------- scan

/** Carry, constant and xs all have a part in the derivative. */
const recurrence = (reverse: boolean): Choice => {
  const step = (carry: Tensor, slice: Tensor, y: Tensor): Tensor => tanh(add(mul(carry, mild(y)), mild(slice)))
  return {
    which: reverse ? 'reverse' : 'forwards',
    f: (x, y) =>
      scan(
        (carry: Tensor, slice: Tensor) => {
          const next = step(carry, slice, y)
          return [next, mul(next, slice)] as const
        },
        x,
        stack([y, x, sin(x)]),
        { reverse },
      ),
    definition: (x, y) => {
      const slices = [y, x, sin(x)]
      let carry = x
      const steps: Tensor[] = []
      for (const slice of reverse ? slices.toReversed() : slices) {
        carry = step(carry, slice, y)
        steps.push(mul(carry, slice))
      }
      return [carry, stack(reverse ? steps.toReversed() : steps)]
    },
  }
}

type Counted = readonly [count: Tensor, first: Tensor, second: Tensor]

/** A carry whose tangent is there from the second step on only, besides a counter that has none. */
const late: Choice = {
  which: 'late tangent',
  f: (x, y, n) => {
    const [[count, a, b]] = scan(
      (carry: Counted, _: null) => [lateStep(y)(carry), null] as const,
      [n, mul(y, 0.5), x] as const,
      null,
      { length: 3 },
    )
    return [mul(a, b), count]
  },
  definition: (x, y, n) => {
    const step = lateStep(y)
    const [count, a, b] = step(step(step([n, mul(y, 0.5), x])))
    return [mul(a, b), count]
  },
}

const lateStep =
  (y: Tensor) =>
  ([count, first, second]: Counted): Counted => [add(count, 1), add(mul(second, y), cast(count, y.dtype)), sin(first)]

const nested: Choice = {
  which: 'in a loop',
  f: (x, y) => [
    foriLoop(
      0,
      2,
      (i, outer: Tensor) =>
        foriLoop(0, 2, (j, inner) => tanh(add(mul(inner, mild(y)), cast(add(i, j), x.dtype))), outer),
      x,
    ),
  ],
  definition: (x, y) => [
    [0, 1, 1, 2].reduce((inner, shift) => tanh(add(mul(inner, mild(y)), shift)), x), // i + j
  ],
}

/** c <- 2 c + x_t + y, linear in all. */
const linearScan: Choice = {
  which: 'linear',
  f: (x, y) =>
    scan(
      (carry: Tensor, slice: Tensor) => [add(add(mul(carry, 2), slice), y), sub(carry, slice)] as const,
      y,
      stack([x, y, mul(x, 3)]),
    ),
  definition: (x, y) => {
    const [first, second] = [add(add(mul(y, 2), x), y), add(add(mul(add(add(mul(y, 2), x), y), 2), y), y)]
    return [add(add(mul(second, 2), mul(x, 3)), y), stack([sub(y, x), sub(first, y), sub(second, mul(x, 3))])]
  },
}

// ---------------------------------------------------------------- cond

const choice: Choice = {
  which: 'two',
  f: (x, y, n) => [
    cond(
      greater(n, 0),
      (a: Tensor, b: Tensor) => mul(sin(a), b),
      (a: Tensor, b: Tensor) => add(tanh(mild(a)), mul(b, b)),
      x,
      y,
    ),
  ],
  definition: (x, y, n) => [where(greater(n, 0), mul(sin(x), y), add(tanh(mild(x)), mul(y, y)))],
}

/** One branch saves what another does not; one gives an operand back, one nothing of it. The index is clamped. */
const three: Choice = {
  which: 'three',
  f: (x, y, n) => [switchCase(n, [(a: Tensor) => mul(a, sin(a)), () => mul(y, 3), (a: Tensor) => a], x)],
  definition: (x, y, n) => [where(less(n, 1), mul(x, sin(x)), where(less(n, 2), mul(y, 3), x))],
}

const linearChoice: Choice = {
  which: 'linear',
  f: (x, y, n) => [
    switchCase(n, [(a: Tensor, b: Tensor) => add(mul(a, 2), b), (a: Tensor, b: Tensor) => sub(b, a)], x, y),
  ],
  definition: (x, y, n) => [where(less(n, 1), add(mul(x, 2), y), sub(y, x))],
}

// ---------------------------------------------------------------- while

const doubling: Choice = {
  which: 'until 4',
  f: (x, y, n) => [
    ...whileLoop(
      ([count]: readonly [Tensor, Tensor]) => less(count, 4),
      ([count, a]) => [add(count, 1), tanh(add(mul(a, mild(y)), mild(x)))] as const,
      [n, x] as const,
    ),
  ],
  definition: (x, y, n) => {
    let [count, a] = [n, x]
    for (let i = 0; i < 5; i++) {
      const goes = less(count, 4)
      ;[count, a] = [where(goes, add(count, 1), count), where(goes, tanh(add(mul(a, mild(y)), mild(x))), a)]
    }
    return [count, a]
  },
}

// ---------------------------------------------------------------- checkpoint, barrier

const checkpointed = (a: Tensor, b: Tensor): Tensor => mul(tanh(mild(add(mul(a, mild(b)), a))), sin(b))

const checkpoints: readonly Choice[] = [
  {
    which: 'one',
    f: (x, y) => [checkpoint(checkpointed)(x, y)],
    definition: (x, y) => [checkpointed(x, y)],
  },
  {
    which: 'in a loop',
    f: (x, y) => [foriLoop(0, 3, (_, a: Tensor) => checkpoint((b: Tensor) => tanh(mul(b, mild(y))))(a), x)],
    definition: (x, y) => [[0, 1, 2].reduce((a) => tanh(mul(a, mild(y))), x)],
  },
]

const linearCheckpoint: Choice = {
  which: 'linear',
  f: (x, y) => [checkpoint((a: Tensor, b: Tensor) => sub(mul(a, 3), b))(x, y)],
  definition: (x, y) => [sub(mul(x, 3), y)],
}

const barriers = (fill: typeof tensorOf | typeof hostileTensor): fc.Arbitrary<Case> =>
  shapeArbitrary()
    .chain((shape) => fill(shape))
    .map((x) => ({ ...caseOf('barrier', [x], {}), definition: (xs: readonly Tensor[]) => xs }))

export const controlGenerators = {
  scan: {
    ...same(programs('scan', [recurrence(false), recurrence(true), late, nested, linearScan])),
    linear: programs('scan', [linearScan]),
  },
  cond: { ...same(programs('cond', [choice, three, linearChoice])), linear: programs('cond', [linearChoice]) },
  while: { ...same(programs('while', [doubling])), derivative: 'forwards' },
  checkpoint: {
    ...same(programs('checkpoint', [...checkpoints, linearCheckpoint])),
    linear: programs('checkpoint', [linearCheckpoint]),
  },
  barrier: { tame: barriers(tensorOf), hostile: barriers(hostileTensor), derivative: 'true' },
} satisfies Partial<Record<PrimitiveName, PrimitiveGenerator>>
