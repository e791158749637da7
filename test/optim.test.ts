import { compile, jit, referenceEngine, scalar, type Tensor, treeMap } from '@cotangent/core'
import {
  adam,
  adamw,
  applyUpdates,
  chain,
  clipByGlobalNorm,
  constant,
  type GradientTransformation,
  globalNorm,
  type Schedule,
  sgd,
  warmupConstant,
  warmupCosine,
  warmupCosineRestarts,
  warmupInverseRoot,
  warmupLinear,
  warmupPolynomial,
  warmupStableDecay,
} from '@cotangent/optim'
import { decode, open, readonlyList, t } from '@cotangent/prelude'
import { describe, expect, it } from 'vitest'
import { fixtureJson, fixtureTensors, need, right, rowOf, scaledError } from './support/fixtures.js'

type Params = Readonly<Record<string, Tensor>>

const steps = 20
const ask = 1e-5

/** The parameters, or gradients, at a step. */
const at = (file: ReadonlyMap<string, Tensor>, kind: string, step: number): Params =>
  Object.fromEntries(
    [...file]
      .filter(([key]) => key.startsWith(`${kind}.`))
      .map(([key, x]) => [key.slice(kind.length + 1), rowOf(x, step)]),
  )

type Step<S> = (gradients: Params, state: S, params: Params) => readonly [Params, S]
/** What makes a step of the plain function: nothing, `jit`, `compile`. */
type Runner<S> = (f: Step<S>) => (...args: Parameters<Step<S>>) => ReturnType<Step<S>> | Promise<ReturnType<Step<S>>>

/** Largest scaled error over 20 steps, each from the state the one before left. */
const worstError = async <S>(name: string, optimiser: GradientTransformation<S>, run: Runner<S>): Promise<number> => {
  const file = fixtureTensors(`optim/${name}.safetensors`)
  const step = run((gradients, state, params) => {
    const [updates, next] = optimiser.update(gradients, state, params)
    return [applyUpdates(params, updates), next]
  })
  let params = at(file, 'params', 0)
  let state = optimiser.init(params)
  let worst = 0
  for (let i = 0; i < steps; i++) {
    ;[params, state] = await step(at(file, 'grads', i), state, params)
    for (const [key, expected] of Object.entries(at(file, 'params', i + 1))) {
      const actual = params[key]
      worst = Math.max(worst, actual === undefined ? Number.NaN : scaledError(actual, expected))
    }
  }
  return worst
}

const agrees = <S>(name: string, optimiser: GradientTransformation<S>): void => {
  describe(`PyTorch's ${name}, 20 steps`, () => {
    it('eagerly', async () => {
      expect(await worstError(name, optimiser, (f) => f)).toBeLessThan(ask)
    })

    it('under jit', async () => {
      expect(await worstError(name, optimiser, jit)).toBeLessThan(ask)
    })

    it('as one compiled program for all steps', async () => {
      let programs = 0
      const run: Runner<S> = (f) => compile(f, referenceEngine(), { onCompile: () => programs++ })
      expect(await worstError(name, optimiser, run)).toBeLessThan(ask)
      expect(programs).toBe(1)
    })
  })
}

agrees('sgd', sgd({ learningRate: 0.05 }))
agrees('sgd_weight_decay', sgd({ learningRate: 0.05, weightDecay: 0.1 }))
agrees('sgd_momentum', sgd({ learningRate: 0.03, momentum: 0.9 }))
agrees('sgd_nesterov', sgd({ learningRate: 0.03, momentum: 0.9, nesterov: true }))
agrees('adam', adam({ learningRate: 0.02 }))
agrees('adam_weight_decay', adam({ learningRate: 0.02, beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 }))
agrees('adamw', adamw({ learningRate: 0.02, weightDecay: 0.1 }))
agrees('clipping', chain(clipByGlobalNorm(2.07), sgd({ learningRate: 0.1 })))

it('the global norm is that of clip_grad_norm_', () => {
  const file = fixtureTensors('optim/clipping.safetensors')
  for (let i = 0; i < steps; i++) {
    expect(scaledError(globalNorm(at(file, 'grads', i)), rowOf(need(file, 'grad_norm'), i))).toBeLessThan(1e-6)
  }
})

const Settings = open(
  {},
  {
    num_cycles: t.number,
    min_lr: t.number,
    lr_end: t.number,
    power: t.number,
    timescale: t.number,
    num_decay_steps: t.number,
  },
)

const ScheduleCases = readonlyList(
  open({
    schedule: t.string,
    lr: t.number,
    warmup_steps: t.union([t.number, t.null]),
    total_steps: t.number,
    settings: Settings,
    values: readonlyList(t.number),
  }),
)

interface ScheduleCase {
  readonly peak: number
  readonly warmupSteps: number
  readonly totalSteps: number
  readonly settings: t.TypeOf<typeof Settings>
}

const schedules: Readonly<Record<string, (c: ScheduleCase) => Schedule>> = {
  constant: ({ peak }) => constant(peak),
  constant_with_warmup: warmupConstant,
  linear: warmupLinear,
  cosine: (c) => warmupCosine({ ...c, cycles: c.settings.num_cycles ?? 0.5 }),
  cosine_with_restarts: (c) => warmupCosineRestarts({ ...c, cycles: c.settings.num_cycles ?? 1 }),
  cosine_with_min_lr: (c) => warmupCosine({ ...c, lowest: (c.settings.min_lr ?? 0) / c.peak }),
  polynomial: (c) =>
    warmupPolynomial({ ...c, lowest: (c.settings.lr_end ?? 0) / c.peak, power: c.settings.power ?? 1 }),
  inverse_sqrt: (c) =>
    warmupInverseRoot(c.settings.timescale === undefined ? c : { ...c, timescale: c.settings.timescale }),
  warmup_stable_decay: (c) => warmupStableDecay({ ...c, decaySteps: c.settings.num_decay_steps ?? 0 }),
}

describe("transformers' schedules", () => {
  it.each(right(decode(ScheduleCases, fixtureJson('optim/schedules.json'))))(
    '$schedule, warm-up $warmup_steps, $settings',
    ({ schedule, lr, warmup_steps, total_steps, settings, values }) => {
      const make = schedules[schedule]
      if (make === undefined) throw new Error(`no schedule ${schedule}`)
      const rate = make({ peak: lr, warmupSteps: warmup_steps ?? 0, totalSteps: total_steps, settings })
      for (const [step, value] of values.entries()) {
        expect(Math.abs(rate(scalar(step)).item() - value)).toBeLessThan(4e-7 * lr) // a few roundings of 6e-8
      }
    },
  )
})

it('parameters that are not trained stay null', () => {
  const optimiser = chain(clipByGlobalNorm(1), adamw({ learningRate: 0.1, weightDecay: 0.1 }))
  const params = { frozen: null, w: scalar(2) }
  const state = optimiser.init(params)
  const [updates] = optimiser.update({ frozen: null, w: scalar(3) }, state, params)
  expect(updates.frozen).toBe(null)
  // the first step is -η (sign g + decay · w)
  expect(updates.w.item()).toBeCloseTo(-0.1 * (1 + 0.1 * 2), 6)
  expect(treeMap((x) => x, applyUpdates(params, updates)).frozen).toBe(null)
})
