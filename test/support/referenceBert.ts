import { type Tensor, valueAndGradAux } from '@cotangent/core'
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
import { expect } from 'vitest'
import { fixtureJson, fixturePath, fixtureTensors, need, right, scaledError } from './fixtures.js'
import { rowsWhere } from './masked.js'

/** The reference models of BERT. */
export const referenceBerts = ['bert-classify', 'bert-regress', 'bert-mlm'] as const
export type ReferenceBert = (typeof referenceBerts)[number]

/** What a model gives for the reference data: loss, gradient by parameter name, logits and states. */
interface Answer {
  readonly loss: Tensor
  readonly gradients: ReadonlyMap<string, Tensor>
  readonly logits: Tensor
  readonly states: readonly Tensor[]
}

export interface Batch {
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

export type Result = readonly [
  readonly [Tensor, { readonly logits: Tensor; readonly hiddenStates: readonly Tensor[] }],
  unknown,
]

const answer = ([[loss, { logits, hiddenStates }], gradient]: Result): Answer => ({
  loss,
  logits,
  states: hiddenStates,
  gradients: tensorsFromParams(gradient),
})

/** How a loss with its gradient is computed: at once, as a program, on an engine. */
export type Evaluate = <P>(f: (params: P, batch: Batch) => Result, params: P, batch: Batch) => Result | Promise<Result>

const run = async (name: ReferenceBert, evaluate: Evaluate, batch: Batch): Promise<Answer> => {
  const folder = fixturePath(`models/${name}`)
  if (name === 'bert-mlm') {
    const { config, params, warnings } = right(await readModel(folder, 'maskedWords')())
    expect(warnings).toEqual([])
    return answer(await evaluate(maskedWords(config), params, batch))
  }
  const { config, params, warnings } = right(await readModel(folder, 'classify')())
  expect(warnings).toEqual([])
  return answer(await evaluate(classify(config), params, batch))
}

interface Expected {
  readonly loss: number
  readonly parameters: number
  readonly float32_against_float64: { readonly zero_but_for_rounding: { readonly parameters: readonly string[] } }
}

/**
 * Expects a reference model to agree with transformers in loss, logits, hidden states and every gradient, within the
 * tolerances asked of float32: 2e-5 and, for gradients, 1e-4 of the largest entry.
 */
export const expectAgreement = async (name: ReferenceBert, evaluate: Evaluate): Promise<void> => {
  const data = fixtureTensors(`models/${name}/expected.safetensors`)
  const expected = fixtureJson(`models/${name}/expected.json`) as Expected // border: reference data of a known form
  const batch = batchOf(data)
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
}
