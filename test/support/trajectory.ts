/* Whole training runs, step by step, against the reference's. */
import { dottedName, type Evaluation, evaluate, type Objective, weightsAt } from '@cotangent/ba-lora'
import { array, compile, type Engine, mul, type Tensor, treeEntries, valueAndGradAux } from '@cotangent/core'
import { combine, type Part, partition } from '@cotangent/nn'
import { adamw, applyUpdates, chain, clipByGlobalNorm, globalNorm, type Schedule, warmupCosine } from '@cotangent/optim'
import { decode, open, readonlyList, t } from '@cotangent/prelude'
import { expect } from 'vitest'
import { fixtureJson, fixtureTensors, need, right, scaledError } from './fixtures.js'

const Run = open({
  settings: open({
    lr: t.number,
    weight_decay: t.number,
    steps: t.number,
    lr_warmup_steps: t.number,
    max_grad_norm: t.union([t.number, t.null]),
    lambdas: readonlyList(t.number),
    temperature: t.number,
    top_k_entropy: t.union([t.number, t.null]),
    k: t.number,
    focus_warmup: t.number,
    focus_ramp: t.number,
  }),
  trace: t.record(t.string, readonlyList(t.number)),
})

/** What the reference was run with. */
export type RunSettings = t.TypeOf<typeof Run>['settings']

export const runSettings = (name: string): RunSettings =>
  right(decode(Run, fixtureJson(`training/${name}/run.json`))).settings

/** ±1 per rank and factor path, so that our PiSSA has the signs of the reference's. */
type Signs = (path: string, x: Tensor) => Tensor

export const asIs: Signs = (_, x) => x

/** The signs of the factors that a folder starts from. */
export const signsLike = (params: unknown, name: string): Signs => {
  const theirs = fixtureTensors(`training/${name}/init/adapter_model.safetensors`)
  return (path, x) => {
    if (!/\.weight\.[ab]$/.test(path)) return x
    const first = path.replace(/[ab]$/, 'a')
    const ours = need(new Map(treeEntries(params)), first)
    const other = need(theirs, keyOf(first, true))
    const [rank = 0, width = 0] = ours.shape
    const signs = Array.from({ length: rank }, (_, r) => {
      let dot = 0
      for (let j = 0; j < width; j++) dot += (ours.data[r * width + j] ?? 0) * (other.data[r * width + j] ?? 0)
      return Math.sign(dot)
    })
    return mul(x, path.endsWith('.a') ? array(signs.map((s) => [s])) : array([signs]))
  }
}

/** PEFT's key, or the base model's name, of a trained leaf. */
const keyOf = (path: string, adapted: boolean): string => {
  const name = dottedName(path)
    .replace(/weight\.a$/, 'lora_A.weight')
    .replace(/weight\.b$/, 'lora_B.weight')
  return adapted ? `base_model.model.${name}` : name
}

/** One run: what is trained, on what, for which objective. */
export interface Trajectory<Params, Frozen, Batch, Input> {
  /** Its folder in the reference data. */
  readonly name: string
  /** Whether adapters are trained, so that the files hold PEFT's keys. */
  readonly adapted: boolean
  readonly params: Params
  readonly trained: (path: string) => boolean
  readonly signs: Signs
  readonly objective: Objective<Input>
  /** What `forward` sees besides and is not trained. */
  readonly frozen: Frozen
  readonly forward: (params: Params, frozen: Frozen, batch: Batch) => Input
  readonly batchAt: (file: ReadonlyMap<string, Tensor>, step: number) => Batch
  /** Keys of leaves whose gradient is rounding noise, which AdamW turns into steps. */
  readonly isNoise?: (key: string) => boolean
}

/** Forward of student and teacher, objective, backward, clipping, AdamW: one function, so one program. */
const makeStep = <P, F, B, I>(
  { objective, forward }: Trajectory<P, F, B, I>,
  rate: Schedule,
  settings: RunSettings,
) => {
  const optimiser = chain(
    clipByGlobalNorm(settings.max_grad_norm ?? Number.MAX_VALUE),
    adamw({ learningRate: rate, weightDecay: settings.weight_decay }),
  )
  const total = evaluate(objective)
  const step = (
    trained: Part<P>,
    state: ReturnType<typeof optimiser.init>,
    untrained: Part<P>,
    frozen: F,
    batch: B,
    weights: Tensor,
  ) => {
    const loss = (part: Part<P>): readonly [Tensor, Evaluation] => {
      const evaluation = total(forward(combine<P>(part, untrained), frozen, batch), weights)
      return [evaluation.total, evaluation]
    }
    const [[, evaluation], gradients] = valueAndGradAux(loss)(trained)
    const [updates, next] = optimiser.update(gradients, state, trained)
    return {
      trained: applyUpdates(trained, updates),
      state: next,
      evaluation,
      gradients,
      gradientNorm: globalNorm(gradients),
      rate: rate(state[1][2].count),
    }
  }
  return { step, init: optimiser.init }
}

