/* The language-model form of the objective: losses of rows, one for each position, fed from [batch, seq, vocab]. */
import { ArgumentError, printAval, type Tensor } from '@cotangent/core'
import { pipe } from '@cotangent/prelude'
import { adaptiveFactor } from './losses/adaptiveFactor.js'
import { entropyDiversity } from './losses/entropyDiversity.js'
import { klConsistency } from './losses/klConsistency.js'
import { gaussianSketch, sketchWidth } from './losses/rangeFinder.js'
import { spectral } from './losses/spectral.js'
import { taskObjective } from './nlu.js'
import { contramap, type Objective, scheduled, term, weighted, weightedBy } from './objective.js'
import { type NlgInput, type PositionRows, positionRows } from './positions.js'
import { type CompleteNlgSettings, completeNlgSettings, type NlgSettings, scheduleOf, svdFor } from './settings.js'

/** Mean cross-entropy of the student with the token that follows, in nats: the term `task`. */
export const nextTokenObjective: Objective<NlgInput> = contramap(positionRows('aligned'))(taskObjective)

/** The three regularisers for language models, without the task. */
export const nlgRegularisers = (settings: NlgSettings): Objective<NlgInput> => {
  const complete = completeNlgSettings(settings)
  const { lambda1, lambda2, lambda3, schedule2, schedule3, variant } = complete
  return contramap(positionRows(variant))([
    ...pipe(consistencyOf(complete), weighted(lambda1)),
    ...pipe(diversityOf(complete), weighted(lambda2), scheduled(scheduleOf(schedule2))),
    ...pipe(spectralOf(complete), weighted(lambda3), scheduled(scheduleOf(schedule3))),
  ])
}

const consistencyOf = ({ temperature, schedule1 }: CompleteNlgSettings): Objective<PositionRows> => {
  const consistency = term('consistency', ({ student, teacher, mask }: PositionRows) =>
    klConsistency(student, teacher, { temperature, mask }),
  )
  return schedule1.kind === 'adaptive'
    ? weightedBy(adaptiveFactor({ ...schedule1, temperature }))(consistency)
    : scheduled(scheduleOf(schedule1))(consistency)
}

const diversityOf = ({ topK }: CompleteNlgSettings): Objective<PositionRows> =>
  term('diversity', ({ student, mask }) => entropyDiversity(student, { mask, ...(topK === 'all' ? {} : { topK }) }))

/** As in the paper, the norm is Frobenius wherever the SVD is randomised, also where that is exact. */
const spectralOf = (settings: CompleteNlgSettings): Objective<PositionRows> =>
  term('spectral', ({ student, mask, key }) => {
    const { k, norm } = settings
    if (svdFor(settings, student.shape[1] ?? 0) === 'exact') return spectral(student, { k, norm, mask })
    return spectral(student, { k, norm: 'frobenius', mask, sketch: sketchFor(student, k, key) })
  })

/** `null` where the subspace would be all there is. */
const sketchFor = (student: Tensor, k: number, key: Tensor | null): Tensor | null => {
  if (sketchWidth(student.shape, k) >= Math.min(...student.shape)) return null
  if (key !== null) return gaussianSketch(key, student.shape, k)
  throw new ArgumentError({
    op: 'baLora',
    expected: 'a randomised SVD needs a key.',
    received: `key null, for logits ${printAval(student.aval)}`,
    todo: "give the input a key of this step (foldIn(key, step)), or set svd to 'exact'",
  })
}
