import { type Objective, term, weightsAt } from '@cotangent/ba-lora'
import { array, compile, log, mean, referenceEngine, scalar, sqrt, square, sub, type Tensor } from '@cotangent/core'
import { sgd } from '@cotangent/optim'
import { E } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { type FitOptions, type FitResult, fit, type StepRecord } from './fit.js'
import { trainingStep } from './trainingStep.js'

interface Params {
  readonly w: Tensor
}

type Input = { readonly w: Tensor; readonly x: Tensor }

/** (w - x)², and its logarithm where a test wants a term that can fail. */
const squared = term('squared', ({ w, x }: Input) => mean(square(sub(w, x))))
const logarithm = term('logarithm', ({ x }: Input) => mean(log(x)))

const optimizer = (rate: (count: Tensor) => Tensor) => sgd({ learningRate: rate })

/** A fit of w, from 0, to the targets one by one: with a rate of ½ each step goes all the way. */
const fitTo = (
  targets: readonly number[],
  objective: Objective<Input>,
  change: Partial<Pick<FitOptions<Tensor, unknown>, 'onStep' | 'signal'>> = {},
  start: Params = { w: scalar(0) },
): Promise<E.Either<{ readonly message: string }, FitResult<unknown>>> => {
  const step = compile(
    trainingStep({
      // border: `combine` gives back the parameters
      forward: (params, _, x: Tensor): Input => ({ w: (params as Params).w, x }),
      objective,
      schedule: () => scalar(1),
      optimizer,
    }),
    referenceEngine(),
    { donate: [0, 1] },
  )
  return fit({
    step,
    trainable: start,
    state: optimizer(() => scalar(1)).init(start),
    frozen: { params: null, teacher: null },
    steps: targets.length,
    batchAt: (i) => array([targets[i] ?? 0]),
    hyperAt: (i) => ({ rate: scalar(0.5), weights: weightsAt(objective, i / targets.length), key: null }),
    ...change,
  })
}

describe('fit', () => {
  it('runs each step on its batch and keeps every value', async () => {
    const told: StepRecord[] = []
    const result = await fitTo([1, 3, 3], squared, { onStep: (record) => told.push(record) })
    if (E.isLeft(result)) throw new Error(result.left.message)
    // w: 0, 1, 3, 3; the slope is 2 (w - x)
    expect(result.right.records).toEqual([
      { step: 0, values: { total: 1, squared: 1 }, gradientNorm: 2 },
      { step: 1, values: { total: 4, squared: 4 }, gradientNorm: 4 },
      { step: 2, values: { total: 0, squared: 0 }, gradientNorm: 0 },
    ])
    expect(told).toEqual(result.right.records)
    expect((result.right.trainable as Params).w.item()).toBe(3) // border: the tree that was given
  })

  it('leaves the parameters that it was given readable, though the step donates', async () => {
    const start: Params = { w: scalar(0) }
    await fitTo([1], squared, {}, start)
    expect(start.w.item()).toBe(0)
  })

  it('stops at the first term that is not finite, and names it and the step', async () => {
    const told: number[] = []
    const objective = [...squared, ...logarithm]
    const result = await fitTo([1, 2, -1, 2], objective, { onStep: ({ step }) => told.push(step) })
    expect(E.isLeft(result) && result.left).toMatchObject({
      _tag: 'NonFinite',
      term: 'logarithm',
      step: 2,
      message: expect.stringContaining('NaN at step 2'),
    })
    expect(told).toEqual([0, 1])
  })

  it('names the gradient norm where every term is finite and its slope is not', async () => {
    // √w² at w = 0: its value is 0, its slope 0 / 0
    const hidden = term('hidden', ({ w }: Input) => sqrt(square(w)))
    const result = await fitTo([1], hidden)
    expect(E.isLeft(result) && result.left).toMatchObject({ _tag: 'NonFinite', term: 'gradient norm', step: 0 })
  })

  it('ends before the next step when it is told to stop', async () => {
    const controller = new AbortController()
    const told: number[] = []
    const onStep = ({ step }: StepRecord): void => {
      told.push(step)
      if (step === 1) controller.abort(new Error('enough'))
    }
    await expect(fitTo([1, 2, 3, 4], squared, { onStep, signal: controller.signal })).rejects.toThrow('enough')
    expect(told).toEqual([0, 1])
  })
})
