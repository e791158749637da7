import {
  adapt,
  baLora,
  loadAdapter,
  type NluInput,
  type Objective,
  pissa,
  taskObjective,
  trainable,
} from '@cotangent/ba-lora'
import { type Engine, referenceEngine, type Tensor } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { withoutAdapters } from '@cotangent/nn'
import { type BertClassifierParams, bertClassify, readModel } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixturePath, need, right, rowOf } from './support/fixtures.js'
import { asIs, follow, runSettings, signsLike, type Trajectory } from './support/trajectory.js'

type Params = BertClassifierParams

const bert = right(await readModel(fixturePath('models/bert-classify'), 'classify')())
const { config } = bert

interface Batch {
  readonly inputIds: Tensor
  readonly attentionMask: Tensor
  readonly tokenTypeIds: Tensor
  readonly labels: Tensor
}

type Classifying = Trajectory<Params, Params['classifier'], Batch, NluInput>

/** What all runs on BERT share. The teacher is the model without its adapters, with the head it started from. */
const onBert = (
  name: string,
  params: Params,
  objective: Objective<NluInput>,
  rest: Pick<Classifying, 'adapted' | 'trained'> & Partial<Classifying>,
): Classifying => ({
  name,
  params,
  objective,
  signs: asIs,
  frozen: bert.params.classifier,
  batchAt: (file, i) => ({
    inputIds: rowOf(need(file, 'input_ids'), i),
    attentionMask: rowOf(need(file, 'attention_mask'), i),
    tokenTypeIds: rowOf(need(file, 'token_type_ids'), i),
    labels: rowOf(need(file, 'labels'), i),
  }),
  forward: (student, firstHead, { labels, ...inputs }) => ({
    student: bertClassify(config, student, inputs).logits,
    teacher: bertClassify(config, { ...withoutAdapters(student), classifier: firstHead }, inputs).logits,
    labels,
    mask: null,
  }),
  ...rest,
})

const isFactorOrHead = (params: Params): ((path: string) => boolean) =>
  trainable(params, (path) => path.startsWith('classifier.'))

const runs: Readonly<Record<string, (name: string) => Promise<Classifying>>> = {
  b_nlu_balora: async (name) => {
    const { lambdas, k, focus_warmup, focus_ramp } = runSettings(name)
    const [lambda1 = 0, lambda2 = 0, lambda3 = 0] = lambdas
    const isAdapted = (path: string): boolean => /\.(query|value)\.weight$/.test(path)
    const { params } = adapt(bert.params, isAdapted, pissa({ rank: 4, alpha: 8 }))
    const twoPhase = { kind: 'two_phase', warmup: focus_warmup, ramp: focus_ramp } as const
    const objective = baLora({ lambda1, lambda2, lambda3, k, schedule2: twoPhase, schedule3: twoPhase })
    return onBert(name, params, objective, {
      adapted: true,
      trained: isFactorOrHead(params),
      signs: signsLike(params, name),
    })
  },
  c_nlu_lora: async (name) => {
    const { params } = right(await loadAdapter(fixturePath(`training/${name}/init`), bert.params)())
    return onBert(name, params, taskObjective, { adapted: true, trained: isFactorOrHead(params) })
  },
  d_nlu_full: async (name) =>
    onBert(name, bert.params, taskObjective, {
      adapted: false,
      trained: () => true,
      isNoise: (key) => key.endsWith('key.bias'),
    }),
}

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  reference: async () => referenceEngine(),
  onnx: () => onnxEngine({ threads: 1 }),
}

describe.each(Object.entries(engines))('on the %s engine', (_, start) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(() => engine.close())

  it.each(Object.entries(runs))('%s, step by step, is one program', async (name, run) => {
    expect(await follow(await run(name), engine)).toBe(1)
  })
})
