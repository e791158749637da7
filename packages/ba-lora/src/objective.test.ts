import { array, cast, grad, mul, sum, type Tensor } from '@cotangent/core'
import { pipe } from '@cotangent/prelude'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, weightsAt } from './evaluate.js'
import {
  contramap,
  getObjectiveMonoid,
  masked,
  named,
  type Objective,
  objectiveContravariant,
  onlyAfter,
  scheduled,
  term,
  weighted,
  weightedBy,
} from './objective.js'

type Input = { readonly x: number; readonly mask: Tensor | null }
const runs = { numRuns: 100, seed: 1 }

const small = fc.integer({ min: -4, max: 4 })
const whole = (f: (x: number) => number) => (x: number) => array(f(x))

/** Objectives of random terms: coefficient · x, with weight w0 + w1 t, some of them times x + factor. */
const objectives: fc.Arbitrary<Objective<number>> = fc
  .array(fc.tuple(small, small, small, fc.option(small)), { maxLength: 4 })
  .map((parts) =>
    parts.flatMap(([coefficient, w0, w1, factor], i) =>
      pipe(
        term(
          `t${i}`,
          whole((x) => coefficient * x),
        ),
        scheduled((t) => w0 + w1 * t),
        factor === null ? (same) => same : weightedBy(whole((x) => x + factor)),
      ),
    ),
  )

/** Two objectives are equal if they have the same names, weights, factors and values. */
const observed = (objective: Objective<number>): unknown =>
  [0, 0.2, 0.5, 1].map((t) =>
    objective.map(({ name, weight, factor, loss }) => [
      name,
      weight(t) + 0, // no -0
      ...[3, -1].map((x) => [loss(x).item(), (factor?.(x).item() ?? 1) + 0]),
    ]),
  )

const totalOf = (objective: Objective<number>, x: number, t: number): number =>
  evaluate(objective.map((each, i) => ({ ...each, name: `${i}` })))(x, weightsAt(objective, t)).total.item()

