/* LLaMA's objective with logits for some positions at a time, against all at once: on the engines, through the model. */
import {
  adapt,
  baLora,
  evaluate,
  evaluateInChunks,
  type NlgSettings,
  pissa,
  trainable,
  weightsAt,
} from '@cotangent/ba-lora'
import {
  compile,
  type Engine,
  key,
  mul,
  referenceEngine,
  type Tensor,
  treeEntries,
  treeMap,
  valueAndGradAux,
} from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { combine, type Part, partition, withoutAdapters } from '@cotangent/nn'
import { type LlamaParams, llamaDecode, llamaHead, llamaLogits, readModel } from '@cotangent/transformer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixturePath, fixtureTensors, need, right, rowOf, scaledError } from './support/fixtures.js'

const { config, params: base } = right(await readModel(fixturePath('models/llama'), 'nextToken')())
const { params } = adapt(base, (path) => /_proj\.weight$/.test(path), pissa({ rank: 4, alpha: 4 }))
const [start, frozen] = partition(params, trainable(params))
/** As if trained for a while: at the start the student is the teacher, and consistency 0. */
const trained = treeMap((x) => mul(x, 1.1), start)

const batches = fixtureTensors('training/a_nlg_balora/batches.safetensors')
const batch = {
  inputIds: rowOf(need(batches, 'input_ids'), 0),
  attentionMask: rowOf(need(batches, 'attention_mask'), 0),
  labels: rowOf(need(batches, 'labels'), 0),
}

const settings: NlgSettings = {
  form: 'nlg',
  lambda1: 0.2,
  lambda2: 0.1,
  lambda3: 0.1,
  k: 5,
  svd: 'randomised',
  schedule1: { kind: 'adaptive' },
}

type Batch = typeof batch
type Gradient = (
  part: Part<LlamaParams>,
  rest: Part<LlamaParams>,
  given: Batch,
  k: Tensor,
) => readonly [unknown, unknown]

const weights = weightsAt(baLora(settings), 1)

const whole: Gradient = (part, rest, { labels, ...inputs }, k) =>
  valueAndGradAux((some: Part<LlamaParams>) => {
    const student = combine<LlamaParams>(some, rest)
    const evaluation = evaluate(baLora(settings))(
      {
        student: llamaLogits(config, student, inputs).logits,
        teacher: llamaLogits(config, withoutAdapters(student), inputs).logits,
        labels,
        mask: null,
        key: k,
      },
      weights,
    )
    return [evaluation.total, evaluation]
  })(part)

const inChunks =
  (size: number): Gradient =>
  (part, rest, { labels, ...inputs }, k) =>
    valueAndGradAux((some: Part<LlamaParams>) => {
      const student = combine<LlamaParams>(some, rest)
      const teacher = withoutAdapters(student)
      const evaluation = evaluateInChunks(settings, size)(
        {
          student: llamaDecode(config, student.model, inputs).lastHiddenState,
          teacher: llamaDecode(config, teacher.model, inputs).lastHiddenState,
          studentHead: (states) => llamaHead(student, states),
          teacherHead: (states) => llamaHead(teacher, states),
          labels,
          mask: null,
          key: k,
        },
        weights,
      )
      return [evaluation.total, evaluation]
    })(part)

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

  it('values, and gradients of all adapters, are those of all logits at once', async () => {
    const run = async (f: Gradient): Promise<ReadonlyMap<string, Tensor>> =>
      new Map(treeEntries(await compile(f, engine)(trained, frozen, batch, key(3))))
    const [expected, actual] = [await run(whole), await run(inChunks(20))] // 48 positions: the last chunk is filled up
    expect([...actual.keys()]).toEqual([...expected.keys()])
    expect(expected.size).toBe(2 + 4 + 4 + 28)
    for (const [path, x] of expected) expect(scaledError(need(actual, path), x), path).toBeLessThan(2e-5)
  })
})
