import { nextTokenObjective, nlgRegularisers } from './nlg.js'
import { type NluInput, nluRegularisers, taskObjective } from './nlu.js'
import { getObjectiveMonoid, type Objective } from './objective.js'
import type { NlgInput } from './positions.js'
import type { BaLoraSettings, NlgSettings } from './settings.js'

/**
 * The three regularisers with their weights and schedules, without the task: `consistency`, `diversity`, `spectral`. For
 * classification, or with `form: 'nlg'` for language models.
 *
 * @example regularisers({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 3 }).map(({ name }) => name)
 * // => ['consistency', 'diversity', 'spectral']
 */
export function regularisers(settings: BaLoraSettings): Objective<NluInput>
export function regularisers(settings: NlgSettings): Objective<NlgInput>
export function regularisers(settings: BaLoraSettings | NlgSettings): Objective<NluInput> | Objective<NlgInput> {
  return settings.form === 'nlg' ? nlgRegularisers(settings) : nluRegularisers(settings)
}

/**
 * BA-LoRA's objective: task <> consistency <> diversity <> spectral. For classification, or with `form: 'nlg'` for
 * language models.
 *
 * L = L_task + λ1 L_consistency + λ2 L_diversity + λ3 L_spectral
 *
 * @see arXiv 2408.04556
 * @example
 * const objective = baLora({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 3 })
 * weightsAt(objective, 0) // => [1, 0.1, 0, 0]
 * const forText = baLora({ form: 'nlg', lambda1: 0.025, lambda2: 0.005, lambda3: 0.005, k: 10 })
 * weightsAt(forText, 1) // => [1, 0.0025, 0.005, 0.005]
 */
export function baLora(settings: BaLoraSettings): Objective<NluInput>
export function baLora(settings: NlgSettings): Objective<NlgInput>
export function baLora(settings: BaLoraSettings | NlgSettings): Objective<NluInput> | Objective<NlgInput> {
  return settings.form === 'nlg'
    ? getObjectiveMonoid<NlgInput>().concat(nextTokenObjective, nlgRegularisers(settings))
    : getObjectiveMonoid<NluInput>().concat(taskObjective, nluRegularisers(settings))
}
