/* Kernels of one's own on an engine of gpu.js: each alone, over batches, and in a program with its gradient. */
import { array, type Engine, type HostTensor, mean, sizeOf, type Tensor, tensor, valueAndGrad } from '@cotangent/core'
import { defineKernel } from '@cotangent/engine-gpu'
import { absolute, agreesWithReference, type ConformanceTest, kernelAgrees } from '@cotangent/testing'
import {
  isTop,
  pickedLogit,
  rowEntropy,
  rowEntropySlope,
  sineProduct,
  slopesOfBatches,
  squaredLength,
} from './userKernels.js'

const numbers = (...shape: readonly number[]): HostTensor =>
  tensor(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)),
    shape,
  )

const logits = numbers(2, 3)

const each = async (engine: Engine): Promise<void> => {
  await kernelAgrees(engine, rowEntropy, [logits])
  await kernelAgrees(engine, rowEntropySlope, [logits, array([2.3, 2.1]), array([0.7, 0.9]), array([1, -0.5])])
  await kernelAgrees(engine, pickedLogit, [logits, array([2, 0], 'i32')])
  await kernelAgrees(engine, isTop, [logits])
  await kernelAgrees(engine, sineProduct, [array([1, -2, 3]), array([0.5, 3, -1])])
  await kernelAgrees(engine, squaredLength, [array([1, 2, 3])])
}

const nested = (engine: Engine): Promise<void> => {
  const operands = [numbers(3, 2, 4), numbers(2, 2), numbers(2), numbers(2, 3, 2)]
  return agreesWithReference(engine, (xs) => [slopesOfBatches(...xs)], operands, absolute(1e-5))
}

const gradient = (engine: Engine): Promise<void> => {
  const loss = valueAndGrad((x: Tensor) => mean(rowEntropy(x)))
  return agreesWithReference(engine, ([x = logits]) => loss(x), [logits], absolute(1e-5))
}

const notUnderstood = async (engine: Engine): Promise<void> => {
  const wrong = defineKernel({
    name: 'wrong',
    operands: ['x'],
    result: ([x]) => x,
    source: () => 'function (x) { return other(x[this.thread.x]); }',
    reference: (x) => x,
  })
  const said = await kernelAgrees(engine, wrong, [array([1])]).then(() => 'nothing', String)
  if (!/must be able to translate[\s\S]*other\(x/.test(said)) throw new Error(`said was: ${said}`)
}

/** What an engine of gpu.js must keep of kernels of one's own. */
export const userKernelChecks = (engine: Engine): readonly ConformanceTest[] => [
  { name: 'user kernels: each, and over a batch', run: () => each(engine) },
  { name: 'user kernels: vmaps that map different operands', run: () => nested(engine) },
  { name: 'user kernels: value and gradient', run: () => gradient(engine) },
  { name: 'user kernels: a text that is not understood', run: () => notUnderstood(engine) },
]
