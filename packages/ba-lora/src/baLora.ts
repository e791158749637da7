import type { Tensor } from '@cotangent/core'
import { crossEntropy } from '@cotangent/nn'
import { concatAll, pipe } from '@cotangent/prelude'
import { consistency } from './losses/consistency.js'
import { diversity } from './losses/diversity.js'
import { spectral } from './losses/spectral.js'
import { getObjectiveMonoid, type Objective, scheduled, term, weighted } from './objective.js'
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

/** The three regularisers with their weights and schedules, without the task: `consistency`, `diversity`, `spectral`. */
export const regularisers = (settings: BaLoraSettings): Objective<NluInput> => {
  const { lambda1, lambda2, lambda3, k, norm, schedule1, schedule2, schedule3 } = completeSettings(settings)
  return concatAll(getObjectiveMonoid<NluInput>())([
    pipe(
      term('consistency', ({ student, teacher, mask }: NluInput) => consistency(student, teacher, { mask })),
      weighted(lambda1),
      scheduled(scheduleOf(schedule1)),
    ),
    pipe(
      term('diversity', ({ student, mask }: NluInput) => diversity(student, { mask })),
      weighted(lambda2),
      scheduled(scheduleOf(schedule2)),
    ),
    pipe(
      term('spectral', ({ student, mask }: NluInput) => spectral(student, { k, norm, mask })),
      weighted(lambda3),
      scheduled(scheduleOf(schedule3)),
    ),
  ])
}

/**
 * BA-LoRA's objective for classification: task <> consistency <> diversity <> spectral.
 *
 * L = L_task + λ1 L_consistency + λ2 L_diversity + λ3 L_spectral
 *
 * @see arXiv 2408.04556
 * @example evaluate(baLora({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 3 }))
 */
export const baLora = (settings: BaLoraSettings): Objective<NluInput> =>
  getObjectiveMonoid<NluInput>().concat(taskObjective, regularisers(settings))
