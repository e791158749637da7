import { type Tensor, valueAndGradAux } from '@cotangent/core'
import { nextTokenLoss } from '@cotangent/nn'
import {
  type LlamaConfig,
  type LlamaInputs,
  type LlamaParams,
  llamaLogits,
  type ReadModelOptions,
  readModel,
  tensorsFromParams,
} from '@cotangent/transformer'
import { expect } from 'vitest'
import { fixtureJson, fixturePath, fixtureTensors, need, right, scaledError } from './fixtures.js'
import { rowsWhere } from './masked.js'

/** The reference data of LLaMA: a model's folder, and the file of a batch with what the model gives for it. */
export type ReferenceLlama = readonly ['llama' | 'llama-rope3', 'expected' | 'expected_left_padded']
export const referenceLlamas: readonly ReferenceLlama[] = [
  ['llama', 'expected'],
  ['llama', 'expected_left_padded'],
  ['llama-rope3', 'expected'],
]

export interface LlamaBatch {
  readonly inputs: LlamaInputs
  readonly labels: Tensor
}

export type LlamaResult = readonly [
  readonly [Tensor, { readonly logits: Tensor; readonly hiddenStates: readonly Tensor[] }],
  LlamaParams,
]

/** The loss with what it was made from, and its gradient. */
export const lossAndGradient =
  (config: LlamaConfig) =>
  (params: LlamaParams, { inputs, labels }: LlamaBatch): LlamaResult =>
    valueAndGradAux((p: LlamaParams) => {
      const { logits, hiddenStates = [] } = llamaLogits(config, p, inputs, { hiddenStates: true })
      return [nextTokenLoss(logits, labels), { logits, hiddenStates }]
    })(params)

/** How a loss with its gradient is computed: at once, as a program, on an engine. */
export type EvaluateLlama = (
  f: (params: LlamaParams, batch: LlamaBatch) => LlamaResult,
  params: LlamaParams,
  batch: LlamaBatch,
) => LlamaResult | Promise<LlamaResult>

export const llamaBatch = ([name, file]: ReferenceLlama): LlamaBatch => {
  const data = fixtureTensors(`models/${name}/${file}.safetensors`)
  return {
    inputs: { inputIds: need(data, 'input_ids'), attentionMask: need(data, 'attention_mask') },
    labels: need(data, 'labels'),
  }
}

/** A reference model as it is read from its folder. */
export const llamaModel = async (name: ReferenceLlama[0], options?: ReadModelOptions<'nextToken'>) => {
  const { config, params, warnings } = right(await readModel(fixturePath(`models/${name}`), 'nextToken', options)())
  expect(warnings).toEqual([])
  return { config, params }
}

/**
 * Expects a reference model to agree with transformers in loss, logits, hidden states and every gradient, within the
 * tolerances asked of float32: 2e-5 and, for gradients, 1e-4 of the largest entry.
 */
export const expectLlamaAgreement = async (reference: ReferenceLlama, evaluate: EvaluateLlama): Promise<void> => {
  const [name, file] = reference
  const data = fixtureTensors(`models/${name}/${file}.safetensors`)
  const batch = llamaBatch(reference)
  const { config, params } = await llamaModel(name)
  const [[loss, { logits, hiddenStates }], gradient] = await evaluate(lossAndGradient(config), params, batch)

  const error = (ours: Tensor, tensor: string): number =>
    scaledError(rowsWhere(batch.inputs.attentionMask, ours), rowsWhere(batch.inputs.attentionMask, need(data, tensor)))
  const expected = need(data, 'loss').item()
  expect(Math.abs(loss.item() - expected) / expected).toBeLessThan(2e-5)
  expect(error(logits, 'logits')).toBeLessThan(2e-5)
  for (const [i, tensor] of ['hidden_states.0', 'hidden_states.1', 'last_hidden_state'].entries()) {
    expect(error(need(new Map(hiddenStates.entries()), i), tensor), tensor).toBeLessThan(2e-5)
  }
  expect(hiddenStates).toHaveLength(3)

  const gradients = tensorsFromParams(gradient)
  const wanted = [...data.keys()].filter((key) => key.startsWith('grad.')).map((key) => key.slice(5))
  expect([...gradients.keys()].sort()).toEqual(wanted.sort())
  // border: reference data of a known form
  const { parameters } = fixtureJson(`models/${name}/expected.json`) as { readonly parameters: number }
  expect([...gradients.values()].reduce((total, { size }) => total + size, 0)).toBe(parameters)
  for (const [parameter, slope] of gradients) {
    expect(scaledError(slope, need(data, `grad.${parameter}`)), parameter).toBeLessThan(1e-4)
  }
}
