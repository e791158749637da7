import {
  adapt,
  baLora,
  dottedName,
  evaluate,
  loadAdapter,
  type NluInput,
  type Objective,
  pissa,
  taskObjective,
  trainable,
  weightsAt,
} from '@cotangent/ba-lora'
import {
  array,
  compile,
  type Engine,
  mul,
  referenceEngine,
  type Tensor,
  treeEntries,
  valueAndGradAux,
} from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { combine, type Part, partition, withoutAdapters } from '@cotangent/nn'
import { adamw, applyUpdates, chain, clipByGlobalNorm, globalNorm, type Schedule, warmupCosine } from '@cotangent/optim'
import { decode, open, readonlyList, t } from '@cotangent/prelude'
import { type BertClassifierParams, bertClassify, readModel } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixtureJson, fixturePath, fixtureTensors, need, right, rowOf, scaledError } from './support/fixtures.js'

type Params = BertClassifierParams

const bert = right(await readModel(fixturePath('models/bert-classify'), 'classify')())
const { config } = bert

const Run = open({
  settings: open({
    lr: t.number,
    weight_decay: t.number,
    steps: t.number,
    lr_warmup_steps: t.number,
    lambdas: readonlyList(t.number),
    k: t.number,
    focus_warmup: t.number,
    focus_ramp: t.number,
  }),
  trace: t.record(t.string, readonlyList(t.number)),
})

/** What starts a run: the parameters with what is trained of them, and what is minimised. */
interface Start {
  readonly params: Params
  readonly trained: (path: string) => boolean
  readonly objective: Objective<NluInput>
}

interface Batch {
  readonly inputIds: Tensor
  readonly attentionMask: Tensor
  readonly tokenTypeIds: Tensor
  readonly labels: Tensor
}

const stepAt = (file: ReadonlyMap<string, Tensor>, i: number): Batch => ({
  inputIds: rowOf(need(file, 'input_ids'), i),
  attentionMask: rowOf(need(file, 'attention_mask'), i),
  tokenTypeIds: rowOf(need(file, 'token_type_ids'), i),
  labels: rowOf(need(file, 'labels'), i),
})

/** PEFT's key, or the base model's name, of a trained leaf. */
const keyOf = (path: string, adapted: boolean): string => {
  const name = dottedName(path)
    .replace(/weight\.a$/, 'lora_A.weight')
    .replace(/weight\.b$/, 'lora_B.weight')
  return adapted ? `base_model.model.${name}` : name
}

