import { cast, evalIR, makeIR, type Tensor, treeMap, valueAndGradAux } from '@cotangent/core'
import {
  type BertConfig,
  type BertInputs,
  type BertParams,
  bertClassify,
  bertMaskedWords,
  classificationLoss,
  maskedWordsLoss,
  readModel,
  tensorsFromParams,
} from '@cotangent/transformer'
import { describe, expect, it } from 'vitest'
import { fixtureJson, fixturePath, fixtureTensors, need, right, scaledError } from './support/fixtures.js'
import { rowsWhere } from './support/masked.js'

/** What a model gives for the reference data: loss, gradient by parameter name, logits and states. */
interface Answer {
  readonly loss: Tensor
  readonly gradients: ReadonlyMap<string, Tensor>
  readonly logits: Tensor
  readonly states: readonly Tensor[]
}

interface Batch {
  readonly inputs: BertInputs
  readonly labels: Tensor
}

const batchOf = (data: ReadonlyMap<string, Tensor>): Batch => ({
  inputs: {
    inputIds: need(data, 'input_ids'),
    attentionMask: need(data, 'attention_mask'),
    tokenTypeIds: need(data, 'token_type_ids'),
  },
  labels: need(data, 'labels'),
})

const classify =
  (config: BertConfig) =>
  (params: BertParams['classify'], { inputs, labels }: Batch) =>
    valueAndGradAux((p: BertParams['classify']) => {
      const { logits, hiddenStates = [] } = bertClassify(config, p, inputs, { hiddenStates: true })
      return [classificationLoss(config, logits, labels), { logits, hiddenStates }]
    })(params)

const maskedWords =
  (config: BertConfig) =>
  (params: BertParams['maskedWords'], { inputs, labels }: Batch) =>
    valueAndGradAux((p: BertParams['maskedWords']) => {
      const { logits, hiddenStates = [] } = bertMaskedWords(config, p, inputs, { hiddenStates: true })
      return [maskedWordsLoss(logits, labels), { logits, hiddenStates }]
    })(params)

type Result = readonly [
  readonly [Tensor, { readonly logits: Tensor; readonly hiddenStates: readonly Tensor[] }],
  unknown,
]

const answer = ([[loss, { logits, hiddenStates }], gradient]: Result): Answer => ({
  loss,
  logits,
  states: hiddenStates,
  gradients: tensorsFromParams(gradient),
})

/** f64 where it is floating. */
const widened = <T>(tree: T): T => treeMap((x) => (x.dtype === 'f32' ? cast(x, 'f64') : x), tree)

type Evaluate = <P>(f: (params: P, batch: Batch) => Result, params: P, batch: Batch) => Result

const evaluations: Readonly<Record<string, Evaluate>> = {
  'in f32': (f, params, batch) => f(params, batch),
  'as a program in f64': (f, params, batch) => f(widened(params), widened(batch)),
  'an f32 program evaluated in f64': (f, params, batch) =>
    evalIR(makeIR(f)(params, batch), [params, batch], { floats: 'f64' }),
}

const run = async (name: string, evaluate: Evaluate, batch: Batch): Promise<Answer> => {
  const folder = fixturePath(`models/${name}`)
  if (name === 'bert-mlm') {
    const { config, params, warnings } = right(await readModel(folder, 'maskedWords')())
    expect(warnings).toEqual([])
    return answer(evaluate(maskedWords(config), params, batch))
  }
  const { config, params, warnings } = right(await readModel(folder, 'classify')())
  expect(warnings).toEqual([])
  return answer(evaluate(classify(config), params, batch))
}

interface Expected {
  readonly loss: number
  readonly parameters: number
  readonly float32_against_float64: { readonly zero_but_for_rounding: { readonly parameters: readonly string[] } }
}

describe.each(['bert-classify', 'bert-regress', 'bert-mlm'])('%s agrees with transformers', (name) => {
  const data = fixtureTensors(`models/${name}/expected.safetensors`)
  const expected = fixtureJson(`models/${name}/expected.json`) as Expected // border: reference data of a known form
  const batch = batchOf(data)

  it.each(Object.entries(evaluations))('%s', async (_, evaluate) => {
    const { loss, gradients, logits, states } = await run(name, evaluate, batch)
    const mask = batch.inputs.attentionMask
    const perToken = logits.rank === 3
    const error = (ours: Tensor, tensor: string): number =>
      perToken || ours.rank === 3
        ? scaledError(rowsWhere(mask, ours), rowsWhere(mask, need(data, tensor)))
        : scaledError(ours, need(data, tensor))
    expect(Math.abs(loss.item() - expected.loss) / expected.loss).toBeLessThan(2e-5)
    expect(error(logits, 'logits')).toBeLessThan(2e-5)
    const [first, second, last] = states
    for (const [state, tensor] of [
      [first, 'hidden_states.0'],
      [second, 'hidden_states.1'],
      [last, 'last_hidden_state'],
    ] as const) {
      expect(state && error(state, tensor), tensor).toBeLessThan(2e-5)
    }

    const wanted = [...data.keys()].filter((key) => key.startsWith('grad.')).map((key) => key.slice(5))
    expect([...gradients.keys()].sort()).toEqual(wanted.sort())
    expect([...gradients.values()].reduce((total, { size }) => total + size, 0)).toBe(expected.parameters)
    const { parameters: noise } = expected.float32_against_float64.zero_but_for_rounding
    for (const [parameter, gradient] of gradients) {
      const reference = need(data, `grad.${parameter}`)
      if (noise.includes(parameter)) {
        expect(Math.max(...[...gradient.data].map(Math.abs)), parameter).toBeLessThan(1e-6)
      } else {
        expect(scaledError(gradient, reference), parameter).toBeLessThan(1e-4)
      }
    }
  })
})
