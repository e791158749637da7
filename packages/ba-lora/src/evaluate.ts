/* An objective as a function that can be traced, and its weights over the run as data. */
import {
  ArgumentError,
  add,
  array,
  cast,
  mul,
  printAval,
  reshape,
  ShapeError,
  scope,
  slice,
  stopGradient,
  type Tensor,
  zeros,
} from '@cotangent/core'
import type { Loss, Objective, Term } from './objective.js'

/** The weighted sum, every term by itself, unweighted, and what each was multiplied with: scalars. */
export type Evaluation = {
  readonly total: Tensor
  readonly terms: Readonly<Record<string, Tensor>>
  readonly weights: Readonly<Record<string, Tensor>>
}

/**
 * The objective as a function that can be traced. The weights are an argument, so that they change without a new program.
 *
 * total = Σ_i weights_i · factor_i(input) · terms_i
 *
 * What a term computes is in a scope of its name: `findNaN` and `profile` tell which term an operation belongs to.
 *
 * @param objective its names must differ
 * @returns takes the input and weights [terms] (see `weightsAt`)
 * @throws ArgumentError for a name that is there twice; ShapeError for a term that is no scalar, or weights that do not fit
 * @example
 * const objective = weighted(3)(term('level', (x: Tensor) => mean(x)))
 * evaluate(objective)(array([1, 3]), weightsAt(objective, 0)).total // => 6
 */
export const evaluate = <I>(objective: Objective<I>): ((input: I, weights: Tensor) => Evaluation) => {
  checkNames(objective)
  return (input, weights) => {
    checkWeights(objective, weights)
    const parts = objective.map((each, i) =>
      scope(each.name, () => {
        const value = scalarOf(`the term "${each.name}"`, each.loss, input)
        const weight = factored(each, input, cast(weightAt(weights, i), value.dtype))
        return { name: each.name, value, weight, weighted: mul(weight, value) }
      }),
    )
    const [first, ...rest] = parts.map(({ weighted }) => weighted)
    return {
      total: first === undefined ? zeros([]) : rest.reduce((sum, part) => add(sum, part), first),
      terms: Object.fromEntries(parts.map(({ name, value }) => [name, value])),
      weights: Object.fromEntries(parts.map(({ name, weight }) => [name, weight])),
    }
  }
}

/**
 * The weights of all terms at a progress, in the order of the terms: f32 [terms].
 *
 * @param progress step / total steps, in [0, 1]
 * @throws ArgumentError for a progress outside of [0, 1], or a schedule that gives no finite number
 * @example weightsAt(scheduled((t) => 4 * t)(term('level', mean)), 0.5) // => [2]
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

const factored = <I>({ name, factor }: Term<I>, input: I, weight: Tensor): Tensor =>
  factor === undefined
    ? weight
    : mul(weight, cast(stopGradient(scalarOf(`the factor of "${name}"`, factor, input)), weight.dtype))

const scalarOf = <I>(what: string, loss: Loss<I>, input: I): Tensor => {
  const value = loss(input)
  if (value.rank === 0) return value
  throw new ShapeError({
    op: 'evaluate',
    expected: `${what} must be one scalar.`,
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
