import { lawRuns, programArbitrary } from '@cotangent/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IndexError } from '../errors.js'
import type { Equation, IR } from '../ir/ir.js'
import { printIR } from '../ir/print.js'
import { add, mul, sub } from '../primitives/arithmetic.js'
import { ones, zeros } from '../primitives/broadcast.js'
import { take } from '../primitives/indexing.js'
import { sum } from '../primitives/reduction.js'
import { iota } from '../primitives/sequence.js'
import { cos, sin } from '../primitives/smooth.js'
import { bernoulli, foldIn, key, normal, split } from '../random/random.js'
import { referenceEngine } from '../reference/engine.js'
import { array, type HostTensor, scalar, type Tensor } from '../tensor.js'
import { grad, valueAndGrad } from '../transforms/vjp.js'
import { vmap } from '../transforms/vmap.js'
import { compile } from './compile.js'
import type { CompileEvent } from './compileEvent.js'
import type { Engine } from './engine.js'

/** The reference engine, with the programs it was given. `runs` says which equations it takes. */
const watched = (runs: (equation: Equation) => boolean = () => true) => {
  const programs: IR[] = []
  const inner = referenceEngine()
  const engine: Engine = {
    ...inner,
    name: 'watched',
    runs,
    load: (ir) => {
      programs.push(ir)
      return inner.load(ir)
    },
  }
  return { engine, programs }
}

const numbers = (x: Tensor): number[] => Array.from(x.data)

describe('a compiled function', () => {
  test('computes what the function does, pytrees in and out', async () => {
    const step = (p: { readonly w: Tensor }, x: Tensor) => {
      const [loss, slope] = valueAndGrad((q: typeof p) => sum(mul(q.w, x)))(p)
      return { loss, w: sub(p.w, mul(slope.w, 0.1)) }
    }
    const compiled = compile(step, referenceEngine())
    const result = await compiled({ w: array([1, 2]) }, array([3, 4]))
    expect(result.loss.item()).toBe(11)
    expect(numbers(result.w)).toEqual([Math.fround(0.7), Math.fround(1.6)])
  })

  test('agrees with the eager call on random programs and their gradients', async () => {
    await fc.assert(
      fc.asyncProperty(programArbitrary({ minLength: 0 }), async ({ f, args }) => {
        const g = (xs: readonly Tensor[]) => [f(...xs), ...grad((list: readonly Tensor[]) => f(...list))(xs)]
        const compiled = await compile(g, referenceEngine())(args)
        expect(compiled.map(numbers)).toEqual(g(args).map(numbers))
      }),
      lawRuns(50),
    )
  })

  test('agrees with it wherever the equations run', async () => {
    await fc.assert(
      fc.asyncProperty(programArbitrary(), fc.integer({ min: 2, max: 5 }), async ({ f, args }, modulus) => {
        let n = 0
        const { engine } = watched(() => n++ % modulus !== 0)
        expect(numbers(await compile(f, engine)(...args))).toEqual(numbers(f(...args)))
      }),
      lawRuns(50),
    )
  })

  test('is traced and compiled once for each signature, and says when and why', async () => {
    const events: CompileEvent[] = []
    let traces = 0
    const f = compile(
      (x: Tensor) => {
        traces++
        return sum(mul(x, x))
      },
      referenceEngine(),
      { onCompile: (event) => events.push(event) },
    )
    for (const x of [zeros([2]), ones([2]), zeros([3]), zeros([2], 'f64'), zeros([2])]) await f(x)
    expect(traces).toBe(3)
    expect(events.map(({ reason, signature }) => [reason, signature])).toEqual([
      ['first call', '[*] f32[2]'],
      ['new signature', '[*] f32[3]'],
      ['new signature', '[*] f64[2]'],
    ])
    expect(events[0]).toMatchObject({ engine: 'reference', equations: 2, programs: 1, flops: 4 })
  })

  test('compiles once for calls at the same time', async () => {
    let traces = 0
    const f = compile((x: Tensor) => {
      traces++
      return mul(x, 2)
    }, referenceEngine())
    const results = await Promise.all([1, 2, 3].map((x) => f(scalar(x))))
    expect(results.map((y) => y.item())).toEqual([2, 4, 6])
    expect(traces).toBe(1)
  })

  test('takes static arguments by value: each value is a program', async () => {
    const events: CompileEvent[] = []
    const f = compile(
      (x: Tensor, n: number, options: { readonly twice: boolean }) => mul(x, options.twice ? 2 * n : n),
      referenceEngine(),
      { static: [1, 2], onCompile: (event) => events.push(event) },
    )
    const values = []
    for (const [n, twice] of [
      [3, false],
      [3, false],
      [3, true],
      [4, true],
    ] as const) {
      values.push((await f(scalar(1), n, { twice })).item())
    }
    expect(values).toEqual([3, 3, 6, 8])
    expect(events.length).toBe(3)
  })

  test('tells static values apart that JSON takes for one; they may be functions, not tensors', async () => {
    const f = compile((x: Tensor, n: number, after: (y: Tensor) => Tensor) => after(mul(x, n)), referenceEngine(), {
      static: [1, 2],
    })
    const same = (y: Tensor): Tensor => y
    const values = []
    for (const n of [Number.NaN, Number.POSITIVE_INFINITY, 0, -0]) values.push((await f(scalar(1), n, same)).item())
    expect(values).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 0, -0])
    expect((await f(scalar(2), 3, (y) => mul(y, 10))).item()).toBe(60)
    expect((await f(scalar(2), 3, (y) => mul(y, 100))).item()).toBe(600)
    const g = compile((x: Tensor, w: unknown) => (w === null ? x : mul(x, 2)), referenceEngine(), { static: [1] })
    await expect(g(scalar(1), scalar(2))).rejects.toThrow(/a static argument is a plain value/)
  })

  test('hoists what it closes over to inputs: values are not part of the program', async () => {
    const { engine, programs } = watched()
    for (const w of [array([1, 2]), array([3, 4])]) {
      const f = compile((x: Tensor) => mul(x, w), engine)
      expect(numbers(await f(ones([2])))).toEqual(numbers(w))
    }
    const [first, second] = programs.map((ir) => printIR(ir))
    expect(first).toBe(second)
    expect(first).toMatchInlineSnapshot(`
      "{ lambda a:f32[2] b:f32[2] .
        let c:f32[2] = mul a b
        in ( c ) }"
    `)
  })

  test('that throws is not kept: the next call tries again', async () => {
    let broken = true
    const f = compile((x: Tensor) => {
      if (broken) throw new Error('not yet')
      return x
    }, referenceEngine())
    await expect(f(scalar(1))).rejects.toThrow('not yet')
    broken = false
    expect((await f(scalar(1))).item()).toBe(1)
  })

  test('rejects where the engine does', async () => {
    const f = compile((x: Tensor, i: Tensor) => take(x, i), referenceEngine())
    await expect(f(ones([2]), array([2], 'i32'))).rejects.toThrow(IndexError)
    expect(numbers(await f(ones([2]), array([1], 'i32')))).toEqual([1])
  })
})

