/* Where the time of an ONNX program goes: onnxruntime's own profile, with equations and lines. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  add,
  type Engine,
  gelu,
  grad,
  key,
  matmul,
  mul,
  normal,
  ones,
  type ProfileEntry,
  profile,
  scalar,
  scan,
  scope,
  sin,
  softmax,
  standardize,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
} from '@cotangent/core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { onnxEngine } from './engine.js'
import { operationsIn } from './runtimeProfile.js'

let engine: Engine
beforeAll(async () => {
  engine = await onnxEngine({ threads: 1 })
})
afterAll(() => engine.close())

interface Params {
  readonly a: Tensor
  readonly b: Tensor
  readonly c: Tensor
}

const params: Params = { a: normal(key(1), [64, 128]), b: normal(key(2), [128, 32]), c: normal(key(3), [128]) }
const x = normal(key(4), [16, 64])

const loss = ({ a, b, c }: Params, input: Tensor): Tensor => {
  const hidden = scope('layer', () => standardize(gelu(add(matmul(input, a), c)), 1e-5))
  return sum(mul(softmax(matmul(hidden, b)), 0.5))
}

const equationsOf = (entries: readonly ProfileEntry[]): readonly string[] => [
  ...new Set(entries.map(({ equation }) => equation?.primitive.name ?? 'none')),
]

describe('profile on the ONNX engine', () => {
  test('every operation but the run itself belongs to an equation, on a line of this file', async () => {
    const { entries, runs } = await profile(grad(loss), engine, { runs: 3 })(params, x)
    expect(runs).toBe(3)
    expect(entries.filter(({ operation }) => operation === 'run').map(({ run }) => run)).toEqual([0, 1, 2])
    const nodes = entries.filter(({ operation }) => operation !== 'run')
    expect(nodes.length).toBeGreaterThan(30)
    for (const { equation, run } of nodes) {
      expect(equation).not.toBeNull()
      expect(equation?.origin?.site?.line?.file).toBe('packages/engine-onnx/src/profile.test.ts')
      expect([0, 1, 2]).toContain(run)
    }
    expect(new Set(nodes.map(({ equation }) => equation?.origin?.pass))).toEqual(
      new Set(['forward', 'derivative', 'backward']),
    )
    const layer = nodes.filter(({ equation }) => equation?.origin?.scope[0] === 'layer')
    expect(equationsOf(layer)).toContain('standardize')
    expect(equationsOf(layer)).not.toContain('softmax')
  })

  test('a product that took in a sum is the contraction’s', async () => {
    const { entries } = await profile((p: Params, y: Tensor) => add(matmul(y, p.a), p.c), engine, { runs: 1 })(
      params,
      x,
    )
    const [run, ...nodes] = entries
    expect(run?.operation).toBe('run')
    expect(nodes.map(({ operation, equation }) => [operation, equation?.primitive.name])).toEqual([
      ['Gemm', 'dotGeneral'],
    ])
  })

  test('nodes of a loop’s body belong to the body’s equations; their time is the loop’s too, and counted once', async () => {
    const f = (xs: Tensor) => scan((c: Tensor, y: Tensor) => [sin(add(tanh(c), y)), c], scalar(0), xs)
    const { entries, total } = await profile(f, engine, { runs: 2 })(ones([5]))
    const steps = entries.filter(({ operation }) => operation === 'Sin')
    expect(steps.length).toBe(10)
    expect(equationsOf(steps)).toEqual(['sin'])
    const loops = entries.filter(({ operation }) => operation === 'Scan')
    expect(equationsOf(loops)).toEqual(['scan'])
    for (const each of loops) expect(each.self).toBeLessThan(each.duration)
    const whole = entries.filter(({ operation }) => operation === 'run').reduce((t, { duration }) => t + duration, 0)
    expect(total).toBeCloseTo(whole / 2, 3)
  })

  test('stays right where the program is split between host and engine', async () => {
    const noisy = (k: Tensor, y: Tensor) => matmul(transpose(y), mul(y, normal(k, [64])))
    const { entries } = await profile(noisy, engine, { runs: 1 })(key(1), x)
    expect(new Set(entries.map(({ where }) => where))).toEqual(new Set(['host', 'onnx']))
    expect(entries.some(({ operation, where }) => operation === 'Gemm' && where === 'onnx')).toBe(true)
  })

  test('shows it as a table and as a Chrome trace', async () => {
    const times = await profile(grad(loss), engine, { runs: 1 })(params, x)
    expect(times.table()).toMatch(
      /^\d+\.\d us a run on onnx, mean of 1; \d+ operations\n +us +share +calls +equation +from\n/,
    )
    expect(times.table()).toMatch(
      /Gemm {2}dotGeneral f32\[16,128\] +packages\/engine-onnx\/src\/profile\.test\.ts:\d+:\d+, in layer/,
    )
    expect(times.table({ by: 'scope' })).toMatch(/ layer$/m)
    const trace = JSON.parse(times.chromeTrace()) as { readonly traceEvents: readonly { readonly ph: string }[] }
    expect(trace.traceEvents.filter(({ ph }) => ph === 'X').length).toBe(times.entries.length)
  })

  test('leaves no file behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'profile-test-'))
    vi.stubEnv('TMPDIR', folder)
    await profile((y: Tensor) => sub(y, 1), engine, { runs: 1 })(x)
    vi.unstubAllEnvs()
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })
  })
})

describe('the profile that onnxruntime writes', () => {
  const event = (name: string, ts: number, dur: number, cat = 'Node', op = 'Gemm') => ({
    ...{ cat, name, ts, dur, ph: 'X', pid: 1, tid: 1 },
    args: cat === 'Node' ? { op_name: op } : {},
  })

  test('is read run by run; names of fused nodes are looked through', () => {
    const asked: string[] = []
    const operations = operationsIn(
      JSON.stringify([
        event('session_initialization', 0, 50, 'Session'),
        event('Gemm:t3_kernel_time', 110, 5),
        event('model_run', 100, 30, 'Session'),
        event('model_run', 200, 40, 'Session'),
        event('Gemm:t3_kernel_time', 205, 6),
        event('MatMul:t12/MatMulScaleFusion/_kernel_time', 215, 6, 'Node', 'FusedMatMul'),
        event('Mul:y0_kernel_time', 225, 3, 'Node', 'Mul'),
        event('ReorderInput_7_kernel_time', 230, 3, 'Node', 'ReorderInput'),
      ]),
      (tensor) => {
        asked.push(tensor)
        return null
      },
    )
    expect(operations.map(({ operation, run, start, duration }) => [operation, run, start, duration])).toEqual([
      ['Gemm', 0, 10, 5],
      ['run', 0, 0, 30],
      ['run', 1, 100, 40],
      ['Gemm', 1, 105, 6],
      ['FusedMatMul', 1, 115, 6],
      ['Mul', 1, 125, 3],
      ['ReorderInput', 1, 130, 3],
    ])
    expect(asked).toEqual(['t3', 't3', 't12', 'y0'])
  })

  test('that is something else is refused', () => {
    expect(() => operationsIn('{"events": []}', () => null)).toThrow(/a list/)
  })
})