/** What the reference calls our terms. */
const tracedTerms = { task: 'task', consistency: 'consistency', diversity: 'diversity', spectral: 'svd' } as const
const tracedWeights = { consistency: 'lambda1', diversity: 'lambda2', spectral: 'lambda3' } as const

/** The reference stores gradients of these steps; at 8 every regulariser is on. */
const stored = [0, 8]

/**
 * Runs it on an engine. Loss, terms, weights, gradient norm and learning rate must be the reference's at every step, so
 * must gradients and, at the end, what was trained. The bounds are those of a float32 computation whose sums run in
 * another order: 2e-5 for losses, 1e-4 of the largest for gradients and weights.
 *
 * @returns how many programs it took
 */
export const follow = async <P, F, B, I>(run: Trajectory<P, F, B, I>, engine: Engine): Promise<number> => {
  const { name, adapted, params, objective, signs, isNoise = () => false } = run
  const { settings, trace } = right(decode(Run, fixtureJson(`training/${name}/run.json`)))
  const { lr: peak, lr_warmup_steps: warmupSteps, steps: totalSteps } = settings
  const batches = fixtureTensors(`training/${name}/batches.safetensors`)
  const gradientFile = fixtureTensors(`training/${name}/gradients.safetensors`)
  const final = fixtureTensors(`training/${name}/${adapted ? 'final/adapter_model' : 'final'}.safetensors`)
  const { step, init } = makeStep(run, warmupCosine({ peak, warmupSteps, totalSteps }), settings)

  let programs = 0
  const compiled = compile(step, engine, { onCompile: (event) => (programs += event.programs) })
  const [first, untrained] = partition(params, run.trained)
  let trained: Part<P> = first
  let state = init(first)
  for (let i = 0; i < totalSteps; i++) {
    const weights = weightsAt(objective, i / totalSteps)
    const result = await compiled(trained, state, untrained, run.frozen, run.batchAt(batches, i), weights)
    trained = result.trained
    state = result.state
    const traced = (key: string): number => trace[key]?.[i] ?? Number.NaN
    const close = (actual: Tensor | undefined, key: string, within: number): void => {
      expect(Math.abs((actual?.item() ?? Number.NaN) - traced(key)), `${key} at step ${i}`).toBeLessThan(within)
    }
    const { total, terms, weights: used } = result.evaluation
    close(total, 'loss', 2e-5)
    for (const [term, key] of Object.entries(tracedTerms)) if (key in trace) close(terms[term], key, 2e-5)
    // weights are f32; one that follows the batch is as good as the entropy it follows
    if (objective.length > 1) for (const [term, key] of Object.entries(tracedWeights)) close(used[term], key, 1e-7)
    close(result.gradientNorm, 'grad_norm', 1e-4 * traced('grad_norm'))
    close(result.rate, 'lr', 1e-6 * peak)
    if (!stored.includes(i)) continue
    for (const [path, gradient] of treeEntries(result.gradients)) {
      const key = keyOf(path, adapted)
      const expected = need(gradientFile, `step${i}.${key}`)
      const error = isNoise(key) ? largest(gradient) : scaledError(signs(path, gradient), expected)
      expect(error, `gradient of ${key} at step ${i}`).toBeLessThan(1e-4)
    }
  }
  for (const [path, weight] of treeEntries(trained)) {
    const key = keyOf(path, adapted)
    if (isNoise(key)) continue
    expect(scaledError(signs(path, weight), need(final, key)), `${key} at the end`).toBeLessThan(1e-4)
  }
  expect([...treeEntries(trained)].length).toBe(final.size)
  return programs
}

const largest = (x: Tensor): number => Math.max(...Array.from(x.data, Math.abs))
