import { adapt, baLora, type NlgInput, type NlgSettings, pissa, trainable } from '@cotangent/ba-lora'
import { type Engine, referenceEngine, type Tensor } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { withoutAdapters } from '@cotangent/nn'
import { type LlamaParams, llamaLogits, readModel } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixturePath, need, right, rowOf } from './support/fixtures.js'
import { follow, runSettings, signsLike, type Trajectory } from './support/trajectory.js'

const llama = right(await readModel(fixturePath('models/llama'), 'nextToken')())
const { config } = llama

interface Batch {
  readonly inputIds: Tensor
  readonly attentionMask: Tensor
  readonly labels: Tensor
}

/** PiSSA on the seven projections. The teacher is the model without its adapters. */
const run = (name: string, rest: Partial<NlgSettings>): Trajectory<LlamaParams, null, Batch, NlgInput> => {
  const { lambdas, k, temperature, top_k_entropy } = runSettings(name)
  const [lambda1 = 0, lambda2 = 0, lambda3 = 0] = lambdas
  const { params } = adapt(llama.params, (path) => /_proj\.weight$/.test(path), pissa({ rank: 4, alpha: 4 }))
  return {
    name,
    adapted: true,
    params,
    trained: trainable(params),
    signs: signsLike(params, name),
    objective: baLora({
      form: 'nlg',
      lambda1,
      lambda2,
      lambda3,
      k,
      temperature,
      topK: top_k_entropy ?? 'all',
      variant: 'paper',
      ...rest,
    }),
    frozen: null,
    batchAt: (file, i) => ({
      inputIds: rowOf(need(file, 'input_ids'), i),
      attentionMask: rowOf(need(file, 'attention_mask'), i),
      labels: rowOf(need(file, 'labels'), i),
    }),
    forward: (student, _, { labels, ...inputs }) => ({
      student: llamaLogits(config, student, inputs).logits,
      teacher: llamaLogits(config, withoutAdapters(student), inputs).logits,
      labels,
      mask: null,
      key: null,
    }),
  }
}

const runs = {
  a_nlg_balora: (name: string) => {
    const { focus_warmup: warmup, focus_ramp: ramp } = runSettings(name)
    const twoPhase = { kind: 'two_phase', warmup, ramp } as const
    return run(name, { norm: 'frobenius', schedule2: twoPhase, schedule3: twoPhase })
  },
  a2_nlg_balora_adaptive: (name: string) => {
    const quadratic = { kind: 'quadratic_warmup', warmup: runSettings(name).focus_warmup } as const
    return run(name, { norm: 'nuclear', schedule1: { kind: 'adaptive' }, schedule2: quadratic, schedule3: quadratic })
  },
}

interface Way {
  readonly start: () => Promise<Engine>
  /** 48 positions: an eigenproblem of a side above 32 has no composition, and stands between two programs of an engine. */
  readonly programs: number
}

const engines: Readonly<Record<string, Way>> = {
  reference: { start: async () => referenceEngine(), programs: 1 },
  onnx: { start: () => onnxEngine({ threads: 1 }), programs: 2 },
}

describe.each(Object.entries(engines))('on the %s engine', (_, { start, programs }) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await start()
  })
  afterAll(() => engine.close())

  it.each(Object.entries(runs))('%s, step by step', async (name, of) => {
    expect(await follow(of(name), engine)).toBe(programs)
  })
})
