import { ones, type Tensor, transpose, vjp } from '@cotangent/core'
import {
  activations,
  attention,
  binaryCrossEntropyWithLogits,
  causalMask,
  crossEntropy,
  embedding,
  layerNorm,
  linear,
  maskBias,
  meanSquaredError,
  rmsNorm,
} from '@cotangent/nn'
import { describe, expect, it } from 'vitest'
import { fixtureTensors, need, scaledError } from './support/fixtures.js'

/** One case of a reference file: its function of the differentiable inputs, and the names of all inputs. */
interface Case {
  readonly file: string
  readonly index: number
  readonly inputs: readonly string[]
  readonly fixed?: readonly string[]
  readonly f: (...inputs: Tensor[]) => Tensor
}

const heads = (x: Tensor): Tensor => transpose(x, [0, 2, 1, 3]) // torch has heads in front of positions

const unary = (file: string, f: (x: Tensor) => Tensor): Case[] =>
  [0, 1, 2].map((index) => ({ file, index, inputs: ['x'], f }))

const cases: readonly Case[] = [
  ...unary('gelu_erf', activations.gelu),
  ...unary('gelu_tanh', activations.gelu_new),
  ...unary('relu', activations.relu),
  ...unary('silu', activations.silu),
  {
    file: 'attention',
    index: 0,
    inputs: ['q', 'k', 'v'],
    f: (q, k, v) => heads(attention(heads(q), heads(k), heads(v))),
  },
  {
    file: 'attention',
    index: 1,
    inputs: ['q', 'k', 'v'],
    f: (q, k, v) => {
      const everything = ones([q.shape[0] ?? 0, q.shape[2] ?? 0])
      const bias = maskBias(causalMask(everything), q.dtype)
      return heads(attention(heads(q), heads(k), heads(v), { bias }))
    },
  },
  ...[0, 1].map((index) => ({
    file: 'linear',
    index,
    inputs: ['x', 'weight', 'bias'],
    f: (x: Tensor, weight: Tensor, bias: Tensor) => linear({ weight, bias }, x),
  })),
  ...[1e-5, 1e-12].map((eps, index) => ({
    file: 'layer_norm',
    index,
    inputs: ['x', 'weight', 'bias'],
    f: (x: Tensor, weight: Tensor, bias: Tensor) => layerNorm({ weight, bias }, x, eps),
  })),
  ...[1e-5, 1e-12].map((eps, index) => ({
    file: 'rms_norm',
    index,
    inputs: ['x', 'weight'],
    f: (x: Tensor, weight: Tensor) => rmsNorm({ weight }, x, eps),
  })),
  ...[0, 1].map((index) => ({
    file: 'embedding',
    index,
    inputs: ['weight'],
    fixed: ['ids'],
    f: (weight: Tensor, ids: Tensor) => embedding({ weight }, ids),
  })),
  ...[0, 0.1].map((labelSmoothing, index) => ({
    file: 'cross_entropy',
    index,
    inputs: ['x'],
    fixed: ['target'],
    f: (x: Tensor, target: Tensor) => crossEntropy(x, target, { labelSmoothing }),
  })),
  { file: 'mse_loss', index: 0, inputs: ['x', 'y'], f: (x, y) => meanSquaredError(x, y) },
  { file: 'bce_with_logits', index: 0, inputs: ['x'], fixed: ['y'], f: (x, y) => binaryCrossEntropyWithLogits(x, y) },
]

describe('layers and losses agree with PyTorch', () => {
  it.each(cases)('$file $index', ({ file, index, inputs, fixed = [], f }) => {
    const data = fixtureTensors(`nn/${file}.safetensors`)
    const get = (name: string): Tensor => need(data, name)
    const constants = fixed.map((name) => get(`${index}.in.${name}`))
    const [value, pull] = vjp(
      (...xs: Tensor[]) => f(...xs, ...constants),
      ...inputs.map((name) => get(`${index}.in.${name}`)),
    )
    expect(scaledError(value, get(`${index}.out.0`))).toBeLessThan(1e-5)
    const gradients = pull(get(`${index}.cot.0`))
    for (const [i, name] of inputs.entries()) {
      const ours = gradients[i]
      if (ours === undefined) throw new Error(`no gradient of ${name}`)
      expect(scaledError(ours, get(`${index}.grad.${name}`)), name).toBeLessThan(2e-5)
    }
  })

  it('the mean of per-row losses is the loss, so a mask leaves exactly its rows out', () => {
    const data = fixtureTensors('nn/cross_entropy.safetensors')
    const get = (name: string): Tensor => need(data, name)
    const rows = get('4.out.0') // reduction none
    const [x, target] = [get('4.in.x'), get('4.in.target')]
    const kept = [...target.data].flatMap((label, i) => (label === -100 ? [] : [rows.data[i] ?? 0]))
    expect(crossEntropy(x, target).item()).toBeCloseTo(kept.reduce((a, b) => a + b, 0) / kept.length, 5)
  })
})
