/*
 * A few kernels with known answers, run when an engine starts. Users of gpu.js report wrong sums on some graphics cards;
 * drivers may also count on there being no NaN. A mode that fails here is not used.
 */

import type { Device } from './device.js'
import type { KernelSpec } from './kernelSpec.js'

interface SelfTest {
  readonly name: string
  readonly inputs: readonly Float32Array[]
  readonly length: number
  readonly source: string
  readonly expected: Float32Array
  /** Relative error that is allowed; 0 asks for the same number. */
  readonly tolerance: number
}

const numbers = (n: number, f: (i: number) => number): Float32Array => Float32Array.from({ length: n }, (_, i) => f(i))

/** 1 + 2 + ... + 1000, exact in f32. */
const sums: SelfTest = {
  name: 'a sum of 1000 numbers',
  inputs: [numbers(2000, (i) => (i % 1000) + 1)],
  length: 2,
  source: `function (a0) {
  const i = this.thread.x;
  let total = 0;
  for (let r0 = 0; r0 < 1000; r0++) {
    total = total + a0[i * 1000 + r0];
  }
  return total;
}`,
  expected: Float32Array.of(500500, 500500),
  tolerance: 0,
}

const [rows, inner, columns] = [5, 7, 3]
const left = numbers(rows * inner, (i) => (i % 11) - 5)
const right = numbers(inner * columns, (i) => (i % 7) - 3)
const product = numbers(rows * columns, (at) => {
  let total = 0
  for (let k = 0; k < inner; k++) {
    total += (left[Math.floor(at / columns) * inner + k] ?? 0) * (right[k * columns + (at % columns)] ?? 0)
  }
  return total
})

const matmul: SelfTest = {
  name: 'a matrix product',
  inputs: [left, right],
  length: rows * columns,
  source: `function (a0, a1) {
  const i = this.thread.x;
  const q1 = Math.floor(i / ${columns});
  const c1 = i - q1 * ${columns};
  let total = 0;
  for (let r0 = 0; r0 < ${inner}; r0++) {
    total = total + a0[q1 * ${inner} + r0] * a1[r0 * ${columns} + c1];
  }
  return total;
}`,
  expected: product,
  tolerance: 0,
}

/** More threads than one row of workgroups has (65535). The element at i is that of its quotient and rest by 7. */
const places: SelfTest = {
  name: 'index arithmetic',
  inputs: [numbers(7, (i) => i / 8)],
  length: 200_003,
  source: `function (a0) {
  const i = this.thread.x;
  const q1 = Math.floor(i / 7);
  const c1 = i - q1 * 7;
  return q1 + a0[c1];
}`,
  expected: numbers(200_003, (i) => Math.floor(i / 7) + (i % 7) / 8),
  tolerance: 0,
}

const functionsAt = [0, 1, -1, 0.5, 100, Number.NaN, Number.NEGATIVE_INFINITY]

/** WGSL allows exp an error of 3 + 2|x| units in the last place. */
const functions: SelfTest = {
  name: 'exp, tanh and NaN',
  inputs: [Float32Array.from(functionsAt)],
  length: functionsAt.length * 4,
  source: `function (a0) {
  const i = this.thread.x;
  const q1 = Math.floor(i / ${functionsAt.length});
  const c1 = i - q1 * ${functionsAt.length};
  const x = a0[c1];
  if (q1 == 0) {
    return Math.exp(Math.min(x, 50));
  }
  if (q1 == 1) {
    return Math.tanh(x);
  }
  if (q1 == 2) {
    return Math.max(x, 0.25);
  }
  return x == x ? 1 : 0;
}`,
  expected: Float32Array.from([
    ...functionsAt.map((x) => Math.exp(Math.min(x, 50))),
    ...functionsAt.map(Math.tanh),
    ...functionsAt.map((x) => Math.max(x, 0.25)),
    ...functionsAt.map((x) => (Number.isNaN(x) ? 0 : 1)),
  ]),
  tolerance: 103 * 2 ** -23,
}

const selfTests: readonly SelfTest[] = [sums, matmul, places, functions]

const agrees = (expected: number, received: number | undefined, tolerance: number): boolean =>
  Object.is(expected, received) ||
  (received !== undefined && Math.abs(received - expected) <= tolerance * Math.abs(expected))

const check = async (
  device: Device,
  { name, inputs, length, source, expected, tolerance }: SelfTest,
): Promise<string | null> => {
  const spec: KernelSpec = { source, length, inputLengths: inputs.map((input) => input.length) }
  const operands = inputs.map((input) => device.upload(input.slice()))
  const result = await device.kernel(spec).run(operands)
  const received = await device.read(result)
  for (const buffer of [...operands, result]) buffer.release()
  const wrong = expected.findIndex((value, i) => !agrees(value, received[i], tolerance))
  return wrong < 0 ? null : `${name}: element ${wrong} is ${received[wrong]}, expected ${expected[wrong]}`
}

/** What the first wrong kernel gave, or `null` where all are right. */
export const selfTest = async (device: Device): Promise<string | null> => {
  for (const test of selfTests) {
    try {
      const wrong = await check(device, test)
      if (wrong !== null) return wrong
    } catch (cause) {
      return `${test.name}: ${cause instanceof Error ? cause.message : String(cause)}`
    }
  }
  device.forget()
  return null
}
