import {
  add,
  array,
  compile,
  type Engine,
  gelu,
  type HostTensor,
  IndexError,
  key,
  makeIR,
  matmul,
  mul,
  normal,
  prepareIR,
  scatterAdd,
  singularValues,
  softmax,
  sum,
  type Tensor,
  take,
  tensor,
  valueAndGrad,
  zeros,
} from '@cotangent/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onnxEngine } from './engine.js'

let engine: Engine
beforeAll(async () => {
  engine = await onnxEngine({ threads: 2 })
})
afterAll(() => engine.close())

const load = (f: (...xs: HostTensor[]) => unknown, ...args: HostTensor[]) =>
  engine.load(prepareIR(makeIR(f)(...args), (primitive) => engine.lowers(primitive)))

describe('donated storage', () => {
  test('is filled by a later run, and never while it is an input of that run', async () => {
    const program = await load((x) => mul(x, 2), tensor(new Float32Array(4)))
    const first = tensor(Float32Array.from([1, 2, 3, 4]))
    const [y] = await program.run([first])
    expect([...(y?.data ?? [])]).toEqual([2, 4, 6, 8])
    const storage = first.data
    program.recycle(first)
    // another tensor over the same storage is an input now
    const [fresh] = await program.run([tensor(storage)])
    expect(fresh?.data).not.toBe(storage)
    expect([...(fresh?.data ?? [])]).toEqual([2, 4, 6, 8])
    const [reused] = await program.run([tensor(Float32Array.from([5, 5, 5, 5]))])
    expect(reused?.data).toBe(storage)
    expect([...storage]).toEqual([10, 10, 10, 10])
    expect(() => first.data).toThrow('donated')
  })

  test('keeps a training loop right', async () => {
    const step = compile((w: Tensor, x: Tensor) => add(w, mul(x, 0.5)), engine, { donate: [0] })
    let w: Tensor = zeros([3])
    for (let i = 0; i < 20; i++) w = await step(w, array([1, 2, 3]))
    expect(w.toArray()).toEqual([10, 20, 30])
  })

  test('a part of a larger buffer is left alone', async () => {
    const program = await load((x) => mul(x, 2), tensor(new Float32Array(2)))
    const part = tensor(new Float32Array([9, 1, 2, 9]).subarray(1, 3))
    const storage = part.data
    program.recycle(part)
    await program.run([tensor(Float32Array.from([1, 1]))])
    expect([...storage]).toEqual([1, 2])
  })
})

describe('sessions', () => {
  test('equal programs share one; the oldest is closed when there are too many bytes, and made again', async () => {
    const small = await onnxEngine({ threads: 1, cacheBytes: 1 })
    const programs = [2, 3, 4].map((factor) => compile((x: Tensor) => mul(x, factor), small))
    for (let round = 0; round < 2; round++) {
      for (const [i, program] of programs.entries()) {
        expect((await program(array([1]))).toArray()).toEqual([i + 2])
      }
    }
    await Promise.all(programs.map((program) => program(array([1]))))
    await small.close()
    await expect(programs[0]?.(array([1]))).rejects.toThrow('before its engine is closed')
  })
})

describe('what is refused', () => {
  test('an index below 0 or beyond the end', async () => {
    const pick = compile((x: Tensor, i: Tensor) => take(x, i), engine)
    expect((await pick(array([1, 2, 3]), array([2, 0], 'i32'))).toArray()).toEqual([3, 1])
    await expect(pick(array([1, 2, 3]), array([-1, 0], 'i32'))).rejects.toThrow(IndexError)
    await expect(pick(array([1, 2, 3]), array([3, 0], 'i32'))).rejects.toThrow(IndexError)
  })

  test('inputs of another shape', async () => {
    const program = await load((x) => mul(x, 2), tensor(new Float32Array(4)))
    await expect(program.run([tensor(new Float32Array(3))])).rejects.toThrow('input 0 of a program is f32[4]')
  })

  test('random words: they stay on the host', () => {
    const ir = makeIR((x: Tensor) => add(x, x))(array([1], 'u32'))
    expect(ir.equations.map((equation) => engine.runs(equation))).toEqual([false])
  })
})

test('scatterAdd loses nothing where indices repeat, on two threads, 400 times', async () => {
  const [rows, width, many] = [7, 33, 512]
  const indices = array(
    Array.from({ length: many }, (_, i) => (i * i) % rows),
    'i32',
  )
  const wanted = new Float32Array(rows * width)
  for (const row of indices.data)
    for (let j = 0; j < width; j++) wanted[row * width + j] = (wanted[row * width + j] ?? 0) + 1
  const f = compile((i: Tensor, u: Tensor) => scatterAdd(zeros([rows, width]), i, u), engine)
  const ones = tensor(new Float32Array(many * width).fill(1), [many, width])
  for (let repeat = 0; repeat < 400; repeat++) expect((await f(indices, ones)).data).toEqual(wanted)
})

test('singular values and their gradient are one program', async () => {
  let programs = 0
  const f = compile((x: Tensor) => valueAndGrad((y: Tensor) => sum(singularValues(y)))(x), engine, {
    onCompile: (event) => (programs = event.programs),
  })
  const x = normal(key(3), [16, 9])
  const [value, slope] = await f(x)
  expect(programs).toBe(1)
  // <gradient, x> is the sum itself, as it is homogeneous of degree 1
  expect(sum(mul(slope, x)).item()).toBeCloseTo(value.item(), 4)
  expect(value.item()).toBeCloseTo(sum(singularValues(x)).item(), 4)
})

test('a run gives the same bits every time', async () => {
  const [x, w] = [normal(key(4), [64, 96]), normal(key(5), [96, 80])]
  const f = compile(
    (a: Tensor, b: Tensor) => valueAndGrad((c: Tensor) => sum(softmax(gelu(matmul(a, c)), 0)))(b),
    engine,
  )
  const [value, slope] = await f(x, w)
  for (let repeat = 0; repeat < 5; repeat++) {
    const [again, slopeAgain] = await f(x, w)
    expect(again.data).toEqual(value.data)
    expect(slopeAgain.data).toEqual(slope.data)
  }
})