describe('donated arguments', () => {
  const step = (w: Tensor, x: Tensor) => add(w, x)

  test('throw when read afterwards; others do not', async () => {
    const f = compile(step, referenceEngine(), { donate: [0] })
    const [w, x] = [array([1]), array([2])]
    const next = await f(w, x)
    expect([numbers(next), numbers(x)]).toEqual([[3], [2]])
    expect(() => w.data).toThrowErrorMatchingInlineSnapshot(`
      [BufferError: data: a donated tensor must not be read again.
        received  f32[1], donated to a compiled call
        to do     use the result of that call, or leave the argument out of donate]
    `)
    expect(String(w)).toBe('Tensor f32[1] (donated)')
    await expect(f(w, x)).rejects.toThrow(/donated/)
    expect(numbers(await f(next, x))).toEqual([5])
  })

  test('that are returned as they are survive in the result', async () => {
    const f = compile(
      (state: { readonly a: Tensor; readonly b: Tensor }) => ({ a: state.a, b: mul(state.b, 2) }),
      referenceEngine(),
      { donate: [0] },
    )
    const state = { a: array([1, 2]), b: array([3]) }
    const next = await f(state)
    expect([numbers(next.a), numbers(next.b)]).toEqual([[1, 2], [6]])
    expect(() => state.a.data).toThrow(/donated/)
    const after = await f(next)
    expect([numbers(after.a), numbers(after.b)]).toEqual([[1, 2], [12]])
  })

  test('are given away also where nothing runs on the engine', async () => {
    const k: HostTensor = array([0, 1], 'u32')
    await compile((seed: Tensor) => normal(seed, [2]), referenceEngine(), { donate: [0] })(k)
    expect(() => k.data).toThrow(/donated/)
  })

  test('are untouched if the call fails', async () => {
    const f = compile((x: Tensor, i: Tensor) => take(x, i), referenceEngine(), { donate: [0] })
    const x = array([1, 2])
    await expect(f(x, array([5], 'i32'))).rejects.toThrow(IndexError)
    expect(numbers(x)).toEqual([1, 2])
  })
})