/** Forward of student and teacher, objective, backward, clipping, AdamW: one function, so one program. */
const makeStep = (objective: Objective<NluInput>, rate: Schedule, weightDecay: number) => {
  const optimiser = chain(clipByGlobalNorm(1e6), adamw({ learningRate: rate, weightDecay }))
  const total = evaluate(objective)
  const step = (
    trained: Part<Params>,
    state: ReturnType<typeof optimiser.init>,
    frozen: Part<Params>,
    firstHead: Params['classifier'],
    { labels, ...inputs }: Batch,
    weights: Tensor,
  ) => {
    const loss = (part: Part<Params>) => {
      const params = combine<Params>(part, frozen)
      const teacher: Params = { ...withoutAdapters(params), classifier: firstHead }
      const evaluation = total(
        {
          student: bertClassify(config, params, inputs).logits,
          teacher: bertClassify(config, teacher, inputs).logits,
          labels,
          mask: null,
        },
        weights,
      )
      return [evaluation.total, evaluation] as const
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

/** ±1 per rank and factor path, so that our PiSSA has the signs of the reference's. */
type Signs = (path: string, x: Tensor) => Tensor

const asIs: Signs = (_, x) => x

const signsLike =
  (params: Params, theirs: ReadonlyMap<string, Tensor>): Signs =>
  (path, x) => {
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

const isFactorOrHead = (params: Params): ((path: string) => boolean) =>
  trainable(params, (path) => path.startsWith('classifier.'))

type RunSettings = t.TypeOf<typeof Run>['settings']

const runs: Readonly<
  Record<
    string,
    { readonly adapted: boolean; readonly start: (settings: RunSettings) => Promise<Start & { readonly signs: Signs }> }
  >
> = {
  b_nlu_balora: {
    adapted: true,
    start: async ({ lambdas: [lambda1 = 0, lambda2 = 0, lambda3 = 0], k, focus_warmup, focus_ramp }) => {
      const isAdapted = (path: string): boolean => /\.(query|value)\.weight$/.test(path)
      const { params } = adapt(bert.params, isAdapted, pissa({ rank: 4, alpha: 8 }))
      const twoPhase = { kind: 'two_phase', warmup: focus_warmup, ramp: focus_ramp } as const
      return {
        params,
        trained: isFactorOrHead(params),
        objective: baLora({ lambda1, lambda2, lambda3, k, schedule2: twoPhase, schedule3: twoPhase }),
        signs: signsLike(params, fixtureTensors('training/b_nlu_balora/init/adapter_model.safetensors')),
      }
    },
  },
  c_nlu_lora: {
    adapted: true,
    start: async () => {
      const { params } = right(await loadAdapter(fixturePath('training/c_nlu_lora/init'), bert.params)())
      return { params, trained: isFactorOrHead(params), objective: taskObjective, signs: asIs }
    },
  },
  d_nlu_full: {
    adapted: false,
    start: async () => ({ params: bert.params, trained: () => true, objective: taskObjective, signs: asIs }),
  },
}

/** In full fine-tuning these get only rounding noise for a gradient, which AdamW turns into steps. */
const isNoise = (key: string): boolean => key.endsWith('key.bias')

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: async () => referenceEngine(),
  onnx: () => onnxEngine({ threads: 1 }),
}

describe.each(Object.keys(engines))('on the %s engine', (engineName) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await (engines[engineName] ?? engines.reference ?? fail)()
  })
  afterAll(() => engine.close())

  it.each(Object.entries(runs))('%s, step by step', async (name, { adapted, start }) => {
    const { settings, trace } = right(decode(Run, fixtureJson(`training/${name}/run.json`)))
    const batches = fixtureTensors(`training/${name}/batches.safetensors`)
    const stored = fixtureTensors(`training/${name}/gradients.safetensors`)
    const final = fixtureTensors(`training/${name}/${adapted ? 'final/adapter_model' : 'final'}.safetensors`)
    const { params, trained: select, objective, signs } = await start(settings)
    const { lr: peak, lr_warmup_steps: warmupSteps, steps: totalSteps, weight_decay } = settings
    const { step, init } = makeStep(objective, warmupCosine({ peak, warmupSteps, totalSteps }), weight_decay)

    let programs = 0
    const compiled = compile(step, engine, { onCompile: (event) => (programs += event.programs) })
    const [first, frozen] = partition(params, select)
    let [trained, state] = [first, init(first)]
    const traced = (key: string, i: number): number => trace[key]?.[i] ?? Number.NaN

    for (let i = 0; i < totalSteps; i++) {
      const weights = weightsAt(objective, i / totalSteps)
      const result = await compiled(trained, state, frozen, bert.params.classifier, stepAt(batches, i), weights)
      trained = result.trained
      state = result.state
      const { total, terms } = result.evaluation
      const close = (actual: Tensor | undefined, key: string, within: number): void => {
        expect(Math.abs((actual?.item() ?? Number.NaN) - traced(key, i)), `${key} at step ${i}`).toBeLessThan(within)
      }
      close(total, 'loss', 2e-5)
      close(terms.task, 'task', 2e-5)
      if (objective !== taskObjective) {
        close(terms.consistency, 'consistency', 2e-5)
        close(terms.diversity, 'diversity', 2e-5)
        close(terms.spectral, 'svd', 2e-5)
        for (const j of [1, 2, 3]) close(array(weights.data[j] ?? Number.NaN), `lambda${j}`, 1e-7)
      }
      close(result.gradientNorm, 'grad_norm', 1e-4 * traced('grad_norm', i))
      close(result.rate, 'lr', 1e-6 * peak)
      if (i !== 0 && i !== 8) continue
      for (const [path, gradient] of treeEntries(result.gradients)) {
        const key = keyOf(path, adapted)
        const expected = need(stored, `step${i}.${key}`)
        const error = isNoise(key) && !adapted ? largest(gradient) : scaledError(signs(path, gradient), expected)
        expect(error, `gradient of ${key} at step ${i}`).toBeLessThan(1e-4)
      }
    }

    expect(programs).toBe(1)
    for (const [path, weight] of treeEntries(trained)) {
      const key = keyOf(path, adapted)
      if (isNoise(key) && !adapted) continue
      expect(scaledError(signs(path, weight), need(final, key)), `${key} at the end`).toBeLessThan(1e-4)
    }
  })
})

const largest = (x: Tensor): number => Math.max(...Array.from(x.data, Math.abs))

const fail = (): Promise<Engine> => Promise.reject(new Error('no such engine'))
