import { type Evaluation, evaluate, type Objective } from '@cotangent/ba-lora'
import { mul, type Tensor, valueAndGradAux } from '@cotangent/core'
import { combine } from '@cotangent/nn'
import { applyUpdates, type GradientTransformation, globalNorm, type Schedule } from '@cotangent/optim'

/** What a step is made of. */
export interface StepParts<Batch, Input, S> {
  /** Makes the objective's input from the whole parameter tree. `null` as key means no dropout. */
  readonly forward: (params: unknown, frozen: unknown, batch: Batch, key: Tensor | null) => Input
  readonly objective: Objective<Input>
  /** Shape of the learning rate over steps, from 0 to 1; the peak is an input of the step. */
  readonly schedule: Schedule
  /** Makes the optimiser for a learning rate per step. */
  readonly optimizer: (rate: Schedule) => GradientTransformation<S>
}

/** What changes from step to step without a new program. */
export interface StepHyper {
  /** Peak learning rate, a scalar. */
  readonly rate: Tensor
  /** Weights of the objective's terms at this step, [terms]. */
  readonly weights: Tensor
  /** Key for dropout; `null` for none. */
  readonly key: Tensor | null
}

/** What a step gives back. */
export interface StepResult<S> {
  readonly trainable: unknown
  readonly state: S
  /** The weighted sum and every named term, scalars; unweighted. */
  readonly evaluation: Evaluation
  /** Global norm of the gradients before clipping, a scalar. */
  readonly gradientNorm: Tensor
}

/**
 * One training step as a pure function, so that it becomes one program: forward, objective, backward, optimiser.
 *
 * The parameter tree is the trainable leaves put together with the frozen ones (`partition`).
 *
 * @example const step = compile(trainingStep(parts), engine, { donate: [0, 1] })
 */
export const trainingStep = <Batch, Input, S>({
  forward,
  objective,
  schedule,
  optimizer,
}: StepParts<Batch, Input, S>) => {
  const total = evaluate(objective)
  return (trainable: unknown, state: S, frozen: FrozenParts, batch: Batch, hyper: StepHyper): StepResult<S> => {
    const loss = (params: unknown): readonly [Tensor, Evaluation] => {
      const whole = combine(params, frozen.params)
      const evaluation = total(forward(whole, frozen.teacher, batch, hyper.key), hyper.weights)
      return [evaluation.total, evaluation]
    }
    const [[, evaluation], gradients] = valueAndGradAux(loss)(trainable)
    const rule = optimizer((count) => mul(hyper.rate, schedule(count)))
    const [updates, next] = rule.update(gradients, state, trainable)
    return {
      trainable: applyUpdates(trainable, updates),
      state: next,
      evaluation,
      gradientNorm: globalNorm(gradients),
    }
  }
}

/** Parameters that a step reads and does not change. */
export interface FrozenParts {
  /** The leaves that are not trained, with `null` where a trained one belongs. */
  readonly params: unknown
  /** What the teacher has besides: the first copy of a trained head; `null` where its logits come with the batch. */
  readonly teacher: unknown
}
