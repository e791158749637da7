/* The language-model objective without all logits at once: positions go through the heads in chunks. */
import {
  ArgumentError,
  cast,
  div,
  maximum,
  mul,
  scope,
  slice,
  stopGradient,
  sum,
  type Tensor,
  zeros,
} from '@cotangent/core'
import { baLora } from './baLora.js'
import { type Evaluation, evaluate } from './evaluate.js'
import { chunked, spectralInChunks, sumOverChunks } from './losses/chunks.js'
import { spectral } from './losses/spectral.js'
import { meanRegularisers, spectrumOf } from './nlg.js'
import { taskObjective } from './nlu.js'
import type { Objective, Term } from './objective.js'
import { type NlgInput, type PositionRows, positionRows } from './positions.js'
import { type CompleteNlgSettings, completeNlgSettings, type NlgSettings } from './settings.js'

/** Maps what goes into a head to logits: [m, embed] -> [m, vocab]. */
export type Head = (states: Tensor) => Tensor

/** What the language-model form looks at, one step before the logits. */
export type NlgStates = Pick<NlgInput, 'labels' | 'mask' | 'key'> & {
  /** Last hidden states of the model that is trained, [batch, seq, embed]. */
  readonly student: Tensor
  /** Last hidden states of the original model, [batch, seq, embed]. */
  readonly teacher: Tensor
  readonly studentHead: Head
  readonly teacherHead: Head
}

/** A chunk of positions, with the masks of those that the task and the regularisers look at. */
type Chunk = Pick<PositionRows, 'student' | 'teacher' | 'labels'> & { readonly task: Tensor; readonly regular: Tensor }

/** A term that is a mean over rows, and which rows those are. */
interface MeanTerm {
  readonly term: Term<PositionRows>
  readonly view: 'task' | 'regular'
}

/**
 * `evaluate(baLora(settings))` with the memory of a chunk: logits over the vocabulary are made for some positions at a
 * time, and once more for the backward pass, by a loop that stays a loop on every engine. Values and gradients are the
 * same.
 *
 * The spectral term looks at all positions at once. Where its SVD is randomised, it goes through the chunks seven times;
 * where it is exact, for small vocabularies, its logits are made as a whole.
 *
 * @param size positions to a chunk; their logits are [size, vocab]
 * @returns takes states with the heads that make logits of them, and weights [4] (`weightsAt(baLora(settings), progress)`)
 * @throws ArgumentError unless the size is a whole number above 0; else as `evaluate`
 * @example
 * const settings: NlgSettings = { form: 'nlg', lambda1: 0.1, lambda2: 0.1, lambda3: 0.1, k: 1 }
 * const head: Head = (states) => matmul(states, array([[1, 0, 2], [0, 1, 1]]))
 * const states = array([[[1, 2], [3, 4], [5, 6]]])
 * const input = { student: states, teacher: states, labels: array([[0, 1, 2]], 'i32'), mask: null, key: null }
 * const weights = weightsAt(baLora(settings), 1)
 * const whole = { ...input, student: head(states), teacher: head(states) }
 * const inTwo = evaluateInChunks(settings, 2)({ ...input, studentHead: head, teacherHead: head }, weights)
 * inTwo.total // => evaluate(baLora(settings))(whole, weights).total.item()
 */
export const evaluateInChunks = (
  settings: NlgSettings,
  size: number,
): ((input: NlgStates, weights: Tensor) => Evaluation) => {
  checkSize(size)
  const complete = completeNlgSettings(settings)
  const means: readonly MeanTerm[] = [
    ...taskObjective.map((term) => ({ term, view: 'task' as const })),
    ...meanRegularisers(complete).map((term) => ({ term, view: 'regular' as const })),
  ]
  const total = evaluate(ofValues(baLora(settings)))
  return (input, weights) => {
    const [task, regular] = [positionRows('aligned')(input), positionRows(complete.variant)(input)]
    const values = {
      ...meansInChunks(means, input, task, regular, size),
      spectral: scope('spectral', () => spectralOf(complete, input.studentHead, regular, size)),
    }
    return total(values, weights)
  }
}

const checkSize = (size: number): void => {
  if (Number.isInteger(size) && size > 0) return
  throw new ArgumentError({
    op: 'evaluateInChunks',
    expected: 'the size of a chunk must be a whole number above 0.',
    received: `size ${size}`,
    todo: 'choose it so that a few tensors [size, vocab] fit into memory: 64 to 512',
  })
}

/** Values by name; a term's factor under a name of its own. */
type Values = Readonly<Record<string, Tensor>>

const factorOf = (name: string): string => `factor of ${name}`

const valueOf =
  (name: string) =>
  (values: Values): Tensor => {
    const value = values[name]
    if (value === undefined) throw new Error(`no value of ${name}`)
    return value
  }

/** The same names, weights and factors, of values that are there. */
const ofValues = (objective: Objective<never>): Objective<Values> =>
  objective.map(({ name, weight, factor }) => ({
    name,
    weight,
    loss: valueOf(name),
    ...(factor === undefined ? {} : { factor: valueOf(factorOf(name)) }),
  }))

/** Each term, and each factor, as its mean over the rows that count: Σ over chunks of count · mean, over Σ count. */
const meansInChunks = (
  means: readonly MeanTerm[],
  { studentHead, teacherHead }: NlgStates,
  task: PositionRows,
  regular: PositionRows,
  size: number,
): Values => {
  const { dtype } = task.student
  const chunks: Chunk = {
    student: chunked(task.student, size),
    teacher: chunked(stopGradient(task.teacher), size),
    labels: chunked(task.labels, size),
    task: chunked(task.mask, size),
    regular: chunked(regular.mask, size),
  }
  const parts = means.flatMap(({ term: { name, loss, factor }, view }) => [
    { name, view, of: loss },
    ...(factor === undefined
      ? []
      : [{ name: factorOf(name), view, of: (rows: PositionRows) => stopGradient(factor(rows)) }]),
  ])
  const countOf = (mask: Tensor): Tensor => sum(cast(mask, dtype))
  const sums = sumOverChunks(
    ({ student, teacher, labels, ...masks }: Chunk) => {
      const logits = { student: studentHead(student), teacher: teacherHead(teacher), labels, key: null }
      return parts.map(({ name, view, of }) =>
        scope(name, () => mul(of({ ...logits, mask: masks[view] }), countOf(masks[view]))),
      )
    },
    parts.map(() => zeros([], dtype)),
    chunks,
  )
  const counts = { task: countOf(task.mask), regular: countOf(regular.mask) }
  return Object.fromEntries(
    parts.map(({ name, view }, i) => [name, div(sums[i] ?? zeros([], dtype), maximum(counts[view], 1))]),
  )
}

const spectralOf = (
  settings: CompleteNlgSettings,
  head: Head,
  { student, mask, key }: PositionRows,
  size: number,
): Tensor => {
  const [n = 0, embed = 0] = student.shape
  const [, words = 0] = head(slice(student, [0, 0], [1, embed])).shape // only its shape is used
  const { k } = settings
  const { norm, sketch } = spectrumOf(settings, [n, words], key)
  return sketch === null
    ? spectral(head(student), { k, norm, mask })
    : spectralInChunks({ states: student, mask, head, shape: [n, words], size }, k, sketch)
}
