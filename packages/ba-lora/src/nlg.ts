/* The language-model form of the objective: losses of rows, one for each position, fed from [batch, seq, vocab]. */
import { ArgumentError, type Tensor } from '@cotangent/core'
import { pipe } from '@cotangent/prelude'
import { adaptiveFactor } from './losses/adaptiveFactor.js'
import { entropyDiversity } from './losses/entropyDiversity.js'
import { klConsistency } from './losses/klConsistency.js'
import { gaussianSketch, sketchWidth } from './losses/rangeFinder.js'
import { type SpectralNorm, spectral } from './losses/spectral.js'
import { taskObjective } from './nlu.js'
import { contramap, type Objective, scheduled, term, weighted, weightedBy } from './objective.js'
import { type NlgInput, type PositionRows, positionRows } from './positions.js'
import { type CompleteNlgSettings, completeNlgSettings, type NlgSettings, scheduleOf, svdFor } from './settings.js'

/** Mean cross-entropy of the student with the token that follows, in nats: the term `task`. */
export const nextTokenObjective: Objective<NlgInput> = contramap(positionRows('aligned'))(taskObjective)

/** The three regularisers for language models, without the task. */
export const nlgRegularisers = (settings: NlgSettings): Objective<NlgInput> => {
  const complete = completeNlgSettings(settings)
  return contramap(positionRows(complete.variant))([...meanRegularisers(complete), ...spectralRegulariser(complete)])
}

/** Those that are means over the positions that count: `consistency` and `diversity`. */
export const meanRegularisers = (settings: CompleteNlgSettings): Objective<PositionRows> => {
  const { lambda1, lambda2, schedule1, schedule2, temperature, topK } = settings
  const consistency = term('consistency', ({ student, teacher, mask }: PositionRows) =>
    klConsistency(student, teacher, { temperature, mask }),
  )
  const diversity = term('diversity', ({ student, mask }: PositionRows) =>
    entropyDiversity(student, { mask, ...(topK === 'all' ? {} : { topK }) }),
  )
  return [
    ...pipe(
      consistency,
      weighted(lambda1),
      schedule1.kind === 'adaptive'
        ? weightedBy(adaptiveFactor({ ...schedule1, temperature }))
        : scheduled(scheduleOf(schedule1)),
    ),
    ...pipe(diversity, weighted(lambda2), scheduled(scheduleOf(schedule2))),
  ]
}

/** The one that looks at all positions at once: `spectral`. */
export const spectralRegulariser = (settings: CompleteNlgSettings): Objective<PositionRows> => {
  const { k, lambda3, schedule3 } = settings
  const spectralTerm = term('spectral', ({ student, mask, key }: PositionRows) =>
    spectral(student, { k, mask, ...spectrumOf(settings, student.shape, key) }),
  )
  return pipe(spectralTerm, weighted(lambda3), scheduled(scheduleOf(schedule3)))
}

/**
 * How the singular values of logits [n, d] are found, and the norm. As in the paper, it is Frobenius wherever the SVD is
 * randomised, also where that is exact: where the subspace would be all there is.
 */
export const spectrumOf = (
  settings: CompleteNlgSettings,
  shape: readonly number[],
  key: Tensor | null,
): { readonly norm: SpectralNorm; readonly sketch: Tensor | null } => {
  const { k, norm } = settings
  const [, words = 0] = shape
  if (svdFor(settings, words) === 'exact') return { norm, sketch: null }
  if (sketchWidth(shape, k) >= Math.min(...shape)) return { norm: 'frobenius', sketch: null }
  if (key !== null) return { norm: 'frobenius', sketch: gaussianSketch(key, shape, k) }
  throw new ArgumentError({
    op: 'baLora',
    expected: 'a randomised SVD needs a key.',
    received: `key null, for logits [${shape.join(',')}]`,
    todo: "give the input a key of this step (foldIn(key, step)), or set svd to 'exact'",
  })
}
