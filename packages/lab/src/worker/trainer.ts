import { parameterCount } from '@cotangent/ba-lora'
import { array, compile, scalar, singularValues, type Tensor } from '@cotangent/core'
import type { GpuEngine } from '@cotangent/engine-gpu'
import { fineTuningStart, ownCopy, readTree, type StudyMethod, type StudySettings } from '@cotangent/experiment'
import type { BertConfig } from '@cotangent/transformer'
import type { LabData } from '../labFile.js'
import { rateOf, type TermName, termNames, type Weights } from '../settings.js'
import { batchesOf } from './batches.js'
import { labObjective, labStep } from './labStep.js'
import { free } from './trees.js'

/** What is trained, and from where. */
export interface Lab extends LabData {
  readonly config: BertConfig
  readonly settings: StudySettings
}

type State = ReturnType<ReturnType<typeof labStep>['optimizer']['init']>

/** Where a fine-tuning is. */
export interface Place {
  readonly method: StudyMethod
  /** Steps made. */
  readonly steps: number
  readonly trainable: unknown
  readonly state: State
  /** What a step reads and does not change. */
  readonly frozen: unknown
}

/** What a step showed. */
export interface Seen {
  readonly readings: Readonly<Record<TermName, number>>
  /** Singular values of the batch's logits, descending, and of the teacher's for the same mails. */
  readonly spectrum: readonly number[]
  readonly teacher: readonly number[]
}

/** A fine-tuning on an engine. */
export interface Trainer {
  readonly method: StudyMethod
  readonly trainable: number
  readonly steps: () => number
  readonly step: (weights: Weights) => Promise<Seen>
  /** Where it is, on the host. */
  readonly place: () => Promise<Place>
  /** Gives the device's memory back; the trainer is of no use afterwards. */
  readonly free: () => void
}

/** Fine-tunings on one engine: methods that train trees of one layout share a program. */
export interface Trainers {
  readonly begin: (place: Place) => Trainer
  /** Programs compiled so far for training steps. */
  readonly compilations: () => number
}

/** The start of a method. */
export const startOf = ({ config, settings, model }: Lab, method: StudyMethod): Place => {
  const [trainable, frozen] = fineTuningStart(method, config, settings, model, 0)
  return { method, steps: 0, trainable, state: labStep(config, settings).optimizer.init(trainable), frozen }
}

const readingsOf = (values: Tensor): Seen['readings'] => {
  const at = (name: TermName): number => Number(values.data[termNames.indexOf(name)])
  return {
    total: at('total'),
    task: at('task'),
    consistency: at('consistency'),
    diversity: at('diversity'),
    spectral: at('spectral'),
    gradient: at('gradient'),
  }
}

const spectrumOf = (logits: Tensor): readonly number[] => Array.from(singularValues(logits).data)

/**
 * The weights as the step takes them: in the order of the objective, the task's 1. As long as they are the same, so is the
 * tensor, and the device keeps it.
 */
const weightVectors = (lab: Lab): ((weights: Weights) => Tensor) => {
  const names = labObjective(lab.settings).map(({ name }) => name)
  const made = new WeakMap<Weights, Tensor>()
  return (weights) => {
    const byName: ReadonlyMap<string, number> = new Map(Object.entries(weights))
    const vector = made.get(weights) ?? array(names.map((name) => byName.get(name) ?? 1))
    made.set(weights, vector)
    return vector
  }
}

/** Fine-tunings of a lab on an engine. */
export const trainersOn = (lab: Lab, engine: GpuEngine): Trainers => {
  let compilations = 0
  const call = compile(labStep(lab.config, lab.settings).step, engine, {
    donate: [0, 1],
    onCompile: () => {
      compilations++
    },
  })
  const batchAt = batchesOf(lab.mails, lab.settings)
  const vectorOf = weightVectors(lab)

  const begin = ({ method, frozen, ...place }: Place): Trainer => {
    const rate = scalar(rateOf(method, lab.settings))
    let { steps } = place
    let [trainable, state] = ownCopy([place.trainable, place.state] as const)
    return {
      method,
      trainable: parameterCount(trainable),
      steps: () => steps,
      step: async (weights) => {
        const batch = batchAt(steps)
        const hyper = { rate, weights: vectorOf(weights), key: null }
        const next = await call(trainable, state, { params: frozen, teacher: null }, batch, hyper)
        trainable = next.trainable
        state = next.state
        steps++
        const [readings, logits] = await readTree([next.readings, next.logits] as const)
        free([next.readings, next.logits])
        return { readings: readingsOf(readings), spectrum: spectrumOf(logits), teacher: spectrumOf(batch.teacher) }
      },
      place: async () => {
        const held = await readTree([trainable, state] as const)
        return { method, steps, trainable: held[0], state: held[1], frozen }
      },
      free: () => free([trainable, state]),
    }
  }
  return { begin, compilations: () => compilations }
}