describe('random numbers', () => {
  test('what depends on keys alone is evaluated on the host, before the call', async () => {
    const { engine, programs } = watched()
    const dropout = (k: Tensor, x: Tensor) => {
      const [a, b] = split(foldIn(k, 3))
      if (a === undefined || b === undefined) throw new Error('two keys')
      return add(mul(x, normal(a, [2])), sum(mul(bernoulliMask(b), x)))
    }
    const k = key(1)
    expect(numbers(await compile(dropout, engine)(k, ones([2])))).toEqual(numbers(dropout(k, ones([2]))))
    expect(programs.length).toBe(1)
    for (const { primitive } of programs[0]?.equations ?? []) expect(primitive.properties.host ?? false).toBe(false)
    expect(programs[0]?.inputs.map((v) => v.aval.dtype).includes('u32')).toBe(false)
  })

  const bernoulliMask = (k: Tensor): Tensor => mul(normal(k, [2]), 1)

  test('also under vmap over keys', async () => {
    const { engine, programs } = watched()
    const f = vmap((k: Tensor, x: Tensor) => mul(x, normal(k, [2])), { inAxes: [0, null] })
    const keys = array(
      [
        [0, 1],
        [0, 2],
      ],
      'u32',
    )
    expect(numbers(await compile(f, engine)(keys, ones([2])))).toEqual(numbers(f(keys, ones([2]))))
    for (const { primitive } of programs.flatMap((ir) => ir.equations)) {
      expect(primitive.properties.host ?? false).toBe(false)
    }
  })

  test('a step number that varies does not compile again', async () => {
    const events: CompileEvent[] = []
    const f = compile((k: Tensor, step: Tensor) => bernoulli(foldIn(k, step), 0.5, [8]), referenceEngine(), {
      onCompile: (event) => events.push(event),
    })
    const draws = []
    for (const step of [0, 1, 2]) draws.push(numbers(await f(key(5), scalar(step, 'i32'))).join(''))
    expect(new Set(draws).size).toBe(3)
    expect(events.length).toBe(1)
  })
})

describe('stages', () => {
  test('an equation that the engine does not run splits the program there', async () => {
    const { engine, programs } = watched(({ primitive }) => primitive.name !== 'sin')
    const f = (x: Tensor) => add(cos(sin(mul(x, 2))), x)
    const x = array([0.5, 1])
    expect(numbers(await compile(f, engine)(x))).toEqual(numbers(f(x)))
    expect(programs.map((ir) => ir.equations.map(({ primitive }) => primitive.name))).toEqual([
      ['broadcastTo', 'mul'],
      ['cos', 'add'],
    ])
  })

  test('results that depend on nothing, and arguments given back, need no program of their own', async () => {
    const f = (x: Tensor) => [iota(3), x, x, zeros([2])] as const
    const x = array([7])
    const results = await compile(f, referenceEngine())(x)
    expect(results.map((y) => y.toArray())).toEqual([[0, 1, 2], [7], [7], [0, 0]])
    expect(results[1]).toBe(x)
  })
})

test('a compiled function called under a transform is refused by name', async () => {
  const f = compile(function energy(x: Tensor) {
    return sum(x)
  }, referenceEngine())
  let refusal: Promise<unknown> = Promise.resolve()
  grad((x: Tensor) => {
    refusal = f(x).catch((error: unknown) => error)
    return sum(x)
  })(ones([2]))
  expect(await refusal).toMatchInlineSnapshot(`
    [ArgumentError: energy: a compiled function takes tensors with values.
      received  f32[2], a traced value: the call is inside of a transform
      to do     call the function that was compiled instead, or move the transform into it]
  `)
})

test('an async function is refused', async () => {
  await expect(compile(async (x: Tensor) => x, referenceEngine())(scalar(1))).rejects.toThrow(/must be synchronous/)
})
