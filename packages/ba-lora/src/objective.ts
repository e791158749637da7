/*
 * Objectives as data: a list of named, weighted losses of one input. Joining two is concatenation (a Monoid);
 * feeding one from another input is `contramap` (Contravariant).
 */
import {
  ArgumentError,
  add,
  array,
  cast,
  mul,
  printAval,
  reshape,
  ShapeError,
  slice,
  type Tensor,
  zeros,
} from '@cotangent/core'
import type { Contravariant1, Monoid } from '@cotangent/prelude'
import type { Schedule } from './schedules.js'

/** A pure function of an input to one scalar. */
export type Loss<I> = (input: I) => Tensor

/** A loss with its name in logs and its weight over the run. */
export interface Term<I> {
  readonly name: string
  readonly weight: Schedule
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

/** Objectives of one input under concatenation; the empty one is the constant 0. */
export const getObjectiveMonoid = <I>(): Monoid<Objective<I>> => ({
  empty: [],
  concat: (x, y) => [...x, ...y],
})

/** An objective of I from one of J, and how to make a J of an I. */
export const objectiveContravariant: Contravariant1<ObjectiveURI> = {
  URI: objectiveURI,
  contramap: (objective, f) => objective.map(({ name, weight, loss }) => ({ name, weight, loss: (i) => loss(f(i)) })),
}

// ---------------------------------------------------------------- builders, for `pipe`

/**
 * An objective of one term, with weight 1.
 *
 * @example pipe(term('spread', ({ student }) => variance(student)), weighted(0.1))
 */
export const term = <I>(name: string, loss: Loss<I>): Objective<I> => [{ name, weight: () => 1, loss }]

/** Multiplies the weight of every term. */
export const weighted = (factor: number): (<I>(objective: Objective<I>) => Objective<I>) => scheduled(() => factor)

/** Multiplies the weight of every term by a schedule. */
export const scheduled =
  (schedule: Schedule) =>
  <I>(objective: Objective<I>): Objective<I> =>
    objective.map((each) => ({ ...each, weight: (t) => schedule(t) * each.weight(t) }))

/** Renames the only term; of several, puts the name in front: `name.term`. */
export const named =
  (name: string) =>
  <I>(objective: Objective<I>): Objective<I> =>
    objective.map((each) => ({ ...each, name: objective.length === 1 ? name : `${name}.${each.name}` }))

/** The objective of another input: `f` makes the one it takes. */
export const contramap =
  <I, J>(f: (input: J) => I) =>
  (objective: Objective<I>): Objective<J> =>
    objectiveContravariant.contramap(objective, f)

/**
 * Lets only some rows count, of those that count already.
 *
 * @param rows tells from the input which rows, [n]: bool, or 0 and 1
 * @example pipe(diversityTerm, masked(({ labels }) => notEqual(labels, 0)))
 */
export const masked =
  <I extends { readonly mask: Tensor | null }>(rows: (input: I) => Tensor) =>
  (objective: Objective<I>): Objective<I> =>
    contramap((input: I): I => {
      const chosen = rows(input)
      const { mask } = input
      return { ...input, mask: mask === null ? chosen : mul(cast(chosen, 'f32'), cast(mask, 'f32')) }
    })(objective)

// ---------------------------------------------------------------- evaluation

/** The weighted sum, and every term by itself, unweighted: scalars. */
export type Evaluation = {
  readonly total: Tensor
  readonly terms: Readonly<Record<string, Tensor>>
}

/**
 * The objective as a function that can be traced. The weights are an argument, so that they change without a new program.
 *
 * total = Σ_i weights_i · terms_i
 *
 * @param objective its names must differ
 * @returns takes the input and weights [terms] (see `weightsAt`)
 * @throws ArgumentError for a name that is there twice; ShapeError for a term that is no scalar, or weights that do not fit
 * @example evaluate(objective)(input, weightsAt(objective, step / steps)).total
 */
export const evaluate = <I>(objective: Objective<I>): ((input: I, weights: Tensor) => Evaluation) => {
  checkNames(objective)
  return (input, weights) => {
    checkWeights(objective, weights)
    const values = objective.map((each) => [each.name, valueOf(each, input)] as const)
    const parts = values.map(([, value], i) => mul(cast(weightAt(weights, i), value.dtype), value))
    const [first, ...rest] = parts
    return {
      total: first === undefined ? zeros([]) : rest.reduce((sum, part) => add(sum, part), first),
      terms: Object.fromEntries(values),
    }
  }
}

/**
 * The weights of all terms at a progress, in the order of the terms: f32 [terms].
 *
 * @param progress step / total steps, in [0, 1]
 * @throws ArgumentError for a progress outside of [0, 1], or a schedule that gives no finite number
 * @example weightsAt(objective, 0.5)
 */
export const weightsAt = <I>(objective: Objective<I>, progress: number): Tensor => {
  if (!(progress >= 0 && progress <= 1)) {
    throw new ArgumentError({
      op: 'weightsAt',
      expected: 'the progress must be from 0 to 1.',
      received: String(progress),
      todo: 'divide the step, counted from 0, by the steps in all',
    })
  }
  return array(objective.map((each) => finiteWeight(each, progress)))
}

const weightAt = (weights: Tensor, i: number): Tensor => reshape(slice(weights, [i], [i + 1]), [])

const valueOf = <I>({ name, loss }: Term<I>, input: I): Tensor => {
  const value = loss(input)
  if (value.rank === 0) return value
  throw new ShapeError({
    op: 'evaluate',
    expected: `the term "${name}" must be one scalar.`,
    received: printAval(value.aval),
    todo: 'reduce it with mean() or sum()',
  })
}

const finiteWeight = <I>({ name, weight }: Term<I>, progress: number): number => {
  const value = weight(progress)
  if (Number.isFinite(value)) return value
  throw new ArgumentError({
    op: 'weightsAt',
    expected: `the weight of "${name}" must be a finite number.`,
    received: `${value} at progress ${progress}`,
    todo: 'mend its schedule',
  })
}

const checkNames = <I>(objective: Objective<I>): void => {
  const names = objective.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return
  throw new ArgumentError({
    op: 'evaluate',
    expected: 'the terms of an objective must have different names.',
    received: `"${twice}" twice, among ${names.join(', ')}`,
    todo: "rename one: named('other')(objective)",
  })
}

const checkWeights = <I>(objective: Objective<I>, weights: Tensor): void => {
  if (weights.rank === 1 && weights.size === objective.length) return
  throw new ShapeError({
    op: 'evaluate',
    expected: `there must be one weight per term: [${objective.length}].`,
    received: printAval(weights.aval),
    todo: 'weightsAt(objective, progress) gives them',
  })
}
