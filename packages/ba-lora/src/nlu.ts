/* The classification form of the objective. Letters: n rows (examples), d classes. */
import type { Tensor } from '@cotangent/core'
import { crossEntropy } from '@cotangent/nn'
import { pipe } from '@cotangent/prelude'
import { consistency } from './losses/consistency.js'
import { diversity } from './losses/diversity.js'
import { spectral } from './losses/spectral.js'
import { type Objective, scheduled, term, weighted } from './objective.js'
import { type BaLoraSettings, completeSettings, scheduleOf } from './settings.js'

/** What the classification form of the objective looks at: n rows, d classes. */
export type NluInput = {
  /** Logits of the model that is trained, [n, d]. */
  readonly student: Tensor
  /** Logits of the original model, [n, d]. */
  readonly teacher: Tensor
  /** i32 [n]; -100 does not count for the task. */
  readonly labels: Tensor
  /** Which rows count, [n]: bool, or 0 and 1; `null` for all. */
  readonly mask: Tensor | null
}

const rowsOf = ({ mask }: NluInput): { readonly mask?: Tensor } => (mask === null ? {} : { mask })

/** Mean cross-entropy of the student, in nats: the term `task`. */
export const taskObjective: Objective<NluInput> = term('task', (input) =>
  crossEntropy(input.student, input.labels, rowsOf(input)),
)

/** The three regularisers for classification, without the task. */
export const nluRegularisers = (settings: BaLoraSettings): Objective<NluInput> => {
  const { lambda1, lambda2, lambda3, k, norm, schedule1, schedule2, schedule3 } = completeSettings(settings)
  return [
    ...pipe(
      term('consistency', ({ student, teacher, mask }: NluInput) => consistency(student, teacher, { mask })),
      weighted(lambda1),
      scheduled(scheduleOf(schedule1)),
    ),
    ...pipe(
      term('diversity', ({ student, mask }: NluInput) => diversity(student, { mask })),
      weighted(lambda2),
      scheduled(scheduleOf(schedule2)),
    ),
    ...pipe(
      term('spectral', ({ student, mask }: NluInput) => spectral(student, { k, norm, mask })),
      weighted(lambda3),
      scheduled(scheduleOf(schedule3)),
    ),
  ]
}
