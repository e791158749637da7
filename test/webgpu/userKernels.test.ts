/* Kernels of one's own on WebGPU: each alone, over batches, and in a program with its gradient. */
import { array, type HostTensor, mean, sizeOf, type Tensor, tensor, valueAndGrad } from '@cotangent/core'
import { defineKernel, gpuEngine } from '@cotangent/engine-gpu'
import { absolute, agreesWithReference, kernelAgrees } from '@cotangent/testing'
import { afterAll, expect, test } from 'vitest'
import {
  isTop,
  pickedLogit,
  rowEntropy,
  rowEntropySlope,
  sineProduct,
  slopesOfBatches,
  squaredLength,
} from '../support/userKernels.js'

const engine = await gpuEngine({ mode: 'webgpu' })
afterAll(() => engine.close())

const logits = array([
  [0.5, -1, 2],
  [1, 1.5, -0.5],
])
test('each computes what its reference computes, over batches too', async () => {
  await kernelAgrees(engine, rowEntropy, [logits])
  await kernelAgrees(engine, rowEntropySlope, [logits, array([2.3, 2.1]), array([0.7, 0.9]), array([1, -0.5])])
  await kernelAgrees(engine, pickedLogit, [logits, array([2, 0], 'i32')])
  await kernelAgrees(engine, isTop, [logits])
  await kernelAgrees(engine, sineProduct, [array([1, -2, 3]), array([0.5, 3, -1])])
  await kernelAgrees(engine, squaredLength, [array([1, 2, 3])])
})

test('vmaps that map different operands are one kernel', async () => {
  const numbers = (...shape: readonly number[]): HostTensor =>
    tensor(
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)),
      shape,
    )
  const operands = [numbers(3, 2, 4), numbers(2, 2), numbers(2), numbers(2, 3, 2)]
  await agreesWithReference(engine, (xs) => [slopesOfBatches(...xs)], operands, absolute(1e-6))
})

test('value and gradient', async () => {
  const loss = valueAndGrad((x: Tensor) => mean(rowEntropy(x)))
  await agreesWithReference(engine, ([x = logits]) => loss(x), [logits], absolute(1e-5))
})

test('what the device does not understand is said with the text', async () => {
  const wrong = defineKernel({
    name: 'wrong',
    operands: ['x'],
    result: ([x]) => x,
    source: () => 'function (x) { return other(x[this.thread.x]); }',
    reference: (x) => x,
  })
  await expect(kernelAgrees(engine, wrong, [array([1])])).rejects.toThrow(/must be able to translate[\s\S]*other\(x/)
})
