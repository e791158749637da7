import { describe, expect, test } from 'vitest'
import type { Engine } from '../compile/engine.js'
import { scan } from '../control/scan.js'
import { add, exp, mul } from '../primitives/arithmetic.js'
import { ones } from '../primitives/broadcast.js'
import { matmul } from '../primitives/contraction.js'
import { sum } from '../primitives/reduction.js'
import { sin, tanh } from '../primitives/smooth.js'
import { key, normal } from '../random/random.js'
import { referenceEngine } from '../reference/engine.js'
import { array, scalar, type Tensor } from '../tensor.js'
import { makeIR } from '../trace/makeIR.js'
import { scope } from '../trace/origin.js'
import { grad } from '../transforms/vjp.js'
import { profile } from './profile.js'
import type { ProfileEntry } from './profileEntry.js'
import { type ProfileTableOptions, profileTable } from './profileTable.js'

const loss = (w: Tensor, x: Tensor): Tensor => scope('layer', () => sum(tanh(matmul(x, w))))

describe('profile on the reference engine', () => {
  test('has an entry for each equation of each run, in their order, and knows where they come from', async () => {
    const { entries, runs, engine } = await profile(grad(loss), referenceEngine(), { runs: 3 })(
      ones([3, 2]),
      ones([4, 3]),
    )
    expect([engine, runs]).toEqual(['reference', 3])
    const ofRun = (n: number) => entries.filter(({ run }) => run === n)
    const names = ofRun(0).map(({ operation }) => operation)
    expect(names).toContain('dotGeneral')
    expect(names).toContain('tanh')
    expect(names).not.toContain('reduceSum') // the value of the loss, which the gradient does not need
    for (const n of [1, 2]) expect(ofRun(n).map(({ operation }) => operation)).toEqual(names)
    for (const { duration, self, start } of entries) {
      expect(duration).toBeGreaterThanOrEqual(0)
      expect(self).toBe(duration)
      expect(start).toBeGreaterThanOrEqual(0)
    }
    const passes = ofRun(0).map(({ equation }) => equation?.origin?.pass)
    expect(new Set(passes)).toEqual(new Set(['forward', 'derivative', 'backward']))
    for (const { equation } of entries) expect(equation?.origin?.site?.line?.file).toMatch(/profile\.test\.ts$/)
  })

  test('counts the operations of a loop’s body once: the loop keeps the rest of its time', async () => {
    const loop = (x: Tensor) => scan((c: Tensor, y: Tensor) => [sin(add(c, y)), c], scalar(0), x)[0]
    const { entries, total } = await profile(loop, referenceEngine(), { runs: 2, warmup: 0 })(ones([5]))
    const steps = entries.filter(({ operation }) => operation === 'sin')
    const loops = entries.filter(({ operation }) => operation === 'scan')
    expect([steps.length, loops.length]).toEqual([10, 2])
    for (const each of loops) expect(each.self).toBeLessThan(each.duration)
    expect(total).toBeCloseTo(loops.reduce((time, { duration }) => time + duration, 0) / 2, 3)
  })

  test('what depends on keys runs on the host', async () => {
    const noisy = (k: Tensor, x: Tensor) => mul(x, normal(k, [2]))
    const { entries } = await profile(noisy, referenceEngine(), { runs: 1 })(key(0), ones([2]))
    expect(entries.find(({ operation }) => operation === 'randomUniform')?.where).toBe('host')
    expect(entries.at(-1)).toMatchObject({ operation: 'mul', where: 'reference' })
  })

  test('static arguments are taken as they are', async () => {
    const f = (x: Tensor, mode: string) => (mode === 'sin' ? sin(x) : exp(x))
    const { entries } = await profile(f, referenceEngine(), { runs: 1, static: [1] })(ones([2]), 'sin')
    expect(entries.map(({ operation }) => operation)).toEqual(['sin'])
  })
})

test('an engine that cannot tell gives the time of its programs', async () => {
  const { profile: _, ...plain }: Engine = referenceEngine()
  const { entries } = await profile(loss, plain, { runs: 4 })(ones([3, 2]), ones([4, 3]))
  expect(entries.map(({ operation, equation, run }) => [operation, equation, run])).toEqual(
    [0, 1, 2, 3].map((run) => ['program', null, run]),
  )
})

test('the Chrome trace holds one complete event for each entry, and names its rows', async () => {
  const times = await profile(grad(loss), referenceEngine(), { runs: 2 })(ones([3, 2]), ones([4, 3]))
  const trace: unknown = JSON.parse(times.chromeTrace())
  const events = (trace as { traceEvents: readonly Record<string, unknown>[] }).traceEvents // border: looked at below
  expect(events.filter(({ ph }) => ph === 'M').map(({ args }) => args)).toEqual([{ name: 'reference' }])
  const complete = events.filter(({ ph }) => ph === 'X')
  expect(complete.map(({ name, ts, dur }) => [name, ts, dur])).toEqual(
    times.entries.map(({ operation, start, duration }) => [operation, start, duration]),
  )
  expect(complete.find(({ name }) => name === 'tanh')).toMatchObject({
    cat: 'forward',
    args: {
      run: 0,
      equation: 'tanh',
      results: 'f32[4,2]',
      from: expect.stringMatching(/profile\.test\.ts:\d+:\d+, in layer$/),
    },
  })
})

describe('the table', () => {
  const ir = makeIR(grad((x: Tensor) => scope('wave', () => sum(mul(sin(x), x)))))(array([1, 2]))
  const entries = [0, 1].flatMap((run) =>
    ir.equations.map(
      (equation, i): ProfileEntry => ({
        operation: i % 2 === 0 ? 'Op' : equation.primitive.name,
        equation,
        run,
        where: 'engine',
        start: 0,
        duration: 20,
        self: 10 * (i + 1),
      }),
    ),
  )
  const total = entries.reduce((time, { self }) => time + self / 2, 0)
  const tableBy = (by: NonNullable<ProfileTableOptions['by']>, top = 20): string =>
    profileTable(
      { engine: 'engine', runs: 2, total, handed: { toEngine: 0, toHost: 0 }, entries },
      { by, top },
    ).replaceAll(/:\d+:\d+/g, ':_')

  test('by equation', () => {
    expect(tableBy('equation', 3)).toMatchInlineSnapshot(`
      "550.0 us a run on engine, mean of 2; 10 operations
         us  share  calls  equation        from
      100.0  18.2%      1  add  f32[2]     packages/core/src/debug/profile.test.ts:_, in wave, backward of sin
       90.0  16.4%      1  Op  mul f32[2]  packages/core/src/debug/profile.test.ts:_, in wave, backward of sin
       80.0  14.5%      1  mul  f32[2]     packages/core/src/debug/profile.test.ts:_, in wave, backward of mul
      280.0 us in 7 more"
    `)
  })
  test.each(['operation', 'line', 'function', 'scope', 'pass'] as const)('by %s, adds up to the total', (by) => {
    const rows = tableBy(by).split('\n').slice(2)
    expect(rows.reduce((time, row) => time + Number.parseFloat(row), 0)).toBeCloseTo(total, 3)
  })
  test('by pass', () => {
    expect(tableBy('pass')).toMatchInlineSnapshot(`
      "550.0 us a run on engine, mean of 2; 10 operations
         us  share  calls  pass
      450.0  81.8%      6  backward
       80.0  14.5%      3  forward
       20.0   3.6%      1  derivative"
    `)
  })
})
