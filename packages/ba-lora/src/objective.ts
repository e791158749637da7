/*
 * Objectives as data: a list of named, weighted losses of one input. Joining two is concatenation (a Monoid);
 * feeding one from another input is `contramap` (Contravariant). `evaluate` makes a function of one.
 */
import { ArgumentError, cast, mul, type Tensor } from '@cotangent/core'
import type { Contravariant1, Monoid } from '@cotangent/prelude'
import type { Schedule } from './schedules.js'

/** A pure function of an input to one scalar. */
export type Loss<I> = (input: I) => Tensor

/** A loss with its name in logs and its weight over the run. */
export interface Term<I> {
  readonly name: string
  readonly weight: Schedule
  /** What the weight is multiplied with for this input; no gradient flows through it. 1 where there is none. */
  readonly factor?: Loss<I>
  readonly loss: Loss<I>
}

/** What is minimised: the weighted sum of its terms. */
export type Objective<I> = ReadonlyArray<Term<I>>

// ---------------------------------------------------------------- instances

/** The name of `Objective` among fp-ts' type constructors. */
export const objectiveURI = 'cotangent/Objective'
/** The type of that name. */
export type ObjectiveURI = typeof objectiveURI

declare module 'fp-ts/HKT.js' {
  interface URItoKind<A> {
    readonly 'cotangent/Objective': Objective<A>
  }
}

/**
 * Objectives of one input under concatenation; the empty one is the constant 0.
 *
 * @example
 * const both = getObjectiveMonoid<Tensor>().concat(term('level', mean), term('spread', variance))
 * both.map(({ name }) => name) // => ['level', 'spread']
 */
export const getObjectiveMonoid = <I>(): Monoid<Objective<I>> => ({
  empty: [],
  concat: (x, y) => [...x, ...y],
})

/**
 * An objective of I from one of J, and how to make a J of an I.
 *
 * @example
 * const ofSquares = objectiveContravariant.contramap(term('level', mean), square)
 * evaluate(ofSquares)(array([1, 3]), array([1])).total // => 5
 */
export const objectiveContravariant: Contravariant1<ObjectiveURI> = {
  URI: objectiveURI,
  contramap: (objective, f) =>
    objective.map(({ loss, factor, ...each }) => ({
      ...each,
      loss: (i) => loss(f(i)),
      ...(factor === undefined ? {} : { factor: (i) => factor(f(i)) }),
    })),
}

// ---------------------------------------------------------------- builders, for `pipe`

/**
 * An objective of one term, with weight 1.
 *
 * @example
 * const spread = pipe(term('spread', (x: Tensor) => variance(x)), weighted(0.5))
 * evaluate(spread)(array([1, 3]), weightsAt(spread, 0)).total // => 0.5
 */
export const term = <I>(name: string, loss: Loss<I>): Objective<I> => [{ name, weight: () => 1, loss }]

/**
 * Multiplies the weight of every term.
 *
 * @example weightsAt(weighted(3)(term('level', mean)), 0.5) // => [3]
 */
export const weighted = (factor: number): (<I>(objective: Objective<I>) => Objective<I>) => scheduled(() => factor)

/**
 * Multiplies the weight of every term by a schedule.
 *
 * @example
 * const objective = scheduled(linearWarmupSchedule(0.5))(term('level', mean))
 * weightsAt(objective, 0.25) // => [0.5]
 */
export const scheduled =
  (schedule: Schedule) =>
  <I>(objective: Objective<I>): Objective<I> =>
    objective.map((each) => ({ ...each, weight: (t) => schedule(t) * each.weight(t) }))

/**
 * Leaves every term out before a progress, from 0 to 1; from there on it counts as it did.
 *
 * @throws ArgumentError for a progress outside of [0, 1]
 * @example
 * const objective = onlyAfter(0.2)(weighted(3)(term('level', mean)))
 * const weights = [0.19, 0.2, 1].map((t) => weightsAt(objective, t).data[0])
 * weights // => [0, 3, 3]
 */
export const onlyAfter = (progress: number): (<I>(objective: Objective<I>) => Objective<I>) => {
  if (!(progress >= 0 && progress <= 1)) {
    throw new ArgumentError({
      op: 'onlyAfter',
      expected: 'the progress must be from 0 to 1.',
      received: String(progress),
      todo: 'divide the step by the steps in all',
    })
  }
  return <I>(objective: Objective<I>): Objective<I> =>
    objective.map((each) => ({ ...each, weight: (t) => (t < progress ? 0 : each.weight(t)) }))
}

/**
 * Multiplies the weight of every term by a scalar that is computed from the input. It weighs and is no loss: no gradient
 * flows through it.
 *
 * @example
 * const objective = weightedBy((x: Tensor) => max(x))(term('level', (x: Tensor) => mean(x)))
 * evaluate(objective)(array([1, 3]), array([1]))
 * // => { total: 6, terms: { level: 2 }, weights: { level: 3 } }
 */
export const weightedBy =
  <J>(factor: Loss<J>) =>
  <I extends J>(objective: Objective<I>): Objective<I> =>
    objective.map((each) => {
      const { factor: other } = each
      return { ...each, factor: other === undefined ? factor : (input) => mul(other(input), factor(input)) }
    })

/**
 * Renames the only term; of several, puts the name in front: `name.term`.
 *
 * @example named('mean')(term('level', mean)).map(({ name }) => name) // => ['mean']
 */
export const named =
  (name: string) =>
  <I>(objective: Objective<I>): Objective<I> =>
    objective.map((each) => ({ ...each, name: objective.length === 1 ? name : `${name}.${each.name}` }))

/**
 * The objective of another input: `f` makes the one it takes.
 *
 * @example
 * const ofBatch = contramap((batch: { readonly x: Tensor }) => batch.x)(term('level', mean))
 * evaluate(ofBatch)({ x: array([1, 3]) }, array([1])).total // => 2
 */
export const contramap =
  <I, J>(f: (input: J) => I) =>
  (objective: Objective<I>): Objective<J> =>
    objectiveContravariant.contramap(objective, f)

/**
 * Lets only some rows count, of those that count already.
 *
 * @param rows tells from the input which rows, of the shape of the mask: bool, or 0 and 1
 * @example
 * type Rows = { readonly student: Tensor; readonly mask: Tensor | null }
 * const counted = term('counted', ({ mask }: Rows) => (mask === null ? array(-1) : sum(cast(mask, 'f32'))))
 * const positive = masked(({ student }: Rows) => greater(student, 0))(counted)
 * const rows: Rows = { student: array([1, -1, 2]), mask: array([1, 1, 0]) }
 * evaluate(positive)(rows, array([1])).total // => 1
 */
export const masked =
  <I extends { readonly mask: Tensor | null }>(rows: (input: I) => Tensor) =>
  (objective: Objective<I>): Objective<I> =>
    contramap((input: I): I => {
      const chosen = rows(input)
      const { mask } = input
      return { ...input, mask: mask === null ? chosen : mul(cast(chosen, 'f32'), cast(mask, 'f32')) }
    })(objective)
