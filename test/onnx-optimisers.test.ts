/* The graph optimisers that the engine leaves out find nothing in what it writes. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compile, type Engine, key, normal, square, sum, type Tensor, tensor, valueAndGrad } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { type ActivationName, activations, linear } from '@cotangent/nn'
import { adamw, applyUpdates } from '@cotangent/optim'
import { bertClassify, bertConfig, classificationLoss, initBert } from '@cotangent/transformer'
import { InferenceSession } from 'onnxruntime-node'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { countOperators } from './support/onnxModel.js'

const folder = mkdtempSync(join(tmpdir(), 'cotangent-optimisers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Options extends InferenceSession.SessionOptions {
  readonly extra: { readonly optimization: { readonly disable_specified_optimizers: string } }
}

/** A program's operators behind onnxruntime's optimisers: those that the engine wants, and all but one of them. */
const optimised = async (run: (engine: Engine) => Promise<unknown>) => {
  const made = vi.spyOn(InferenceSession, 'create')
  const engine = await onnxEngine({ threads: 1 })
  await run(engine)
  await engine.close()
  const [call, ...more] = made.mock.calls as unknown as [Uint8Array, Options][] // border: one overload of several
  made.mockRestore()
  if (call === undefined || more.length > 0) throw new Error('one session was expected')
  const [model, options] = call
  const operators = async (left: string): Promise<Readonly<Record<string, number>>> => {
    const optimizedModelFilePath = join(folder, 'model.onnx')
    const extra = { ...options.extra, optimization: { disable_specified_optimizers: left } }
    const session = await InferenceSession.create(model, { ...options, extra, optimizedModelFilePath })
    await session.release()
    return countOperators(readFileSync(optimizedModelFilePath))
  }
  return {
    few: await operators(options.extra.optimization.disable_specified_optimizers),
    all: await operators('CommonSubexpressionElimination'),
  }
}

const config = bertConfig({
  vocab_size: 50,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 64,
  max_position_embeddings: 8,
  num_labels: 3,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
})
const params = initBert(key(0), config, 'classify')
const inputs = {
  inputIds: tensor(new Int32Array(16).fill(7), [2, 8]),
  attentionMask: tensor(new Int32Array(16).fill(1), [2, 8]),
}
const labels = tensor(Int32Array.from([0, 2]))

describe('what the engine leaves out would change nothing', () => {
  test('in an encoder', async () => {
    const logits = (p: typeof params, x: typeof inputs): Tensor => bertClassify(config, p, x).logits
    const { few, all } = await optimised((engine) => compile(logits, engine)(params, inputs))
    expect(few).toEqual(all)
    expect(few.Gelu).toBe(2)
  })

  test('in a training step', async () => {
    const optimizer = adamw({ learningRate: 1e-3, weightDecay: 0.01 })
    const loss = (p: typeof params): Tensor =>
      classificationLoss(config, bertClassify(config, p, inputs).logits, labels)
    const step = (p: typeof params, state: ReturnType<typeof optimizer.init>) => {
      const [value, gradient] = valueAndGrad(loss)(p)
      const [updates, next] = optimizer.update(gradient, state, p)
      return [applyUpdates(p, updates), next, value] as const
    }
    const { few, all } = await optimised((engine) => compile(step, engine)(params, optimizer.init(params)))
    expect(few).toEqual(all)
    expect(few.Erf).toBe(2)
  })

  const names = Object.keys(activations) as ActivationName[] // border: keys are strings to TypeScript
  test.each(names)('behind a layer with %s, and in its gradient', async (name) => {
    const [w, b, x] = [normal(key(1), [8, 8]), normal(key(2), [8]), normal(key(3), [4, 8])]
    const layer = (weight: Tensor, input: Tensor): Tensor => activations[name](linear({ weight, bias: b }, input))
    const slope = (weight: Tensor, input: Tensor) => valueAndGrad((v: Tensor) => sum(square(layer(v, input))))(weight)
    const programs: readonly ((weight: Tensor, input: Tensor) => unknown)[] = [layer, slope]
    for (const f of programs) {
      const { few, all } = await optimised((engine) => compile(f, engine)(w, x))
      expect(few).toEqual(all)
    }
  })
})
