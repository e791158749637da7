/* Why a function was compiled: what changed, leaf by leaf. */
import { describe, expect, test } from 'vitest'
import { ArgumentError } from '../errors.js'
import { add, mul } from '../primitives/arithmetic.js'
import { ones, zeros } from '../primitives/broadcast.js'
import { sum } from '../primitives/reduction.js'
import { referenceEngine } from '../reference/engine.js'
import { array, type Tensor } from '../tensor.js'
import { compile } from './compile.js'
import type { CompileEvent } from './compileEvent.js'
import { explainCompile } from './history.js'

interface Params {
  readonly layers: readonly { readonly query: Tensor; readonly bias: Tensor | null }[]
  readonly head?: Tensor
}

const score = (params: Params, batch: { readonly x: Tensor }, mode: string, [scale]: readonly [Tensor]): Tensor =>
  params.layers.reduce(
    (y, { query, bias }) => {
      const next = mul(y, sum(query))
      return bias === null ? next : add(next, sum(bias))
    },
    mul(sum(batch.x), mul(scale, mode === 'train' ? 2 : 1)),
  )

const layer = { query: ones([8, 8]), bias: zeros([8]) }
const base = { layers: [layer, layer, layer, layer] }
const x = ones([32, 4])

/** Calls with each of the lists of arguments; what `onCompile` was told, and the text without times. */
const calls = async (...all: readonly Parameters<typeof score>[]) => {
  const events: CompileEvent[] = []
  const f = compile(score, referenceEngine(), { static: [2], onCompile: (event) => events.push(event) })
  for (const args of all) await f(...args)
  return { events, text: explainCompile(f).replaceAll(/ in [\d.e-]+ s/g, ' in _ s') }
}

const one = [array(1)] as const

describe('onCompile is told what changed', () => {
  test('a leaf, by the name of its argument and its path', async () => {
    const changed = { layers: base.layers.map((each, i) => (i === 3 ? { ...each, query: ones([8, 4]) } : each)) }
    const { events } = await calls([base, { x }, 'train', one], [changed, { x }, 'train', one])
    expect(events.map(({ reason, changes, nearest }) => ({ reason, changes, nearest }))).toEqual([
      { reason: 'first call', changes: [], nearest: null },
      {
        reason: 'new signature',
        changes: [{ path: 'params.layers[3].query', before: 'f32[8,8]', after: 'f32[8,4]' }],
        nearest: 1,
      },
    ])
  })

  test('a static value, a leaf that comes or goes, an argument without a name', async () => {
    const { events } = await calls(
      [base, { x }, 'train', one],
      [base, { x }, 'eval', one],
      [{ ...base, head: x }, { x }, 'eval', one],
      [{ layers: base.layers.map((each) => ({ ...each, bias: null })) }, { x }, 'eval', one],
      [base, { x }, 'eval', [array([1])]],
    )
    expect(events.slice(1).map(({ changes, nearest }) => [nearest, changes.length, changes[0]])).toEqual([
      [1, 1, { path: 'mode', before: '"train"', after: '"eval"' }],
      [2, 1, { path: 'params.head', before: null, after: 'f32[32,4]' }],
      [2, 4, { path: 'params.layers[0].bias', before: 'f32[8]', after: null }],
      [2, 1, { path: 'args[3][0]', before: 'f32[]', after: 'f32[1]' }],
    ])
  })

  test('the structure alone, where all leaves are the same', async () => {
    const events: CompileEvent[] = []
    const f = compile((tree: { readonly w: Tensor; readonly rest: readonly null[] }) => tree.w, referenceEngine(), {
      onCompile: (event) => events.push(event),
    })
    await f({ w: x, rest: [] })
    await f({ w: x, rest: [null] })
    expect(events[1]?.changes).toEqual([{ path: '', before: '[{rest: [], w: *}]', after: '[{rest: [null], w: *}]' }])
  })
})

describe('explainCompile', () => {
  test('tells all of it as text; the nearest call is the one with fewest changes', async () => {
    const wide = { layers: base.layers.map((each) => ({ query: ones([9, 8]), bias: each.bias })) }
    const short = { x: ones([7, 4]) }
    const { text } = await calls(
      [base, { x }, 'train', one],
      [wide, { x }, 'train', one],
      [wide, short, 'train', one],
      [base, short, 'train', one],
      [{ layers: [...wide.layers, ...wide.layers] }, short, 'eval', one],
    )
    expect(text).toMatchInlineSnapshot(`
      "score was compiled 5 times
        1  19 equations in _ s on reference
           first call
        2  19 equations in _ s on reference
           params.layers[0].query: f32[8,8] -> f32[9,8]
           params.layers[1].query: f32[8,8] -> f32[9,8]
           params.layers[2].query: f32[8,8] -> f32[9,8]
           params.layers[3].query: f32[8,8] -> f32[9,8]
           (compared with 1)
        3  19 equations in _ s on reference
           batch.x: f32[32,4] -> f32[7,4]
           (compared with 2)
        4  19 equations in _ s on reference
           batch.x: f32[32,4] -> f32[7,4]
           (compared with 1)
        5  35 equations in _ s on reference
           mode: "train" -> "eval"
           params.layers[4].bias: f32[8], was not there
           params.layers[4].query: f32[9,8], was not there
           params.layers[5].bias: f32[8], was not there
           params.layers[5].query: f32[9,8], was not there
           and 4 more
           (compared with 3)"
    `)
  })

  test('of a compilation that failed says so', async () => {
    const f = compile((y: Tensor) => {
      if (y.rank === 1) throw new Error('not this one')
      return y
    }, referenceEngine())
    await f(x)
    await expect(f(array([1]))).rejects.toThrow('not this one')
    await f(ones([1, 1]))
    expect(explainCompile(f).replaceAll(/ in [\d.e-]+ s/g, ' in _ s')).toMatchInlineSnapshot(`
      "a function was compiled 2 times
        1  0 equations in _ s on reference
           first call
        2  failed
           y: f32[32,4] -> f32[1]
           (compared with 1)
        3  0 equations in _ s on reference
           y: f32[32,4] -> f32[1,1]
           (compared with 1)"
    `)
  })

  test('of many that failed keeps the last 20, each with its number', async () => {
    const f = compile((_: Tensor): Tensor => {
      throw new Error('never')
    }, referenceEngine())
    for (let i = 0; i < 50; i++) await expect(f(ones([i + 1]))).rejects.toThrow('never')
    const numbers = [...explainCompile(f).matchAll(/^ {2}(\d+) +failed$/gm)].map(([, number]) => Number(number))
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, i) => 31 + i))
  })

  test('refuses what was not compiled', () => {
    expect(() => explainCompile(score)).toThrow(ArgumentError)
  })
})