describe('objectives are a monoid', () => {
  const { concat, empty } = getObjectiveMonoid<number>()

  it('associative, with the empty one as unit', () => {
    fc.assert(
      fc.property(objectives, objectives, objectives, (a, b, c) => {
        expect(observed(concat(concat(a, b), c))).toEqual(observed(concat(a, concat(b, c))))
        expect(observed(concat(empty, a))).toEqual(observed(a))
        expect(observed(concat(a, empty))).toEqual(observed(a))
      }),
      runs,
    )
  })

  it('whose value is the sum', () => {
    fc.assert(
      fc.property(
        objectives,
        objectives,
        fc.integer({ min: -5, max: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, b, x, t) => {
          expect(totalOf(concat(a, b), x, t)).toBeCloseTo(totalOf(a, x, t) + totalOf(b, x, t), 3)
        },
      ),
      runs,
    )
    expect(totalOf(empty, 1, 0)).toBe(0)
  })
})

describe('objectives are contravariant', () => {
  const [f, g] = [(x: number) => x + 1, (x: number) => 2 * x]
  const { contramap: map } = objectiveContravariant

  it('identity and composition', () => {
    fc.assert(
      fc.property(objectives, (a) => {
        expect(observed(map(a, (x: number) => x))).toEqual(observed(a))
        expect(observed(map(map(a, f), g))).toEqual(observed(map(a, (x: number) => f(g(x)))))
        expect(observed(contramap(f)(a))).toEqual(observed(map(a, f)))
      }),
      runs,
    )
  })

  it('over the monoid', () => {
    const { concat } = getObjectiveMonoid<number>()
    fc.assert(
      fc.property(objectives, objectives, (a, b) => {
        expect(observed(map(concat(a, b), f))).toEqual(observed(concat(map(a, f), map(b, f))))
      }),
      runs,
    )
  })
})

describe('builders are homomorphisms', () => {
  const { concat } = getObjectiveMonoid<number>()
  type Builder = (objective: Objective<number>) => Objective<number>
  const builders: fc.Arbitrary<Builder> = fc.oneof(
    small.map((a): Builder => weighted(a)),
    small.map((a): Builder => scheduled((t) => a * t)),
    fc.constantFrom(0, 0.2, 0.5, 1).map((p): Builder => onlyAfter(p)),
    small.map((a): Builder => weightedBy(whole((x) => a * x))),
    small.map((a): Builder => contramap((x: number) => x + a)),
  )

  it('of the monoid: b(x <> y) = b(x) <> b(y)', () => {
    fc.assert(
      fc.property(objectives, objectives, builders, (x, y, build) => {
        expect(observed(build(concat(x, y)))).toEqual(observed(concat(build(x), build(y))))
        expect(build([])).toEqual([])
      }),
      runs,
    )
  })

  it('and of what they are made of', () => {
    const shares = fc.constantFrom(0, 0.1, 0.2, 0.4, 0.5, 1)
    fc.assert(
      fc.property(objectives, small, small, shares, shares, (x, a, b, p, q) => {
        const same = (left: Objective<number>, right: Objective<number>): void =>
          expect(observed(left)).toEqual(observed(right))
        same(weighted(1)(x), x)
        same(weighted(a)(weighted(b)(x)), weighted(a * b)(x))
        same(scheduled(() => a)(x), weighted(a)(x))
        same(onlyAfter(0)(x), x)
        same(onlyAfter(p)(onlyAfter(q)(x)), onlyAfter(Math.max(p, q))(x))
        same(onlyAfter(p)(x), scheduled((t) => Number(t >= p))(x))
        same(
          weightedBy(whole((i) => a * i))(weightedBy(whole((i) => i - b))(x)),
          weightedBy(whole((i) => a * i * (i - b)))(x),
        )
        // contramap passes what weighs through too
        same(
          contramap((i: number) => i + a)(weightedBy(whole((i) => b * i))(x)),
          weightedBy(whole((i) => b * (i + a)))(contramap((i: number) => i + a)(x)),
        )
      }),
      runs,
    )
  })
})

describe('builders', () => {
  const one = term('one', ({ x }: Input) => array(x))
  const rows = term('rows', ({ mask }: Input) => (mask === null ? array(-1) : sum(cast(mask, 'f32'))))

  it('weigh by numbers and by schedules', () => {
    const objective = pipe(
      one,
      weighted(3),
      scheduled((t) => t),
      weighted(2),
    )
    expect(weightsAt(objective, 0.5).toArray()).toEqual([3])
    expect(evaluate(objective)({ x: 5, mask: null }, weightsAt(objective, 0.5)).total.item()).toBe(15)
  })

  it('weigh by the input, without a gradient of the weight', () => {
    const objective = weightedBy((x: Tensor) => mul(x, x))(weighted(2)(term('level', (x: Tensor) => mul(x, 3))))
    const { total, terms, weights } = evaluate(objective)(array(5), weightsAt(objective, 0))
    expect([total, terms.level, weights.level].map((x) => x?.item())).toEqual([2 * 25 * 15, 15, 50])
    expect(grad((x: Tensor) => evaluate(objective)(x, array([2])).total)(array(5)).item()).toBe(2 * 25 * 3)
  })

  it('leave terms out before their time', () => {
    const objective = pipe(one, weighted(3), onlyAfter(0.3))
    expect([0, 0.29, 0.3, 1].map((t) => weightsAt(objective, t).item())).toEqual([0, 0, 3, 3])
    const unused = onlyAfter(0.5)(scheduled((t) => 1 / Math.max(0, t - 0.4))(one)) // infinite, but not yet asked for
    expect(weightsAt(unused, 0.2).item()).toBe(0)
  })

  it('name one term, or put a name in front of several', () => {
    expect(named('other')(one).map(({ name }) => name)).toEqual(['other'])
    expect(named('hidden')([...one, ...rows]).map(({ name }) => name)).toEqual(['hidden.one', 'hidden.rows'])
  })

  it('mask rows besides those that are masked already', () => {
    const some = masked((_: Input) => array([true, false, true]))(rows)
    const value = (mask: Tensor | null): unknown => evaluate(some)({ x: 0, mask }, array([1])).total.item()
    expect(value(null)).toBe(2)
    expect(value(array([1, 1, 0]))).toBe(1)
  })
})

describe('what cannot be evaluated is refused', () => {
  const one = term('one', (x: Tensor) => x)

  it('by name', () => {
    expect(() => evaluate([...one, ...one])).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: evaluate: the terms of an objective must have different names.
        received  "one" twice, among one, one
        to do     rename one: named('other')(objective)]
    `)
    expect(() => evaluate(one)(array([1, 2]), array([1]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: evaluate: the term "one" must be one scalar.
        received  f32[2]
        to do     reduce it with mean() or sum()]
    `)
    expect(() => evaluate(one)(array(1), array([1, 2]))).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: evaluate: there must be one weight per term: [1].
        received  f32[2]
        to do     weightsAt(objective, progress) gives them]
    `)
    expect(() =>
      evaluate(weightedBy((x: Tensor) => x)(term('sum', (x: Tensor) => sum(x))))(array([1, 2]), array([1])),
    ).toThrowErrorMatchingInlineSnapshot(`
      [ShapeError: evaluate: the factor of "sum" must be one scalar.
        received  f32[2]
        to do     reduce it with mean() or sum()]
    `)
    expect(() => onlyAfter(20)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: onlyAfter: the progress must be from 0 to 1.
        received  20
        to do     divide the step by the steps in all]
    `)
    expect(() => weightsAt(one, 1.5)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: weightsAt: the progress must be from 0 to 1.
        received  1.5
        to do     divide the step, counted from 0, by the steps in all]
    `)
    expect(() => weightsAt(scheduled((t) => 1 / t)(one), 0)).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: weightsAt: the weight of "one" must be a finite number.
        received  Infinity at progress 0
        to do     mend its schedule]
    `)
  })
})
