/* Casts and rounding to 16-bit floats: what docs/dtypes.md says of each engine. */
import {
  array,
  cast,
  compile,
  type Engine,
  grad,
  HostTensor,
  jvp,
  mul,
  type NarrowFloat,
  reducePrecision,
  referenceEngine,
  sum,
  type Tensor,
  vjp,
} from '@cotangent/core'
import { gpuEngine } from '@cotangent/engine-gpu'
import { onnxEngine } from '@cotangent/engine-onnx'
import { bf16ToNumber, f16ToNumber, numberToBf16, numberToF16 } from '@cotangent/io'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const engines: Record<string, Engine> = {}
beforeAll(async () => {
  engines.reference = referenceEngine()
  engines.onnx = await onnxEngine({ threads: 1 })
  engines.gpu = await gpuEngine({ mode: 'cpu' })
})
afterAll(async () => {
  await Promise.all(Object.values(engines).map((engine) => engine.close()))
})

const engineOf = (name: string): Engine => {
  const engine = engines[name]
  if (engine === undefined) throw new Error(`no engine ${name}`)
  return engine
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number
const narrow: Readonly<Record<NarrowFloat, (x: number) => number>> = {
  f16: (x) => f16ToNumber(numberToF16(x)),
  bf16: (x) => bf16ToNumber(numberToBf16(x)),
}

/** f32 numbers of all sizes from their bits, every fifth halfway between two of bf16. */
const patterns = (count: number): Float32Array => {
  const bits = new Uint32Array(count)
  let state = 12345
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const near1 = (state & 0x8fffe000) | 0x38000000 | (i % 2 === 0 ? 0x1000 : (state >>> 7) & 0x1fff)
    bits[i] = i % 5 === 0 ? (state & 0xffff0000) | 0x8000 : i % 3 === 0 ? near1 : state
  }
  return new Float32Array(bits.buffer)
}

describe.each<NarrowFloat>(['f16', 'bf16'])('reducePrecision to %s', (format) => {
  const x = new HostTensor(patterns(50_000), [50_000], 'f32')
  const right = Float32Array.from(x.data, narrow[format])

  test.each(['reference', 'onnx'])('is the stored form and back, bit for bit, on %s', async (name) => {
    const run = compile((y: Tensor) => mul(reducePrecision(y, format), 1), engineOf(name))
    expect((await run(x)).data).toEqual(right)
  })

  test('is that on an engine that has no lowering of it', async () => {
    const bare: Engine = { ...referenceEngine(), lowers: (primitive) => primitive.name !== 'reducePrecision' }
    expect((await compile((y: Tensor) => reducePrecision(y, format), bare)(x)).data).toEqual(right)
  })

  test('rounds tangents and cotangents', () => {
    const [y, v] = [array([1, -3]), array([1 + 2 ** -12, 1 / 3])]
    const expected = [...v.data].map(narrow[format])
    const f = (z: Tensor): Tensor => reducePrecision(z, format)
    expect(jvp(f, [y], [v])[1].toArray()).toEqual(expected)
    expect(vjp(f, y)[1](v)).toMatchObject([{ data: Float32Array.from(expected) }])
    expect(grad((z: Tensor) => sum(mul(f(z), v)))(y).toArray()).toEqual(expected)
  })
})

describe.each(['reference', 'onnx', 'gpu'])('casts on %s', (name) => {
  const casts = async (values: readonly number[], from: Tensor['dtype'], to: Tensor['dtype']): Promise<number[]> => {
    const y = await compile((x: Tensor) => cast(x, to), engineOf(name))(array(values, from))
    return [...(await y.read()).data]
  }

  test('f32 to i32: towards 0, to the ends of the range, NaN to 0', async () => {
    expect(await casts([1.7, -1.7, nan, 1e10, -1e10], 'f32', 'i32')).toEqual([1, -1, 0, 2 ** 31 - 1, -(2 ** 31)])
  })

  test('f32 to bool: all but 0, NaN too', async () => {
    expect(await casts([0, -0, 0.1, nan, inf], 'f32', 'bool')).toEqual([0, 0, 1, 1, 1])
  })

  test('i32 to f32, exact to 2^24', async () => {
    expect(await casts([-(2 ** 24), 2 ** 24], 'i32', 'f32')).toEqual([-(2 ** 24), 2 ** 24])
  })

  test('between i32 and u32 the bits stay', async () => {
    expect(await casts([-1, 5], 'i32', 'u32')).toEqual([2 ** 32 - 1, 5])
    expect(await casts([2 ** 32 - 1, 5], 'u32', 'i32')).toEqual([-1, 5])
  })

  test('infinities to i32', async () => {
    expect(await casts([inf, -inf], 'f32', 'i32')).toEqual([2 ** 31 - 1, -(2 ** 31)])
  })
})
